"""What a postmortem says, as plain data. Instants are UTC epoch seconds, amounts of plots nano-credits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from agent.domain.run import Line
from agent.reports.action_report import ApprovalLine, StepLine
from agent.reports.figure import Figure


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, on a plot."""

    at: int
    label: str  # fired | throttled | released | ...


@dataclass(frozen=True, slots=True)
class Plot:
    """Burn against what was expected. `name` is that of its file, without an ending."""

    name: str
    title: str
    line: Line
    marks: tuple[Mark, ...] = ()
    layer: str = ""
    as_of: int | None = None


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An alert of the incident, as the ledger keeps it."""

    id: int
    rule: str
    tier: str
    scope: str  # team:search
    team: str
    started_at: int
    fired_at: int | None
    resolved_at: int | None
    cause: str
    summary: str  # with the figures of when it was last told anew


@dataclass(frozen=True, slots=True)
class Times:
    """When it went which way; None: it has not happened, or nobody knows."""

    began: int  # first seen in the data by a rule
    rose: int | None  # the burn left its usual band
    fired: int | None
    acknowledged: int | None
    mitigated: int | None  # the first change took hold
    resolved: int | None
    unusual_until: int  # the stretch that the cost is counted over ends here


@dataclass(frozen=True, slots=True)
class Cost:
    """What the incident burnt in [start, end), beside what was usual for that time."""

    start: int
    end: int
    scopes: tuple[str, ...]
    burnt: Figure  # credits, exactly
    expected: Figure  # credits; its value is None without history
    above: Figure  # credits; its value is None without history
    money: Figure  # of what was above, at the conversion rate
    rate: Decimal | None  # money for a credit; None: several billing groups with several rates
    counted: Decimal  # credits above expected as the alerts counted them while it went on
    note: str  # how expected was found, or why it is not known


@dataclass(frozen=True, slots=True)
class Burner:
    """A key that burnt in it."""

    api_key: str
    name: str
    team: str
    environment: str
    model: str  # the one it burnt most on
    credits: Decimal
    share: Decimal | None


@dataclass(frozen=True, slots=True)
class Impact:
    """Whom it touched."""

    teams: tuple[str, ...]
    burners: tuple[Burner, ...]  # the dearest first
    more_burners: int  # keys that are not listed
    production: bool | None  # as somebody assessed it; None: nobody did
    assessed: str  # who said so, and when
    held: tuple[str, ...]  # what actions did to callers, a sentence each


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the timeline."""

    at: int
    source: str  # incident | run | action | approval
    kind: str
    actor: str
    text: str


@dataclass(frozen=True, slots=True)
class Proof:
    """Evidence of a step, as it was kept."""

    run: int
    step: int
    title: str  # of the step
    attempt: int
    report: str
    heading: str
    using: Mapping[str, str]
    sentence: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str
    layer: str
    as_of: int | None
    at: int
    actor: str
    sha256: str
    intact: bool  # the hash is that of what is shown
    plot: str = ""  # the name of its plot


@dataclass(frozen=True, slots=True)
class Measure:
    """A change that was made or asked for, with its undo and its effect."""

    id: int
    title: str
    kind: str
    state: str
    requested_by: str
    requested_at: int
    reason: str
    began: int | None
    accepted: int | None
    confirmed: int | None
    ended: int | None
    ended_by: str
    why: str
    effect: str
    foreseen: Decimal  # credits a minute that it was to save
    expires_at: int | None
    in_force: bool
    undo: str  # how it was undone, is, or can be
    targets: tuple[StepLine, ...]
    approvals: tuple[ApprovalLine, ...]
    drill: bool


@dataclass(frozen=True, slots=True)
class Catch:
    """One policy tried on the past."""

    policy: str  # in words
    setting: str  # a command that sets or tries it, or what to write into burndeck.toml
    at: int | None  # when it would have told or held; None: never
    earlier_s: int | None  # before the first alert fired; None: not earlier
    saved: Decimal | None  # credits; None: it only tells
    price: str  # what it would have cost on ordinary days
    sentence: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the replay of policies says. `sentence` says it plainly, also where it is nothing."""

    sentence: str
    catches: tuple[Catch, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Something left to do."""

    text: str
    source: str  # where it comes from: a note, a skipped step, an action


@dataclass(frozen=True, slots=True)
class Involved:
    """A person and what they did."""

    name: str
    did: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunLine:
    """The run that it was handled by."""

    id: int
    runbook: str
    title: str
    sha256: str  # of the runbook's text
    state: str
    started_by: str
    started_at: int
    holder: str
    ended_at: int | None
    ended_by: str
    outcome: str
    drill: bool
    steps: tuple[tuple[int, str, str, str, str], ...]  # number, title, state, who, outcome


@dataclass(frozen=True, slots=True)
class Postmortem:
    """All of it."""

    title: str
    made_at: int
    as_of: int | None  # how far the ledger's data reached then
    incident: int | None
    tier: str
    state: str  # open | closed
    cause: str
    summary: tuple[str, ...]  # sentences
    first_said: str  # the alert that opened it, with the figures of that moment
    times: Times | None
    alerts: tuple[AlertLine, ...]
    cost: Cost | None
    impact: Impact
    plots: tuple[Plot, ...]
    timeline: tuple[Happened, ...]
    runs: tuple[RunLine, ...]  # the newest last
    unread: tuple[int, ...]  # runs that cannot be read and are left out
    evidence: tuple[Proof, ...]
    measures: tuple[Measure, ...]
    earlier: Earlier
    follow_ups: tuple[FollowUp, ...]
    people: tuple[Involved, ...]
    learnt: str  # the postmortem that somebody signed
    notes: tuple[FollowUp, ...] = ()  # of people, that ask nothing of anybody
    ledger: str = ""  # the id of the ledger that tells it
