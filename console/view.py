"""Where in time the screens look: live or at an instant, with which window, paused or not. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

WINDOWS_S = (300, 900, 3600)
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class View:
    """One view for all screens, so that Triage shows the instant that Burn showed."""

    at: int | None = None  # UTC epoch seconds; None: the newest data
    window_s: int = 900
    paused: bool = False

    def moved(self, seconds: int, shown: int, newest: int) -> View:
        """Looks `seconds` from the instant that is `shown`; from `newest` on the view is live again."""
        at = (self.at if self.at is not None else shown) + seconds
        return replace(self, at=None if at >= newest else at)

    def live(self) -> View:
        """The newest data, going on."""
        return replace(self, at=None, paused=False)

    def next_window(self) -> View:
        """The next length of window, round and round."""
        place = WINDOWS_S.index(self.window_s)
        return replace(self, window_s=WINDOWS_S[(place + 1) % len(WINDOWS_S)])

    def asked(self) -> View:
        """What a report depends on: the same view, paused or not."""
        return replace(self, paused=False)

    def toggled(self) -> View:
        """Paused, or going on."""
        return replace(self, paused=not self.paused)
