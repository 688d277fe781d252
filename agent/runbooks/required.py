"""What a step requires, held against the ledger: on arrival, and again when somebody does the step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.allocations import settings_now
from agent.domain.intent import Refused
from agent.errors import BurndeckError, LedgerError
from agent.ledger import open_reader
from agent.runbooks.about import values_of
from agent.runbooks.asking import Context, Verdict
from agent.runbooks.conditions import CONDITIONS
from agent.runbooks.filling import fill_given
from agent.runbooks.progress import OVERRULED

if TYPE_CHECKING:
    from agent.domain.run import Run
    from agent.domain.runbook import Test
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings


def tested(context: Context, test: Test) -> Verdict:
    """The verdict on a condition of the run's step. `ConfigError` where a value is missing or bad."""
    assert context.run is not None
    condition = CONDITIONS[test.condition]
    return condition.test(context, fill_given(test.using, values_of(context.run), condition.parameters))


def must_hold(writer: LedgerWriter, settings: Settings, run: Run, seq: int, now: int) -> None:
    """Raises `Refused` where what a step requires is so no more, unless a person has overruled it.

    It was so on arrival; hours may lie between that and the word of a person. It is held against what is
    committed, so that the transaction under way is not judged by its own work.
    """
    if run.step(seq).answer == OVERRULED:
        return
    missing = lacking_now(writer, settings, run, seq, now)
    if missing:
        raise Refused(
            f"step {seq} is not done: what it requires is so no more: {' '.join(missing)} "
            f"Wait until it is so again, or overrule it: `burndeck runbook overrule {run.id} --reason WHY`"
        )


def lacking_now(writer: LedgerWriter, settings: Settings, run: Run, seq: int, now: int) -> tuple[str, ...]:
    """What a step requires and is not so at this moment, by the ledger of a writer."""
    declared = run.runbook.step(seq)
    if not declared.requires:
        return ()
    with open_reader(writer.path) as reader:
        current = settings_now(settings, reader.action_store(), now)
        context = Context(reader, current, now, run)
        return tuple(filter(None, (_lacks(context, test) for test in declared.requires)))


def _lacks(context: Context, test: Test) -> str:
    try:
        verdict = tested(context, test)
    except LedgerError:
        raise
    except BurndeckError as error:
        return f"{error.message}. {error.hint}".strip()
    return "" if verdict.met else verdict.evidence.sentence
