"""A company on loopback with an agent and people, where time goes on only when it is told to."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.allocations import settings_now
from agent.runbooks.library import FOLDER
from console.demo.headless import EPOCH
from console.demo.stage import SOURCE_NAME, build_stage, throw_away_key, use_only
from console.runs.cast import Cast, make_cast

if TYPE_CHECKING:
    from agent.clock import ManualClock
    from agent.control.asking import Ask
    from agent.domain.alert import Alert
    from agent.domain.runbook import Runbook
    from agent.ledger.reader import LedgerReader
    from agent.process.by_hand import AgentByHand
    from agent.settings import Settings
    from fixtures.organization import Organization
    from fixtures.scenario import Scenario

THINKING_S = 15.0
"""What a person of the cast takes over each thing."""
_GATEWAY = f"""
[[gateways]]
kind = "openai"
name = "{SOURCE_NAME}"
source = "{SOURCE_NAME}"
every = "6h"
"""
"""Reading all that it holds takes hundreds of requests; what an action changes is read anyway."""
_WAITS = ((3_600.0, 1.0), (6 * 3_600.0, 10.0), (float("inf"), 60.0))
"""Waited so far -> how many steps of the scenario pass at once."""


@dataclass
class Rehearsal:
    """The simulated provider, the agent and its ledger, and the people who act on it."""

    settings_read: Settings
    cast: Cast
    clock: ManualClock
    agent: AgentByHand
    reader: LedgerReader
    organization: Organization
    starts_at: float  # when the scenario strikes
    tick_s: float

    @property
    def settings(self) -> Settings:
        """The settings with the allocations that are in force now."""
        return settings_now(self.settings_read, self.reader.action_store(), self.now())

    def now(self) -> float:
        """The time of the rehearsal."""
        return self.clock.now()

    def wait(self, so_far_s: float) -> None:
        """Time goes on: a minute at first, more once it was waited for hours."""
        times = next(times for until, times in _WAITS if so_far_s < until)
        self.agent.advance(self.tick_s * times)

    def tell(self, person: str, ask: Ask) -> str:
        """Somebody signs what they want, and the agent hears it; returns why it was refused, or nothing."""
        from agent.control import IntentState, outcome, submit

        self.clock.advance(THINKING_S)
        identity = self.cast.identities[person]
        now = self.clock.now()
        receipt = submit(self.settings_read, ask.kind, ask.subject, ask.payload, now, identity=identity)
        self.agent.settle()
        found = outcome(self.reader, receipt.id)
        assert found is not None
        return "" if found.state is IntentState.DONE else found.reason or f"it is {found.state.value}"

    def until_fired(self, triggers: tuple[str, ...], within_s: float) -> Alert | None:
        """Lets time go on until an alert of one of these rules or tiers fires."""
        ends = self.now() + within_s
        while (found := self._firing(triggers)) is None and self.now() < ends:
            self.agent.advance(self.tick_s)
        return found

    def _firing(self, triggers: tuple[str, ...]) -> Alert | None:
        """The first alert of these that has fired since the rehearsal began."""
        fired = [
            alert
            for alert in self.reader.alert_store().open_alerts()
            if alert.live and (alert.fired_at or 0) >= EPOCH
        ]
        fitting = (each for each in fired if {each.signal.rule.value, each.signal.tier} & set(triggers))
        return min(fitting, key=lambda alert: alert.id or 0, default=None)


@contextlib.contextmanager
def rehearsal(
    scenario: Scenario, seed: int, *, runbook: Runbook | None = None, ledger: Path | None = None
) -> Iterator[Rehearsal]:
    """Opens a company in which `scenario` is about to happen; all of it is gone afterwards.

    It has the shipped runbooks and `runbook`. `ledger`: one that another rehearsal of the same seed has left
    at its beginning, which saves the reading. Neither the ledger nor the keyring of whoever runs it is looked
    at.
    """
    from agent.clock import ManualClock
    from agent.ledger import open_reader, open_writer
    from agent.process.by_hand import AgentByHand
    from agent.settings import load_settings
    from fixtures.organization import build_organization
    from fixtures.provider import SimulatedProvider

    organization, clock, admin_key = build_organization(seed), ManualClock(EPOCH), throw_away_key()
    use_only(admin_key)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="burndeck-drill-")))
        provider = stack.enter_context(SimulatedProvider(seed, clock, EPOCH, scenario, admin_key))
        cast, people = make_cast(folder)
        deploys = scenario.deploys(organization, EPOCH)
        tick_s = min(scenario.tick_s, 60.0)
        stage = build_stage(
            folder, organization, provider.base_url, tick_s=tick_s, deploys=deploys, more=_GATEWAY + people
        )
        if runbook is not None:
            (folder / FOLDER).mkdir()
            (folder / FOLDER / f"{runbook.id}.md").write_bytes(runbook.text.encode())
        settings = load_settings(stage.config)
        if ledger is not None:
            with open_reader(ledger) as before:
                before.copy_to(stage.ledger)
        writer = stack.enter_context(open_writer(settings.ledger_path))
        reader = stack.enter_context(open_reader(settings.ledger_path))
        agent = stack.enter_context(AgentByHand(settings, writer, clock))
        agent.catch_up()
        starts_at = EPOCH + scenario.starts_after_s
        yield Rehearsal(settings, cast, clock, agent, reader, organization, starts_at, tick_s)
