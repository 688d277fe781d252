"""Silences: people decide not to be told, until a time or an amount is reached, whichever comes first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from agent.domain.alert import HARD_CAP, Alert

FIELDS = (
    "rule",
    "tier",
    "scope_kind",
    "scope",
    "allocation",
    "team",
    "api_key",
    "environment",
    "cause",
    "alert",
)
"""What a matcher may look at."""


def facts(alert: Alert) -> dict[str, str]:
    """An alert as matchers see it."""
    signal = alert.signal
    return {
        "rule": signal.rule.value,
        "tier": signal.tier,
        "scope_kind": signal.scope_kind,
        "scope": signal.scope,
        "allocation": signal.allocation_id,
        "team": signal.team,
        "api_key": signal.api_key,
        "environment": signal.environment,
        "cause": signal.cause,
        "alert": "" if alert.id is None else str(alert.id),
    }


def fits(known: Mapping[str, str], matchers: Mapping[str, str]) -> bool:
    """Whether facts fit every matcher."""
    return all(fnmatchcase(known[field], pattern) for field, pattern in matchers.items())


def parse_matcher(text: str) -> tuple[str, str]:
    """`team=search` or `api_key=key_*` as field and pattern; raises `ValueError` saying what is allowed."""
    field, equals, pattern = text.partition("=")
    if not equals or field.strip() not in FIELDS or not pattern.strip():
        raise ValueError(f"{text!r} is not FIELD=PATTERN with one of the fields {', '.join(FIELDS)}")
    return field.strip(), pattern.strip()


def parse_matchers(texts: Iterable[str]) -> dict[str, str]:
    """All matchers of a silence, which must all fit; raises `ValueError`, also for a field given twice."""
    matchers: dict[str, str] = {}
    for text in texts:
        field, pattern = parse_matcher(text)
        if field in matchers:
            raise ValueError(f"{field} is there twice, and no alert has two: make a silence for each")
        matchers[field] = pattern
    return matchers


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence. It ends at `ends_at` or once `limit_nano` were burnt by what it mutes."""

    author: str
    reason: str
    matchers: Mapping[str, str]  # field -> pattern (shell wildcards); all must match
    starts_at: int
    ends_at: int
    limit_nano: int
    burnt_nano: int = 0  # by muted alerts since it began
    ended_at: int | None = None
    ended_why: str = ""  # time | credits | lifted
    id: int | None = None

    def __post_init__(self) -> None:
        if not self.matchers:
            raise ValueError("a silence without matchers would mute everything")
        if self.ends_at <= self.starts_at:
            raise ValueError("a silence ends after it begins")
        if self.limit_nano <= 0:
            raise ValueError("a silence ends at an amount above zero")

    def matches(self, alert: Alert) -> bool:
        """Whether it is about this alert. A hard cap is never muted."""
        if alert.signal.tier == HARD_CAP:
            return False
        return fits(facts(alert), self.matchers)

    def active(self, now: float) -> bool:
        """Whether it mutes at an instant."""
        return self.ended_at is None and self.starts_at <= now < self.ends_at

    def over(self, now: float) -> str:
        """Why it ends now: `time`, `credits`, or empty while it goes on."""
        if now >= self.ends_at:
            return "time"
        return "credits" if self.burnt_nano >= self.limit_nano else ""
