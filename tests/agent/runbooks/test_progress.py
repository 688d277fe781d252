from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.domain.run import Run, RunState, StepState
from agent.domain.runbook import Runbook, Step, StepKind
from agent.domain.runbook import Test as Wanted
from agent.runbooks import progress
from agent.runbooks.progress import Moved

HERE = (StepState.READY, StepState.WORKING, StepState.FAILED)


def book(*steps: Step) -> Runbook:
    """A runbook of steps that are numbered by their places."""
    numbered = tuple(replace(step, seq=place) for place, step in enumerate(steps, 1))
    return Runbook("walk", "Walk", "text", steps=numbered)


def step(ident: str, kind: StepKind = StepKind.NOTE, **fields: object) -> Step:
    """A step with an id; its number comes with the runbook."""
    return Step(seq=0, id=ident, title=ident.title(), prose="", kind=kind, **fields)  # type: ignore[arg-type]


def begun(runbook: Runbook) -> Run:
    """A new run of a runbook, by ada."""
    return progress.begin(Run(runbook, "ada", 100, "ada", id=1), 100).run


def states(run: Run) -> list[str]:
    return [each.state.value for each in run.steps]


def test_a_run_begins_at_its_first_step_and_the_agents_steps_are_at_work() -> None:
    run = begun(book(step("look", StepKind.QUERY), step("say")))

    assert (run.at, states(run)) == (1, ["working", "ahead"])


def test_a_branch_passes_what_lies_between_and_the_end_ends_the_run() -> None:
    run = begun(
        book(step("choose", StepKind.DECISION), step("loud"), step("quiet", then="end"), step("more"))
    )

    chosen = progress.done(run, 1, 110, actor="ada", outcome="quiet", go="quiet").run
    assert (chosen.at, states(chosen)) == (3, ["done", "passed", "ready", "ahead"])

    over = progress.done(chosen, 3, 120, actor="ada", outcome="said").run
    assert (over.state, over.at, over.ended_by) == (RunState.DONE, 0, "ada")
    assert states(over) == ["done", "passed", "done", "passed"]


def test_a_step_that_needs_another_fails_until_that_is_done() -> None:
    run = begun(book(step("one"), step("two", needs=("one",))))

    skipped = progress.skipped(run, 1, 110, "ada", "no time").run
    assert skipped.step(2).state is StepState.FAILED
    assert "step 1 (One) must be done before it" in skipped.step(2).outcome

    back = progress.reopened(skipped, 1, 120, "ada").run
    again = progress.done(back, 1, 130, actor="ada", outcome="done after all").run
    assert (again.at, again.step(2).state) == (2, StepState.READY)


def test_what_a_step_requires_is_looked_at_by_the_agent_before_a_person_is_asked() -> None:
    run = begun(book(step("act", StepKind.ACTION, requires=(Wanted("incident-open"),))))
    assert run.step(1).state is StepState.WORKING
    assert progress.opened(run, 1).run.step(1).state is StepState.READY

    refused = progress.failed(run, 1, 110, "not yet").run
    overruled = progress.overruled(refused, 1, 120, "ada", met=True, reason="I see it myself").run
    assert (overruled.step(1).state, overruled.step(1).reason) == (StepState.READY, "I see it myself")


def test_a_check_that_is_overruled_goes_the_way_that_the_person_says() -> None:
    run = begun(book(step("is", StepKind.CHECK, otherwise="no"), step("yes"), step("no")))

    assert progress.overruled(run, 1, 110, "ada", met=True, reason="seen").run.at == 2
    assert progress.overruled(run, 1, 110, "ada", met=False, reason="seen").run.at == 3


def test_a_reopened_step_opens_a_run_that_was_over() -> None:
    over = progress.done(begun(book(step("only"))), 1, 110, actor="ada", outcome="said").run

    again = progress.reopened(over, 1, 120, "bob").run

    assert (again.state, again.at, again.ended_at, again.step(1).attempt) == (RunState.OPEN, 1, None, 2)


def test_a_wait_runs_out_at_its_time_from_every_arrival() -> None:
    run = begun(book(step("wait", StepKind.WAIT_FOR, timeout_s=60)))
    assert run.step(1).due_at == 160

    failed = progress.failed(run, 1, 160, "out of time").run
    assert progress.retried(failed, 1, 200, "ada").run.step(1).due_at == 260


