"""What `burndeck handover` tells: plain data, each line of it something that the next on-call must know."""

from __future__ import annotations

from dataclasses import dataclass

from agent.domain.alert import INFO
from agent.domain.planned import Planned
from agent.reports.action_report import ActionEntry
from agent.reports.alert_list import AlertEntry
from agent.reports.alert_report import IncidentEntry, SilenceEntry, TimelineLine
from agent.reports.burn_report import Budget, Runway
from agent.reports.changes import ChangeEntry
from agent.reports.deliveries import Undelivered
from agent.reports.duties import Duty
from agent.reports.figure import Figure
from agent.reports.runs import RunLine


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """One incident that goes on."""

    entry: IncidentEntry
    above: Figure  # credits above what is expected, so far
    holder: str  # who has taken it; empty while nobody has
    critical: bool | None  # whether production is affected; None: nobody has said
    last: TimelineLine | None  # what happened last

    @property
    def alone(self) -> bool:
        """Nobody holds it, and it is more than information."""
        return not self.holder and self.entry.tier != INFO


@dataclass(frozen=True, slots=True)
class Muting:
    """One silence in force."""

    entry: SilenceEntry
    burnt: Figure  # credits, by what it mutes


@dataclass(frozen=True, slots=True)
class Blind:
    """Something that no longer tells what burns, or through which nothing can be done."""

    part: str  # agent | source NAME | gateway NAME
    state: str  # stopped | late | failed | ...
    since: int | None  # what came after is not known; None: nothing was ever known
    why: str
    hint: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Something that came to its end in the shift."""

    at: int
    kind: str  # incident | alert | action | silence
    id: int
    text: str


@dataclass(frozen=True, slots=True)
class Handover:
    """Everything that the next on-call must know."""

    now: int
    since: int  # where the shift began
    organization: str
    data: Figure  # credits a minute now, with the layer and age of the data
    incidents: tuple[OpenIncident, ...]  # the gravest first
    alerts: tuple[AlertEntry, ...]  # that fire, and that nobody has taken and nothing mutes
    in_force: tuple[ActionEntry, ...]  # the first to end first
    waiting: tuple[ActionEntry, ...]  # for approvals
    silences: tuple[Muting, ...]
    caps: tuple[Budget, ...]  # near or past their caps
    binding: Runway | None  # the cap that bites first
    owed: tuple[Duty, ...]  # postmortems
    blind: tuple[Blind, ...]
    undelivered: tuple[Undelivered, ...]
    planned: tuple[Planned, ...]
    releases: tuple[ChangeEntry, ...]  # of the next day or under way, the first to begin first
    runs: tuple[RunLine, ...]
    ended: tuple[Ended, ...]  # the newest first

    @property
    def wanting(self) -> tuple[str, ...]:
        """What wants a person now, in words; empty: nothing does."""
        overdue = [duty for duty in self.owed if duty.due_at is not None and duty.due_at <= self.now]
        counted = (
            (len([each for each in self.incidents if each.alone]), "incident that nobody holds"),
            (len([each for each in self.alerts if each.tier != INFO]), "alert that nobody has taken"),
            (len(self.waiting), "change that waits for approval"),
            (len(overdue), "postmortem that is overdue"),
            (len(self.blind), "part that is blind"),
            (sum(each.messages for each in self.undelivered), "message that did not arrive"),
        )
        return tuple(_counted(count, words) for count, words in counted if count)


_MANY = {"holds": "holds", "has": "has", "waits": "wait", "is": "are", "did": "did"}


def _counted(count: int, words: str) -> str:
    """`1 change that waits for approval`, `2 changes that wait for approval`."""
    if count == 1:
        return f"1 {words}"
    noun, _, rest = words.partition(" that ")
    verb, _, more = rest.partition(" ")
    return f"{count} {noun}s that {_MANY.get(verb, verb)} {more}"
