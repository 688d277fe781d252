"""Actions as people read them: what is in force, what waits for whom, and how each has come about."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent.domain.action import Action, ActionKind, ActionState, Approval, Step, StepState, Verdict
from agent.domain.action_words import keys_told, open_needs, plain_words, spec_title
from agent.domain.gateway import Fields
from agent.domain.money import to_credits
from agent.domain.unseen import foreseen, overwritten, untold
from agent.ledger.action_rows import actions_of, approval_of
from agent.reports.action_report import ActionDetail, ActionEntry, ApprovalLine, StepLine
from agent.reports.alert_report import Command, TimelineLine
from agent.reports.around import Around, read_around
from agent.reports.own_actions import foreign_of

if TYPE_CHECKING:
    from agent.ledger.own_rows import ForeignRow
    from agent.ledger.reader import LedgerReader, Row

__all__ = [
    "ActionDetail",
    "ActionEntry",
    "ApprovalLine",
    "StepLine",
    "Words",
    "action_detail",
    "action_details",
    "action_entry",
    "actions",
]

RECENT_S = 7 * 86_400
_MOST = 500
_AFTER_S = 3_600  # what is still said of an action after its end
_RENEWABLE = (ActionState.PENDING, ActionState.EXECUTING, ActionState.ACCEPTED, ActionState.CONFIRMED)

Words = Callable[[str, Fields], str]
"""What a gateway, by its name, means with these fields."""


def actions(
    reader: LedgerReader, now: float, recent_s: int = RECENT_S, *, most: int = _MOST
) -> list[ActionEntry]:
    """Actions of which something may still become, and those asked for in the last `recent_s` seconds.

    Open ones come first, the newest first in each part.
    """
    with reader.snapshot():
        open_ = read_actions(reader, reader.rows("actions_open"))
        since = {"since": int(now) - recent_s, "most": most}
        ended = [
            each for each in read_actions(reader, reader.rows("actions_since", since)) if each.state.ended
        ]
        found = [*reversed(open_), *ended]
        said = read_approvals(reader, found)
        around = read_around(reader, found)
        foreign = foreign_of(reader, found, said)
    return [
        entry(action, said.get(ident, ()), int(now), around, foreign.get(ident, ()))
        for action in found
        if (ident := action.id or 0)
    ]


def action_entry(reader: LedgerReader, ident: int, now: float) -> ActionEntry | None:
    """One action as a line of the list; None when there is none."""
    with reader.snapshot():
        found = read_actions(reader, reader.rows("action_by_id", {"id": ident}))
        said = read_approvals(reader, found)
        around = read_around(reader, found)
        foreign = foreign_of(reader, found, said).get(ident, ())
    return entry(found[0], said.get(ident, ()), int(now), around, foreign) if found else None


def action_detail(
    reader: LedgerReader, ident: int, now: float, words: Words | None = None
) -> ActionDetail | None:
    """One action with everything around it; None when there is none.

    `words` says what fields of a gateway mean; without it they are shown as they are.
    """
    return next(iter(action_details(reader, (ident,), now, words)), None)


def action_details(
    reader: LedgerReader, idents: Iterable[int], now: float, words: Words | None = None
) -> list[ActionDetail]:
    """Actions with everything around them, in this order; those that are not there are left out."""
    say = words or (lambda gateway, fields: plain_words(fields))
    with reader.snapshot():
        rows = [row for ident in idents for row in reader.rows("action_by_id", {"id": ident})]
        found = read_actions(reader, rows)
        numbered = _numbered_approvals(reader, found)
        heard = {ident: list(said.values()) for ident, said in numbered.items()}
        foreign = foreign_of(reader, found, heard)
        happened = {action.id: _timeline(reader, action, int(now)) for action in found}
        blind = untold(reader.rows("gateways_seen"))
        around = read_around(reader, found)
    return [
        _detail(
            entry(action, heard.get(ident, ()), int(now), around, foreign.get(ident, ())),
            action,
            steps=_steps(action, say, around, foreign.get(ident, ())),
            approvals=_approval_lines(action, numbered.get(ident, {}), foreign.get(ident, ())),
            happened=happened[ident],
            unseen=foreseen(action, blind),
            now=int(now),
        )
        for action in found
        if (ident := action.id or 0)
    ]


def _detail(
    summary: ActionEntry,
    action: Action,
    *,
    steps: tuple[StepLine, ...],
    approvals: tuple[ApprovalLine, ...],
    happened: tuple[TimelineLine, ...],
    unseen: str,
    now: int,
) -> ActionDetail:
    return ActionDetail(
        now=now,
        entry=summary,
        action=action,
        digest=action.digest,
        steps=steps,
        approvals=approvals,
        preview=_preview(action),
        timeline=happened,
        commands=tuple(_commands(summary, unseen)),
        unseen=unseen,
    )


def _steps(action: Action, say: Words, around: Around, foreign: Iterable[ForeignRow]) -> tuple[StepLine, ...]:
    wrong = {each.row for each in foreign if each.table == "action_step"}
    return tuple(replace(_step(step, say, around), foreign=step.seq in wrong) for step in action.steps)


def _approval_lines(
    action: Action, said: Mapping[int, Approval], foreign: Iterable[ForeignRow]
) -> tuple[ApprovalLine, ...]:
    wrong = {each.row for each in foreign if each.table == "approval"}
    return tuple(
        replace(approval_line(action, each), foreign=number in wrong) for number, each in said.items()
    )


def entry(
    action: Action,
    said: Sequence[Approval],
    now: int,
    around: Around | None = None,
    foreign: Sequence[ForeignRow] = (),
) -> ActionEntry:
    """An action with everybody's word on it, as a line of the list."""
    spec, preview, around = action.spec, _preview(action), around or Around()
    missed = keys_told(preview, "unreached")
    given = [each for each in said if _counts(action, each)]
    waiting = action.state is ActionState.STANDBY
    ends = action.expires_at if action.state.active else None
    return ActionEntry(
        id=action.id or 0,
        kind=spec.kind.value,
        title=spec_title(spec),
        state=action.state.value,
        open=not action.state.ended,
        scope=str(spec.scope),
        targets=len(action.steps),
        gateways=tuple(dict.fromkeys(step.target.gateway for step in action.steps)),
        keys=_hit(preview),
        production=bool(preview.get("production", False)),
        saved=to_credits(preview.get("saved_nano", 0)),
        requested_by=action.requested_by,
        requested_at=action.requested_at,
        reason=action.reason,
        begun_at=action.begun_at,
        accepted_at=action.accepted_at,
        confirmed_at=action.confirmed_at,
        expires_at=action.expires_at,
        expires_in_s=None if ends is None else max(0, ends - now),
        ended_at=action.ended_at,
        ended_by=action.ended_by,
        why=action.why,
        effect=action.effect,
        approve_by=action.approve_by if waiting else None,
        given=tuple(approval_line(action, each) for each in given),
        waits_for=open_needs(action.needs, given) if waiting else (),
        failed=sum(step.state is StepState.FAILED for step in action.steps),
        kept=sum(step.state is StepState.KEPT for step in action.steps),
        renewable=action.state in _RENEWABLE
        and action.expires_at is not None
        and spec.kind not in (ActionKind.TOP_UP, ActionKind.CAP, ActionKind.ALLOCATE),
        incident=action.incident,
        alert=action.alert,
        drill=spec.drill,
        emergency=spec.emergency,
        asked=int(preview.get("key_count", 0)),
        not_reached=missed,
        missed=tuple(preview.get("missed") or preview.get("unreached", ())),
        called=around.called(action),
        unwritten=_unwritten(action),
        cap=around.cap(action),
        foreign=tuple(each.words for each in foreign),
    )


