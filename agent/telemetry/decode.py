"""The guide's usage record, decoded from NDJSON: a fast path for common shapes, an exact one for the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import msgspec
import numpy as np

MOST_TOKENS = 10**11
MOST_QUANTITY = 10**9
MOST_CREDITS = 10**7
"""More than this in one request is a broken row, not usage."""

Count = Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
_RAW = 500  # characters kept of a refused row
_VALUE = re.compile(
    r"""^([\w.]+: )(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[+-]?\d[\d.]*(?:[eE][+-]?\d+)?)(?=\s)"""
)
_BYTE = re.compile(r" \(byte \d+\)$")
NO_LABELS = msgspec.Raw(b"null")


class RowError(ValueError):
    """Why one row is refused; the text begins with the field."""


class CutOff(Exception):  # noqa: N818 - no error: what came before it counts
    """A file that ended before its end; the text says how."""


@dataclass(slots=True)
class BadRow:
    """A row that is no usage record: its line in the file (from 1), why, and its text."""

    line: int
    reason: str
    raw: str

    @classmethod
    def of(cls, line: int, reason: str, raw: bytes) -> BadRow:
        """A refused row with the beginning of its text; files have had millions of them."""
        return cls(line, reason, raw[: 4 * _RAW].decode("utf-8", "replace")[:_RAW])

    @property
    def kind(self) -> str:
        """The reason without what stood in the row, so that rows with the same fault count together."""
        return _BYTE.sub("", _VALUE.sub(r"\1…", self.reason))


class Lines:
    """Where the records of a part stood: one line of text each, from the line `first` on."""

    def __init__(self, text: bytes, first: int) -> None:
        self._text = text
        self._first = first
        self._lines: list[bytes] = []

    def origin(self, place: int) -> tuple[int, bytes]:
        """Line number in the file and text of a record. Only refused rows are asked for."""
        if not self._lines:
            self._lines = self._text.split(b"\n")
        return self._first + place, self._lines[place]


class Rows:
    """Where the records of a part stood, kept one by one."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, bytes]] = []

    def add(self, line: int, raw: bytes) -> None:
        """The next record's line number and text."""
        self._rows.append((line, raw))

    def origin(self, place: int) -> tuple[int, bytes]:
        """Line number in the file and text of a record."""
        return self._rows[place]


@dataclass(slots=True)
class Part:
    """Some rows of a file, decoded, and where they stood."""

    records: list[Record] = field(default_factory=list)
    rows: Lines | Rows = field(default_factory=Rows)
    bad: list[BadRow] = field(default_factory=list)
    last_line: int = 0
    size: int = 0  # bytes of text that it holds


