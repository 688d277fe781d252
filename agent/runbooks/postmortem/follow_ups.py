"""What is left to do after an incident, from what people wrote down and what did not end well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from agent.domain.run import StepRun, StepState, told_nobody
from agent.domain.runbook import Step, StepKind
from agent.domain.words import instant
from agent.runbooks.postmortem.measures import troubles_of
from agent.runbooks.postmortem.model import Earlier, FollowUp, Measure, Proof
from agent.runbooks.postmortem.record import RunRecord
from agent.runbooks.postmortem.standing import best

LEARNT = "postmortem"
"""What a note records that is the postmortem itself."""
_MEASURES = ("remediate", "post-incident", "policy", "afterwards")
"""How the titles of steps begin whose notes say what is to be done."""
_UNSAID = "drill"
"""The note of a script that has none."""
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]?\]\s*)?(.+)$")


def follow_ups_of(
    records: Sequence[RunRecord],
    measures: Sequence[Measure],
    evidence: Iterable[Proof],
    earlier: Earlier,
    owed: Mapping[str, object] | None,
) -> Iterator[FollowUp]:
    """What people want done first, then what the ledger shows as unfinished."""
    for record in records:
        of = f" of run {record.run.id}" if len(records) > 1 else ""
        yield from _of_run(record, of)
    for text in troubles_of(measures):
        yield FollowUp(text, "action")
    for proof in evidence:
        if not proof.intact:
            text = f"evidence {proof.heading!r} of step {proof.step} is not what its hash is of: find out why"
            yield FollowUp(text, "evidence")
    if owed is not None and not owed["answer"]:
        due = f" until {instant(owed['due_at'])}" if isinstance(owed["due_at"], int) else ""
        yield FollowUp(f"the postmortem is owed{due}: burndeck incident postmortem signs it", "incident")
    found = best(earlier.catches)
    if found is not None and found.setting:
        yield FollowUp(f"decide on {found.policy}", "replay")


def _of_run(record: RunRecord, of: str) -> Iterator[FollowUp]:
    run = record.run
    for step in run.steps:
        declared = run.runbook.step(step.seq)
        yield from (note for note, wanted in _noted(declared, step, of) if wanted)
        name = f"step {step.seq}{of} ({declared.title})"
        if step.state is StepState.SKIPPED and not (declared.optional and not step.reason):
            yield FollowUp(f"{name} was skipped: {step.reason or 'without a reason'}", "skipped step")
        elif step.state is StepState.FAILED:
            yield FollowUp(f"{name} failed: {step.outcome or 'nobody knows why'}", "failed step")
        elif told_nobody(declared, step):
            yield FollowUp(f"Nobody was told in {name}: {step.outcome.partition(': ')[2]}", "notification")
        elif step.state in (StepState.READY, StepState.WORKING) and run.ended_at is not None:
            yield FollowUp(f"{name} was never finished", "unfinished step")


def notes_of(records: Sequence[RunRecord]) -> Iterator[FollowUp]:
    """What people noted that is no measure, such as the cause."""
    for record in records:
        of = f" of run {record.run.id}" if len(records) > 1 else ""
        for step in record.run.steps:
            found = _noted(record.run.runbook.step(step.seq), step, of)
            yield from (note for note, wanted in found if not wanted)


def _noted(declared: Step, step: StepRun, of: str) -> Iterator[tuple[FollowUp, bool]]:
    """What was noted in a step, and whether it is to be done: a list is, and what is asked for as that."""
    said = step.answer.strip()
    if declared.kind is not StepKind.NOTE or declared.records == LEARNT or said.lower() in ("", _UNSAID):
        return
    source = f"note of step {step.seq}{of}, {step.actor or 'nobody'}"
    items = [match[1].strip() for line in said.splitlines() if (match := _ITEM.match(line))]
    wanted = bool(items) or declared.title.lower().startswith(_MEASURES)
    for text in items or [" ".join(said.split())]:
        yield FollowUp(text, source), wanted


def learnt_of(records: Iterable[RunRecord], signed: str) -> str:
    """The postmortem that somebody signed, else what the runs' notes for it say."""
    if signed:
        return signed
    notes = (
        step.answer
        for record in records
        for step in record.run.steps
        if step.answer and record.run.runbook.step(step.seq).records == LEARNT
    )
    return "\n\n".join(notes)
