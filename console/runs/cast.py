"""The people of a drill: who they are, and which of them does what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.control.roles import may
from agent.domain.person import Person, Role

if TYPE_CHECKING:
    from agent.control.identity import Identity
    from agent.domain.intent import IntentKind

ROLES: Mapping[str, Role] = {
    "operator": Role.OPERATOR,
    "finance": Role.FINANCE,
    "engineering": Role.ENGINEERING,
    "lead": Role.LEAD,
    # Nobody approves what he asked for, so the two roles that approve are there twice.
    "second-finance": Role.FINANCE,
    "second-engineering": Role.ENGINEERING,
}
"""Name -> role; whoever stands first does what several may do."""


@dataclass(frozen=True, slots=True)
class Cast:
    """People with the keys that they sign with."""

    people: tuple[Person, ...]
    identities: Mapping[str, Identity]

    def first(
        self, *, roles: Collection[str] = (), kind: IntentKind | None = None, but: Iterable[str] = ()
    ) -> Person | None:
        """The first who has one of the roles (if any are named) and may do this, `but` nobody of these."""
        without = set(but)
        for person in self.people:
            fits = not roles or {role.value for role in person.roles} & set(roles)
            if fits and person.name not in without and (kind is None or may(person, kind)):
                return person
        return None

    def named(self, name: str) -> Person | None:
        """The person of a name."""
        return next((each for each in self.people if each.name == name), None)


def make_cast(folder: Path) -> tuple[Cast, str]:
    """Makes the people of a drill, their keys in `folder`, and the tables by which an agent knows them."""
    from agent.control.identity import new_identity, write_identity

    identities = {name: write_identity(new_identity(name), folder / name) for name in ROLES}
    people = tuple(Person(name, identities[name].public_key, (role,)) for name, role in ROLES.items())
    tables = [
        identities[name].config_block().replace('"operator"]', f'"{role.value}"]')
        for name, role in ROLES.items()
    ]
    return Cast(people, identities), "\n".join(tables)
