"""What people ask for, carried out inside the transaction: requests, changes of them, undoing, renewing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agent.control import approvals
from agent.control.duties import assess, guard_top_up, hard_cap_incident, owe_postmortem, sign_postmortem
from agent.control.occasion import Occasion, Tell, record
from agent.control.planning import Plan, books_of, plan
from agent.control.proposing import again, begin, check_spec, title
from agent.control.roles import ACTING
from agent.domain.action import LONGEST_S, Action, ActionKind, ActionSpec, ActionState, parse_spec
from agent.domain.allocation import Scope, ScopeKind
from agent.domain.intent import Intent, IntentKind, Refused
from agent.domain.person import AGENT, Role
from agent.domain.words import duration
from agent.errors import BurndeckError
from agent.ledger.control_store import IntentHandler

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

REQUESTS: Mapping[IntentKind, ActionKind] = {
    IntentKind.THROTTLE: ActionKind.THROTTLE,
    IntentKind.BLOCK: ActionKind.BLOCK,
    IntentKind.MODELS: ActionKind.MODELS,
    IntentKind.CAP: ActionKind.CAP,
    IntentKind.REVOKE: ActionKind.REVOKE,
    IntentKind.TOP_UP: ActionKind.TOP_UP,
    IntentKind.ALLOCATE: ActionKind.ALLOCATE,
    IntentKind.BREAK_GLASS: ActionKind.TOP_UP,
}
"""Intents that ask for an action, and which one."""

RENEWABLE = (ActionState.PENDING, ActionState.EXECUTING, ActionState.ACCEPTED, ActionState.CONFIRMED)


def handlers(settings: Settings, tell: Tell) -> Mapping[IntentKind, IntentHandler]:
    """The handlers of the intents that act."""
    desk = _Desk(settings, tell)
    own = {
        IntentKind.AMEND: desk.amend,
        IntentKind.APPROVE: desk.approve,
        IntentKind.DENY: desk.deny,
        IntentKind.RELEASE: desk.release,
        IntentKind.RENEW: desk.renew,
    }
    return {
        **{kind: IntentHandler(_scopes_of_request, desk.request) for kind in REQUESTS},
        **{kind: IntentHandler(_scopes_of_action, work) for kind, work in own.items()},
        IntentKind.ASSESS: IntentHandler(_scopes_of_incident, desk.assess),
        IntentKind.POSTMORTEM: IntentHandler(_scopes_of_incident, desk.postmortem),
    }


@dataclass(frozen=True)
class _Desk:
    settings: Settings
    tell: Tell

    def request(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """Somebody asks for an action: it is planned anew, and must be what they were shown."""
        spec = _spec(intent)
        reason = _reason(intent.payload)
        made = self._plan(writer, spec, intent, now)
        alert = _number(intent.payload, "alert")
        incident = _number(intent.payload, "incident") or _incident_of(writer, alert)
        if spec.kind is ActionKind.TOP_UP:
            incident = incident or hard_cap_incident(writer, spec.scope)
            guard_top_up(writer, spec, incident)
        action = begin(
            writer,
            self.settings,
            made,
            now,
            by=intent.person,
            reason=reason,
            incident=incident,
            alert=alert,
            tell=self.tell,
        )
        if spec.emergency and not spec.drill:
            owe_postmortem(writer, self.settings, action, now)

    def amend(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """The person who asked changes what is asked: whatever was approved before counts no more."""
        action = _action(writer, intent.subject)
        if action.requested_by != intent.person:
            raise Refused(f"{action.requested_by} asked for it, so only they can change it")
        if action.state is not ActionState.STANDBY:
            raise Refused(f"action {action.id} is {action.state.value}: only what waits can be changed")
        spec = _spec(intent)
        if spec.kind is not action.spec.kind or spec.emergency != action.spec.emergency:
            raise Refused("another kind of action is another request")
        made = self._plan(writer, spec, intent, now)
        if spec.kind is ActionKind.TOP_UP:
            guard_top_up(writer, spec, action.incident)
        writer.actions.void_approvals(_id(action), "the request was changed after it")
        reason = str(intent.payload.get("reason", "")).strip() or action.reason
        changed = writer.actions.save(again(action, made, self.settings, now, reason))
        text = f"changed to {title(changed)}; approvals given before count no more"
        record(writer, Occasion("amended", changed, text, actor=intent.person), now, self.tell)

    def approve(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """One of the approvals; with the last one the action begins."""
        approvals.approve(writer, self.settings, _action(writer, intent.subject), intent, now, self.tell)

    def deny(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """An approver says no, or whoever asked takes it back."""
        approvals.deny(writer, self.settings, _action(writer, intent.subject), intent, now, self.tell)

    def release(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """Undoes an action, or every action of an incident."""
        roles = _roles(self.settings, intent.person)
        reason = str(intent.payload.get("reason", "")).strip()
        if not intent.subject.startswith("incident:"):
            action = _action(writer, intent.subject)
            if problem := self._not_released(writer, action, roles):
                raise Refused(problem)
            self._reverse(writer, action, intent.person, reason, now)
            return
        actions = writer.actions.of_incident(_ident(intent.subject, "incident"))
        open_ = [action for action in actions if not action.state.ended and writer.actions.own(action)]
        problems = {action.id: self._not_released(writer, action, roles) for action in open_}
        free = [action for action in open_ if not problems[action.id]]
        if not free:
            raise Refused(next(iter(problems.values()), "nothing of this incident is in force"))
        for action in reversed(free):
            self._reverse(writer, action, intent.person, reason, now)

    def renew(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """An action lasts longer."""
        action = _action(writer, intent.subject)
        seconds = _number(intent.payload, "seconds") or action.spec.expires_s
        if action.state not in RENEWABLE:
            raise Refused(f"action {action.id} is {action.state.value}: there is nothing to renew")
        if action.expires_at is None or action.spec.kind is ActionKind.TOP_UP:
            raise Refused(f"action {action.id} does not end by itself")
        if not 0 < seconds <= LONGEST_S:
            raise Refused("renew it for more than nothing, and for 31 days at most")
        later = writer.actions.save(replace(action, expires_at=now + seconds))
        text = f"renewed for {duration(seconds)}"
        record(writer, Occasion("renewed", later, text, actor=intent.person), now, self.tell)

    def assess(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """How critical an incident is: without production impact no top-up follows."""
        assess(writer, _ident(intent.subject, "incident"), intent, now, self.tell)

    def postmortem(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """Somebody signs what was learnt."""
        sign_postmortem(writer, _ident(intent.subject, "incident"), intent, now)

    def _plan(self, writer: LedgerWriter, spec: ActionSpec, intent: Intent, now: int) -> Plan:
        check_spec(spec)
        try:
            made = plan(books_of(writer), self.settings, spec, now)
        except BurndeckError as error:
            raise Refused(f"{error.message}. {error.hint}".strip()) from None
        if intent.payload.get("plan") != made.digest():
            raise Refused(
                "what it would hit has moved since it was shown: look again, and ask again if it is right"
            )
        return made

    def _not_released(self, writer: LedgerWriter, action: Action, roles: Collection[Role]) -> str:
        """Why an action cannot be undone by somebody; empty where it can."""
        kind = action.spec.kind
        if action.state.ended or action.state is ActionState.REVERSING:
            return f"action {action.id} is {action.state.value}: there is nothing to undo"
        if action.state is ActionState.STANDBY:
            return ""
        if kind is ActionKind.REVOKE:
            return "deleted keys do not come back: issue new ones"
        if kind is ActionKind.ALLOCATE:
            return "an allocation is changed back by a request of its own, with two approvals"
        if kind is ActionKind.TOP_UP and Role.FINANCE not in roles:
            return "a top-up is taken back by finance"
        if kind is not ActionKind.TOP_UP and ACTING.isdisjoint(roles):
            return "what holds calls back is undone by operator, engineering, lead or admin"
        if action.requested_by == AGENT and approvals.cap_holds(writer, action):
            return (
                f"action {action.id} holds a hard cap that is still reached: ask for a top-up, "
                "or break the glass (`burndeck top-up --help`)"
            )
        return ""

    def _reverse(self, writer: LedgerWriter, action: Action, person: str, reason: str, now: int) -> None:
        standby = action.state is ActionState.STANDBY
        after = replace(
            action,
            state=ActionState.DECLINED if standby else ActionState.REVERSING,
            ended_by=person,
            ended_at=now if standby else None,
            why=reason or ("withdrawn" if standby else "released"),
        )
        writer.actions.save(after)
        text = f"{'withdrawn' if standby else 'to be undone'} by {person}" + (f": {reason}" if reason else "")
        kind = "declined" if standby else "released"
        record(writer, Occasion(kind, after, text, actor=person), now, self.tell)


def _spec(intent: Intent) -> ActionSpec:
    try:
        spec = parse_spec(intent.payload.get("spec"))
    except ValueError as error:
        raise Refused(str(error)) from None
    wanted = REQUESTS.get(intent.kind)
    if wanted is not None:
        if spec.kind is not wanted or str(spec.scope) != intent.subject:
            raise Refused("the request and its change do not fit together")
        if spec.emergency != (intent.kind is IntentKind.BREAK_GLASS):
            raise Refused("the glass is broken by a request of its own")
    return spec


def _reason(payload: Mapping[str, Any]) -> str:
    reason = str(payload.get("reason", "")).strip()
    if not reason:
        raise Refused("it needs a reason; everybody sees it")
    return reason


def _number(payload: Mapping[str, Any], name: str) -> int | None:
    value = payload.get(name)
    if value is None:
        return None
    if type(value) is not int or not 0 <= value < 2**62:
        raise Refused(f"{name}: must be a whole number")
    return value


def _incident_of(writer: LedgerWriter, alert: int | None) -> int | None:
    found = None if alert is None else writer.alerts.alert(alert)
    return found.incident if found else None


def _ident(subject: str, kind: str) -> int:
    named, _, text = subject.partition(":")
    if named != kind or not text.isdecimal() or len(text) > 18:
        raise Refused(f"there is no {subject}")
    return int(text)


def _action(writer: LedgerWriter, subject: str) -> Action:
    action = writer.actions.action(_ident(subject, "action"))
    if action is None:
        raise Refused(f"there is no {subject}")
    if not writer.actions.own(action):
        raise Refused(f"{subject} was changed by somebody else than the agent: nothing is done of it")
    return action


def _id(action: Action) -> int:
    assert action.id is not None
    return action.id


def _roles(settings: Settings, name: str) -> Collection[Role]:
    return next((person.roles for person in settings.people if person.name == name), ())


def scopes_around(writer: LedgerWriter, scope: Scope) -> set[Scope]:
    """A scope and everything that it lies in, by where it burns now."""
    found = {scope, Scope(ScopeKind.ORGANIZATION)}
    if scope.kind is ScopeKind.ORGANIZATION:
        return found
    newest = {whose.api_key: whose for whose in books_of(writer).whose}
    for kind in ScopeKind:
        if 0 < kind.depth < scope.kind.depth:
            values = {whose.level(kind) for whose in newest.values() if whose.within(scope)} - {""}
            if len(values) == 1:
                found.add(Scope(kind, values.pop()))
    return found


def _scopes_of_request(writer: LedgerWriter, intent: Intent) -> Collection[Scope]:
    return scopes_around(writer, _spec(intent).scope)


def _scopes_of_action(writer: LedgerWriter, intent: Intent) -> Collection[Scope]:
    """Where the subject's action acts; of an incident's actions, what lies around all of them."""
    if intent.subject.startswith("incident:"):
        return _scopes_of_incident(writer, intent)
    around = scopes_around(writer, _action(writer, intent.subject).spec.scope)
    if intent.kind is IntentKind.AMEND:
        around &= scopes_around(writer, _spec(intent).scope)
    return around


def _scopes_of_incident(writer: LedgerWriter, intent: Intent) -> Collection[Scope]:
    """What lies around everything that an incident's actions hit; without any, around its alerts."""
    ident = _ident(intent.subject, "incident")
    actions = writer.actions.of_incident(ident)
    scopes = [action.spec.scope for action in actions]
    if not scopes:
        signals = (alert.signal for alert in writer.alerts.alerts_of_incidents([ident]))
        scopes = [
            Scope(ScopeKind(each.scope_kind), each.scope) for each in signals if each.scope_kind in _LEVELS
        ]
    around = [scopes_around(writer, scope) for scope in scopes]
    return set.intersection(*around) if around else {Scope(ScopeKind.ORGANIZATION)}


_LEVELS = frozenset(kind.value for kind in ScopeKind)
