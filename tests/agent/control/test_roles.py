"""Whether there is anybody who could give the approvals that a change takes."""

from __future__ import annotations

from agent.control.identity import new_identity
from agent.control.roles import missing_people, nobody_words
from agent.domain.person import Person, Role

NEEDS = (("finance",), ("engineering",))


def person(name: str, *roles: Role) -> Person:
    return Person(name, new_identity(name).public_key, roles)


FIN, FLO = person("fin", Role.FINANCE), person("flo", Role.FINANCE)
ENG, BOTH = person("eng", Role.ENGINEERING), person("both", Role.FINANCE, Role.ENGINEERING)


def test_every_approval_takes_another_person() -> None:
    assert missing_people(NEEDS, (FIN, ENG)) == ()
    assert missing_people(NEEDS, (BOTH, FIN)) == ()
    assert len(missing_people(NEEDS, (BOTH,))) == 1
    assert missing_people(NEEDS, ()) == NEEDS


def test_whoever_asked_does_not_count() -> None:
    assert missing_people(NEEDS, (FIN, ENG), ("fin",)) == (("finance",),)
    assert missing_people(NEEDS, (FIN, FLO, ENG), ("fin",)) == ()


def test_what_is_missing_is_said_and_nothing_where_nothing_is() -> None:
    assert nobody_words((("lead", "finance"), ("engineering",))) == (
        "nobody here can approve as lead or finance and engineering"
    )
    assert nobody_words(()) == ""
