"""Whatever happens in whatever order: in the end every target holds what it held, or what others have set."""

from __future__ import annotations

import logging
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent.domain.gateway import Target
from tests.agent.control.engine.shop import HOUR, KEY, OTHER, QUICK, RPM, TPM, Life, Shop

_MEMORY = Path("/dev/shm")  # nothing here is about the disk, and a thousand commits are
TARGETS, FIELDS = (KEY, OTHER), (RPM, TPM)
TROUBLES = st.lists(st.sampled_from(["down", "lost", "half", ""]), max_size=4)
HASTY = replace(QUICK, give_up=0.0)


class Heard(logging.Handler):
    """What the engine did not expect."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(f"{record.getMessage()}: {record.exc_info}")


class Acting(RuleBasedStateMachine):
    """Every value is set once, so that it says who has set it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=_MEMORY if _MEMORY.is_dir() else None))
        self.shop = Shop(self.folder)
        self.original = {target: dict(held) for target, held in self.shop.memory.held.items()}
        self.theirs: dict[tuple[Target, str], int] = {}  # what others have set last
        self.foreign: set[int] = set()
        self.planned: dict[int, Any] = {}  # want -> before, as it was planned
        self.actions: list[int] = []
        self.value = 1_000
        self.seen = 0
        self.heard = Heard()
        logging.getLogger("agent.control.engine").addHandler(self.heard)

    def fresh(self) -> int:
        self.value += 1
        return self.value

    @rule(
        hit=st.dictionaries(
            st.sampled_from(TARGETS), st.sets(st.sampled_from(FIELDS), min_size=1), min_size=1
        ),
        drill=st.sampled_from([False, False, False, True]),
    )
    def ask(self, hit: dict[Target, set[str]], drill: bool) -> None:
        changes = [(target, {name: self.fresh() for name in sorted(names)}) for target, names in hit.items()]
        for target, want in changes:
            held = self.shop.memory.held[target]
            self.planned |= {value: held.get(name) for name, value in want.items()}
        self.actions.append(
            self.shop.ask(*changes, expires_s=HOUR * (1 + len(self.actions) % 3), drill=drill)
        )

    @rule(troubles=TROUBLES, hasty=st.booleans(), steps=st.none() | st.integers(0, 60))
    def go_on(self, troubles: list[str], hasty: bool, steps: int | None) -> None:
        self.shop.memory.troubles = troubles
        self.shop.settle(Life(steps), HASTY if hasty else QUICK)
        self.shop.memory.troubles = []

    @rule(place=st.sampled_from(TARGETS), name=st.sampled_from(FIELDS))
    def somebody_else(self, place: Target, name: str) -> None:
        value = self.fresh()
        self.foreign.add(value)
        self.theirs[place, name] = value
        self.shop.memory.set(place, name, value)

    @precondition(lambda self: self.actions)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        self.shop.release(data.draw(st.sampled_from(self.actions)))

    @precondition(lambda self: self.actions)
    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        self.shop.renew(data.draw(st.sampled_from(self.actions)))

    @rule(seconds=st.sampled_from([60, HOUR, 3 * HOUR, -HOUR]))
    def time_goes_on(self, seconds: int) -> None:
        self.shop.clock.advance(seconds)
        self.shop.real += abs(seconds)

    @invariant()
    def no_effect_is_had_twice_and_nobody_is_overruled(self) -> None:
        effects = self.shop.memory.effects
        for action, target, name, before, value in effects[self.seen :]:
            if before in self.foreign:
                assert self.planned.get(value) == before, f"{before} of somebody else was overwritten"
            own = [
                each
                for each in effects
                if each[:3] == (action, target, name) and each[4] == value and value in self.planned
            ]
            mine = any(
                step.target == target and step.want.get(name) == value
                for step in self.shop.action(action).steps
            )
            assert not mine or len(own) == 1, f"action {action} has set {value} twice"
        self.seen = len(effects)

    @invariant()
    def nothing_was_unexpected(self) -> None:
        assert not self.heard.texts

    def teardown(self) -> None:
        try:
            for _ in ("what waits still begins", "and all ends"):
                self.shop.clock.advance(100 * HOUR)
                assert self.shop.settle()
            self.no_effect_is_had_twice_and_nobody_is_overruled()
            states = [self.shop.state(ident) for ident in self.actions]
            assert all(state.ended for state in states), states
            for target in TARGETS:
                for name in FIELDS:
                    left = self.theirs.get((target, name), self.original[target].get(name))
                    assert self.shop.memory.held[target].get(name) == left, (str(target), name)
            self.nothing_was_unexpected()
        finally:
            logging.getLogger("agent.control.engine").removeHandler(self.heard)
            self.shop.close()
            shutil.rmtree(self.folder)


Acting.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestWhateverHappens = Acting.TestCase
