"""The optimization scorecard: levers that save credits, with the ranges that each is known to save. Pure.

Amounts are integer nano-credits. A range is applied to the credits that its lever can touch, never to more.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Lever(enum.StrEnum):
    """What can be done about a burn; the comment names the credits that it touches."""

    RIGHT_SIZING = "right_sizing"  # of models that are dear for what they are asked
    CACHING = "caching"  # of input that is sent again and not read from the cache
    BATCH_EMBEDDINGS = "batch_embeddings"  # of embeddings
    PROMPT_REDUCTION = "prompt_reduction"  # of input
    SESSION_SUMMARIES = "session_summaries"  # of long conversations
    FINE_TUNE = "fine_tune"  # of long instructions for short answers
    FEATURE_GATING = "feature_gating"  # of whatever can wait while a cap is near


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the scorecard. Shares are whole per cents; None where nobody gives a range."""

    lever: Lever
    title: str
    effort: str
    owner: str
    low_percent: int | None = None
    high_percent: int | None = None

    def saving(self, nano: int) -> tuple[int, int] | None:
        """The least and the most that it saves of an amount, rounded down; None without a range."""
        if self.low_percent is None or self.high_percent is None:
            return None
        return nano * self.low_percent // 100, nano * self.high_percent // 100


SCORECARD = {
    entry.lever: entry
    for entry in (
        Entry(Lever.RIGHT_SIZING, "right-sizing", "low", "ML Platform", 10, 40),
        Entry(Lever.PROMPT_REDUCTION, "prompt reduction", "medium", "Product/ML", 5, 30),
        Entry(Lever.CACHING, "caching", "medium", "App Eng", 10, 70),
        Entry(Lever.BATCH_EMBEDDINGS, "batch embeddings", "low", "Search/IR", 20, 50),
        Entry(Lever.SESSION_SUMMARIES, "session summaries", "medium", "Product/ML"),
        Entry(Lever.FINE_TUNE, "fine-tuning instead of a long prompt", "high", "ML Platform"),
        Entry(Lever.FEATURE_GATING, "feature gating near thresholds", "low", "Product/ML"),
    )
}
"""The guide's scorecard by lever, and behind it the levers for which the guide gives no range."""
