"""Lines of the access log to usage events: what is counted, what is refused, what nobody measured."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.usage import Operation, Pattern
from agent.haproxy_log.line import ABSENT, Call, LineError, parse_line, tokens
from agent.telemetry.attribution import Finding
from agent.telemetry.decode import BadRow, Part, Record, Rows, UnitsField
from agent.telemetry.intake_batch import BatchBuilder

if TYPE_CHECKING:
    from agent.haproxy_log.files import Piece
    from agent.ledger.rows import EventBatch
    from agent.telemetry.attribution import Attributor
    from agent.telemetry.rates import RateCard

FAST_CLOCK_S = 86_400
"""So far ahead of ours HAProxy's clock may run."""
UNKNOWN_MODEL = "unknown"
"""Model of a call whose body names none, is too large to look into, or was refused before it was read."""

_NOTHING = Decimal(0)
_OPERATIONS = (
    (re.compile(r"/(chat/completions|completions|responses|messages)(/|$)"), Operation.COMPLETION),
    (re.compile(r"/embeddings(/|$)"), Operation.EMBEDDING),
    (re.compile(r"/moderations(/|$)"), Operation.MODERATION),
    (re.compile(r"/images(/|$)"), Operation.IMAGE),
    (re.compile(r"/audio/speech(/|$)"), Operation.AUDIO_SPEECH),
    (re.compile(r"/audio/(transcriptions|translations)(/|$)"), Operation.AUDIO_TRANSCRIPTION),
    (re.compile(r"/fine_tuning(/|$)"), Operation.FINE_TUNE),
    (re.compile(r"/vector_stores(/|$)"), Operation.VECTOR_STORE),
    (re.compile(r"/files(/|$)"), Operation.FILE_UPLOAD),
)
_OTHER = "other"  # endpoint of all other paths, which are the caller's words and of any number
_ASKING = ("GET", "HEAD", "OPTIONS", "DELETE")


@dataclass(slots=True)
class Events:
    """What a piece of the log comes to."""

    batch: EventBatch
    bad: list[BadRow]
    findings: list[Finding]
    rows: int
    unmeasured: int  # calls whose tokens nobody knows


def operation_of_path(path: str) -> tuple[Operation, str | None]:
    """The operation and endpoint of a path; None: the operation's usual endpoint."""
    for pattern, operation in _OPERATIONS:
        if pattern.search(path):
            return operation, None
    return Operation.COMPLETION, _OTHER


def events_of(piece: Piece, account: str, rates: RateCard, attributor: Attributor, latest: int) -> Events:
    """The events of a piece, attributed and priced; rows later than `latest` are refused."""
    rows = Rows()
    part = Part(rows=rows)
    unmeasured: dict[str, str] = {}  # request id -> key
    for number, offset, line in piece.lines():
        if not line:
            continue
        try:
            call = parse_line(line)
            record, measured = _record(call, request_id(piece.start.file, offset, line))
        except LineError as error:
            part.bad.append(BadRow.of(number, str(error), line))
            continue
        part.records.append(record)
        rows.add(number, line)
        if not measured:
            unmeasured[record.request_id] = call.key
    builder = BatchBuilder(rates, attributor, account, Pattern.GATEWAY, latest)
    builder.add(part)
    batch, refused = builder.build()
    if unmeasured:
        for place, name in enumerate(batch.request_id):
            if name in unmeasured:
                batch.priced[place] = False  # at no tokens it would pass for free
    findings = attributor.take_findings() + [_unmeasured(key) for key in sorted(set(unmeasured.values()))]
    bad = sorted([*part.bad, *refused], key=lambda row: row.line)
    return Events(batch, bad, findings, len(part.records) + len(part.bad), len(unmeasured))


def request_id(file: str, offset: int, line: bytes) -> str:
    """A call's id: the log has none, so it is made of where the line stands and what it says.

    Read again, also after the file was renamed, copied or compressed, it is the same; two calls with the
    same text differ by their offset, and two at the same offset by their file's first line or their text.
    """
    seed = f"{file}:{offset}:".encode() + line
    return "haproxy-" + hashlib.blake2b(seed, digest_size=12).hexdigest()


def _record(call: Call, name: str) -> tuple[Record, bool]:
    """The usage record of a call, and whether its tokens are known."""
    prompt = tokens("prompt_tokens", call.prompt_tokens)
    completion = tokens("completion_tokens", call.completion_tokens)
    cached = tokens("cached_tokens", call.cached_tokens) or 0
    failed = call.refused or not 200 <= call.status < 400
    free = failed or call.method in _ASKING
    operation, endpoint = operation_of_path(call.path)
    units = UnitsField() if free else UnitsField(prompt or 0, completion or 0, min(cached, prompt or 0))
    record = Record(
        timestamp=call.ts,
        request_id=name,
        model_name=call.model if call.model not in ("", ABSENT) else UNKNOWN_MODEL,
        operation_type=operation.value,
        units_consumed=units,
        # A key that keys.map does not know is nobody's, whatever it is called.
        api_key_id=None if call.key == ABSENT or call.decision == "unknown_key" else call.key,
        credits_consumed=_NOTHING if free else None,
        response_latency_ms=call.ms if call.ms >= 0 else None,
        error_code=_error(call) if failed else None,
        endpoint=endpoint,
    )
    return record, free or prompt is not None or completion is not None


def _error(call: Call) -> str:
    return str(call.status) if call.status > 0 else "aborted"


def _unmeasured(key: str) -> Finding:
    return Finding(
        "tokens_unknown",
        f"api_key:{key}",
        "calls whose tokens HAProxy could not read (streams, and answers larger than its buffer) are counted "
        "as unpriced, not as free",
    )
