"""What people ask for, carried out inside the transaction: requests, changes of them, undoing, renewing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agent.control import approvals, withdrawing
from agent.control.bounds import (
    around_incident,
    known_person,
    must_reach_bystanders,
    must_reach_incident,
    scopes_around,
)
from agent.control.duties import assess, guard_top_up, hard_cap_incident
from agent.control.glass import owe_postmortem, sign_postmortem
from agent.control.lasting import not_released, renewed
from agent.control.occasion import Occasion, Tell, record
from agent.control.paging import asks_for
from agent.control.planning import Plan, books_of, plan
from agent.control.proposing import again, begin, check_spec, title
from agent.control.undoing import fates, still_wait
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState, parse_spec
from agent.domain.allocation import Scope
from agent.domain.intent import Intent, IntentKind, Refused
from agent.domain.person import Person
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
    IntentKind.TOOLS: ActionKind.TOOLS,
    IntentKind.CAP: ActionKind.CAP,
    IntentKind.REVOKE: ActionKind.REVOKE,
    IntentKind.TOP_UP: ActionKind.TOP_UP,
    IntentKind.ALLOCATE: ActionKind.ALLOCATE,
    IntentKind.BREAK_GLASS: ActionKind.TOP_UP,
}
"""Intents that ask for an action, and which one."""


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
        IntentKind.WITHDRAW: withdrawing.handler(settings),
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
        if made.needs:
            _not_twice(writer, spec, now)
        alert = _number(intent.payload, "alert")
        incident = self._incident(writer, spec, intent, alert)
        if spec.kind is ActionKind.TOP_UP:
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
        same = (spec.kind, spec.emergency, spec.drill)
        if same != (action.spec.kind, action.spec.emergency, action.spec.drill):
            raise Refused("another kind of action is another request")
        made = self._plan(writer, spec, intent, now)
        if spec.kind is ActionKind.TOP_UP:
            guard_top_up(writer, spec, hard_cap_incident(writer.alerts, spec.scope) or action.incident)
        writer.actions.void_approvals(_id(action), "the request was changed after it")
        reason = str(intent.payload.get("reason", "")).strip() or action.reason
        changed = writer.actions.save(again(action, made, self.settings, now, reason))
        text = f"changed to {title(changed)}; approvals given before count no more"
        occasion = Occasion("amended", changed, text, actor=intent.person)
        if changed.needs:
            occasion = asks_for(writer, occasion, news="changed, approvals given before count no more")
        record(writer, occasion, now, self.tell)

    def approve(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """One of the approvals; with the last one the action begins."""
        approvals.approve(writer, self.settings, _action(writer, intent.subject), intent, now, self.tell)

    def deny(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """An approver says no, or whoever asked takes it back."""
        approvals.deny(writer, self.settings, _action(writer, intent.subject), intent, now, self.tell)

    def release(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """Undoes an action, or every action of an incident."""
        person = known_person(self.settings, intent.person)
        reason = str(intent.payload.get("reason", "")).strip()
        if intent.subject.startswith("incident:"):
            self._release_all(writer, _ident(intent.subject, "incident"), person, reason, now)
            return
        action = _action(writer, intent.subject)
        if problem := not_released(writer.alerts, action, person):
            raise Refused(problem)
        self._reverse(writer, action, person.name, reason, now)

    def renew(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """An action lasts longer."""
        action = _action(writer, intent.subject)
        named = _number(intent.payload, "seconds")
        seconds = action.spec.expires_s if named is None else named
        person = known_person(self.settings, intent.person)
        later = writer.actions.save(renewed(action, person, seconds, now))
        text = f"renewed for {duration(seconds)}"
        record(writer, Occasion("renewed", later, text, actor=intent.person), now, self.tell)

    def assess(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """How critical an incident is: without production impact no top-up follows."""
        assess(writer, _ident(intent.subject, "incident"), intent, now, self.tell)

    def postmortem(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """Somebody signs what was learnt."""
        sign_postmortem(writer, self.settings, _ident(intent.subject, "incident"), intent, now)

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
        must_reach_bystanders(known_person(self.settings, intent.person), made)
        return made

    def _incident(
        self, writer: LedgerWriter, spec: ActionSpec, intent: Intent, alert: int | None
    ) -> int | None:
        """The incident that a request is for; that of a top-up is the one of its own hard cap."""
        if alert is not None and writer.alerts.alert(alert) is None:
            raise Refused(f"there is no alert {alert}")
        if spec.kind is ActionKind.TOP_UP:
            own = hard_cap_incident(writer.alerts, spec.scope)
            if own is not None:
                return own
            if spec.emergency and not spec.drill:
                raise Refused(
                    f"there is no incident to break the glass for: the hard cap of {spec.scope} "
                    "is not reached; ask for a top-up"
                )
        incident = _number(intent.payload, "incident")
        if incident is None:
            incident = _incident_of(writer, alert)
        elif not any(each.id == incident for each in writer.incidents.open_incidents()):
            raise Refused(f"there is no open incident {incident}")
        if incident is not None:
            must_reach_incident(writer, known_person(self.settings, intent.person), incident)
        return incident

    def _release_all(
        self, writer: LedgerWriter, incident: int, person: Person, reason: str, now: int
    ) -> None:
        """Undoes what can be undone of an incident, and says what cannot, and why."""
        found = fates(writer.actions, writer.alerts, incident, person)
        meant = [each for each in found if not each.asked]
        if all(each.stays for each in meant):
            told = "; ".join(dict.fromkeys(each.stays for each in meant))
            waits = still_wait(len(found) - len(meant))
            nothing = "nothing of this incident is in force" + (f"; {waits}" if waits else "")
            raise Refused(told or nothing)
        for each in meant:
            if each.stays:
                occasion = Occasion(
                    "not_released", each.action, f"not released: {each.stays}", actor=person.name
                )
                record(writer, occasion, now, self.tell)
            else:
                self._reverse(writer, each.action, person.name, reason, now)

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


def _not_twice(writer: LedgerWriter, spec: ActionSpec, now: int) -> None:
    """Refuses to let the same wait twice: both would be approved, and done."""
    for action in writer.actions.open_actions():
        waits = action.state is ActionState.STANDBY and (action.approve_by is None or now < action.approve_by)
        if waits and action.spec.digest() == spec.digest():
            raise Refused(
                f"action {action.id} asks for the same and waits, asked for by {action.requested_by}: "
                f"`burndeck approve {action.id}` decides it, `burndeck release {action.id}` withdraws it"
            )


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
    return around_incident(writer, _ident(intent.subject, "incident"))
