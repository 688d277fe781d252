"""Who somebody at this machine is to the agent: the identity in force, as burndeck.toml knows it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from agent.control.identity import Identity, find_identity, the_identity
from agent.control.roles import may, refusal
from agent.domain.allocation import Scope
from agent.domain.intent import IntentKind
from agent.domain.person import Person
from agent.errors import BurndeckError
from agent.settings import Settings

RESTART_HINT = "A running agent reads burndeck.toml when it starts: `burndeck agent stop`, then `start`."


class NotAllowedError(BurndeckError):
    """The person at this machine may not do that."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The identity in force and the person that it is; both None where nobody can sign."""

    identity: Identity | None
    person: Person | None

    def may(self, kind: IntentKind) -> bool:
        """Whether this kind of intent is worth making."""
        return self.person is not None and may(self.person, kind)


def standing(settings: Settings, *, environ: Mapping[str, str] | None = None) -> Standing:
    """Who is at this machine. It may ask the keyring, which can take a moment."""
    identity = find_identity(environ=environ)
    return Standing(identity, person_of(identity, settings.people) if identity else None)


def person_of(identity: Identity, people: Collection[Person]) -> Person | None:
    """The person with this identity's public key, whatever name is beside the private one."""
    return next((each for each in people if each.public_key == identity.public_key), None)


def signer(
    settings: Settings, kind: IntentKind, around: Collection[Scope] | None, identity: Identity | None
) -> tuple[Identity, Person]:
    """Who signs an intent of this kind here.

    Raises `NoIdentityError` or `NotAllowedError` where the agent would refuse it anyway; `around` are the
    scopes of the subject, where they are known.
    """
    identity = identity or the_identity()
    person = person_of(identity, settings.people)
    if person is None:
        where = settings.file or "burndeck.toml"
        raise NotAllowedError(
            f"{where} does not know the identity of {identity.name} ({identity.place})",
            hint=f"Add to it, with the right roles:\n{identity.config_block()}{RESTART_HINT}",
        )
    if not may(person, kind):
        raise NotAllowedError(refusal(person, kind), hint="Ask somebody who may, or for another role.")
    if around is not None and not person.reaches(around):
        raise NotAllowedError(
            out_of_reach(person), hint="Ask somebody whose scopes reach there, or for another scope."
        )
    return identity, person


def out_of_reach(person: Person) -> str:
    """The sentence for a person whose scopes end before the subject."""
    return f"{person.name} may act on {', '.join(map(str, person.scopes))} only"
