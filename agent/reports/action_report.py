"""What the Actions screen and `burndeck actions` show: plain data, no arithmetic left to do.

Instants are UTC epoch seconds, durations are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agent.domain.action import Action, Needs
from agent.domain.action_words import endless
from agent.domain.audit import NOT_OURS
from agent.domain.words import plural
from agent.reports.alert_report import Command, TimelineLine

_MOST_NAMED = 6
NOT_WRITTEN = "not yet written"
"""The word for what is being done while no gateway has taken any of it: it holds nobody back."""


def not_ours(rows: Sequence[str]) -> str:
    """`NOT AS THE AGENT WROTE IT: approval row 31 of action 12 was changed`."""
    more = f" and {len(rows) - _MOST_NAMED} more" if len(rows) > _MOST_NAMED else ""
    return f"{NOT_OURS}: {'; '.join(rows[:_MOST_NAMED])}{more}"


@dataclass(frozen=True, slots=True)
class ApprovalLine:
    """One person's word on an action."""

    person: str
    role: str
    verdict: str  # approved | denied
    at: int
    note: str
    void: str  # why it counts no more; empty while it does
    foreign: bool = False  # the row is not as the agent wrote it


@dataclass(frozen=True, slots=True)
class ActionEntry:
    """One action in a line."""

    id: int
    kind: str
    title: str  # throttle team:search to 10 rps for 1 h
    state: str
    open: bool  # something may still become of it
    scope: str
    targets: int
    gateways: tuple[str, ...]
    keys: int  # that it was to hit when it was planned, those among them that nobody asked for
    production: bool
    saved: Decimal  # credits a minute, as foreseen
    requested_by: str  # a person or `agent`
    requested_at: int
    reason: str
    begun_at: int | None
    accepted_at: int | None
    confirmed_at: int | None
    expires_at: int | None
    expires_in_s: int | None  # while it holds; None where it does not end by itself
    ended_at: int | None
    ended_by: str
    why: str  # it failed, was declined or ended
    effect: str  # what became of the burn, one sentence
    approve_by: int | None  # while it waits
    given: tuple[ApprovalLine, ...]  # that count
    waits_for: Needs  # roles of which one is enough, for each approval that is missing
    failed: int  # targets
    kept: int  # targets that somebody else has changed meanwhile
    renewable: bool
    incident: int | None
    alert: int | None
    drill: bool
    emergency: bool
    asked: int = 0  # keys that it was asked for, whether it reaches them or not
    not_reached: int = 0  # of them
    missed: tuple[str, ...] = ()  # names of those, with the reason where it is known
    called: str = ""  # the name of the project or key in `scope`, where it has one of its own
    unwritten: bool = False  # it is to be done, and no gateway has taken any of it so far
    cap: str = ""  # `team:search`: whose hard cap a limit of the agent stands behind
    foreign: tuple[str, ...] = ()  # rows of it that are not as the agent wrote them, in words

    @property
    def named(self) -> str:
        """The title by the name that people know: `cap project:search-prod at 500 credits a month`."""
        return self._titled(self.called)

    @property
    def named_fully(self) -> str:
        """The same with the id behind the name."""
        return self._titled(f"{self.called} ({self.scope.partition(':')[2]})")

    def _titled(self, name: str) -> str:
        if not self.called:
            return self.title
        return self.title.replace(self.scope, f"{self.scope.partition(':')[0]}:{name}", 1)

    @property
    def warning(self) -> str:
        """That it cannot be believed, and which rows of it; empty where the log proves all of it."""
        return not_ours(self.foreign) if self.foreign else ""

    @property
    def reach(self) -> str:
        """`in force for 7 of 8 keys; not reached: ci (no gateway serves it)`; empty where all are."""
        if not self.not_reached or self.drill or self.state not in ("accepted", "confirmed"):
            return ""
        more = self.not_reached - len(self.missed[:_MOST_NAMED])
        named = ", ".join(self.missed[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        held = self.asked - self.not_reached
        return f"in force for {held} of {plural(self.asked, 'key')}; not reached: {named}"

    @property
    def not_written(self) -> str:
        """`not yet written: openai has no admin key`; empty where some of it is, or is over."""
        if not self.unwritten:
            return ""
        return f"{NOT_WRITTEN}: {self.why}" if self.why else NOT_WRITTEN


@dataclass(frozen=True, slots=True)
class StepLine:
    """What happens at one target."""

    seq: int
    target: str  # litellm/key/sk-...
    gateway: str
    state: str
    before: str  # in words
    after: str
    error: str  # why it failed or was left alone
    at: int | None
    called: str = ""  # the name of the project that the target lies in, where it has one
    foreign: bool = False  # the row is not as the agent wrote it

    @property
    def named(self) -> str:
        """The target with that name before the id: `openai/project/search-prod (proj_1)`."""
        if not self.called:
            return self.target
        gateway, kind, ident = self.target.split("/", 2)
        project, slash, rest = ident.partition("/")
        return f"{gateway}/{kind}/{self.called} ({project}){slash}{rest}"


@dataclass(frozen=True, slots=True)
class ActionDetail:
    """One action with everything around it."""

    now: int
    entry: ActionEntry
    action: Action  # what an approval is made of
    digest: str  # of the exact change
    steps: tuple[StepLine, ...]
    approvals: tuple[ApprovalLine, ...]  # void ones too, oldest first
    preview: Mapping[str, Any]  # as it was shown before: nano-credits, counts, text
    timeline: tuple[TimelineLine, ...]
    commands: tuple[Command, ...]
    unseen: str = ""  # what to know before it is undone, where nobody sees what others have set meanwhile

    @property
    def decided(self) -> str:
        """What a word on it decides, in full: of a block without an end also that it has none."""
        entry = self.entry
        return endless(self.action.spec, entry.named_fully, entry.asked, entry.asked - entry.not_reached)
