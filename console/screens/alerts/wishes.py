"""What a person can ask of an alert: why it cannot be asked, the form for it, and the intent it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.alert import HARD_CAP
from agent.domain.duration import Duration
from agent.domain.intent import IntentKind
from agent.domain.money import AmountError, to_credits, to_nano
from agent.domain.silence import parse_matchers
from agent.reports.alert_board import AlertBoard
from agent.reports.alert_list import AlertEntry
from agent.reports.silences import matching
from console import format as fmt
from console.screens.forms.form import Field, FieldError, Form, Values, no_amount
from console.wants import Want

if TYPE_CHECKING:
    from agent.settings import Settings

LONGEST_PLAN = Duration(31 * 86_400)
PLAN = "6h"


# Why not


def not_acknowledged(entry: AlertEntry) -> str:
    """Why an alert cannot be acknowledged; empty where it can."""
    if entry.state == "acknowledged":
        return f"{entry.acknowledged_by} has taken it already."
    return "" if entry.state == "firing" else f"It is {entry.state}: there is nothing to acknowledge."


def not_silenced(entry: AlertEntry) -> str:
    """Why an alert cannot be silenced."""
    if entry.tier == HARD_CAP:
        return "A hard cap is never silenced: what it blocks stays blocked. Acknowledge it with A."
    return "" if entry.live else f"It is {entry.state}: there is nothing to silence."


def not_lifted(entry: AlertEntry) -> str:
    """Why there is no silence to lift."""
    if entry.muted_by.startswith("silence:"):
        return ""
    if entry.muted_by:
        return f"It is muted by {entry.muted_by.replace(':', ' ')}, which is graver; no silence to lift."
    return "No silence mutes this alert."


def not_planned(entry: AlertEntry) -> str:
    """Why an alert cannot have been planned."""
    if entry.tier == HARD_CAP:
        return "A hard cap is reached whether or not the burn was planned."
    return "" if entry.state != "resolved" or entry.scope_kind else "It is not about anything that burns."


# Forms


def acknowledge(settings: Settings, entry: AlertEntry, board: AlertBoard, now: float) -> Form:
    """Take an alert, with a note if there is something to say."""

    def judge(values: Values) -> list[str]:
        return ["It is not repeated and does not escalate any more. Everybody who was told is told of it."]

    def want(values: Values) -> Want:
        payload = {"note": values["note"]} if values["note"] else {}
        return Want(IntentKind.ACKNOWLEDGE, f"alert:{entry.id}", payload, f"Alert {entry.id} acknowledged")

    fields = (Field("note", "note", "", "what you are doing about it; may stay empty"),)
    return Form(f"Acknowledge alert {entry.id}", entry.summary, fields, judge, want)


def silence(settings: Settings, entry: AlertEntry, board: AlertBoard, now: float) -> Form:
    """Not to be told of what matches, until a time or an amount is reached."""
    rules = settings.alerts.silence

    def judge(values: Values) -> list[str]:
        return _unheard(board, _matchers(values["matches"]), _limit(values["credits"]))

    def want(values: Values) -> Want:
        matchers, limit = _matchers(values["matches"]), _limit(values["credits"])
        seconds = _stretch("for", values["for"], rules.longest)
        payload = {
            "matchers": matchers,
            "seconds": int(seconds),
            "limit_nano": limit,
            "reason": _reason(values["reason"]),
        }
        return Want(IntentKind.SILENCE, "silence", payload, f"Silenced for {seconds}")

    fields = (
        Field(
            "matches",
            "matches",
            ", ".join(f"{k}={v}" for k, v in matchers_of(entry).items()),
            "all must match",
        ),
        Field("for", "for", str(rules.default), f"90s, 15m, 6h, 4d; at most {rules.longest}"),
        Field("credits", "credits", f"{rules.max_credits:f}", "ends when so much was burnt unheard"),
        Field("reason", "reason", "", "why; everybody sees it"),
    )
    return Form("Silence", entry.summary, fields, judge, want)


def lift(settings: Settings, entry: AlertEntry, board: AlertBoard, now: float) -> Form:
    """End the silence that mutes an alert."""
    ident = entry.muted_by.partition(":")[2]
    known = next((each for each in board.silences if str(each.id) == ident), None)

    def judge(values: Values) -> list[str]:
        if known is None:
            return ["What it muted and still fires is told again."]
        still = f"{known.mutes} alert" + ("s" if known.mutes != 1 else "")
        return [
            f"By {known.author}: {known.reason}. {fmt.span(known.ends_at - now)} left, "
            f"{fmt.whole(known.burnt)} of {fmt.whole(known.limit)} credits burnt.",
            f"It mutes {still}; what still fires is told again.",
        ]

    def want(values: Values) -> Want:
        payload = {"reason": values["reason"]}
        return Want(IntentKind.UNSILENCE, f"silence:{ident}", payload, f"Silence {ident} lifted")

    fields = (Field("reason", "reason", "", "why it ends early; may stay empty"),)
    return Form(f"Lift silence {ident}", entry.summary, fields, judge, want)


def planned(settings: Settings, entry: AlertEntry, board: AlertBoard, now: float) -> Form:
    """The rise was meant: it ends, is told no more, and is not learnt as usual."""

    def judge(values: Values) -> list[str]:
        until = now + _stretch("lasts", values["for"], LONGEST_PLAN)
        ends = "" if entry.unit == "credits" else " The alert ends."
        return [
            f"From {fmt.moment(entry.started_at, now)} to {fmt.moment(until, now)} UTC what burns there "
            f"is neither told nor learnt as usual, and the forecast leaves it out.{ends} "
            "It cannot be taken back."
        ]

    def want(values: Values) -> Want:
        payload = {
            "start": entry.started_at,
            "end": int(now) + int(_stretch("lasts", values["for"], LONGEST_PLAN)),
            "reason": _reason(values["reason"]),
        }
        done = f"Alert {entry.id} marked as planned"
        return Want(IntentKind.PLANNED_ACTIVITY, f"alert:{entry.id}", payload, done)

    fields = (
        Field("for", "lasts", PLAN, f"from now: 90m, 6h, 4d; at most {LONGEST_PLAN}"),
        Field("reason", "reason", "", "what it is; everybody sees it"),
    )
    return Form("Planned activity", entry.summary, fields, judge, want)


# What is typed


def matchers_of(entry: AlertEntry) -> dict[str, str]:
    """What a silence of an alert matches unless the person says otherwise: its rule on its own subject."""
    found = {"rule": entry.rule}
    if entry.allocation_id:
        return {**found, "allocation": entry.allocation_id, "tier": entry.tier}
    if entry.api_key:
        return {**found, "api_key": entry.api_key}
    if entry.scope_kind == "team" and entry.team:
        return {**found, "team": entry.team}
    if entry.scope:
        return {**found, "scope_kind": entry.scope_kind, "scope": entry.scope}
    return {**found, "alert": str(entry.id)}


def _matchers(text: str) -> dict[str, str]:
    try:
        found = parse_matchers(part for part in text.split(",") if part.strip())
    except ValueError as error:
        raise FieldError(f"matches: {error}") from None
    if not found:
        raise FieldError("matches: without any it would mute everything")
    if found.get("tier") == HARD_CAP:
        raise FieldError("matches: a hard cap is never silenced")
    return found


def _stretch(name: str, text: str, longest: Duration) -> Duration:
    try:
        found = Duration.parse(text)
    except ValueError as error:
        raise FieldError(f"{name}: {error}") from None
    if not 0 < found <= longest:
        raise FieldError(f"{name}: more than nothing, and no longer than {longest}")
    return found


def _limit(text: str) -> int:
    """Nano-credits at which a silence ends."""
    try:
        limit = int(to_nano(text))
    except AmountError:
        limit = 0
    if limit <= 0:
        raise FieldError(no_amount("credits", text))
    return limit


def _reason(text: str) -> str:
    if not text:
        raise FieldError("reason: everybody sees it, so it cannot stay empty")
    return text


def _unheard(board: AlertBoard, matchers: Mapping[str, str], limit_nano: int) -> list[str]:
    """What the silence would keep from being heard, by what burns now."""
    muted = matching(board.entries, matchers)
    excess = sum(
        (max(each.current - each.expected, Decimal(0)) for each in muted if each.unit != "credits"),
        Decimal(0),
    )
    one = len(muted) == 1
    said = f"Mutes {len(muted)} alert{'' if one else 's'} that fire{'s' if one else ''} now"
    if not excess:
        return [f"{said}."]
    lasts = fmt.span(float(to_credits(limit_nano) / excess) * 60)
    return [
        f"{said}: {fmt.number(excess)} credits/min above what is usual burn unheard, "
        f"so the credits end it in {lasts} at this burn."
    ]
