"""A token that is brought by somebody without an identity: it is a signature by itself, and counts once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.control.tokens import VALID_S, unseal
from agent.domain.action import Verdict
from agent.ledger.intent_box import put_intent
from tests.agent.control.court import BLOCK_PROD, Court
from tests.agent.control.test_tokens import token


@pytest.fixture
def waiting(court: Court) -> Court:
    court.request("olga", BLOCK_PROD)
    return court


def carry(court: Court, text: str, *, signature: str | None = None) -> str:
    """The row as it was signed elsewhere, and why it was refused."""
    body, signed = unseal(text)
    put_intent(court.settings.ledger_path, lambda place: (body, signature or signed))
    return court.hear()


def test_a_token_counts_for_whoever_signed_it_and_nobody_brought_it(waiting: Court) -> None:
    assert carry(waiting, token(waiting, "fred")) == ""
    assert carry(waiting, token(waiting, "eve")) == ""

    said = waiting.writer.actions.approvals(1)
    assert [(each.person, each.note) for each in said] == [("fred", "by phone"), ("eve", "by phone")]
    assert waiting.state == "pending"


def test_a_no_on_another_machine_ends_it(waiting: Court) -> None:
    assert carry(waiting, token(waiting, "fred", Verdict.DENIED)) == ""

    assert waiting.state == "declined"


def test_the_same_token_is_heard_once(waiting: Court) -> None:
    made = token(waiting, "fred")

    assert carry(waiting, made) == ""
    assert "replayed" in carry(waiting, made)
    assert len(waiting.writer.actions.approvals(1)) == 1


def test_a_token_counts_for_no_other_change(waiting: Court) -> None:
    made = token(waiting, "fred")
    assert waiting.amend("olga", replace(BLOCK_PROD, expires_s=BLOCK_PROD.expires_s // 2)) == ""

    assert carry(waiting, made) != ""
    assert not waiting.writer.actions.approvals(1)


def test_a_token_that_somebody_else_signed_or_that_was_changed_is_none(waiting: Court) -> None:
    body, _ = unseal(token(waiting, "fred"))
    forged = waiting.identities["olga"].sign(body)
    assert carry(waiting, token(waiting, "fred"), signature=forged) == "the signature is not that of fred"

    _, signed = unseal(token(waiting, "eve"))
    put_intent(waiting.settings.ledger_path, lambda place: (body.replace("approved", "denied"), signed))
    assert waiting.hear() == "the signature is not that of fred"
    assert waiting.state == "standby" and not waiting.writer.actions.approvals(1)


def test_a_token_is_too_old_in_the_end_and_never_from_the_future(waiting: Court) -> None:
    assert "expired" in carry(waiting, token(waiting, "fred", at=waiting.now - VALID_S))
    assert "future" in carry(waiting, token(waiting, "fred", at=waiting.now + 100))


def test_whoever_asked_for_it_does_not_approve_it_so_either(waiting: Court) -> None:
    assert carry(waiting, token(waiting, "olga")) != ""
    assert waiting.state == "standby"
