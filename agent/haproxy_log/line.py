"""One line of HAProxy's access log: a call, and what became of it."""

from __future__ import annotations

from typing import Annotated

import msgspec

MOST_TOKENS = 10**11
ABSENT = "-"
"""What HAProxy writes where it knows nothing."""

_Text = Annotated[str, msgspec.Meta(max_length=512)]


class LineError(ValueError):
    """Why a line is no call; the text begins with the field."""


class Call(msgspec.Struct, frozen=True, gc=False):
    """A call as logged at its end. `-` stands where HAProxy knew nothing."""

    ts: float  # when it came, epoch seconds
    status: int  # -1: the caller had gone before there was an answer
    key: _Text = ABSENT  # id by keys.map
    model: _Text = ABSENT
    method: _Text = ABSENT
    path: _Text = ABSENT
    decision: _Text = ABSENT  # ok, throttled, blocked or unknown_key
    limit: _Text = ABSENT  # which one throttled it: rps or rpm
    prompt_tokens: str | int = ABSENT
    cached_tokens: str | int = ABSENT
    completion_tokens: str | int = ABSENT
    ms: int = -1

    @property
    def refused(self) -> bool:
        """Whether HAProxy itself answered, so that the provider never saw it."""
        return self.decision not in ("ok", ABSENT)


_decode = msgspec.json.Decoder(Call).decode


def parse_line(line: bytes) -> Call:
    """The call of a line; what a syslog daemon wrote before the JSON is skipped. Raises `LineError`."""
    start = line.find(b"{")
    if start < 0:
        raise LineError("the line is not JSON")
    try:
        return _decode(line[start:])
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `$.")
        raise LineError(f"{path.rstrip('`') or 'the line'}: {problem.replace('`', '')}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise LineError("the line is not whole JSON, as after a torn write") from None


def tokens(name: str, value: str | int) -> int | None:
    """A count of tokens; None where the log has none. Raises `LineError`."""
    if value in (ABSENT, ""):
        return None
    try:
        count = int(value)
    except ValueError:
        count = -1
    if not 0 <= count <= MOST_TOKENS:
        raise LineError(f"{name}: {str(value)[:40]!r} is no count of tokens")
    return count
