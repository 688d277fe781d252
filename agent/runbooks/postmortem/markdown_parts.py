"""The longer parts of a postmortem as Markdown: the run, its evidence, and the changes that were made."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from agent.domain.words import instant
from agent.runbooks.postmortem.forge import code, code_cell, line, table, text
from agent.runbooks.postmortem.model import Measure, Postmortem, Proof, RunLine

_MOST_ROWS = 40


def runs(made: Postmortem) -> Iterator[str]:
    """Every run, step by step."""
    for place, found in enumerate(made.runs):
        if place:
            yield ""
        yield from _run(found)
    for ident in made.unread:
        if made.runs:
            yield ""
        yield f"Run {ident} cannot be read by this version, and is left out."


def _run(found: RunLine) -> Iterator[str]:
    drill = ", a drill" if found.drill else ""
    yield (
        f"Run {found.id} of {code(found.runbook)} ({text(found.title)}){drill}, {text(found.state)}, "
        f"held by {text(found.holder)}."
    )
    yield f"The runbook's text has the SHA-256 {code(found.sha256)}."
    yield ""
    rows = (
        (str(seq), text(title), state, text(who), text(what)) for seq, title, state, who, what in found.steps
    )
    yield from table(("step", "title", "state", "who", "outcome"), rows, right=(0,))


def evidence(made: Postmortem, images: Mapping[str, str]) -> Iterator[str]:
    """Every piece of evidence with its question, answer and hash; `images` are Markdown by name of plot."""
    before = (0, 0)
    for place, proof in enumerate(made.evidence):
        if place:
            yield ""
        if (proof.run, proof.step) != before:
            before = (proof.run, proof.step)
            of = f" of run {proof.run}" if len(made.runs) > 1 else ""
            yield f"### Step {proof.step}{of}: {text(proof.title)}"
            yield ""
        yield from _proof(proof, images.get(proof.plot, ""))


def _proof(proof: Proof, image: str) -> Iterator[str]:
    yield f"**{text(proof.heading or proof.report)}**"
    if proof.sentence:
        yield ""
        yield line(proof.sentence)
    if proof.columns and proof.rows:
        yield ""
        rows = ([text(each) for each in row] for row in proof.rows[:_MOST_ROWS])
        yield from table([text(each) or " " for each in proof.columns], rows)
        if len(proof.rows) > _MOST_ROWS:
            yield ""
            yield f"And {len(proof.rows) - _MOST_ROWS:,} more rows; `--json` has all."
    if image:
        yield ""
        yield image
    yield ""
    using = ", ".join(f"{name}={value}" for name, value in proof.using.items())
    asked = code(f"{proof.report}({using})")
    data = "" if proof.as_of is None else f", data to {instant(proof.as_of)}"
    layer = f", {text(proof.layer)}" if proof.layer else ""
    again = f", attempt {proof.attempt}" if proof.attempt > 1 else ""
    yield f"- Asked: {asked} by {text(proof.actor)} at {_second(proof.at)}{again}{layer}{data}"
    if proof.note:
        yield f"- {line(proof.note)}"
    broken = "" if proof.intact else ", **which is not that of what is shown**"
    yield f"- SHA-256: {code(proof.sha256)}{broken}"


def measures(made: Postmortem) -> Iterator[str]:
    """Every change with its targets, approvals, undo and effect."""
    if not made.measures:
        yield "Nothing was changed."
        return
    rows = (
        (
            str(each.id),
            text(each.title),
            each.state,
            text(each.requested_by),
            _second(each.accepted) if each.accepted is not None else "never",
            text(each.effect or each.why),
            text(each.undo),
        )
        for each in made.measures
    )
    columns = ("action", "what", "state", "asked by", "took hold", "effect", "undo")
    yield from table(columns, rows, right=(0,))
    for each in made.measures:
        yield from _measure(each)


def _measure(each: Measure) -> Iterator[str]:
    yield ""
    yield f"### Action {each.id}: {text(each.title)}"
    yield ""
    yield f"Asked for by {text(each.requested_by)} at {_second(each.requested_at)}: {text(each.reason)}"
    for word in each.approvals:
        note = f": {text(word.note)}" if word.note else ""
        void = f" (counts no more: {text(word.void)})" if word.void else ""
        verdict = f"{text(word.verdict)} as {text(word.role)} at {_second(word.at)}"
        yield ""
        yield f"- {line(word.person)} {verdict}{note}{void}"
    if each.targets:
        yield ""
        rows = (
            (code_cell(step.target), text(step.before), text(step.after), step.state, text(step.error))
            for step in each.targets
        )
        yield from table(("target", "before", "after", "state", "problem"), rows)


def _second(at: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))
