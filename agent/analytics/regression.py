"""Whether a newer version of a model costs more than the one before, on traffic that can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Use:
    """What somebody did with one version of a model."""

    requests: int
    tokens: int
    nano: int


@dataclass(frozen=True, slots=True)
class Regression:
    """The newer version against the older one, over those who used both.

    `expected_nano`: what the newer version's requests would have cost at what each caller paid a request for
    the older one. `by_tokens_nano`: what its tokens would have cost, so that longer answers are told from
    dearer ones.
    """

    requests: int  # of the newer version
    nano: int
    expected_nano: int
    by_tokens_nano: int

    @property
    def above_nano(self) -> int:
        """What it cost more."""
        return self.nano - self.expected_nano

    @property
    def by_length_nano(self) -> int:
        """Of that, what more tokens a request have cost at the older version's price."""
        return self.by_tokens_nano - self.expected_nano


def compare(
    older: Mapping[str, Use], newer: Mapping[str, Use], *, min_requests: int = 100
) -> Regression | None:
    """The comparison over callers with so many requests of each version; None where there is no such caller.

    A caller is a team: its prompts are alike, those of two teams are not.
    """
    both = [
        (older[caller], use)
        for caller, use in newer.items()
        if use.requests >= min_requests and caller in older and older[caller].requests >= min_requests
    ]
    both = [(old, new) for old, new in both if old.nano > 0 and old.tokens > 0]
    if not both:
        return None
    return Regression(
        requests=sum(new.requests for _, new in both),
        nano=sum(new.nano for _, new in both),
        expected_nano=sum(old.nano * new.requests // old.requests for old, new in both),
        by_tokens_nano=sum(old.nano * new.tokens // old.tokens for old, new in both),
    )
