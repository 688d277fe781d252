"""From the side of the person: what is wanted of a run, as the intents that ask for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from agent.control.asking import Ask, release_of, request_of
from agent.domain.intent import IntentKind
from agent.runbooks.linking import LINK, link_of

if TYPE_CHECKING:
    from agent.control.planning import Plan
    from agent.domain.run import Run
    from agent.domain.runbook import Runbook


def start_of(
    runbook: Runbook,
    parameters: Mapping[str, str],
    *,
    alert: int | None = None,
    incident: int | None = None,
    drill: bool = False,
) -> Ask:
    """Starts a run of exactly this text."""
    payload = {
        "sha256": runbook.sha256,
        "parameters": dict(parameters),
        "alert": alert,
        "incident": incident,
        "drill": drill,
    }
    return Ask(IntentKind.START_RUN, f"runbook:{runbook.id}", payload)


def step_of(run: Run, seq: int, do: str, **said: Any) -> Ask:
    """Does something about a step as it was shown: answer, go, skip, retry, overrule, reopen, set or sign.

    `said`: answer and reason (text), met (of overrule), approve (of sign), parameters (of set).
    """
    payload = {"step": seq, "attempt": run.step(seq).attempt, "shown": run.digest, "do": do, **said}
    return Ask(IntentKind.RUN_STEP, f"run:{run.id}", payload)


def action_of(run: Run, seq: int, made: Plan, reason: str) -> Ask:
    """Asks for the action of a step as it was planned, for the run."""
    ask = request_of(made, reason, incident=run.incident, alert=run.alert)
    return Ask(ask.kind, ask.subject, {**ask.payload, LINK: link_of(run, seq)})


def releases_of(run: Run, seq: int, actions: Iterable[int], reason: str = "") -> tuple[Ask, ...]:
    """Undoes actions of a run, the newest first, one intent each; `seq` is the step that it is done for."""
    asks = [release_of(f"action:{each}", reason) for each in sorted(actions, reverse=True)]
    return tuple(Ask(ask.kind, ask.subject, {**ask.payload, LINK: link_of(run, seq)}) for ask in asks)


def hold_of(run: Run, holder: str = "") -> Ask:
    """Takes a run over; with a name, hands it on."""
    return Ask(IntentKind.HOLD_RUN, f"run:{run.id}", {"holder": holder})


def close_of(run: Run, reason: str) -> Ask:
    """Ends a run before its end."""
    return Ask(IntentKind.CLOSE_RUN, f"run:{run.id}", {"reason": reason})
