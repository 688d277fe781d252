"""`burndeck approve 12 13 14`: every change shown, one question, and a word on each for itself."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from console.commands.acting import no
from console.commands.common import print_json
from console.commands.decision import decision, detail_of, exactly
from console.commands.intents import answered, intent_data
from console.commands.watching import Watched, acted, watch

if TYPE_CHECKING:
    from agent.control import IntentReceipt, Outcome
    from agent.control.asking import Ask
    from agent.reports.actions import ActionDetail
    from agent.settings import Settings


@dataclass(frozen=True, slots=True)
class _Word:
    """A word on one action: what is signed, or why it is not."""

    action: int
    detail: ActionDetail | None = None
    ask: Ask | None = None
    receipt: IntentReceipt | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class _Became:
    """What became of a word."""

    word: _Word
    outcome: Outcome | None = None
    watched: Watched | None = None

    @property
    def counts(self) -> bool:
        """Whether the agent has taken it."""
        return self.outcome is not None and self.outcome.handled_at is not None and not self.reason

    @property
    def reason(self) -> str:
        """Why it was refused, here or by the agent."""
        return self.word.refused or (self.outcome.reason if self.outcome else "")


def decide_each(
    settings: Settings,
    actions: Sequence[int],
    *,
    deny: bool,
    note: str,
    yes: bool,
    wait_s: float,
    as_json: bool,
) -> None:
    """Shows and asks once, signs one word for each action, and says what became of every one.

    What is refused keeps none of the others back. Exit code 0 when all count, else 1.
    """
    words = [_looked_at(settings, action, deny=deny, note=note) for action in actions]
    if not yes and any(word.ask for word in words):
        _confirm(words, deny=deny, as_json=as_json)
    begun = time.monotonic()
    became = [_became(settings, word, begun, wait_s) for word in _signed(settings, words)]
    if as_json:
        print_json([_data(each) for each in became])
    else:
        for each in became:
            _say(each, wait_s)
    click.get_current_context().exit(0 if all(each.counts for each in became) else 1)


def _looked_at(settings: Settings, action: int, *, deny: bool, note: str) -> _Word:
    from agent.control.standing import NotAllowedError

    try:
        detail = detail_of(settings, action)
        return _Word(action, detail, decision(settings, detail, deny=deny, note=note))
    except NotAllowedError as error:
        return _Word(action, refused=error.message)


def _confirm(words: Sequence[_Word], *, deny: bool, as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        raise click.UsageError("nobody is there to say yes: look at them first, then pass --yes.")
    waiting = [word.detail for word in words if word.ask is not None and word.detail is not None]
    for word in words:
        if word.refused:
            click.secho(f"action {word.action}: {word.refused}", fg="red", err=True)
    for detail in waiting:
        click.echo("\n".join((f"action {detail.entry.id}", *exactly(detail), "")))
    what = f"these {len(waiting)} changes" if len(waiting) > 1 else f"action {waiting[0].entry.id} alone"
    if not click.confirm(f"{'deny' if deny else 'approve'} {what}?"):
        raise no("nothing was signed")


def _signed(settings: Settings, words: Sequence[_Word]) -> list[_Word]:
    """Signs all before the first is waited for; a refusal of one keeps none back."""
    from agent.control import submit
    from agent.control.standing import NotAllowedError
    from agent.errors import BurndeckError

    found: list[_Word] = []
    for word in words:
        if word.ask is None:
            found.append(word)
            continue
        try:
            now = settings.clock().now()
            receipt = submit(settings, word.ask.kind, word.ask.subject, word.ask.payload, now)
            found.append(replace(word, receipt=receipt))
        except BurndeckError as error:
            # Without an identity or a ledger none can be signed: that is said as it is of one.
            if not isinstance(error, NotAllowedError) and not any(each.receipt for each in found):
                raise
            found.append(replace(word, refused=error.message))
    return found


def _became(settings: Settings, word: _Word, begun: float, wait_s: float) -> _Became:
    """What the agent makes of it while there is time; all of them share it."""
    if word.receipt is None:
        return _Became(word)
    became = _Became(word, answered(settings, word.receipt.id, _left(begun, wait_s)))
    if not became.counts:
        return became
    watched = watch(settings, word.action, begun, _left(begun, wait_s), acted, quiet=True)
    return replace(became, watched=watched)


def _left(begun: float, wait_s: float) -> float:
    return max(0.0, wait_s - (time.monotonic() - begun))


def _data(became: _Became) -> dict[str, Any]:
    """What `--json` prints of one action alone, with its number, also where nothing was signed."""
    word = became.word
    known: dict[str, Any] = {"id": word.action}
    if word.receipt is None:
        return known | {"intent": None, "state": "refused", "reason": word.refused, "person": ""}
    known |= intent_data(word.receipt, became.outcome)
    if became.watched is not None:
        entry = became.watched.entry
        known |= {"state": entry.state, "action": entry, "states": became.watched.states}
    return known


def _say(became: _Became, wait_s: float) -> None:
    word, counts = became.word, became.counts
    name = f", {word.detail.entry.named}" if word.detail is not None else ""
    said = f"action {word.action}{name}: {'; '.join(_said(became, wait_s))}"
    click.secho(said, fg=None if counts else "red", err=not counts)


def _said(became: _Became, wait_s: float) -> Iterator[str]:
    receipt = became.word.receipt
    if became.reason or receipt is None:
        yield f"refused: {became.reason}"
        return
    if not became.counts:
        yield f"signed by {receipt.person}, and no agent has taken it yet"
        yield f"`burndeck withdraw {receipt.id}` takes it back"
        return
    entry = became.watched.entry if became.watched is not None else None
    if entry is None or entry.state == "declined":
        yield entry.why if entry is not None else f"done (intent {receipt.id})"
        return
    yield f"approved by {receipt.person}"
    if entry.waits_for:
        yield "waits for " + " and ".join(" or ".join(roles) for roles in entry.waits_for)
    elif entry.state in ("pending", "executing"):
        why = f", {entry.not_written}" if entry.unwritten else ""
        yield f"still {entry.state} after {wait_s:g} s{why}"
    elif entry.failed or entry.state == "failed":
        yield f"{entry.failed} of {entry.targets} targets failed" + (f": {entry.why}" if entry.why else "")
    else:
        yield entry.reach or ("in force" if entry.open else entry.state)
