"""What the keys of a run do: the form, the preview or the list that opens, and what is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from agent.domain.intent import IntentKind
from agent.domain.runbook import StepKind
from agent.runbooks.view import shown
from console.screens.exporting import export_run
from console.screens.forms.form import Form, FormScreen
from console.screens.runbook import moves, wishes
from console.screens.runbook.asking import decision_question
from console.screens.runbook.choices import ChoiceScreen
from console.screens.runbook.machine import go_words

if TYPE_CHECKING:
    from agent.domain.runbook import Choice
    from agent.reports.action_report import ActionDetail
    from agent.runbooks.view import RunView, StepView
    from agent.settings import Settings
    from console.live import Answer, Question
    from console.screens.runbook.run_screen import RunScreen
    from console.wants import Want


class Doing:
    """Carries out the keys of one screen on the run that it shows."""

    def __init__(self, screen: RunScreen) -> None:
        self._screen = screen
        self._decision: Question | None = None

    # The next thing

    def next(self) -> None:
        """What is to be done at the step that the run is at; from elsewhere the cursor goes there first."""
        view, step = self._screen.view, self._screen.step
        if view is None or step is None:
            return
        if not view.run.at:
            self._screen.note("The run is over: e writes its postmortem, O goes back to a step.")
        elif step.declared.seq != view.run.at:
            self._screen.table.narrow("")  # a filter may hide the step that is gone to
            self._screen.table.select(str(view.run.at))
            self._screen.note(f"The run is at step {view.run.at}: Enter again does it.")
        else:
            self._do(view, step)

    def _do(self, view: RunView, step: StepView) -> None:
        first = moves.next_move(step)
        if not first:
            self._screen.note(f"It is the agent's turn: {step.waits or 'it is at it'}.")
        elif first in ("sign", "approve"):
            self.agree()
        elif reason := moves.not_moved(view.run, step.declared, self._screen.person):
            self._screen.note(reason)
        else:
            moving: Mapping[str, Callable[[RunView, StepView], None]] = {
                "answer": self._answer,
                "act": self._act,
                "release": self._release,
                "go": partial(self._at_once, "go", "sent"),
                "retry": partial(self._at_once, "retry", "tried again"),
            }
            fallback = {"skip": self.skip, "overrule": self.overrule, "undo": self.take_back}
            if first in moving:
                moving[first](view, step)
            else:
                fallback.get(first, self.roll_back)()

    def _answer(self, view: RunView, step: StepView) -> None:
        if step.declared.kind is not StepKind.DECISION:
            self._form(wishes.note, view, step)
            return
        runbook = view.run.runbook

        def choose(settings: Settings) -> ChoiceScreen:
            choices = [
                _choice(each, go_words(runbook, each.go) if each.go else "") for each in step.declared.choices
            ]
            question = shown(step.declared.question, view.values)
            return ChoiceScreen(f"Step {step.declared.seq}", question, choices)

        def chosen(answer: str | None) -> None:
            if answer is not None:
                self._send(wishes.simple(view, step, "answer", f"answered {answer}", answer=answer))

        self._screen.open_form(IntentKind.RUN_STEP, choose, chosen)

    def _act(self, view: RunView, step: StepView) -> None:
        from console.screens.forms.preview import PreviewScreen
        from console.screens.runbook.act import act, kind_of

        self._screen.ask_for(kind_of(step), lambda settings: PreviewScreen(act(view, step)))

    def _release(self, view: RunView, step: StepView) -> None:
        held = moves.in_force(view, step.declared.of)
        if held:
            self._undo(view, step, held)
        else:
            self._at_once("go", "done", view, step, then=" Nothing was in force.")

    def _at_once(self, do: str, done: str, view: RunView, step: StepView, then: str = "") -> None:
        def known() -> None:
            self._send(replace(wishes.simple(view, step, do, done), then=then))

        self._screen.may(IntentKind.RUN_STEP, known)

    # Keys of their own

    def skip(self) -> None:
        self._move("skip", wishes.skip)

    def overrule(self) -> None:
        self._move("overrule", wishes.overrule)

    def reopen(self) -> None:
        self._move("reopen", wishes.reopen)

    def set_value(self) -> None:
        self._move("set", wishes.set_values, here=True)

    def take_back(self) -> None:
        """The action of the step under the cursor; from one that has none in force the run's newest."""
        view, step = self._screen.view, self._screen.step
        if view is None or step is None:
            return
        if "undo" not in step.can:
            holding = [each for each in view.steps if "undo" in each.can and each.action is not None]
            step = max(holding, key=lambda each: each.state.action or 0, default=step)
        reason = moves.not_there(view, step, "undo") or moves.not_moved(
            view.run, step.declared, self._screen.person
        )
        if reason or step.action is None:
            self._screen.note(reason)
        else:
            self._undo(view, step, [step.action.id])

    def roll_back(self) -> None:
        view, step = self._screen.view, self._current()
        if view is None or step is None:
            return
        held = moves.in_force(view)
        if not held:
            self._screen.note("Nothing that this run has done is in force.")
        elif reason := moves.not_moved(view.run, step.declared, self._screen.person):
            self._screen.note(reason)
        else:
            self._undo(view, step, held, wishes.roll_back)

    def assign(self) -> None:
        self._whole(IntentKind.HOLD_RUN, wishes.assign, held=False)

    def close(self) -> None:
        self._whole(IntentKind.CLOSE_RUN, wishes.close, held=True)

    def export(self) -> None:
        view = self._screen.view
        if view is not None and view.run.id is not None:
            export_run(self._screen, view.run.id)

    # Agreeing

    def agree(self) -> None:
        """To the run so far where a step asks for it, else to an action that waits."""
        view, step = self._screen.view, self._current()
        if view is None or step is None:
            return
        waiting = [each for each in view.actions if each.state == "standby"]
        if "sign" in step.can:
            if reason := moves.not_signed(view, step, self._screen.person):
                self._screen.note(reason)
            else:
                self._form(wishes.sign, view, step)
        elif waiting:
            self._decision = self._screen.ask_first(decision_question(waiting[-1].id))
        else:
            self._screen.note("Nothing in this run waits for anybody's approval.")

    def decide(self, answer: Answer) -> None:
        """The action that waits has been read: the same form as on Actions, or why not."""
        if answer.question is not self._decision or answer.value is None:
            return
        from console.screens.actions import wishes as action_wishes

        detail: ActionDetail = answer.value  # type: ignore[assignment]
        person = self._screen.person
        reason = action_wishes.not_decided(detail.entry, person, approve=True) if person is not None else ""
        if reason:
            roles = moves.roles_words(detail.entry.waits_for)
            self._screen.note(f"{reason} Asked for: {roles}; it stands in their headers.")
        else:
            self._screen.ask_for(
                IntentKind.APPROVE,
                lambda settings: FormScreen(action_wishes.approve(detail, self._screen.now)),
            )

    # What they share

    def _current(self) -> StepView | None:
        view = self._screen.view
        return (view.current or view.steps[-1]) if view is not None else None

    def _looked_at(self, what: str, *, here: bool = False) -> tuple[RunView, StepView] | None:
        """The step under the cursor where that can be done to it; else says why not."""
        view, step = self._screen.view, self._current() if here else self._screen.step
        if view is None or step is None:
            return None
        reason = moves.not_there(view, step, what) or moves.not_moved(
            view.run, step.declared, self._screen.person
        )
        if reason:
            self._screen.note(reason)
            return None
        return view, step

    def _move(self, what: str, form: Callable[[RunView, StepView], Form], *, here: bool = False) -> None:
        found = self._looked_at(what, here=here)
        if found is not None:
            self._form(form, *found)

    def _form(self, form: Callable[[RunView, StepView], Form], view: RunView, step: StepView) -> None:
        self._screen.ask_for(IntentKind.RUN_STEP, lambda settings: FormScreen(form(view, step)))

    def _whole(self, kind: IntentKind, form: Callable[[RunView], Form], *, held: bool) -> None:
        view = self._screen.view
        if view is None:
            return
        reason = moves.not_moved(view.run, None, self._screen.person) if held else ""
        if view.run.state != "open":
            reason = f"The run is {view.run.state.value} already."
        if reason:
            self._screen.note(reason)
        else:
            self._screen.ask_for(kind, lambda settings: FormScreen(form(view)))

    def _undo(
        self,
        view: RunView,
        step: StepView,
        held: list[int],
        form: Callable[[RunView, StepView, list[int]], Form] = wishes.undo,
    ) -> None:
        """One intent an action, in their order: the form makes the first, with the reason of all."""

        def sent(want: Want | None) -> None:
            if want is not None:
                reason = str(want.payload.get("reason", ""))
                self._screen.deck.want(*wishes.releases(view, step.declared.seq, held, reason))

        self._screen.open_form(IntentKind.RELEASE, lambda settings: FormScreen(form(view, step, held)), sent)

    def _send(self, want: Want) -> None:
        self._screen.deck.want(want)


def _choice(choice: Choice, go: str) -> tuple[str, str, str]:
    return choice.answer, choice.label, go
