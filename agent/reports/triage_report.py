"""What the Triage screen and `burndeck triage --json` show: plain data, no arithmetic left to do.

Shares and changes are fractions (0.25 is 25 %); instants are UTC epoch seconds; durations are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from agent.domain.cause import Cause
from agent.ledger.kinds import Kind
from agent.reports.burn_report import Budget
from agent.reports.figure import Figure

TRIAGE_KINDS = (Kind.API_KEY, Kind.TEAM, Kind.MODEL, Kind.ENDPOINT, Kind.PROJECT, Kind.ENVIRONMENT)
"""The tables of the screen, in their order."""


@dataclass(frozen=True, slots=True)
class TriageRow:
    """One key, team, model, endpoint, project or environment: now against usual."""

    value: str  # the id; '' is unattributed
    label: str  # its name in the provider's directory, else the id
    now: Figure  # credits/min
    usual: Figure  # credits/min
    rise: Decimal  # now - usual, credits/min
    change: Decimal | None  # now / usual - 1; None: nothing usual
    share_of_rise: Decimal | None  # of all that rose in this dimension; None: this row did not
    requests: Decimal  # requests/min now
    requests_usual: Decimal
    estimated: bool  # an hour-wide bucket was cut to the window by its share


@dataclass(frozen=True, slots=True)
class TriageTable:
    """The rows of one dimension, largest rise first."""

    kind: Kind
    rows: tuple[TriageRow, ...]


@dataclass(frozen=True, slots=True)
class TriageReport:
    """A window against the same weekday and hour of recent weeks."""

    at: int  # end of the window
    now: int  # the clock when the report was made
    live: bool
    empty: str  # why there is nothing to show, and what to do; '' when there is data
    window_s: int
    start: int  # start of the window
    within: tuple[Kind, str] | None  # drilled into
    basis: str  # same_weekday_and_hour | same_hour_of_day | window_before | none
    baseline: tuple[tuple[int, int], ...]  # the windows compared with
    basis_sentence: str  # "the same weekday and hour of 4 weeks"
    burn: Figure  # credits/min in the window
    usual: Figure
    rise: Figure
    change: Decimal | None
    tables: tuple[TriageTable, ...]  # in the order of TRIAGE_KINDS

    def table(self, kind: Kind) -> TriageTable:
        """The table of one dimension; `KeyError` for a dimension that triage does not show."""
        for table in self.tables:
            if table.kind is kind:
                return table
        raise KeyError(kind)


@dataclass(frozen=True, slots=True)
class Driver:
    """One factor of a rise; all factors together are the rise, to the nano-credit."""

    factor: str  # requests | model_mix | input_tokens | output_tokens | cache_share | price | other
    label: str  # "requests"
    credits: Decimal  # credits in the window
    share: Decimal | None  # of the rise
    now: Decimal | None  # the factor itself now, where one number says it (requests/min, tokens/request, ...)
    usual: Decimal | None
    unit: str


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What the provider's directory knows of a key."""

    name: str
    redacted: str
    owner: str
    owner_type: str
    created_at: int | None
    age_s: int | None
    last_used_at: int | None
    removed_at: int | None  # tombstone: the provider no longer lists it


@dataclass(frozen=True, slots=True)
class TriageDetail:
    """One row taken apart."""

    kind: Kind
    value: str
    label: str
    window_s: int
    now: Figure  # credits in the window
    usual: Figure  # credits in an ordinary window
    rise: Figure
    owner: str  # '' where nobody is known; the largest where several share the row
    team: str
    project: str
    environment: str
    cost_center: str
    billing_group: str
    department: str
    requests: int
    errors: int
    error_share: Decimal | None  # None: errors are not known from buckets
    latency_ms: Decimal | None  # mean, of the events in the window
    first_seen: int | None
    key: KeyFacts | None
    budgets: tuple[Budget, ...]  # the allocation chain, widest scope first
    binding: Budget | None  # the one whose cap bites first
    drivers: tuple[Driver, ...]  # in the order of their names' list, adding up exactly
    cause: Cause | None  # None: no rise
    sentence: str  # what happened, in one sentence
