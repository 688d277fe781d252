"""Records of the audit log as rows and in full, and the line that says whether the chain holds. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agent.domain.audit import ADVICE, NOT_OURS, AuditRecord
from agent.domain.words import plural
from console import format as fmt
from console.screens.alerts.layout import LABEL, block
from console.widgets.ink import Line, Span, Tone, clip, wrap
from console.widgets.rows import Cell, Column, Order, Row

if TYPE_CHECKING:
    from agent.control.audit import Progress
    from agent.ledger.proving import Finding

COLUMNS = (
    Column("row", 6),
    Column("when", 12, at_right=False),
    Column("who", 9, at_right=False, downwards=False),
    Column("what", 18, at_right=False, downwards=False),
    Column("about", 14, 2, at_right=False, grow=True, most=30, downwards=False),
    Column("detail", 12, 1, at_right=False, grow=True, most=120, downwards=False),
)
NEWEST = Order(0)
_FIRST = ("reason", "text", "note", "why")  # what people want to read first
_SKIPPED = ("body_sha256", "plan", "digest", "state", "kind")


def row(record: AuditRecord, now: float, *, broken: bool = False) -> Row:
    """A record in a line, marked where the chain breaks at it."""
    short = said(record)
    refused = "refused" in record.kind
    return Row(
        key=str(record.seq),
        search=f"{record.subject} {record.detail}",
        cells=(
            Cell(
                f"▲ {record.seq}" if broken else f"{record.seq}", record.seq, Tone.HOT if broken else Tone.DIM
            ),
            Cell(fmt.moment(record.at, now), record.at, Tone.DIM),
            Cell(record.actor, record.actor),
            Cell(
                f"▲ {record.kind}" if refused else record.kind,
                record.kind,
                Tone.WARM if refused else Tone.PLAIN,
            ),
            Cell(record.subject, record.subject),
            Cell(short, short, Tone.DIM, prose=True),
        ),
    )


def said(record: AuditRecord) -> str:
    """What a record says, for people: its sentence, else what its fields hold."""
    detail = _detail(record)
    if not isinstance(detail, dict):
        return str(detail)
    payload = detail.get("payload")
    flat = {**(payload if isinstance(payload, dict) else {}), **detail}
    for name in _FIRST:
        if isinstance(flat.get(name), str) and flat[name]:
            return str(flat[name])
    kept = {key: value for key, value in flat.items() if key not in (*_SKIPPED, "payload") and value}
    return ", ".join(f"{key} {_short(value)}" for key, value in kept.items())


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _detail(record: AuditRecord) -> Any:
    try:
        return json.loads(record.detail)
    except ValueError:
        return record.detail


def draw_record(record: AuditRecord, now: float, width: int, height: int, why: str = "") -> list[Line]:
    """A record in full; where the chain breaks at it, `why`, and what to do, come first."""
    room = width - 2 - LABEL
    when = f"{fmt.moment(record.at, now)}:{fmt.clock(record.at, seconds=True)[-2:]} UTC"
    lines: list[Line] = [
        *_advice(why, width - 2),
        [
            Span(record.kind, Tone.STRONG),
            Span(f"  {record.subject}", Tone.PLAIN),
            Span(f"  row {record.seq}", Tone.DIM),
        ],
        *block("who", [[Span(record.actor)]]),
        *block("when", [[Span(when)]]),
    ]
    detail = _detail(record)
    text = json.dumps(detail, indent=2, ensure_ascii=False, sort_keys=True)
    body = [part for each in text.splitlines() for part in _indented(each, room)]
    lines += block("detail", body)
    lines += block("hash", ([Span(part, Tone.DIM)] for part in wrap(record.hash, room)))
    lines += block("before", ([Span(part, Tone.DIM)] for part in wrap(record.prev_hash, room)))
    return [[Span(" "), *line] for line in lines]


def _advice(why: str, width: int) -> list[Line]:
    if not why:
        return []
    said: list[Line] = [[Span(part, Tone.HOT)] for part in wrap(f"▲ {why}", width)]
    said += [[Span(part)] for each in ADVICE for part in wrap(each, width)]
    return [*said, []]


def _indented(line: str, width: int) -> list[Line]:
    """A line of JSON; what is longer goes on below, as far to the right."""
    start = " " * (len(line) - len(line.lstrip()))
    return [[Span(start + part)] for part in wrap(line, max(20, width - len(start)))]


def draw_proof(progress: Progress | None, width: int, finding: Finding | None = None) -> Line:
    """Whether the chain holds, as far as it was followed, and the rows that it proves, as the agent found."""
    verdict = progress.verdict if progress is not None else None
    if finding is not None and finding.count and not (verdict is not None and not verdict.intact):
        more = f" and {finding.count - 1} more" if finding.count > 1 else ""
        text = f" ▲ {NOT_OURS}: {finding.rows[0]}{more}; `burndeck audit verify` says what to do"
        return [Span(clip(text, width), Tone.HOT)]
    if progress is None:
        return [Span(" following the chain …", Tone.DIM)]
    if verdict is None:
        return [Span(f" following the chain: row {progress.at.seq:,} of {progress.upto:,} …", Tone.DIM)]
    if not verdict.intact:
        text = (
            f" ▲ BROKEN at row {verdict.broken_at}: {verdict.problem}; {verdict.rows:,} rows before it hold"
        )
        if finding is not None and finding.count:
            text += f"; {plural(finding.count, 'forged row')}"
        return [Span(clip(text, width), Tone.HOT)]
    start = f" ✓ chain verified, {verdict.rows:,} rows"
    head = f"  head {verdict.head}" if verdict.head is not None else ""
    return [Span(start, Tone.COOL), Span(clip(head, max(1, width - len(start))), Tone.DIM)]


def title(count: int, seals: int) -> list[Span]:
    """The heading of the table, and why numbers of rows are missing in it."""
    of = f" of {count + seals}" if seals else ""
    rest = "; the rest are seals, proofs of other rows" if seals else ""
    return [
        Span("Records", Tone.STRONG),
        Span(f" {count}{of}", Tone.DIM),
        Span(f"  of the last 30 days{rest}", Tone.DIM),
    ]
