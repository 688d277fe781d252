"""One action in full: what it changed where, who allowed it, what became of the burn, what can be done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.action_words import keys_told, unasked
from agent.domain.audit import NOT_OURS
from agent.domain.money import to_credits
from agent.domain.words import plural
from console import format as fmt
from console.screens.actions.asking import OWN
from console.screens.actions.rows import TONES, at_gateways, countdown, state_words
from console.screens.alerts.layout import LABEL, Fact, block, running, stacked
from console.widgets.ink import Line, Span, Tone, clip_middle, left, spread, wrap

if TYPE_CHECKING:
    from agent.reports.action_report import ActionDetail, ActionEntry, ApprovalLine, StepLine

_STEP_TONES = {"applied": Tone.COOL, "failed": Tone.HOT, "kept": Tone.WARM, "undone": Tone.DIM}
_MOST_STEPS = 40


def draw_detail(detail: ActionDetail, now: float, width: int, height: int) -> list[Line]:
    """The detail; there may be more to scroll to."""
    inner = width - 2
    room = inner - LABEL
    entry = detail.entry
    blocks: list[Sequence[Line]] = [
        [_heading(entry, now, inner), *([Span(line)] for line in wrap(entry.named_fully, inner))],
        block("forged", _forged(entry, room)),
        block("asked", [*running(_asked(entry, now), room), *_reason(entry, room)]),
        block("allowed", _approvals(detail, now, room)),
        block("effect", _effect(entry, now, room)),
        block("foreseen", running(_foreseen(detail), room)),
        block("targets", _steps(detail.steps, now, room)),
        block("timeline", _timeline(detail, now, room)),
        block("next", _commands(detail, room)),
    ]
    return stacked(blocks, height)


def _heading(entry: ActionEntry, now: float, width: int) -> Line:
    start = [
        Span(state_words(entry), TONES.get(entry.state, Tone.DIM)),
        Span(f"  action {entry.id}", Tone.DIM),
    ]
    end: list[Span] = []
    if entry.state == "standby" and entry.approve_by is not None:
        end = [Span(f"lapses in {countdown(entry.approve_by - now)}", Tone.WARM)]
    elif entry.unwritten:
        end = [Span("holds nothing back", Tone.WARM)]
    elif entry.open and not at_gateways(entry):
        ends = (
            "until it is changed" if entry.expires_at is None else f"{countdown(entry.expires_at - now)} left"
        )
        end = [Span(ends, Tone.DIM)]
    elif entry.open and entry.expires_at is not None:
        end = [Span(f"undoes itself in {countdown(entry.expires_at - now)}", Tone.STRONG)]
    elif entry.open:
        end = [Span("until somebody undoes it", Tone.DIM)]
    elif entry.ended_at is not None:
        end = [Span(f"over since {fmt.moment(entry.ended_at, now)}", Tone.DIM)]
    return spread(start, end, width)


def _forged(entry: ActionEntry, width: int) -> Iterator[Line]:
    if entry.foreign:
        text = f"▲ {entry.warning}; `burndeck audit verify` says more, and Audit (6) what to do"
        yield from ([Span(line, Tone.HOT)] for line in wrap(text, width))


def _asked(entry: ActionEntry, now: float) -> Iterator[Fact]:
    yield "by", entry.requested_by, Tone.PLAIN
    yield "at", fmt.moment(entry.requested_at, now), Tone.PLAIN
    if entry.alert is not None:
        yield "alert", str(entry.alert), Tone.PLAIN
    if entry.incident is not None:
        yield "incident", str(entry.incident), Tone.PLAIN
    if entry.emergency:
        yield "glass", "broken", Tone.HOT


def _reason(entry: ActionEntry, width: int) -> Iterator[Line]:
    yield from ([Span(line)] for line in wrap(entry.reason, width))


def _approvals(detail: ActionDetail, now: float, width: int) -> Iterator[Line]:
    for each in detail.approvals:
        yield from _approval(each, now, width)
    waits = detail.entry.waits_for
    if waits:
        text = "still to be given: " + " and ".join(" or ".join(roles) for roles in waits)
        yield from ([Span(line, Tone.HOT)] for line in wrap(text, width))
        yield [Span(f"the exact change is {detail.digest[:16]}", Tone.DIM)]
    elif not detail.approvals:
        yield [Span("no approval was needed", Tone.DIM)]


def _approval(each: ApprovalLine, now: float, width: int) -> Iterator[Line]:
    said = "yes" if each.verdict == "approved" else "no"
    note = f": {each.note}" if each.note else ""
    text = f"{said} by {each.person} for {each.role}, {fmt.moment(each.at, now)}{note}"
    tone = Tone.DIM if each.void else Tone.COOL if said == "yes" else Tone.WARM
    if each.void:
        text += f" (counts no more: {each.void})"
    if each.foreign:
        text, tone = f"▲ {NOT_OURS}: {text}", Tone.HOT
    yield from ([Span(line, tone)] for line in wrap(text, width))


def _effect(entry: ActionEntry, now: float, width: int) -> Iterator[Line]:
    text = entry.effect
    if not text and entry.open and entry.accepted_at is not None:
        text = f"accepted {fmt.span(now - entry.accepted_at)} ago; no traffic has confirmed it yet"
        if not at_gateways(entry):
            ends = entry.expires_at
            text = "in force until " + ("it is changed" if ends is None else f"{fmt.moment(ends, now)} UTC")
    if entry.unwritten:
        text = entry.not_written
    if entry.why and entry.why not in text:
        who = f" by {entry.ended_by}" if entry.ended_by and entry.ended_by not in entry.why else ""
        over = entry.drill and entry.state == "expired"  # it says all of it by itself
        said = entry.why if over else f"{entry.state}{who}: {entry.why}"
        text = f"{text}; {said}".removeprefix("; ")
    bad = entry.state == "failed" or entry.unwritten or "no effect" in text
    tone = Tone.WARM if bad else Tone.STRONG
    yield from ([Span(line, tone)] for line in wrap(text, width))
    yield from ([Span(line, Tone.WARM)] for line in wrap(entry.reach, width) if entry.reach)


def _foreseen(detail: ActionDetail) -> Iterator[Fact]:
    """What was shown before it was asked for."""
    seen = detail.preview
    if not seen.get("key_count"):
        return
    yield "keys", f"{detail.entry.keys}", Tone.PLAIN
    if teams := seen.get("teams"):
        yield (
            "teams",
            ", ".join(teams[:4]) + (f" and {len(teams) - 4} more" if len(teams) > 4 else ""),
            Tone.PLAIN,
        )
    share = Decimal(str(seen.get("production_share", "0")))
    yield "production", fmt.share(share), Tone.HOT if seen.get("production") else Tone.PLAIN
    burn, saved = int(seen.get("burn_nano", 0)), int(seen.get("saved_nano", 0))
    yield (
        "burn",
        f"{fmt.number(to_credits(burn))} → {fmt.number(to_credits(burn - saved))} credits/min",
        Tone.PLAIN,
    )
    if seen.get("requests"):
        text = f"{fmt.whole(seen.get('refused', 0))} of {fmt.whole(seen['requests'])} calls of the hour"
        yield "refused", text, Tone.PLAIN
    if others := keys_told(seen, "bystanders"):
        yield "", unasked(others), Tone.WARM
    if missed := keys_told(seen, "unreached"):
        yield "not reached", plural(missed, "key"), Tone.WARM


def _steps(steps: Sequence[StepLine], now: float, width: int) -> Iterator[Line]:
    for step in steps[:_MOST_STEPS]:
        tone = _STEP_TONES.get(step.state, Tone.PLAIN)
        when = f"  {fmt.clock(step.at, seconds=True)}" if step.at is not None else ""
        yield spread(
            [Span(clip_middle(target_words(step), width - 20))], [Span(step.state + when, tone)], width
        )
        yield from ([Span(f"  {line}", Tone.DIM)] for line in wrap(holds(step), width - 2))
        yield from ([Span(f"  {line}", Tone.WARM)] for line in wrap(step.error, width - 2))
    if len(steps) > _MOST_STEPS:
        yield [Span(f"and {len(steps) - _MOST_STEPS} more targets", Tone.DIM)]


def holds(step: StepLine) -> str:
    """What becomes of a target; where it was undone, what it has again."""
    return f"{step.before} restored" if step.state == "undone" else f"{step.before} → {step.after}"


def target_words(step: StepLine) -> str:
    """A target by its gateway, kind and id, with the name of a project; an allocation by its id."""
    return step.named.removeprefix(f"{OWN}/allocation/")


def _timeline(detail: ActionDetail, now: float, width: int) -> Iterator[Line]:
    for line in reversed(detail.timeline):
        who = "" if line.actor == "agent" else f" by {line.actor}"
        head = f"{fmt.moment(line.at, now)}  "
        for place, text in enumerate(wrap(f"{line.kind}{who}: {line.text}", max(20, width - len(head)))):
            yield [Span(head if place == 0 else " " * len(head), Tone.DIM), Span(text)]


def _commands(detail: ActionDetail, width: int) -> Iterator[Line]:
    longest = max((len(each.text) for each in detail.commands), default=0)
    for each in detail.commands:
        if longest + 20 <= width:
            yield [Span(left(each.text, longest + 2), Tone.KEY), Span(each.purpose, Tone.DIM)]
        else:
            yield from ([Span(text, Tone.KEY)] for text in wrap(each.text, width))
            yield [Span(f"  {each.purpose}", Tone.DIM)]
