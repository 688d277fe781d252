"""What people want of alerts, carried out: acknowledge, silence, lift a silence, mark planned activity.

Each runs in the transaction that marks its signed intent as done; a refusal says why to the person.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent.alerts.duties import acknowledged, ended
from agent.alerts.facts import truth_of
from agent.alerts.mute import scope_of
from agent.alerts.notices import Facts
from agent.alerts.telling import Teller
from agent.domain.alert import CRITICAL, HARD_CAP, Alert, AlertRule, AlertState
from agent.domain.allocation import Scope, ScopeKind
from agent.domain.duration import Duration
from agent.domain.intent import Intent, IntentKind, Refused
from agent.domain.money import to_credits
from agent.domain.planned import Planned
from agent.domain.silence import Silence, parse_matchers
from agent.ledger.control_store import IntentHandler
from agent.ledger.lineage import Lineage, value_of

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

_LONGEST_PLAN_S = 31 * 86_400
_PLANNED = frozenset(
    {
        AlertRule.BURN_SPIKE,
        AlertRule.RATE_OF_CHANGE,
        AlertRule.NEW_BURNER,
        AlertRule.UNTAGGED,
        AlertRule.ERRORS,
        AlertRule.CACHE,
        AlertRule.PACE,
    }
)
"""Rules that leave planned activity out."""
_MOST = 2**62  # SQLite counts to twice that, so the sum of two still fits
_WILD = frozenset("*?[")
_NAMED = {"team": ScopeKind.TEAM, "api_key": ScopeKind.API_KEY}


def handlers(settings: Settings) -> Mapping[IntentKind, IntentHandler]:
    """The handlers of the intents that alerts understand."""
    people = _Answers(settings)
    return {
        IntentKind.ACKNOWLEDGE: IntentHandler(_scopes_of_subject, people.acknowledge),
        IntentKind.SILENCE: IntentHandler(_scopes_of_silence, people.silence),
        IntentKind.UNSILENCE: IntentHandler(_scopes_of_lifted, people.unsilence),
        IntentKind.PLANNED_ACTIVITY: IntentHandler(_scopes_of_subject, people.plan),
    }


class _Answers:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def acknowledge(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """Somebody takes an alert: it is not repeated and does not escalate any more."""
        alert = _alert(writer, intent.subject)
        if alert.state is AlertState.ACKNOWLEDGED:
            raise Refused(f"{alert.acknowledged_by} has acknowledged it already")
        if alert.state is not AlertState.FIRING:
            raise Refused(f"alert {alert.id} is {alert.state.value}: there is nothing to acknowledge")
        taken = replace(
            alert, state=AlertState.ACKNOWLEDGED, acknowledged_at=now, acknowledged_by=intent.person
        )
        writer.alerts.save([taken])
        note = str(intent.payload.get("note", ""))
        teller = Teller(writer, self._settings, now)
        teller.note(taken, "acknowledged", note or "acknowledged", intent.person)
        if due := acknowledged(taken, self._settings.alerts.policy(taken.signal.tier)):
            teller.tell(due, Facts(*truth_of(writer.alerts)))

    def silence(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """What matches is not told until a time or an amount is reached."""
        rules = self._settings.alerts.silence
        payload = intent.payload
        seconds, limit = _int(payload, "seconds"), _int(payload, "limit_nano")
        if seconds > rules.longest:
            raise Refused(f"no silence lasts longer than {rules.longest}")
        reason = str(payload.get("reason", "")).strip()
        if not reason:
            raise Refused("a silence needs a reason")
        matchers = _matchers(payload)
        if matchers.get("tier") == HARD_CAP:
            raise Refused("a hard cap is never silenced")
        try:
            wanted = Silence(intent.person, reason, matchers, now, now + seconds, limit)
        except ValueError as error:
            raise Refused(str(error)) from None
        silence = writer.incidents.add_silence(wanted)
        for alert in writer.alerts.open_alerts():
            if alert.live and silence.matches(alert):
                span = f"{Duration(seconds)} or {_credits(limit)}"
                text = f"silence {silence.id} by {intent.person} for {span}: {reason}"
                Teller(writer, self._settings, now).note(alert, "silenced", text, intent.person)

    def unsilence(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """Ends a silence before its time."""
        silence = _silence(writer, intent.subject)
        if silence.ended_at is not None:
            raise Refused(f"silence {silence.id} has ended already ({silence.ended_why})")
        writer.incidents.update_silence(replace(silence, ended_at=now, ended_why="lifted"))
        reason = str(intent.payload.get("reason", "")).strip()
        text = f"silence {silence.id} lifted" + (f": {reason}" if reason else "")
        for alert in writer.alerts.open_alerts():
            if alert.muted_by == f"silence:{silence.id}":
                Teller(writer, self._settings, now).note(alert, "silence ended", text, intent.person)

    def plan(self, writer: LedgerWriter, intent: Intent, now: int) -> None:
        """What burns was meant to: it is neither told nor learnt as usual. Ends the alert it was said of."""
        payload = intent.payload
        alert = _alert(writer, intent.subject) if intent.subject.startswith("alert:") else None
        scope = _subject_scope(intent.subject) if alert is None else None
        start, end = _int(payload, "start"), _int(payload, "end")
        reason = str(payload.get("reason", "")).strip()
        if not reason:
            raise Refused("planned activity needs a reason")
        if not start < end <= now + _LONGEST_PLAN_S:
            raise Refused("planned activity ends after it begins, and within a month from now")
        if alert is not None and (why := _no_plan(alert)):
            raise Refused(why)
        writer.incidents.add_planned(
            Planned(
                scope_kind=alert.signal.scope_kind if alert else scope.kind.value if scope else "",
                scope=alert.signal.scope if alert else scope.value if scope else "",
                start=start,
                end=end,
                author=intent.person,
                reason=reason,
            )
        )
        if alert is not None and alert.open:
            text = f"planned activity: {reason}"
            Teller(writer, self._settings, now).note(alert, "planned", text, intent.person)
            self._end_planned(writer, alert, intent.person, now)

    def _end_planned(self, writer: LedgerWriter, alert: Alert, person: str, now: int) -> None:
        over = replace(alert, state=AlertState.RESOLVED, resolved_at=now)
        writer.alerts.save([over])
        teller, why = Teller(writer, self._settings, now), f"planned, says {person}"
        teller.note(over, "resolved", why, person)
        if due := ended(over, self._settings.alerts.policy(over.signal.tier), why):
            teller.tell(due, Facts(*truth_of(writer.alerts)))


def _credits(nano: int) -> str:
    """`5,000 credits`, with two decimals at most; what is smaller stays more than nothing."""
    text = f"{to_credits(nano):,.2f}".rstrip("0").rstrip(".")
    return f"{text} credits" if text != "0" else "less than 0.01 credits"


def _matchers(payload: Mapping[str, Any]) -> dict[str, str]:
    given = payload.get("matchers")
    if not isinstance(given, dict):
        raise Refused("a silence needs matchers")
    try:
        return parse_matchers(f"{field}={pattern}" for field, pattern in given.items())
    except ValueError as error:
        raise Refused(str(error)) from None


def _int(payload: Mapping[str, Any], name: str) -> int:
    value = payload.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refused(f"{name}: must be a whole number")
    if not 0 <= value <= _MOST:
        raise Refused(f"{name}: must lie between 0 and {_MOST}")
    return value


def _ident(subject: str, kind: str) -> int | None:
    """The number in `alert:12`; None for anything else, also for more than the ledger counts to."""
    named, _, ident = subject.partition(":")
    number = int(ident) if named == kind and ident.isdecimal() and len(ident) < 20 else None
    return None if number is None or number > _MOST else number


def _alert(writer: LedgerWriter, subject: str) -> Alert:
    ident = _ident(subject, "alert")
    alert = None if ident is None else writer.alerts.alert(ident)
    if alert is None:
        raise Refused(f"there is no {subject}")
    return alert


def _silence(writer: LedgerWriter, subject: str) -> Silence:
    ident = _ident(subject, "silence")
    silence = None if ident is None else writer.incidents.silence(ident)
    if silence is None:
        raise Refused(f"there is no {subject}")
    return silence


def _subject_scope(subject: str) -> Scope:
    try:
        return Scope.parse(subject)
    except ValueError as error:
        raise Refused(str(error)) from None


def _scopes_of_subject(writer: LedgerWriter, intent: Intent) -> Collection[Scope]:
    """Every scope that an alert, or a scope named itself, lies in."""
    if intent.subject.startswith("alert:"):
        scope = scope_of(_alert(writer, intent.subject))
    else:
        scope = _subject_scope(intent.subject)
    return scopes_around(writer, scope)


def _scopes_of_silence(writer: LedgerWriter, intent: Intent) -> Collection[Scope]:
    """What a silence reaches at most: matchers with wildcards may reach anything."""
    matchers = _matchers(intent.payload)
    if (ident := matchers.get("alert", "")).isdecimal():
        return scopes_around(writer, scope_of(_alert(writer, f"alert:{ident}")))
    for field, kind in _NAMED.items():
        value = matchers.get(field, "")
        if value and not _WILD & set(value):
            return scopes_around(writer, Scope(kind, value))
    return scopes_around(writer, None)


def _scopes_of_lifted(writer: LedgerWriter, intent: Intent) -> Collection[Scope]:
    silence = _silence(writer, intent.subject)
    return _scopes_of_silence(writer, replace(intent, payload={"matchers": dict(silence.matchers)}))


def scopes_around(writer: LedgerWriter, scope: Scope | None) -> set[Scope]:
    """A scope and all that it lies in; the organization alone for None."""
    organization = Scope(ScopeKind.ORGANIZATION)
    if scope is None or scope == organization:
        return {organization}
    contexts = list(writer.alerts.contexts().values())
    lineage = Lineage(lambda: contexts)
    wider = {
        Scope(kind, value)
        for whose in contexts
        for kind in ScopeKind
        if 0 < kind.depth < scope.kind.depth and (value := value_of(whose, kind))
    }
    return {scope, organization, *(outer for outer in wider if lineage.within(scope, outer))}


def _no_plan(alert: Alert) -> str:
    """Why no plan can end an alert; empty where one can."""
    rule = alert.signal.rule
    if rule in (AlertRule.DRIFT, AlertRule.SILENT_DATA):
        return "no plan explains data that is missing or that disagrees"
    if rule not in _PLANNED or (rule is AlertRule.PACE and alert.signal.tier != CRITICAL):
        scope = scope_of(alert)
        return (
            "credits that are used up stay used up, planned or not; acknowledge it, or plan its scope: "
            f"burndeck alerts plan {scope or 'SCOPE'}"
        )
    return ""
