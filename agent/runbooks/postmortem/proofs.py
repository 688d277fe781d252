"""Evidence of a run as the postmortem shows it, checked against the hashes that were kept with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from agent.domain.run import KeptEvidence
from agent.runbooks.postmortem.model import Mark, Plot, Proof
from agent.runbooks.postmortem.record import RunRecord


def proofs_of(record: RunRecord, prefix: str = "") -> Iterator[tuple[Proof, Plot | None]]:
    """Each piece of evidence, oldest first, with the plot of its line where it has one."""
    titles = {step.seq: step.title for step in record.run.runbook.steps}
    run = record.run.id or 0
    for place, kept in enumerate(record.evidence, 1):
        plot = _plot(kept, f"{prefix}{place}")
        yield _proof(kept, run, titles.get(kept.step, ""), plot.name if plot else ""), plot


def _proof(kept: KeptEvidence, run: int, title: str, plot: str) -> Proof:
    found = kept.evidence
    return Proof(
        run=run,
        step=kept.step,
        title=title,
        attempt=kept.attempt,
        report=found.name,
        heading=found.title,
        using=dict(found.using),
        sentence=found.sentence,
        columns=found.columns,
        rows=found.rows,
        note=found.note,
        layer=found.layer,
        as_of=found.as_of,
        at=kept.at,
        actor=kept.actor,
        sha256=kept.sha256,
        intact=found.sha256() == kept.sha256,
        plot=plot,
    )


def _plot(kept: KeptEvidence, place: str) -> Plot | None:
    found = kept.evidence
    if found.line is None or not found.line.values:
        return None
    name = re.sub(r"[^a-z0-9]+", "-", found.name.lower()).strip("-") or "line"
    marks = (Mark(kept.at, "asked"),)
    return Plot(
        f"evidence-{place}-{name}", found.title or found.name, found.line, marks, found.layer, found.as_of
    )


def with_marks(plots: Iterable[Plot], marks: Iterable[Mark]) -> tuple[Plot, ...]:
    """Plots with the marks that fall into their time, in order."""
    wanted = tuple(marks)
    found = []
    for plot in plots:
        end = plot.line.start + plot.line.width_s * len(plot.line.values)
        mine = {each for each in (*plot.marks, *wanted) if plot.line.start <= each.at <= end}
        found.append(replace(plot, marks=tuple(sorted(mine, key=lambda each: (each.at, each.label)))))
    return tuple(found)
