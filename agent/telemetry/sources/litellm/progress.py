"""What of the log has been read, and what is to be read next. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import msgspec

from agent.ledger.stretches import Stretches

PIECE_S = 900
"""The past is read in pieces of a quarter of an hour."""

Window = tuple[int, int]


class _Kept(msgspec.Struct):
    read: list[Window] = []
    revised_at: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """Stretches of time whose calls are in the ledger, and since when late rows were looked for."""

    read: Stretches = field(default_factory=Stretches)
    revised_at: int = 0

    @property
    def read_to(self) -> int | None:
        """End of the newest stretch."""
        return self.read.pairs[-1][1] if self.read.pairs else None

    def with_read(self, window: Window) -> Progress:
        """The progress with another stretch."""
        return replace(self, read=self.read.with_stretch(*window))

    def encode(self) -> str:
        """The text of a cursor."""
        return msgspec.json.encode(_Kept(list(self.read.pairs), self.revised_at)).decode()

    @classmethod
    def decode(cls, text: str | None) -> Progress:
        """The progress of a cursor's text; nothing read where there is none."""
        if text is None:
            return cls()
        kept = msgspec.json.decode(text, type=_Kept)
        return cls(Stretches(kept.read), kept.revised_at)


def missing(progress: Progress, start: int, end: int) -> Window | None:
    """The newest piece of [start, end) that was never read."""
    gaps = progress.read.gaps(start, end)
    return _last_piece(*gaps[-1]) if gaps else None


def pieces(start: int, end: int) -> list[Window]:
    """[start, end) in whole pieces that cover it, newest first; the same ones whenever it is asked."""
    first, last = start // PIECE_S, -(-end // PIECE_S)
    return [(number * PIECE_S, (number + 1) * PIECE_S) for number in range(last - 1, first - 1, -1)]


def _last_piece(start: int, end: int) -> Window:
    return max(start, (end - 1) // PIECE_S * PIECE_S), end