def test_after_a_loop_what_follows_is_still_to_be_done_and_remembers_what_it_has_made() -> None:
    run = begun(book(step("act"), step("wait"), step("choose", StepKind.DECISION)))
    run = replace(run, steps=(replace(run.step(1), action=7), *run.steps[1:]))
    run = progress.done(run, 1, 110, actor="ada", outcome="asked").run
    run = progress.done(run, 2, 120, actor="ada", outcome="waited").run

    again = progress.done(run, 3, 130, actor="ada", outcome="again", go="act").run

    assert states(again) == ["ready", "ahead", "ahead"]
    assert (again.step(1).action, again.step(1).attempt, again.step(2).attempt) == (7, 2, 1)


def test_a_way_to_a_lower_number_that_is_no_loop_forgets_nothing() -> None:
    run = begun(book(step("first", then="late"), step("late2", then="end"), step("late", then="late2")))
    run = progress.done(run, 1, 110, actor="ada", outcome="said").run

    back = progress.done(run, 3, 120, actor="ada", outcome="said").run

    assert states(back) == ["done", "ready", "done"]


class Walk(RuleBasedStateMachine):
    """Any order of what people and the agent do keeps a run in one piece."""

    @initialize(data=st.data())
    def start(self, data: st.DataObject) -> None:
        kinds = st.sampled_from(list(StepKind))
        count = data.draw(st.integers(1, 6))
        names = [f"s{place}" for place in range(count)]
        targets = st.sampled_from(["", "end", *names])
        steps = [
            step(
                name,
                data.draw(kinds),
                then=data.draw(targets),
                otherwise=data.draw(targets),
                needs=tuple(data.draw(st.lists(st.sampled_from(names[:place]), max_size=1))) if place else (),
                timeout_s=data.draw(st.sampled_from([0, 60])),
            )
            for place, name in enumerate(names)
        ]
        self.now = 100
        self.told = 0
        self.run = begun(book(*steps))
        self.attempts = {each.seq: each.attempt for each in self.run.steps}

    def moved(self, moved: Moved) -> None:
        self.now += 1
        before, self.run = self.run, moved.run
        assert moved.events or before == moved.run
        assert all(each.actor for each in moved.events)

    @property
    def open(self) -> bool:
        return self.run.state is RunState.OPEN

    @precondition(lambda self: self.open)
    @rule(answer=st.sampled_from(["", "met", "not met"]))
    def done(self, answer: str) -> None:
        go = self.run.runbook.step(self.run.at).otherwise if answer == "not met" else ""
        self.moved(progress.done(self.run, self.run.at, self.now, outcome="it is", answer=answer, go=go))

    @precondition(lambda self: self.open)
    @rule()
    def failed(self) -> None:
        self.moved(progress.failed(self.run, self.run.at, self.now, "it is not"))

    @precondition(lambda self: self.open)
    @rule()
    def skipped(self) -> None:
        self.moved(progress.skipped(self.run, self.run.at, self.now, "ada", "because"))

    @precondition(lambda self: self.open and self.run.step(self.run.at).state is StepState.FAILED)
    @rule()
    def retried(self) -> None:
        self.moved(progress.retried(self.run, self.run.at, self.now, "ada"))

    @precondition(lambda self: self.open)
    @rule(met=st.booleans())
    def overruled(self, met: bool) -> None:
        self.moved(progress.overruled(self.run, self.run.at, self.now, "ada", met=met, reason="so"))

    @rule(data=st.data())
    def reopened(self, data: st.DataObject) -> None:
        seq = data.draw(st.sampled_from([each.seq for each in self.run.steps]))
        if seq != self.run.at:
            self.moved(progress.reopened(self.run, seq, self.now, "ada"))

    @precondition(lambda self: self.open)
    @rule()
    def closed(self) -> None:
        self.moved(progress.closed(self.run, self.now, "ada", "enough"))

    @rule(data=st.data())
    def undone(self, data: st.DataObject) -> None:
        done = [each.seq for each in self.run.steps if each.state is StepState.DONE]
        if done:
            self.moved(progress.undone(self.run, data.draw(st.sampled_from(done)), self.now, "ada", "undone"))

    @invariant()
    def it_is_at_one_step_or_over(self) -> None:
        if not self.open:
            assert self.run.at == 0
            assert self.run.ended_at is not None
            assert all(each.state.over or each.state is StepState.FAILED for each in self.run.steps)
            return
        assert self.run.step(self.run.at).state in HERE
        others = [each for each in self.run.steps if each.seq != self.run.at]
        assert not [each for each in others if each.state in (StepState.READY, StepState.WORKING)]

    @invariant()
    def tries_only_grow(self) -> None:
        for each in self.run.steps:
            assert each.attempt >= self.attempts[each.seq]
            self.attempts[each.seq] = each.attempt


Walk.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
test_any_order_of_events_keeps_a_run_in_one_piece = Walk.TestCase