class UnitsField(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """`units_consumed` in detail. `input` includes `cached`; `quantity` is in the operation's own unit."""

    input: Count = 0
    output: Count = 0
    cached: Count = 0
    quantity: Annotated[float, msgspec.Meta(ge=0, le=MOST_QUANTITY)] = 0


class Record(msgspec.Struct, gc=False):
    """One usage record. The first ten fields are the guide's table, the others may be left out."""

    timestamp: str | int | float
    request_id: Text
    model_name: Text
    operation_type: Text
    units_consumed: UnitsField | int | float
    api_key_id: str | None = None
    credits_consumed: Decimal | None = None
    usage_labels: msgspec.Raw = NO_LABELS
    response_latency_ms: Annotated[float, msgspec.Meta(ge=0, le=1e12)] | None = None
    error_code: str | None = None
    endpoint: str | None = None
    service_tier: str | None = None
    account: str | None = None
    user_id: str | None = None


FIELDS = Record.__struct_fields__
REQUIRED = FIELDS[:5]

_decode = msgspec.json.Decoder(Record).decode
_decode_block = msgspec.json.Decoder(Record).decode_lines
_plain = msgspec.json.Decoder().decode
_labels = msgspec.json.Decoder(dict[str, str | int | float | None] | None).decode
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")
_PAIR = re.compile(r"\s*([\w.-]+)\s*=\s*([^,;]*)")


def decode_block(text: bytes) -> list[Record] | None:
    """The records of a text, one a line; None unless every line is a record of a common shape.

    Give some hundred lines at a time: their objects then stay in the processor's cache.
    """
    try:
        records = _decode_block(text)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    # Blank lines are skipped by the decoder, but they have numbers.
    line_feeds = int(np.count_nonzero(np.frombuffer(text, np.uint8) == ord("\n")))
    return records if len(records) == line_feeds + (not text.endswith(b"\n")) else None


def decode_line(line: bytes) -> Record:
    """The record of one line of any shape that is understood; raises `RowError` naming the field."""
    try:
        return _decode(line)
    except UnicodeDecodeError:
        raise RowError("the line is not UTF-8 text") from None
    except msgspec.ValidationError as error:
        strict = _reason(error)
    except msgspec.DecodeError as error:
        raise RowError(f"the line is not JSON: {error}") from None
    try:
        row = _plain(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise RowError(strict) from None
    if not isinstance(row, dict):
        raise RowError("the line is not a JSON object")
    return record_of(row)


def record_of(row: Mapping[str, Any]) -> Record:
    """A record of loosely typed fields (exact path): numbers as text, ids as numbers, labels as text.

    Raises `RowError` naming the field.
    """
    fields = {name: row[name] for name in FIELDS if row.get(name) not in (None, "")}
    for name in ("request_id", "api_key_id", "error_code", "user_id", "account"):
        if isinstance(fields.get(name), int) and not isinstance(fields[name], bool):
            fields[name] = str(fields[name])
    fields["usage_labels"] = msgspec.Raw(msgspec.json.encode(_label_fields(fields.get("usage_labels"))))
    if "units_consumed" in fields:
        fields["units_consumed"] = _units(fields["units_consumed"])
    for name in ("credits_consumed", "response_latency_ms"):
        if isinstance(fields.get(name), str):
            fields[name] = _number(name, fields[name])
    try:
        return msgspec.convert(fields, Record)
    except msgspec.ValidationError as error:
        raise RowError(_reason(error)) from None


def labels_of(raw: bytes) -> dict[str, str]:
    """Usage labels as text by name; raises `RowError`."""
    try:
        labels = _labels(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise RowError("usage_labels: must be an object of texts") from None
    return {name: str(value).strip() for name, value in (labels or {}).items() if value not in (None, "")}


def _units(value: Any) -> Any:
    """Units from text or with whole numbers written as 12.0; what is wrong stays for the schema to name."""
    if isinstance(value, str):
        text = value.strip()
        if not text.startswith("{"):
            return _number("units_consumed", text)
        try:
            value = _plain(text)
        except msgspec.MsgspecError:
            raise RowError("units_consumed: neither a number nor {input, output, cached}") from None
    if not isinstance(value, dict):
        return value
    parts = {name: part for name, part in value.items() if part not in (None, "")}
    for name, part in parts.items():
        number = _number(f"units_consumed.{name}", part) if isinstance(part, str) else part
        whole = isinstance(number, (float, Decimal)) and name != "quantity" and number == int(number)
        parts[name] = int(number) if whole else float(number) if isinstance(number, Decimal) else number
    return parts


def _number(name: str, text: str) -> Decimal:
    try:
        if _NUMBER.fullmatch(text.strip()):
            return Decimal(text.strip())
    except InvalidOperation:
        pass
    raise RowError(f"{name}: {text!r} is not a number")


def _label_fields(value: Any) -> Any:
    """Labels from JSON text or from `team=payments, project=auth-service`."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("{"):
        try:
            return _plain(value)
        except msgspec.MsgspecError:
            raise RowError("usage_labels: not JSON") from None
    pairs = [_PAIR.fullmatch(part) for part in re.split(r"[,;]", value)]
    if not all(pairs):
        raise RowError("usage_labels: neither JSON nor 'team=payments, project=auth-service'")
    return {pair[1]: pair[2].strip() for pair in pairs if pair}


def _reason(error: msgspec.ValidationError) -> str:
    """`units_consumed.input: expected int >= 0` of msgspec's message."""
    problem, _, path = str(error).partition(" - at `$.")
    problem = problem.replace("`", "")
    missing = re.fullmatch(r"Object missing required field (\w+)", problem)
    if missing:
        return f"{missing[1]}: is missing"
    unknown = re.fullmatch(r"Object contains unknown field (.+)", problem)
    if unknown:
        return f"{path.rstrip('`')}.{unknown[1]}: not one of input, output, cached, quantity"
    text = problem[:1].lower() + problem[1:]
    return f"{path.rstrip('`')}: {text}" if path else text
