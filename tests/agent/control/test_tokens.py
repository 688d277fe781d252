from __future__ import annotations

import base64
import hashlib
import json
import zlib
from dataclasses import replace

import pytest

from agent.control.asking import decision_on
from agent.control.identity import new_identity
from agent.control.tokens import VALID_S, RequestText, make_token, read_request, request_text
from agent.domain.action import Verdict
from agent.domain.words import instant
from agent.errors import BurndeckError
from tests.agent.control.court import BLOCK_PROD, Court
from tests.agent.ledger.look import rows


def exported(court: Court) -> str:
    """The waiting request as a line for another machine."""
    title = "block team:search"
    return request_text(court.action(), court.writer.control.ledger_name(), title, court.now)


def token(court: Court, name: str, verdict: Verdict = Verdict.APPROVED, at: int | None = None) -> str:
    """What somebody makes of it there."""
    request = read_request(exported(court))
    request = request if at is None else replace(request, at=at)
    return make_token(request, court.identities[name], verdict, "by phone")


def bring(court: Court, text: str, name: str = "omar", *, approve: bool = True) -> str:
    """Somebody pastes a token here; why it was refused."""
    return court.say(name, decision_on(court.action(), approve=approve, token=text))


@pytest.fixture
def waiting(court: Court) -> Court:
    court.request("olga", BLOCK_PROD)
    return court


def test_a_token_from_another_machine_counts_for_whoever_signed_it(waiting: Court) -> None:
    assert bring(waiting, token(waiting, "fred")) == ""
    assert bring(waiting, token(waiting, "eve")) == ""

    said = waiting.writer.actions.approvals(1)
    assert [(each.person, each.note) for each in said] == [("fred", "by phone"), ("eve", "by phone")]
    assert waiting.state == "pending"
    assert "brought by omar" in waiting.told[-1].text
    assert [each.actor for each in waiting.told if each.kind == "approved"] == ["fred", "eve"]
    signed = rows(waiting.writer.path, "SELECT actor FROM audit WHERE kind = 'action.approved' ORDER BY seq")
    assert signed == [("fred",), ("eve",)]


def test_a_token_that_says_no_declines_it(waiting: Court) -> None:
    text = token(waiting, "fred", Verdict.DENIED)

    assert "about something else" in bring(waiting, text)
    assert bring(waiting, text, approve=False) == ""
    assert waiting.state == "declined"
    assert waiting.told[-1].actor == "fred"
    assert waiting.told[-1].text == "denied by fred: by phone (brought by omar)"


def test_a_token_counts_no_longer_than_its_request_waits(waiting: Court) -> None:
    early = read_request(exported(waiting))
    assert early.until == min(waiting.now + VALID_S, waiting.action().approve_by or 0)

    waiting.now = (waiting.action().approve_by or 0) - 60

    assert read_request(exported(waiting)).until == waiting.action().approve_by


def test_what_is_shown_is_what_is_signed(waiting: Court) -> None:
    request = read_request(exported(waiting))

    assert request.digest == waiting.action().digest
    assert request.requested_by == "olga"
    assert [target for target, _ in request.hit] == ["gate/key/sk-dev", "gate/key/sk-prod"]


def test_a_request_about_thousands_of_keys_is_read_elsewhere_too(waiting: Court) -> None:
    (step, *_) = waiting.action().steps
    names = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(5_000)]
    steps = tuple(
        replace(step, seq=seq, target=replace(step.target, id=name)) for seq, name in enumerate(names)
    )
    waiting.save(steps=steps)

    request = read_request(exported(waiting))

    assert request.digest == waiting.action().digest
    assert len(request.hit) == 5_000


def test_the_requester_approves_by_no_token_either(waiting: Court) -> None:
    assert "olga asked for it" in bring(waiting, token(waiting, "olga"))


def test_the_same_token_counts_once(waiting: Court) -> None:
    text = token(waiting, "fred")
    bring(waiting, text)

    assert "fred has approved it already" in bring(waiting, text)


@pytest.mark.parametrize(("age", "said"), [(VALID_S, "too old"), (-3_600, "from the future")])
def test_a_token_that_is_old_or_from_the_future_is_refused_with_both_times(
    waiting: Court, age: int, said: str
) -> None:
    refusal = bring(waiting, token(waiting, "fred", at=waiting.now - age))

    assert f"the token is {said}: its request was written at {instant(waiting.now - age)}" in refusal
    assert f"which says {instant(waiting.now)} now" in refusal


