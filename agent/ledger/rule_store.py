"""What leading signals read of burn: few series over few buckets, each reached by its key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.domain.allocation import Scope
from agent.ledger.kinds import MINUTE_KINDS, SCOPE_KINDS, Kind, Series
from agent.ledger.pieces import HOUR_S, pieces
from agent.ledger.sources_seen import SourceStore

if TYPE_CHECKING:
    from agent.ledger.history_store import ListedRate

MINUTE_S = 60
QUARTER_S = 900
WHOLE: Series = (Kind.TOTAL, 0)
_OF_TEAMS = (Kind.BILLING_GROUP, Kind.DEPARTMENT)
_MOST_LOOK_UPS = 20_000  # of single buckets; beyond, reading all of a window is quicker


@dataclass(frozen=True, slots=True)
class Sums:
    """What a series did in some time. Tokens of input include the cached ones."""

    credits_nano: int = 0
    requests: int = 0
    errors: int = 0
    tokens_input: int = 0
    tokens_cached: int = 0

    def __add__(self, other: Sums) -> Sums:
        return Sums(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


NOTHING = Sums()


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A key or model and when it was first seen burning."""

    series: Series
    name: str
    first_seen: int


class RuleStore(SourceStore):
    """Reads of the rules. `writer.rules` serves the agent, `RuleStore(reader.rows)` a command."""

    def named(self, name: str, **bound: object) -> Sequence[tuple[Any, ...]]:
        """The rows of a named query."""
        return self._all(name, **bound)

    def known_since(self) -> int | None:
        """The first hour of which anything is known; None for an empty ledger."""
        ((hour,),) = self._all("rule_known_since")
        return None if hour is None else int(hour)

    def series(self, scopes: Iterable[Scope]) -> dict[Scope, Series]:
        """The series that knows the burn of each scope; scopes that never burnt are left out."""
        asked = {(int(SCOPE_KINDS[scope.kind]), scope.value): scope for scope in scopes}
        found = {scope: WHOLE for (kind, _), scope in asked.items() if kind == Kind.TOTAL}
        for kind, name, ident in self._all("rule_series", names=[list(key) for key in asked]):
            found[asked[kind, name]] = (Kind(kind), ident)
        return found

    def find(self, kind: Kind, name: str) -> Series | None:
        """The series of a name; None when it was never seen. The empty name is what nobody owns."""
        for _, _, ident in self._all("rule_series", names=[[int(kind), name]]):
            return kind, ident
        return None

    def names(self, ids: Iterable[int]) -> dict[int, str]:
        """Names by dim id."""
        return dict(self._all("rule_names", ids=list(ids)))

    def team_models(self, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
        """Team and model by id of a series of the pair."""
        return {ident: (team, model) for ident, team, model in self._all("rule_team_models", ids=list(ids))}

    def hours(self, series: Iterable[Series], hours: Iterable[int]) -> dict[Series, dict[int, Sums]]:
        """What each series did in each of some hours; an hour without burn is absent."""
        found: dict[Series, dict[int, Sums]] = {each: {} for each in series}
        for kind, ident, hour, *sums in self._all("rule_hours", series=list(found), hours=list(hours)):
            found[Kind(kind), ident][hour] = Sums(*sums)
        return found

    def days(self, series: Iterable[Series], days: Iterable[int]) -> dict[Series, dict[int, int]]:
        """Nano-credits of each series by UTC day, billed where they are billed."""
        found: dict[Series, dict[int, int]] = {each: {} for each in series}
        for kind, ident, day, nano in self._all("rule_days", series=list(found), days=list(days)):
            found[Kind(kind), ident][day] = nano
        return found

    def burnt(
        self,
        series: Iterable[Series],
        start: int,
        end: int,
        *,
        days: bool = False,
        known_to: int | None = None,
    ) -> Counter[Series]:
        """Nano-credits of each series in [start, end), whole minutes, exactly.

        With `days`, whole UTC days count as billed where they are. What is known by the hour only gives the
        parts of that hour their share of time; of an hour that runs, what is known lies before `known_to`.
        """
        asked = list(series)
        cut = pieces(start, end, days=days)
        burnt: Counter[Series] = Counter()
        for each, by_day in self.days(asked, cut.days).items() if cut.days else ():
            burnt[each] += sum(by_day.values())
        for each, by_hour in self.hours(asked, cut.hours).items() if cut.hours else ():
            burnt[each] += sum(sums.credits_nano for sums in by_hour.values())
        for low, high in cut.parts:
            burnt.update(self._part(asked, low, high, known_to))
        return burnt

    def quarters(self, kind: Kind, start: int, end: int) -> dict[int, dict[int, Sums]]:
        """Burn by id and quarter of an hour (0 begins at `start`) of a kind that is kept by minute."""
        found: dict[int, dict[int, Sums]] = {}
        for ident, slot, nano, requests in self._all("rule_slots", kind=int(kind), start=start, end=end):
            found.setdefault(ident, {})[slot] = Sums(nano, requests)
        return found

    def busy(
        self, kind: Kind, start: int, end: int, *, least_nano: int, least_errors: int
    ) -> dict[int, Sums]:
        """By id what burnt or failed enough to be looked at, in the hours that begin in [start, end)."""
        bound = {"kind": int(kind), "start": start, "end": end}
        rows = self._all("rule_busy", **bound, least_nano=least_nano, least_errors=least_errors)
        return {ident: Sums(*sums) for ident, *sums in rows}

    def cells(self, series: Iterable[Series], start: int, end: int) -> dict[Series, dict[int, Sums]]:
        """What each series did with each service (id) in [start, end), an hour or so; errors are left out.

        Services are told apart (else: 0) unless very many contexts are asked for.
        """
        of_context: dict[int, list[Series]] = {}
        for kind, ids in _by_kind(series).items():
            for context, ident in self._all("rule_contexts", kind=int(kind), ids=ids):
                of_context.setdefault(context, []).append((kind, ident))
        return self._summed(of_context, start, end)

    def _summed(
        self, of_context: Mapping[int, Sequence[Series]], start: int, end: int
    ) -> dict[Series, dict[int, Sums]]:
        found: dict[Series, dict[int, Sums]] = {}
        for context, service, nano, requests, tokens, cached in self._cells(list(of_context), start, end):
            for each in of_context.get(context, ()):
                known = found.setdefault(each, {})
                sums = Sums(nano, requests, 0, tokens, cached)
                known[service] = known.get(service, NOTHING) + sums
        return found

    def newcomers(self, since: int) -> list[Newcomer]:
        """Keys and models that were never seen burning before `since`."""
        return [
            Newcomer((Kind(kind), ident), name, at)
            for kind, ident, at, name in self._all("rule_newcomers", since=since)
        ]

    def rates(self, at: int) -> dict[str, ListedRate]:
        """The rates in force at an instant, by model."""
        from agent.ledger.history_store import HistoryStore  # of no use to most who read burn

        return HistoryStore(self._read).rates(at)

    def _part(
        self, series: Sequence[Series], start: int, end: int, known_to: int | None = None
    ) -> Mapping[Series, int]:
        """Nano-credits of a part of one hour."""
        burnt: Counter[Series] = Counter()
        by_minute: list[Series] = []
        by_cell: list[Series] = []
        for kind, ids in _by_kind(series).items():
            if kind in _OF_TEAMS:
                burnt.update(self._part_by_teams(kind, ids, start, end, known_to))
            else:
                (by_minute if kind in MINUTE_KINDS else by_cell).extend((kind, ident) for ident in ids)
        if by_minute:
            burnt.update(self._part_by_minutes(by_minute, start, end, known_to))
        if by_cell:
            burnt.update(_totals(self.cells(by_cell, start, end)))
        return burnt

    def _part_by_teams(
        self, kind: Kind, ids: Sequence[int], start: int, end: int, known_to: int | None
    ) -> Counter[Series]:
        """A part of an hour of what is made of teams: minutes of teams that are in one only, else cells."""
        groups: dict[int, set[int]] = {}
        for team, ident in self._all("rule_teams", kind=int(kind)):
            groups.setdefault(team, set()).add(ident)
        asked = set(ids)
        whole = {team: next(iter(each)) for team, each in groups.items() if len(each) == 1 and each <= asked}
        burnt: Counter[Series] = Counter()
        teams = [(Kind.TEAM, team) for team in whole]
        for (_, team), nano in self._part_by_minutes(teams, start, end, known_to).items():
            burnt[kind, whole[team]] += nano
        mixed = [team for team, each in groups.items() if len(each) > 1 and each & asked]
        if mixed:
            rows = self._all("rule_contexts_of_teams", kind=int(kind), teams=mixed, ids=list(ids))
            of_context = {context: [(kind, ident)] for context, ident in rows}
            burnt.update(_totals(self._summed(of_context, start, end)))
        return burnt

    def _part_by_minutes(
        self, series: Sequence[Series], start: int, end: int, known_to: int | None
    ) -> Counter[Series]:
        hour = start // HOUR_S * HOUR_S
        known_s = HOUR_S if known_to is None else min(HOUR_S, max(known_to, end) - hour)
        burnt: Counter[Series] = Counter()
        by_minute: Counter[Series] = Counter()
        bound = {"minutes": list(range(hour, hour + HOUR_S, MINUTE_S)), "start": start, "end": end}
        for kind, ident, part, whole in self._all("rule_part_minutes", series=list(series), **bound):
            burnt[Kind(kind), ident] = part
            by_minute[Kind(kind), ident] = whole
        for each, by_hour in self.hours(series, [hour]).items():
            rest = by_hour.get(hour, NOTHING).credits_nano - by_minute[each]
            burnt[each] += rest * (end - start) // known_s
        return burnt

    def _cells(self, contexts: list[int], start: int, end: int) -> list[tuple[Any, ...]]:
        hour = start // HOUR_S * HOUR_S
        starts = sorted({hour, *range(start, end, MINUTE_S)})
        bound: dict[str, object] = {"hour": hour, "start": start, "end": end}
        if len(starts) * len(contexts) <= _MOST_LOOK_UPS:
            rows = self._all("rule_cells_of", **bound, starts=starts, contexts=contexts)
        else:
            rows = self._all("rule_cells", **bound)
        rows += self._all("rule_events", start=start, end=end, contexts=contexts)
        return [
            (context, service, nano, requests, tokens, cached)
            for context, service, requests, tokens, cached, nano in rows
        ]


def _totals(cells: Mapping[Series, Mapping[int, Sums]]) -> Counter[Series]:
    return Counter(
        {each: sum(sums.credits_nano for sums in by_service.values()) for each, by_service in cells.items()}
    )


def _by_kind(series: Iterable[Series]) -> dict[Kind, list[int]]:
    found: dict[Kind, list[int]] = {}
    for kind, ident in series:
        found.setdefault(kind, []).append(ident)
    return found
