"""The guide's titles: what each may do, action by action, and that none is two approvals in one person."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from agent.control.identity import new_identity
from agent.control.roles import may, missing_people
from agent.domain.intent import IntentKind
from agent.domain.person import Person, Role, public_key_text
from agent.domain.title import TITLES, roles_of
from agent.errors import ConfigError
from agent.settings import load_settings

KEY = public_key_text(new_identity("ada").public_key)
APPROVALS = (("finance",), ("engineering",))
LOOKING = frozenset({IntentKind.REFUSED_ASK})  # a note that they were refused: it does nothing
SHARED = LOOKING | frozenset(
    {
        IntentKind.ACKNOWLEDGE,
        IntentKind.SILENCE,
        IntentKind.UNSILENCE,
        IntentKind.PLANNED_ACTIVITY,
        IntentKind.TOP_UP,
        IntentKind.AMEND,
        IntentKind.APPROVE,
        IntentKind.DENY,
        IntentKind.RELEASE,
        IntentKind.RENEW,
        IntentKind.POSTMORTEM,
        IntentKind.WITHDRAW,
        IntentKind.START_RUN,
        IntentKind.RUN_STEP,
        IntentKind.HOLD_RUN,
        IntentKind.CLOSE_RUN,
    }
)
HOLDING = frozenset(
    {
        IntentKind.THROTTLE,
        IntentKind.BLOCK,
        IntentKind.MODELS,
        IntentKind.TOOLS,
        IntentKind.BREAK_GLASS,
        IntentKind.ASSESS,
    }
)
FINANCE = SHARED | {IntentKind.CAP, IntentKind.ALLOCATE}
MATRIX = {
    "executive-sponsor": FINANCE,
    "central-finops-lead": FINANCE,
    "ai-platform-owner": SHARED | HOLDING | {IntentKind.CAP, IntentKind.REVOKE},
    "team-lead": SHARED | HOLDING,
    "security-compliance": LOOKING,
    "model-risk-committee": LOOKING,
}


def person(folder: Path, *roles: str) -> Person:
    """Somebody with these roles in burndeck.toml."""
    file = folder / "burndeck.toml"
    named = ", ".join(f'"{role}"' for role in roles)
    file.write_text(f'[[people]]\nname = "ada"\npublic_key = "{KEY}"\nroles = [{named}]\n')
    (found,) = load_settings(file).people
    return found


def test_every_title_has_its_row() -> None:
    assert MATRIX.keys() == {title.name for title in TITLES}


@pytest.mark.parametrize("title", list(MATRIX))
def test_a_title_may_do_what_its_row_of_the_matrix_says(tmp_path: Path, title: str) -> None:
    found = person(tmp_path, title)

    assert found.titles == (title,)
    assert {kind for kind in IntentKind if may(found, kind)} == MATRIX[title]


@pytest.mark.parametrize("title", list(MATRIX))
def test_no_title_gives_both_approvals_and_none_fills_them_with_another_role(title: str) -> None:
    roles = roles_of([title])
    ada = Person("ada", new_identity("ada").public_key, roles)

    assert not {Role.FINANCE, Role.ENGINEERING} <= set(roles)
    assert missing_people(APPROVALS, [ada])
    for role in {Role.FINANCE, Role.ENGINEERING} - set(roles):
        if {Role.FINANCE, Role.ENGINEERING} & set(roles):
            with pytest.raises(ValueError, match="these are two people"):
                roles_of([title, role.value])


def test_two_titles_that_come_to_both_approvals_are_refused() -> None:
    for one, other in combinations(TITLES, 2):
        both = {Role.FINANCE, Role.ENGINEERING} <= {*one.roles, *other.roles}
        if both:
            with pytest.raises(ValueError, match=f"with {one.name}, {other.name} one person"):
                roles_of([one.name, other.name])
        else:
            assert set(roles_of([one.name, other.name])) == {*one.roles, *other.roles}


def test_titles_stand_beside_roles_and_an_unknown_name_lists_what_there_is(tmp_path: Path) -> None:
    assert person(tmp_path, "team-lead", "operator").roles == (Role.LEAD, Role.OPERATOR)

    with pytest.raises(ConfigError) as error:
        person(tmp_path, "chief")
    assert "'chief' is none of viewer, operator" in str(error.value)
    assert "model-risk-committee" in str(error.value)