def _unwritten(action: Action) -> bool:
    begun = action.state in (ActionState.PENDING, ActionState.EXECUTING)
    real = action.spec.kind.at_gateways and not action.spec.drill
    return begun and real and not any(step.holds for step in action.steps)


def _preview(action: Action) -> Mapping[str, Any]:
    """What was shown before, without what the agent never writes there."""
    if not isinstance(action.preview, dict):
        return {}
    return {
        name: value
        for name, fits in _SHOWN.items()
        if (value := action.preview.get(name)) is not None and fits(value)
    }


def _hit(preview: Mapping[str, Any]) -> int:
    """Keys whose calls it bears on: those that share a target too, and not those that nothing reaches."""
    missed, others = keys_told(preview, "unreached"), keys_told(preview, "bystanders")
    return max(0, int(preview.get("key_count", 0)) - missed + others)


def _names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _count(value: object) -> bool:
    return isinstance(value, int)


def _share(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\d\.\d{1,9}|[01]", value) is not None


_SHOWN: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(("keys", "names", "bystanders", "unreached", "missed", "teams", "notes"), _names),
    **dict.fromkeys(("key_count", "burn_nano", "saved_nano", "requests", "refused"), _count),
    **dict.fromkeys(
        ("spared", "effect_s", "data_at", "production", "unreached_count", "bystanders_count"), _count
    ),
    "production_share": _share,
}


