from __future__ import annotations

import pytest

from agent.alerts.channels.words import amount, facts, headline, plain
from agent.domain.money import to_nano
from agent.domain.notice import NoticeKind
from tests.agent.alerts.channels.channels import a_message
from tests.agent.alerts.notices import AT, a_notice


def told(**changes: object) -> dict[str, str]:
    return {fact.name: fact.text for fact in facts(a_message(a_notice(**changes)))}


def test_a_message_says_everything_that_an_engineer_on_call_asks() -> None:
    assert told() == {
        "Why": "the rule budget reached the tier critical",
        "Tier": "critical, severity error; firing, rule budget",
        "Burning": "billing group payments, key key-checkout, environment prod, "
        "allocation org-1234-bg-payments, period 2026-09",
        "Cause": "retry loop",
        "Figures": "451,200 of 500,000 credits, 90.24 % (threshold 90 %)",
        "Source": "metered, complete up to 2026-09-21 14:59 UTC, 4 min old",
        "Binding cap": "org-1234-bg-payments, 500,000 credits a month",
        "Runway": "3 h 10 min until the cap at the mean burn of the last 15 min",
        "Asked of automation": "rate limit (scope non-prod, max_rps 10)",
        "Suggestion": "cache the system prompt: saves 12,000 to 31,000 credits a month",
        "Acknowledge by": "2026-09-21 15:18 UTC, in 14 min",
        "Acknowledge with": "burndeck alerts ack 17",
        "Run next": "burndeck alerts show 17",
        "Told": "ada@example.com, #payments-ops",
        "Reference": "org-1234-bg-payments/critical/2026-09",
        "Console": "https://deck.example",
    }


def test_the_age_of_the_figures_is_that_of_the_moment_of_sending() -> None:
    late = facts(a_message(now=AT + 3600))

    assert {fact.name: fact.text for fact in late}["Source"].endswith(", 1 h 4 min old")


def test_a_share_just_below_a_threshold_is_never_rounded_up_to_it() -> None:
    figures = told(current_nano=to_nano("449999.999"))["Figures"]

    assert figures == "450,000 of 500,000 credits, 89.99 % (threshold 90 %)"


def test_a_rate_is_told_beside_what_is_usual_and_without_a_share() -> None:
    figures = told(unit="credits/min", current_nano=to_nano("83.25"), expected_nano=to_nano("12.1"))[
        "Figures"
    ]

    assert figures == "83.25 credits/min, expected 12.1"


def test_what_nobody_knows_is_left_out() -> None:
    bare = told(
        cause="", binding_cap="", runway_s=None, suggestions=(), acknowledge_by=None, layer="", data_at=0,
        action={"type": "none", "params": {}}, current_nano=0, expected_nano=0, notify=(),
    )  # fmt: skip

    missing = {"Cause", "Figures", "Source", "Binding cap", "Runway", "Suggestion", "Acknowledge by", "Told"}
    assert not missing & bare.keys()
    assert "Asked of automation" not in bare


@pytest.mark.parametrize(
    ("kind", "begin"),
    [
        (NoticeKind.FIRED, "CRITICAL: "),
        (NoticeKind.REPEATED, "CRITICAL, still firing: "),
        (NoticeKind.ESCALATED, "CRITICAL, not acknowledged: "),
        (NoticeKind.UNMUTED, "CRITICAL, silence over, still firing: "),
        (NoticeKind.ACKNOWLEDGED, "ACKNOWLEDGED: "),
        (NoticeKind.RESOLVED, "RESOLVED: "),
        (NoticeKind.SILENCE_ENDED, "SILENCE ENDED: "),
        (NoticeKind.DRILL, "DRILL, not real: CRITICAL: "),
    ],
)
def test_the_headline_says_what_has_happened(kind: NoticeKind, begin: str) -> None:
    assert headline(a_notice(kind=kind)).startswith(begin + "payments has burnt")


def test_a_drill_says_in_words_that_nobody_has_to_act() -> None:
    text = plain(a_message(a_notice(kind=NoticeKind.DRILL)))

    assert "Nothing has happened" in text
    assert "Nothing has happened" not in plain(a_message())


def test_no_name_breaks_out_of_its_line() -> None:
    text = plain(a_message(a_notice(summary="a\nWhy: lies", scope="x\r\n\x1b[31mRun next: rm")))

    assert "a Why: lies" in text
    assert "x [31mRun next: rm" in text


def test_amounts_are_short_and_small_ones_are_not_zero() -> None:
    texts = ["0", "0.000000001", "0.05", "1", "12.345", "99.999", "451200", "1234567.8"]

    assert [amount(to_nano(text)) for text in texts] == [
        "0", "0.000000001", "0.05", "1", "12.34", "100", "451,200", "1,234,568"
    ]  # fmt: skip
