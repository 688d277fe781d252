"""How states of runs and steps are marked: a sign, a word and a tone each, never colour alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.run import StepState
from console.widgets.ink import Tone

if TYPE_CHECKING:
    from agent.runbooks.view import StepView

STEP_SIGNS = {
    StepState.AHEAD: "·",
    StepState.READY: "▸",
    StepState.WORKING: "…",
    StepState.DONE: "✓",
    StepState.FAILED: "▲",
    StepState.SKIPPED: "–",
    StepState.UNDONE: "↶",
    StepState.PASSED: " ",
}
STEP_WORDS: dict[str, str] = {
    StepState.AHEAD: "ahead",
    StepState.READY: "waits for its holder",
    StepState.WORKING: "at work",
    StepState.DONE: "done",
    StepState.FAILED: "failed",
    StepState.SKIPPED: "skipped",
    StepState.UNDONE: "undone",
    StepState.PASSED: "not on the way",
}
_STEP_TONES = {
    StepState.READY: Tone.STRONG,
    StepState.WORKING: Tone.WARM,
    StepState.DONE: Tone.COOL,
    StepState.FAILED: Tone.HOT,
    StepState.AHEAD: Tone.PLAIN,
}
RUN_TONES = {"open": Tone.STRONG, "done": Tone.COOL, "abandoned": Tone.WARM}
_RUN_WORDS = {"open": "▸ open", "done": "✓ done", "abandoned": "– ended early"}


def step_sign(state: str) -> str:
    """One column that says the state of a step."""
    return STEP_SIGNS[StepState(state)] if state else " "


def step_tone(state: str) -> Tone:
    """How a state of a step is meant."""
    return _STEP_TONES.get(StepState(state), Tone.DIM) if state else Tone.DIM


def step_mark(step: StepView) -> tuple[str, str, Tone]:
    """Sign, word and tone of a step; a message that reached nobody is done and yet no tick."""
    state = step.state.state
    if step.told_nobody:
        return STEP_SIGNS[StepState.FAILED], "told nobody", Tone.HOT
    return step_sign(state), STEP_WORDS[state], step_tone(state)


def run_words(state: str) -> str:
    """The sign and the word of a run's state."""
    return _RUN_WORDS.get(state, state)
