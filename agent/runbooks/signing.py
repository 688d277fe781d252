"""Agreement that a step of a run asks people for: one person each, none of them whoever runs it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from agent.control.roles import roles_words
from agent.domain.action_words import assigned
from agent.domain.intent import Refused
from agent.domain.person import Person
from agent.domain.run import Run, SignOff, StepState
from agent.domain.runbook import Step, StepKind
from agent.runbooks import progress
from agent.runbooks.progress import APPROVED, DENIED, Moved
from agent.runbooks.reach import ident_of, text_in

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.runbooks.stepping import Asked


def sign(asked: Asked) -> Moved:
    """One of the people whose agreement a step asks for says yes or no; one no is enough."""
    asked.must_be(StepState.WORKING)
    declared, person, run = asked.declared, asked.person, asked.run
    if declared.kind is not StepKind.APPROVAL or not declared.roles:
        raise Refused(f"step {asked.step.seq} asks nobody to sign")
    if person.name in runners(asked.writer, run):
        runs = "runs it" if person.name == run.holder else "has run it"
        raise Refused(f"{person.name} {runs}, so somebody else has to agree")
    approved = asked.intent.payload.get("approve")
    if type(approved) is not bool:
        raise Refused("approve: must be true or false")
    if approved:  # a no is heard at any time
        asked.must_hold()
    said = _said(asked.writer, run)
    if person.name in [each.person for each in said]:
        raise Refused(f"{person.name} has spoken already")
    given = [each for each in said if each.approved]
    role = _role(declared, person, given, asked.settings.people, approved=approved)
    note = text_in(asked.intent.payload, "reason")
    word = SignOff(asked.step.seq, asked.step.attempt, person.name, role, approved, asked.now, note)
    asked.writer.runs.sign(ident_of(run), word)
    return _signed(asked, word, len(given) + 1)


def runners(writer: LedgerWriter, run: Run) -> set[str]:
    """Who has anything to do with a run but to agree to it."""
    gates = {step.seq for step in run.runbook.steps if step.kind is StepKind.APPROVAL}
    events = writer.runs.events(ident_of(run))
    did = {each.actor for each in events if each.kind != "signed" and each.step not in gates}
    return {run.holder, run.started_by, *did}


def signers(writer: LedgerWriter, run: Run) -> set[str]:
    """Who has signed the step that a run is at."""
    return {each.person for each in _said(writer, run)}


def signed_gates(run: Run) -> list[int]:
    """Steps behind which people have agreed to the run as it is."""
    gates = [step for step in run.runbook.steps if step.kind is StepKind.APPROVAL and step.roles]
    return [step.seq for step in gates if run.step(step.seq).answer == APPROVED]


def _said(writer: LedgerWriter, run: Run) -> list[SignOff]:
    if run.current is None:
        return []
    here = (run.at, run.current.attempt)
    return [each for each in writer.runs.sign_offs(ident_of(run)) if (each.step, each.attempt) == here]


def _role(
    declared: Step, person: Person, given: Sequence[SignOff], people: Collection[Person], *, approved: bool
) -> str:
    """In which role a person speaks. A no takes any role that is asked; a yes one that is still open.

    Whoever has two roles counts for the one that nobody else brings, whoever of them came first.
    """
    mine = {role.value for role in person.roles}
    if not approved:
        asked = sorted(mine & {role for roles in declared.roles for role in roles})
        if asked:
            return asked[0]
    known = {each.name: {role.value for role in each.roles} for each in people}
    places = assigned(declared.roles, [*(known.get(each.person, {each.role}) for each in given), mine])
    if approved and places is not None:
        return min(mine & set(declared.roles[places[-1]]))
    waits = " and ".join(" or ".join(roles) for roles in declared.roles)
    raise Refused(f"it takes {waits}; {roles_words(person)}")


def _signed(asked: Asked, word: SignOff, count: int) -> Moved:
    run, seq, declared = asked.run, asked.step.seq, asked.declared
    text = f"{'approved' if word.approved else 'denied'} as {word.role}"
    text += f": {word.note}" if word.note else ""
    if not word.approved:
        if not declared.otherwise:
            return progress.failed(run, seq, asked.now, f"{word.person} {text}")
        return asked.end(f"{word.person} {text}", DENIED, declared.otherwise)
    if count < len(declared.roles):
        return Moved(run).telling(asked.now, "signed", word.person, text, seq)
    signed = Moved(run).telling(asked.now, "signed", word.person, text, seq)
    ended = asked.end("everybody who was asked has approved", APPROVED)
    return Moved(ended.run, (*signed.events, *ended.events))