def read_actions(reader: LedgerReader, rows: Iterable[Row]) -> list[Action]:
    """Rows of the table of actions, with their steps."""
    found = [dict(row) for row in rows]
    steps = reader.rows("steps_of_actions", {"actions": [row["id"] for row in found]})
    return actions_of(found, map(dict, steps))


def read_approvals(reader: LedgerReader, found: Iterable[Action]) -> Mapping[int, Sequence[Approval]]:
    """Everybody's word on some actions, by action."""
    numbered = _numbered_approvals(reader, found)
    return {ident: list(said.values()) for ident, said in numbered.items()}


def _numbered_approvals(
    reader: LedgerReader, found: Iterable[Action]
) -> Mapping[int, Mapping[int, Approval]]:
    """The same by the numbers of their rows."""
    by_action: dict[int, dict[int, Approval]] = {}
    for row in reader.rows("approvals_of_actions", {"actions": [action.id for action in found]}):
        with contextlib.suppress(ValueError):  # a verdict that the agent never wrote
            by_action.setdefault(row["action"], {})[row["id"]] = approval_of(dict(row))
    return by_action


def _counts(action: Action, said: Approval) -> bool:
    return not said.void and said.verdict is Verdict.APPROVED and said.digest == action.digest


def approval_line(action: Action, said: Approval) -> ApprovalLine:
    """One person's word as people read it."""
    void = said.void or ("" if said.digest == action.digest else "of another text than the present one")
    return ApprovalLine(said.person, said.role, said.verdict.value, said.at, said.note, void)


def _step(step: Step, words: Words, around: Around) -> StepLine:
    wrong = step.state in (StepState.FAILED, StepState.KEPT) or bool(overwritten([step]))
    gateway = step.target.gateway
    return StepLine(
        seq=step.seq,
        target=str(step.target),
        gateway=gateway,
        state=step.state.value,
        before=words(gateway, step.before),
        after=words(gateway, step.want),
        error=step.detail if wrong else "",
        at=step.at,
        called=around.called_at(step.target),
    )


def _timeline(reader: LedgerReader, action: Action, now: int) -> tuple[TimelineLine, ...]:
    """What the audit log says of an action, refusals with their reasons among it; oldest first."""
    until = now + _AFTER_S if action.ended_at is None else action.ended_at + _AFTER_S
    bound = {
        "since": action.requested_at,
        "until": until,
        "subject": f"action:{action.id}",
        "most": _MOST,
    }
    lines = (_line(row, action) for row in reader.rows("audit_of_subject", bound))
    return tuple(line for line in lines if line is not None)


def _line(row: Row, action: Action) -> TimelineLine | None:
    actor, kind = (row[name].decode("utf-8", "replace") for name in ("actor", "kind"))
    detail = _parsed(row["detail"])
    if kind == "intent_refused":
        text = f"{detail.get('kind', 'what was asked')}: {detail.get('reason', '')}"
        return TimelineLine(row["at"], "refused", actor, text, action.alert)
    if not kind.startswith("action."):
        return None  # the intent, whose work is a record of its own
    text = str(detail.get("text", ""))
    return TimelineLine(row["at"], kind.removeprefix("action."), actor, text, action.alert)


def _parsed(detail: bytes) -> Mapping[str, Any]:
    try:
        values = json.loads(detail)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _commands(made: ActionEntry, unseen: str) -> Iterable[Command]:
    """What can be done with it, the likeliest first. `unseen`: what to know before it is undone."""
    if made.waits_for:
        yield Command(f"burndeck approve {made.id}", "shows the exact change, and asks")
        yield Command(f"burndeck approve {made.id} --deny", "says no")
        yield Command(f"burndeck release {made.id}", "takes the request back")
    elif made.open and made.state != ActionState.REVERSING.value:
        if made.kind not in (ActionKind.REVOKE.value, ActionKind.ALLOCATE.value):
            yield Command(
                f"burndeck release {made.id}", f"undoes it now. {unseen}" if unseen else "undoes it now"
            )
        if made.renewable:
            yield Command(f"burndeck renew {made.id} --for 1h", "makes it last an hour from now")
    if made.alert is not None:
        yield Command(f"burndeck alerts show {made.alert}", "the alert that it answers")
