"""What burndeck.toml says of releases and other changes: the calendar in it, and where more is read."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Annotated

import msgspec

from agent.domain.change import Change, ChangeKind, Instant, one_line, scope_of, titled
from agent.secrets import SecretName
from agent.settings_section import Section, countable, says, schedule

CONFIGURED = "burndeck.toml"
"""The source of changes that the configuration itself lists."""
CHANGES_SECRET = SecretName("changes_webhook_secret", "webhook secret", "changes")
"""What a pipeline signs its `POST /changes` with."""
_DAY_S = 86_400


def day_problem(text: str) -> str:
    """What is wrong with a day such as 2026-03-01; nothing where it is one."""
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return f"{text!r} is not a day such as 2026-03-01"
    return ""


class Changes(Section, frozen=True):
    """Where releases and other changes are read, beside [[releases]] and the audit logs of [[sources]]."""

    calendars: Annotated[
        tuple[str, ...],
        says("Calendars of releases: .ics files or their addresses.", '["releases.ics"]'),
    ] = ()
    every: Annotated[str, says("Read the calendars this often.")] = "15m"
    webhook: Annotated[
        bool,
        says(
            "Take signed POST /changes of pipelines, where callbacks arrive (listen in [acting]). "
            "`burndeck login changes` keeps the secret that they sign with."
        ),
    ] = False

    def __post_init__(self) -> None:
        schedule("every", self.every)
        for calendar in self.calendars:
            if not calendar.strip():
                raise ValueError("calendars: a calendar is the name of a file or an address")
            if self.calendars.count(calendar) > 1:
                raise ValueError(f"calendars: {calendar!r} is there twice")


def _in_range(day: str) -> None:
    try:
        Instant.parse(day)
    except ValueError as error:
        raise ValueError(f"day: {error}") from None


def is_address(calendar: str) -> bool:
    """Whether a calendar is read over the network, and is no file."""
    return calendar.startswith(("http://", "https://", "webcal://"))


class Release(Section, frozen=True):
    """A release, and how it is expected to change the burn. One [[releases]] table each."""

    id: Annotated[str, says("Any name; by default its title and time.", "search-v2")] = ""
    day: Annotated[str, says("The day on which it goes live.", "2026-03-01")] = ""
    at: Annotated[Instant | None, says("The moment, where it is known better.", "2026-03-01T14:02:00Z")] = (
        None
    )
    title: Annotated[str, says("What it is.", "Search answers with citations")] = ""
    team: Annotated[str, says("Whose it is.", "search")] = ""
    project: Annotated[str, says("The project that it is about.", "proj_search")] = ""
    service: Annotated[str, says("The service that it is about.", "search-api")] = ""
    url: Annotated[str, says("Where more is said of it.", "https://git.example.com/search/releases/2")] = ""
    credits_per_day: Annotated[Decimal, says("Change in credits a day that it brings.", '"2500"')] = Decimal(
        0
    )

    def __post_init__(self) -> None:
        if not self.day and self.at is None:
            raise ValueError("day: a release has a day, or a moment as at")
        if not self.title and not self.id:
            raise ValueError("title: a release has a title, or an id")
        if self.day:
            if problem := day_problem(self.day):
                raise ValueError(f"day: {problem}")
            _in_range(self.day)
        if self.url and not self.url.startswith(("https://", "http://")):
            raise ValueError("url: must begin with https:// or http://")
        countable("credits_per_day", self.credits_per_day)
        msgspec.structs.force_setattr(self, "id", self.id or f"{self.title} {self.day or self.at}")

    @property
    def start(self) -> int:
        """UTC epoch seconds of 00:00 of its day."""
        return self._first // _DAY_S * _DAY_S

    @property
    def _first(self) -> int:
        return int(Instant.parse(self.day)) if self.at is None else int(self.at)

    def change(self) -> Change:
        """The release as the change feed has it; one that has a day only lasts that day."""
        kind, scope = scope_of(project=self.project, team=self.team, service=self.service)
        return Change(
            at=self._first,
            until=self._first + _DAY_S if self.at is None else None,
            source=CONFIGURED,
            kind=ChangeKind.RELEASE,
            title=one_line(titled(self.title or self.id, self.service)),
            scope_kind=kind,
            scope=scope,
            url=self.url,
            external_id=self.id,
        )
