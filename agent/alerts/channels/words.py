"""What every message says, as plain lines; each channel only gives them its shape. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import Any

from agent.alerts.channels.base import Message
from agent.analytics.runway import AT_THIS_BURN
from agent.domain.money import to_credits
from agent.domain.notice import Notice, NoticeKind
from agent.domain.words import duration, instant, plain_line

DRILL = "This is a drill. Nothing has happened and nothing was changed; what is asked for is only rehearsed."

_MOST_COMMAND = 500
_KINDS = {
    NoticeKind.REPEATED: "still firing",
    NoticeKind.ESCALATED: "not acknowledged",
    NoticeKind.UNMUTED: "silence over, still firing",
}
_ENDS = {
    NoticeKind.ACKNOWLEDGED: "ACKNOWLEDGED",
    NoticeKind.RESOLVED: "RESOLVED",
    NoticeKind.SILENCE_ENDED: "SILENCE ENDED",
    NoticeKind.ACTION: "ACTION",
    NoticeKind.RUNBOOK: "RUNBOOK",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a message: what it is about, and what there is to say."""

    name: str
    text: str


def headline(notice: Notice) -> str:
    """One line that says how grave it is and what it is about; a drill says so first."""
    tier = notice.tier.upper().replace("_", " ")
    if notice.drill:
        return f"DRILL, not real: {tier}: {plain_line(notice.summary)}"
    mark = _ENDS.get(notice.kind) or tier
    if notice.kind in _KINDS:
        mark = f"{tier}, {_KINDS[notice.kind]}"
    return f"{mark}: {plain_line(notice.summary)}"


def facts(message: Message) -> tuple[Fact, ...]:
    """All that a message says under its headline, each on one line."""
    told = [*_facts(message.notice, int(message.now)), ("Console", message.console_url)]
    return tuple(Fact(name, line) for name, text in told if (line := plain_line(text)))


def plain(message: Message) -> str:
    """The whole message as text."""
    lines = [headline(message.notice), ""]
    if message.notice.drill:
        lines += [DRILL, ""]
    lines += [f"{fact.name}: {fact.text}" for fact in facts(message)]
    return "\n".join(lines) + "\n"


def commands(notice: Notice) -> tuple[str, ...]:
    """The commands to run next, the most useful first, each on one line."""
    lines = (cut(plain_line(text), _MOST_COMMAND) for text in (notice.next_command, notice.acknowledge))
    return tuple(dict.fromkeys(line for line in lines if line))


def amount(nano: int) -> str:
    """Credits for reading: whole from 100 on, two decimals from 1 on, else up to nine."""
    value = to_credits(nano)
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 1 or value == 0:
        text = f"{value:.2f}"
    else:
        text = f"{value:.9f}"
    return text.rstrip("0").rstrip(".")


def cut(text: str, most: int) -> str:
    """The text, not longer than `most` characters, with dots where it was cut."""
    return text if len(text) <= most else text[: most - 3].rstrip() + "..."


def _facts(notice: Notice, now: int) -> Iterator[tuple[str, str]]:
    yield "Why", notice.why
    tier = f"{notice.tier}, severity {notice.severity}; {notice.state}"
    yield "Tier", f"{tier}, rule {notice.rule}" if notice.rule else tier
    yield "Burning", _whose(notice)
    yield "Cause", notice.cause.replace("_", " ")
    yield "Figures", _figures(notice)
    yield "Source", _source(notice, now)
    yield "Binding cap", _cap(notice)
    yield "Runway", _runway(notice)
    yield "Asked of automation", _action(notice.action)
    for suggestion in notice.suggestions:
        yield "Suggestion", _suggestion(suggestion)
    if notice.acknowledge_by is not None:
        yield "Acknowledge by", _deadline(notice.acknowledge_by, now)
    yield "Acknowledge with", notice.acknowledge
    yield "Run next", notice.next_command
    yield "Told", ", ".join(notice.notify)
    yield "Reference", notice.dedup_key


def _whose(notice: Notice) -> str:
    parts = [f"{notice.scope_kind.replace('_', ' ')} {notice.scope}".strip()]
    parts += [
        f"{name} {value}"
        for name, value in (
            ("key", notice.api_key),
            ("team", notice.team),
            ("environment", notice.environment),
            ("allocation", notice.allocation_id),
            ("period", notice.period),
        )
        if value and value != notice.scope
    ]
    return ", ".join(part for part in parts if part)


def _figures(notice: Notice) -> str:
    if not notice.current_nano and not notice.expected_nano:
        return ""
    current, expected = amount(notice.current_nano), amount(notice.expected_nano)
    if notice.unit != "credits":
        return f"{current} {notice.unit}, expected {expected}"
    if notice.expected_nano <= 0:
        return f"{current} credits"
    share = Decimal(notice.current_nano) * 100 / Decimal(notice.expected_nano)
    # Rounded down: 99.999 % has not reached 100 %.
    text = f"{current} of {expected} credits, {share.quantize(Decimal('0.01'), ROUND_DOWN)} %"
    threshold = percent_of(notice.threshold)
    return f"{text} (threshold {threshold} %)" if threshold else text


def percent_of(share: str) -> str:
    """`90` for the exact share `0.90`; empty where it is none."""
    try:
        value = Decimal(share) * 100
    except InvalidOperation:
        return ""
    return f"{value.normalize():f}" if value.is_finite() else ""


def _source(notice: Notice, now: int) -> str:
    if not notice.layer and not notice.data_at:
        return ""
    layer = notice.layer or "unknown layer"
    if not notice.data_at:
        return layer
    age = max(now - notice.data_at, 0)
    return f"{layer}, complete up to {instant(notice.data_at)}, {duration(age)} old"


def _cap(notice: Notice) -> str:
    if not notice.binding_cap:
        return ""
    monthly = f", {amount(notice.monthly_nano)} credits a month" if notice.monthly_nano else ""
    return notice.binding_cap + monthly


def _runway(notice: Notice) -> str:
    if notice.runway_s is None:
        return ""
    if notice.runway_s <= 0:
        return "none, the cap is reached"
    return f"{duration(notice.runway_s)} until the cap {AT_THIS_BURN}"


def _action(action: Mapping[str, Any]) -> str:
    kind = str(action.get("type", "none"))
    if kind == "none":
        return ""
    params = action.get("params") or {}
    told = ", ".join(f"{name} {value}" for name, value in params.items())
    return f"{kind.replace('_', ' ')} ({told})" if told else kind.replace("_", " ")


def _suggestion(suggestion: Mapping[str, Any]) -> str:
    text = str(suggestion.get("text") or suggestion.get("lever") or "")
    bounds = [_credits(suggestion.get(name)) for name in ("low", "high")]
    given = [bound for bound in bounds if bound]
    return f"{text}: saves {' to '.join(dict.fromkeys(given))} credits a month" if given else text


def _credits(text: object) -> str:
    try:
        value = Decimal(str(text or ""))
    except InvalidOperation:
        return ""
    return f"{value:,.0f}" if value.is_finite() else ""


def _deadline(at: int, now: int) -> str:
    left = at - now
    return f"{instant(at)}, in {duration(left)}" if left > 0 else f"{instant(at)}, which is past"