def test_a_token_counts_for_whoever_has_its_key_whatever_name_is_beside_the_private_half(
    waiting: Court,
) -> None:
    court = waiting
    court.identities["fred"] = replace(court.identities["fred"], name="frederick")
    court.identities["olga"] = replace(court.identities["olga"], name="eve")

    assert bring(court, token(court, "fred")) == ""
    assert "olga asked for it" in bring(court, token(court, "olga"))
    assert [each.person for each in court.writer.actions.approvals(1)] == ["fred"]


def test_a_token_that_another_key_signed_is_refused(waiting: Court) -> None:
    waiting.identities["fred"] = new_identity("fred")

    assert "signature is not that of fred" in bring(waiting, token(waiting, "fred"))


def test_a_token_of_somebody_unknown_is_refused(waiting: Court) -> None:
    waiting.identities["mallory"] = new_identity("mallory")

    assert "knows no person 'mallory'" in bring(waiting, token(waiting, "mallory"))


def signed(court: Court, **changes: object) -> str:
    """A token of Fred's for a request with other values."""
    request = read_request(exported(court))
    values = {name: getattr(request, name) for name in RequestText.__slots__} | changes
    return make_token(
        RequestText(**values),  # type: ignore[arg-type]
        court.identities["fred"],
        Verdict.APPROVED,
        "",
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ledger": "e" * 32}, "another ledger"),
        ({"action": 2}, "about something else"),
        ({"action": True}, "names no action"),
        ({"digest": "0" * 64}, "is not what is asked for now"),
    ],
)
def test_a_token_for_something_else_is_refused(
    waiting: Court, change: dict[str, object], reason: str
) -> None:
    assert reason in bring(waiting, signed(waiting, **change))


def test_a_token_whose_text_was_changed_is_refused(waiting: Court) -> None:
    prefix, _, packed = token(waiting, "fred").rpartition(":")
    text, signature = json.loads(zlib.decompress(base64.urlsafe_b64decode(packed)))
    forged = json.dumps([text.replace("fred", "eve"), signature])
    again = base64.urlsafe_b64encode(zlib.compress(forged.encode())).decode()

    assert "signature is not that of eve" in bring(waiting, f"{prefix}:{again}")


@pytest.mark.parametrize("cut", [5, 20, 40, 100, -1])
def test_half_a_token_is_refused(waiting: Court, cut: int) -> None:
    assert bring(waiting, token(waiting, "fred")[:cut]).startswith("that is no token")


BOMB = "burndeck-approval-1:" + base64.urlsafe_b64encode(zlib.compress(b"[" * 40_000_000, 9)).decode()


@pytest.mark.parametrize(
    "text",
    [BOMB[:60_000], "burndeck-approval-1:", "nonsense", "burndeck-approval-1:" + "A" * 70_000, "5"],
)
def test_nonsense_is_refused(waiting: Court, text: str) -> None:
    refusal = bring(waiting, text[:12_000])

    assert refusal.startswith("that is no token")


def packed(value: object) -> str:
    return (
        "burndeck-approval-1:" + base64.urlsafe_b64encode(zlib.compress(json.dumps(value).encode())).decode()
    )


@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        [],
        ["a"],
        ["{}", 5],
        [5, "x"],
        ["null", ""],
        ["[]", ""],
        ["[" * 3_000, ""],
        {"a": 1},
        "[" * 9_000,
    ],
)
def test_a_token_of_another_shape_is_refused(waiting: Court, value: object) -> None:
    assert bring(waiting, packed(value)).startswith("that is no token")


@pytest.mark.parametrize("cut", [0, 10, 30, 200, -4])
def test_half_a_request_is_none(waiting: Court, cut: int) -> None:
    with pytest.raises(BurndeckError, match="no whole request"):
        read_request(exported(waiting)[:cut])


def test_a_token_grows_old_by_the_clock_of_the_agent_and_not_of_whoever_brings_it(waiting: Court) -> None:
    brought = decision_on(waiting.action(), approve=True, token=token(waiting, "fred"))
    waiting.put("omar", brought, valid_s=2 * VALID_S)
    waiting.now += VALID_S

    assert "the token is too old" in waiting.hear()
