"""How far people reach: what lies around a scope, a key or an incident, and who may act within it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.control.planning import Plan, books_of
from agent.control.standing import out_of_reach
from agent.domain.allocation import Scope, ScopeKind
from agent.domain.intent import Refused
from agent.domain.person import Person

if TYPE_CHECKING:
    from agent.control.planning import PlannedKey
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

_WHOLE = Scope(ScopeKind.ORGANIZATION)


def known_person(settings: Settings, name: str) -> Person:
    """The person of a name. Raises `Refused` for one that burndeck.toml does not know."""
    person = next((each for each in settings.people if each.name == name), None)
    if person is None:
        raise Refused(f"burndeck.toml knows no person {name!r}")
    return person


def scopes_around(writer: LedgerWriter, scope: Scope) -> set[Scope]:
    """A scope and everything that it lies in, by where it burns now."""
    found = {scope, _WHOLE}
    if scope.kind is ScopeKind.ORGANIZATION:
        return found
    newest = {whose.api_key: whose for whose in books_of(writer).whose}
    for kind in ScopeKind:
        if 0 < kind.depth < scope.kind.depth:
            values = {whose.level(kind) for whose in newest.values() if whose.within(scope)} - {""}
            if len(values) == 1:
                found.add(Scope(kind, values.pop()))
    return found


def around_incident(writer: LedgerWriter, incident: int) -> set[Scope]:
    """What lies around all that an incident is about: its alerts, and whatever was done for it.

    Without alerts that name a scope it is about the whole organization: an action that somebody hangs on
    an incident never brings it into their reach.
    """
    alerts = writer.alerts.alerts_of_incidents([incident])
    scopes = [_scope(alert.signal.scope_kind, alert.signal.scope) for alert in alerts] or [_WHOLE]
    scopes += [action.spec.scope for action in writer.actions.of_incident(incident)]
    return set.intersection(*(scopes_around(writer, scope) for scope in dict.fromkeys(scopes)))


def must_reach_incident(writer: LedgerWriter, person: Person, incident: int) -> None:
    """Refuses an incident that is about more than a person may act on."""
    if person.scopes and not person.reaches(around_incident(writer, incident)):
        raise Refused(f"{out_of_reach(person)}, and incident {incident} is about more: ask without it")


def must_reach_bystanders(person: Person, made: Plan) -> None:
    """Refuses a plan that also hits keys which a person may not act on."""
    beyond = [key.name for key in made.bystanders if not person.reaches(_around_key(key))]
    if beyond:
        more = f" and {len(beyond) - 3} more" if len(beyond) > 3 else ""
        raise Refused(
            f"it would also hit {', '.join(beyond[:3])}{more}, which share a target; {out_of_reach(person)}"
        )


def _around_key(key: PlannedKey) -> set[Scope]:
    levels = {kind: str(getattr(key, kind.value)) for kind in ScopeKind if kind.depth}
    return {_WHOLE, *(Scope(kind, value) for kind, value in levels.items() if value)}


def _scope(kind: str, value: str) -> Scope:
    """What an alert is about; a model, say, is no level: it may burn anywhere."""
    try:
        return Scope(ScopeKind(kind), value)
    except ValueError:
        return _WHOLE
