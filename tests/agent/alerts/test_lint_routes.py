"""The lint of routes and channels: who is told of a tier, and whether the message can go out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.alerts.lint import Level, Past
from tests.agent.alerts.linted import ALLOCATION, PEOPLE, ROUTES, SOUND, check, only, world


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    """Five days in which search burns 60 credits an hour, and support 60 in each of two departments."""
    yield from world(tmp_path / "l.sqlite", days=5)


def test_a_recipient_of_the_block_that_is_reached_for_another_allocation_only_is_an_error() -> None:
    text = SOUND.replace(
        'recipient = "exec_sponsor"', 'recipient = "exec_sponsor"\nallocations = ["org-1-team-search"]'
    ) + ALLOCATION.replace("search", "support")

    found = only(check(text))

    assert found.level is Level.ERROR
    assert "blocks of org-1-team-support and tells exec_sponsor" in found.problem


def test_a_route_for_everybody_reaches_whomever_a_tier_tells() -> None:
    text = PEOPLE + ALLOCATION + ROUTES.replace('recipient = "team_lead"', "")
    text = text.replace('notify = ["team_lead"]', 'notify = ["ops_on_call"]')

    assert check(text.replace('recipient = "exec_sponsor"', "")) == []
    assert check(text.replace('recipient = "exec_sponsor"', 'recipient = "ops_on_call"')) == []


def test_a_recipient_that_no_route_reaches_is_named_with_the_line_of_its_tier() -> None:
    text = SOUND.replace('notify = ["team_lead"]', 'notify = ["team_lead", "bu_head"]')

    found = only(check(text))

    assert (found.level, found.key) == (Level.WARNING, "alerts.tiers[1].notify")
    assert text.splitlines()[found.line - 1] == 'notify = ["team_lead", "bu_head"]'
    assert "bu_head" in found.problem


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('tiers = ["wrning"]', "there is no tier 'wrning': it never fits"),
        ('rules = ["budgets"]', "there is no rule 'budgets'"),
        ('allocations = ["org-1-team-serch"]', "there is no allocation 'org-1-team-serch'"),
        ('teams = ["nobody", "search"]', "there is no team 'nobody': that never fits"),
        ('environments = ["production"]', "there is no environment 'production'"),
        ('recipient = "team_leed"', "there is no tier that tells 'team_leed'"),
    ],
)
def test_a_route_that_can_never_fit_is_found(past: Past, line: str, problem: str) -> None:
    found = only(check(SOUND + f'[[alerts.routes]]\nsend = ["pager"]\n{line}\n', past))

    assert problem in found.problem
    assert found.key.startswith("alerts.routes[3].")


def test_teams_are_not_judged_before_the_ledger_knows_them() -> None:
    assert check(SOUND + '[[alerts.routes]]\nsend = ["pager"]\nteams = ["new"]\n') == []


def test_a_channel_that_nobody_uses_or_that_has_no_secret_is_found() -> None:
    more = '[[alerts.channels]]\nname = "ops"\nkind = "slack"\n'

    assert "no route sends anything to ops" in only(check(SOUND + more)).problem
    assert {each.level for each in check(SOUND, secret=None)} == {Level.ERROR}
    assert "burndeck login pager" in only(check(SOUND, secret=None)).fix


def test_where_a_secret_is_found_is_a_sentence_of_its_own() -> None:
    hook = '[[alerts.channels]]\nname = "hook"\nkind = "webhook"\nurl = "https://hook.example"\n'

    fixes = [each.fix for each in check(SOUND + hook, secret=None) if "hook has no" in each.problem]

    assert fixes == [
        "Run `burndeck login hook`. Where it is found: the receiver (whsec_...); while it is changed give "
        "both, with a comma between."
    ]


def test_a_mail_server_without_an_account_needs_no_secret() -> None:
    mail = (
        '[[alerts.channels]]\nname = "mail"\nkind = "email"\nurl = "smtp://localhost:25"\nsender = "a@b.c"\n'
    )
    route = '[[alerts.routes]]\nsend = ["ada@example.com"]\n'
    text = SOUND + mail + route

    assert [each.key for each in check(text, secret=None)] == ["alerts.channels[1].name"]
