"""A change in the world around the burn: a release, a key, a limit, a project, a person."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import StrEnum

from agent.domain.words import plain_line

MOST_TITLE = 200
"""Characters of a title that are kept: it has to fit a line."""
# 2000 to 2100: outside of it a number is no instant in seconds, or the clock of whoever wrote it is broken.
_FIRST, _END = 946_684_800, 4_102_444_800


class ChangeKind(StrEnum):
    """What was changed."""

    RELEASE = "release"  # software went live
    CONFIG = "config"  # a setting of an organization or service
    KEY = "key"  # an API key or service account
    PROJECT = "project"  # a project of the provider
    LIMIT = "limit"  # a rate or spend limit
    PERSON = "person"  # who may do what
    OTHER = "other"


SCOPE_KINDS = ("project", "team", "service", "api_key")
"""What a change may be about; one about none of them is about the whole organization."""


@dataclass(frozen=True, slots=True)
class PlotMark:
    """An instant on the time axis of a plot, and what happened then."""

    at: int
    text: str
    release: bool  # what one looks for first


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was changed, and where that is known from. Instants are UTC epoch seconds."""

    at: int
    until: int | None  # end of a change that takes a while
    source: str  # whose word it is: "burndeck.toml", "webhook", a calendar, a provider's source
    kind: ChangeKind
    title: str  # "search-api 2.4.1"
    actor: str = ""
    scope_kind: str = ""  # one of SCOPE_KINDS; "" for the whole organization
    scope: str = ""
    url: str = ""
    external_id: str = ""  # what the source calls it

    def __post_init__(self) -> None:
        if self.scope_kind and self.scope_kind not in SCOPE_KINDS:
            raise ValueError(f"{self.scope_kind!r} is none of {', '.join(SCOPE_KINDS)}")
        if bool(self.scope_kind) != bool(self.scope):
            raise ValueError("a scope has a kind and a name, or neither")
        if self.until is not None and self.until < self.at:
            raise ValueError("a change does not end before it begins")

    @property
    def id(self) -> str:
        """The same for the same thing of the same source, however often and however changed it is read."""
        return change_id(self.source, self.external_id or f"{self.at} {self.title}")


def change_id(source: str, external_id: str) -> str:
    """The id of what a source calls so."""
    import hashlib  # loads OpenSSL, and most of those who know changes name none

    # The length keeps ("a", "b:c") and ("a:b", "c") apart.
    text = f"{len(source)}:{source}:{external_id}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Instant(int):
    """UTC epoch seconds, written `2026-03-01T14:02:00Z` in files; a time without a zone is UTC."""

    @classmethod
    def parse(cls, value: object) -> Instant:
        """An instant from a text, a date with its time, or epoch seconds; `ValueError` says what is wrong."""
        if isinstance(value, bool) or not isinstance(value, str | int | datetime.date):
            raise ValueError(f"{value!r} is no time such as 2026-03-01T14:02:00Z")
        seconds = value if isinstance(value, int) else _seconds(value)
        if not _FIRST <= seconds < _END:
            raise ValueError(f"{str(value)[:40]!r} is not between the years 2000 and 2100")
        return cls(seconds)


def one_line(text: str, most: int = MOST_TITLE) -> str:
    """A text of somebody else as one line without control characters, cut where it is too long."""
    plain = plain_line(text)
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"


def scope_of(*, project: str = "", team: str = "", service: str = "") -> tuple[str, str]:
    """The narrowest of the scopes that are named, as (kind, name); two empty texts where none is."""
    named = (("project", project), ("team", team), ("service", service))
    return next(((kind, name) for kind, name in named if name), ("", ""))


def titled(title: str, service: str) -> str:
    """A title that names its service: `2.4.1` of search-api is `search-api 2.4.1`."""
    return title if not service or service.lower() in title.lower() else f"{service} {title}".strip()


def _seconds(value: str | datetime.date) -> int:
    moment = _moment(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime.datetime):
        moment = datetime.datetime(moment.year, moment.month, moment.day)
    try:
        return int((moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp())
    except OverflowError:
        raise ValueError(f"{str(value)[:40]!r} is not between the years 2000 and 2100") from None


def _moment(text: str) -> datetime.datetime:
    try:
        return datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no time such as 2026-03-01T14:02:00Z") from None
