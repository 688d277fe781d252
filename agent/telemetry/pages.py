"""What reading an endpoint page by page comes to, whatever the provider: its tally, or a list without end."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.errors import SourceError


class PaginationError(SourceError):
    """A list whose end cannot be found, so that nothing of it may be trusted as complete."""


@dataclass(slots=True)
class Tally:
    """What one endpoint was asked for and gave since its source was opened."""

    requests: int = 0
    pages: int = 0
    rows: int = 0
    outside: int = 0  # rows of buckets outside of the window that was asked for, dropped
    absent: int = 0  # buckets that were asked for and did not come
    trouble: str = ""  # why the endpoint is set aside, or what was wrong with its last answer
    bodies: list[int] = field(default_factory=list, repr=False)  # hashes of the bodies of the last read

    @property
    def note(self) -> str:
        """What is worth a person's eye about it; empty when nothing is."""
        notes = [self.trouble] if self.trouble else []
        if self.outside:
            notes.append(f"{self.outside} rows lay outside of the time asked for and were dropped")
        if self.absent:
            notes.append(f"{self.absent} buckets were not in the answers; they count as unread, not as zero")
        return "; ".join(notes)
