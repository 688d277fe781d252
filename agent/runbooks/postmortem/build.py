"""A postmortem from what the ledger has: the incident, its burn, its run and its changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agent.allocations import settings_now
from agent.control.glass import POSTMORTEM
from agent.control.words import gateway_words
from agent.domain.assessment import BEFORE, CRITICAL, CRITICALITY, before_of
from agent.domain.change import ChangeKind
from agent.domain.words import instant
from agent.reports.action_report import ActionDetail
from agent.reports.alert_list import AlertEntry
from agent.reports.alert_report import IncidentEntry
from agent.reports.alerts import alert_of, entry_of
from agent.reports.changes import near
from agent.reports.incidents import incident as incident_of
from agent.reports.incidents import timeline as timeline_of
from agent.reports.layers import truth
from agent.reports.moment import DAY, HOUR, moment
from agent.runbooks.postmortem.burn import Burn, burns_of, rose
from agent.runbooks.postmortem.clean import clean
from agent.runbooks.postmortem.cost import burners_of, cost_of
from agent.runbooks.postmortem.earlier import NOT_TRIED, earlier_of
from agent.runbooks.postmortem.follow_ups import follow_ups_of, learnt_of, notes_of
from agent.runbooks.postmortem.happenings import merged, people_of
from agent.runbooks.postmortem.measures import details_of, held_of, marks_of, measure_of, mitigated_at
from agent.runbooks.postmortem.model import (
    Burner,
    Cost,
    Earlier,
    Impact,
    Mark,
    Measure,
    Plot,
    Postmortem,
    Times,
)
from agent.runbooks.postmortem.parts import alert_line, alert_marks, run_line, times_of
from agent.runbooks.postmortem.proofs import proofs_of, with_marks
from agent.runbooks.postmortem.record import NO_RUNS, Records, RunRecord
from agent.runbooks.postmortem.stretch import Stretch, stretch_of
from agent.runbooks.postmortem.summary import summary_of

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

_MOST_RELEASES = 6
_BEFORE_S = HOUR  # shown of the burn before the rise, and half of it after the end


def postmortem(
    reader: LedgerReader,
    settings: Settings,
    now: float,
    *,
    runs: Records = NO_RUNS,
    incident: int | None = None,
) -> Postmortem:
    """What the ledger says of an incident, of runs, or of both, as of now. Only reads.

    Without `incident` it is that of the first run. What belongs to none, such as a weekly review, has no
    cost. It takes a second or two, so each part is read by itself: while one state of the ledger is held, the
    log of its writer only grows. The past that is told of hardly changes meanwhile.
    """
    settings = settings_now(settings, reader.action_store(), now)
    return clean(_Building(reader, settings, int(now), runs, incident).whole())


@dataclass
class _Building:
    """One postmortem being made."""

    reader: LedgerReader
    settings: Settings
    now: int
    runs: Records
    ident: int | None

    @property
    def records(self) -> tuple[RunRecord, ...]:
        return self.runs.known

    def whole(self) -> Postmortem:
        """All parts."""
        if self.ident is None and self.records:
            self.ident = self.records[0].run.incident
        with self.reader.snapshot():
            entry = None if self.ident is None else incident_of(self.reader, self.ident, self.now)
            lines = () if entry is None else timeline_of(self.reader, entry.id, self.now)
            alerts = self._alerts()
            words = gateway_words(self.settings)
            details = details_of(self.reader, self.now, words, self.ident, self.records)
            duties = self._duties()
        measures = tuple(map(measure_of, details))
        found = self._burning(entry, alerts, measures)
        timeline = merged(lines, details, self.records, self.ident)
        proofs = [each for record in self.records for each in proofs_of(record, self._prefix(record))]
        evidence = tuple(proof for proof, _ in proofs)
        plots = [*found.plots, *(plot for _, plot in proofs if plot is not None)]
        opened = next((line.text for line in lines if line.kind == "fired"), "")
        made = Postmortem(
            title=self._title(entry),
            made_at=self.now,
            as_of=moment(self.reader, self.now).as_of,
            incident=None if entry is None else entry.id,
            tier="" if entry is None else entry.tier,
            state=self._state(entry),
            cause="" if entry is None else entry.cause,
            summary=(),
            first_said=opened,
            times=found.times,
            alerts=tuple(map(alert_line, alerts)),
            cost=found.cost,
            impact=self._impact(alerts, details, found, duties),
            plots=with_marks(plots, [*alert_marks(alerts), *marks_of(measures), *found.releases]),
            timeline=timeline,
            runs=tuple(map(run_line, self.records)),
            unread=self.runs.unread,
            evidence=evidence,
            measures=measures,
            earlier=found.earlier,
            follow_ups=tuple(
                follow_ups_of(self.records, measures, evidence, found.earlier, duties.get(POSTMORTEM))
            ),
            people=people_of(timeline, details, self.records),
            notes=tuple(notes_of(self.records)),
            ledger=next((str(row["id"]) for row in self.reader.rows("ledger_name")), ""),
            learnt=learnt_of(self.records, str(duties.get(POSTMORTEM, {}).get("answer", ""))),
        )
        return replace(made, summary=tuple(summary_of(made)))

    def _title(self, entry: IncidentEntry | None) -> str:
        if entry is not None:
            return f"Incident {entry.id}: {entry.group}"
        if self.records:
            run = self.records[0].run
            return f"Run {run.id}: {run.runbook.title}"
        return "Nothing"

    def _prefix(self, record: RunRecord) -> str:
        """Begins the place of evidence where there are several runs with some."""
        return f"{record.run.id}-" if len(self.records) > 1 else ""

    def _state(self, entry: IncidentEntry | None) -> str:
        if entry is not None:
            return "open" if entry.closed_at is None else "closed"
        return self.records[0].run.state.value if self.records else ""

    def _alerts(self) -> list[AlertEntry]:
        """Those of the incident, else the one that the run was started from."""
        if self.ident is not None:
            rows = self.reader.rows("alerts_of_incident", {"incident": self.ident})
            found = [entry_of(row, self.now, self.settings.alerts) for row in rows]
            return [each for each in found if each.started_at <= self.now]
        alert = self.records[0].run.alert if self.records else None
        entry = None if alert is None else alert_of(self.reader, str(alert), self.now)
        return [] if entry is None else [entry]

    def _duties(self) -> Mapping[str, dict[str, Any]]:
        if self.ident is None:
            return {}
        return {row["kind"]: row for row in self.reader.action_store().duties([self.ident])}

    def _burning(
        self, entry: IncidentEntry | None, alerts: Sequence[AlertEntry], measures: Sequence[Measure]
    ) -> _Burning:
        """What burnt, when, and what would have caught it earlier."""
        if not alerts:
            return _Burning()
        burns, left_out = burns_of(self.reader, alerts)
        end = moment(self.reader, self.now).at
        rise = rose(burns) if any(each.unit == "credits/min" for each in alerts) else None
        drill = bool(self.records) and all(each.run.drill for each in self.records)
        times = times_of(entry, alerts, rise, end, mitigated_at(measures, drill=drill))
        stretch = stretch_of(self.reader, alerts, times, self.settings.organization.time_zone, end)
        if not burns:
            tried = earlier_of(self.reader, self.settings, alerts, burns, rise, stretch)
            return _Burning(times=times, earlier=tried)
        counted = max((each.above for each in alerts), default=Decimal(0)) if entry is None else entry.above
        with self.reader.snapshot():  # of one state, or minutes that are revised between set the two apart
            cost = cost_of(self.reader, self.settings, burns, left_out, alerts, counted, stretch)
            burners, more = burners_of(self.reader, burns, stretch)
        after = max(times.resolved or 0, *(each.ended or 0 for each in measures), stretch.end)
        plots = [self._plot(burn, stretch, min(end, after + _BEFORE_S // 2)) for burn in burns]
        marks = [mark for burn, plot in zip(burns, plots, strict=True) for mark in self._releases(burn, plot)]
        tried = earlier_of(self.reader, self.settings, alerts, burns, rise, stretch)
        return _Burning(times, cost, burners, more, plots, marks, tried)

    def _plot(self, burn: Burn, stretch: Stretch, end: int) -> Plot:
        start = burn.began - DAY if stretch.days else stretch.start - _BEFORE_S
        line = burn.line(start, max(end, stretch.end))
        shown = line.start, line.start + line.width_s * len(line.values)
        behind = truth(self.reader, *shown)
        name = f"burn-{burn.kind.name.lower()}-{burn.burnt.ident or 0}"
        layer = "" if behind.layer is None else behind.layer.word
        return Plot(name.replace("_", "-"), f"Burn of {burn.label}", line, (), layer, behind.as_of)

    def _releases(self, burn: Burn, plot: Plot) -> Iterator[Mark]:
        """The releases nearest to when it began: of many of them a plot would show nothing else."""
        line, at = plot.line, burn.began
        end = line.start + line.width_s * len(line.values)
        known = near(
            self.reader,
            self.settings,
            at,
            before_s=at - line.start,
            after_s=end - at,
            within=(burn.kind, burn.value),
        )
        for each in [each for each in known if each.kind is ChangeKind.RELEASE][:_MOST_RELEASES]:
            yield Mark(each.at, f"release, {each.title}")

    def _impact(
        self,
        alerts: Sequence[AlertEntry],
        details: Sequence[ActionDetail],
        found: _Burning,
        duties: Mapping[str, dict[str, Any]],
    ) -> Impact:
        said = duties.get(CRITICALITY)
        assessed = f"{said['person']}, {instant(said['at'])}" if said and said["answer"] else ""
        before = before_of(duties.get(BEFORE))
        if before is not None and before.stands_in(said):
            assessed += f" in incident {before.incident}"
        teams = [each.team for each in found.burners] + [each.team for each in alerts]
        return Impact(
            teams=tuple(dict.fromkeys(filter(None, teams))),
            burners=found.burners,
            more_burners=found.more_burners,
            production=None if not said or not said["answer"] else said["answer"] == CRITICAL,
            assessed=assessed,
            held=tuple(held_of(details)),
        )


@dataclass(frozen=True)
class _Burning:
    times: Times | None = None
    cost: Cost | None = None
    burners: tuple[Burner, ...] = ()
    more_burners: int = 0
    plots: Sequence[Plot] = ()
    releases: Sequence[Mark] = ()
    earlier: Earlier = NOT_TRIED
