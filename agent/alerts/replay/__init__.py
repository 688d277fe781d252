"""`burndeck alerts test`: a rule through the ledger's past, as it is and as somebody would change it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.alerts.month import Month
from agent.alerts.replay.caps import CapWatch, Reached
from agent.alerts.replay.compare import Side, only_in, side_of
from agent.alerts.replay.judges import check_replayable, judge_of, notes_of, rule_of
from agent.alerts.replay.past import PastRules
from agent.alerts.replay.rises import BEFORE_S, Rise, largest_rises
from agent.alerts.replay.run import Run
from agent.analytics.month import month_of
from agent.domain.alert import Alert, AlertRule
from agent.domain.allocation import Scope, ScopeKind
from agent.domain.planned import Planned
from agent.errors import LedgerError
from agent.ledger.kinds import Kind
from agent.ledger.lineage import Lineage
from agent.ledger.pieces import HOUR_S
from agent.ledger.rule_store import RuleStore

if TYPE_CHECKING:
    from agent.ledger.alert_store import AlertStore
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

__all__ = ["Replay", "replay"]

_PLANNED_S = 70 * 86_400
_MOST_KEYS = 60  # with the dearest hours: a large rise has such ones, and each key costs a look-up an hour


@dataclass(frozen=True, slots=True)
class Replay:
    """A rule in the past. `changed` is None where nothing was to be changed."""

    rule: AlertRule
    start: int
    end: int
    now: Side  # as the rule is now
    changed: Side | None
    reached: tuple[Reached, ...]
    rises: tuple[Rise, ...]
    gone: tuple[Alert, ...]  # episodes that the change would not tell of
    new: tuple[Alert, ...]
    notes: tuple[str, ...]


def replay(
    reader: LedgerReader,
    settings: Settings,
    changed: Settings | None,
    name: str,
    start: int,
    end: int,
    progress: Callable[[float], None] = lambda _: None,
) -> Replay:
    """Takes a rule through the whole hours of `[start, end)`, which are cut to what the ledger knows.

    The month in which `start` lies is played from its beginning, so that what was told before is known.
    Only reads. Raises `ConfigError` for a rule that cannot be replayed, `LedgerError` without any past.
    """
    rule = rule_of(name)
    configured = [each for each in (settings, changed) if each is not None]
    with reader.snapshot():
        start, begin, end = _stretch(reader, settings, start, end)
        ledger = reader.alert_store()
        lineage = Lineage(lambda: ledger.contexts().values())
        past = PastRules(reader.rows, begin, end)
        check_replayable(rule, past.accounts())
        planned = [Planned(*row) for row in reader.rows("planned_since", {"since": begin - _PLANNED_S})]
        judge = judge_of(rule, reader, ledger, begin, end, configured)
        runs = [Run(judge, each, past, ledger, lineage, planned) for each in configured]
        watch = CapWatch(settings.allocations)
        _take(runs, watch, past, settings, begin, end, progress)
        hours = _team_hours(reader, start, end) | _key_hours(reader, ledger, start, end)
        rises = largest_rises(hours, start, end, lineage.within)
    reached = [each for each in watch.reached if each.at > start]
    sides = [_side(run, reached, rises, lineage, start, end) for run in runs]
    now, other = sides[0], sides[1] if len(sides) > 1 else None
    return Replay(
        rule=rule,
        start=start,
        end=end,
        now=now,
        changed=other,
        reached=tuple(reached),
        rises=tuple(rises),
        gone=only_in(now.episodes, other.episodes) if other else (),
        new=only_in(other.episodes, now.episodes) if other else (),
        notes=tuple(notes_of(rule, past.accounts())),
    )


def _stretch(reader: LedgerReader, settings: Settings, start: int, end: int) -> tuple[int, int, int]:
    """The whole hours that are told of, after those that are only played: (start, begin, end)."""
    start, end = start // HOUR_S * HOUR_S, end // HOUR_S * HOUR_S
    begin = month_of(start, settings.organization.time_zone).start // HOUR_S * HOUR_S
    known_since = RuleStore(reader.rows).known_since()
    end = min(end, _known_to(reader, start, end))
    if known_since is None or max(start, known_since) + HOUR_S >= end:
        raise LedgerError(
            "the ledger knows nothing of that time", hint="Give a longer --since, or wait for history."
        )
    return max(start, known_since), max(begin, known_since), end


def _known_to(reader: LedgerReader, start: int, end: int) -> int:
    """Up to when anything is known: no later hour is quiet, nobody has looked at it yet."""
    covered = (hour // HOUR_S * HOUR_S for hour in reader.alert_store().covered_to())
    bound = {"kind": int(Kind.TOTAL), "start": start, "end": end}
    burnt = (row["bucket"] + HOUR_S for row in reader.rows("hours_of", bound))
    return max((*covered, *burnt), default=start)


def _side(
    run: Run, reached: Sequence[Reached], rises: Sequence[Rise], lineage: Lineage, start: int, end: int
) -> Side:
    episodes = [alert for alert in run.episodes if (alert.fired_at or 0) > start]
    return side_of(
        run.fired,
        episodes,
        reached,
        rises,
        lineage.within,
        start=start,
        end=end,
        unjudged=run.unjudged,
    )


def _take(
    runs: list[Run],
    watch: CapWatch,
    past: PastRules,
    settings: Settings,
    start: int,
    end: int,
    progress: Callable[[float], None],
) -> None:
    """All runs through all hours, so that what they read is read once."""
    zone = settings.organization.time_zone
    series = past.series({row.scope for row in settings.allocations})
    for at in range(start + HOUR_S, end + HOUR_S, HOUR_S):
        past.at = at
        # When an hour has ended the next month may have begun: the hour counts to the month that it is of.
        month = Month.at(at - 1, zone)
        burnt = past.burnt(set(series.values()), month.start, at, days=True)
        used = {scope: burnt[each] for scope, each in series.items()}
        watch.step(at, used, month.name, month.start, first=at == start + HOUR_S)
        for run in runs:
            run.step(at, used)
        progress((at - start) / (end - start))


def _team_hours(reader: LedgerReader, start: int, end: int) -> dict[Scope, dict[int, int]]:
    """Nano-credits of every team by hour, with the weeks before that say what is usual."""
    bound = {"kind": int(Kind.TEAM), "start": start - BEFORE_S, "end": end}
    hours: dict[int, dict[int, int]] = {}
    for row in reader.rows("hours_of", bound):
        hours.setdefault(row["id"], {})[row["bucket"]] = row["credits_nano"]
    return _named(reader, ScopeKind.TEAM, hours)


def _key_hours(reader: LedgerReader, ledger: AlertStore, start: int, end: int) -> dict[Scope, dict[int, int]]:
    """The same of the keys with the dearest hours."""
    bound = {"kinds": [int(Kind.API_KEY)], "start": start, "end": end}
    dearest = sorted(reader.rows("history_busiest_hours", bound), key=lambda row: -row["credits_nano"])
    idents = [row["id"] for row in dearest[:_MOST_KEYS]]
    hours: dict[int, dict[int, int]] = {ident: {} for ident in idents}
    read = range(start - BEFORE_S, end, HOUR_S)
    for place, hour, nano, _ in ledger.burn.hours([(Kind.API_KEY, ident) for ident in idents], read):
        hours[idents[place]][hour] = nano
    return _named(reader, ScopeKind.API_KEY, hours)


def _named(
    reader: LedgerReader, kind: ScopeKind, hours: dict[int, dict[int, int]]
) -> dict[Scope, dict[int, int]]:
    names = {row["id"]: row["value"] for row in reader.rows("dim_names", {"ids": list(hours)})}
    return {Scope(kind, names[ident]): known for ident, known in hours.items() if names[ident]}
