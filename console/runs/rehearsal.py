"""A company on loopback with an agent and people, where time goes on only when it is told to."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from agent.allocations import settings_now
from agent.analytics.month import month_of
from agent.domain.alert import HARD_CAP
from agent.domain.allocation import Scope, ScopeKind
from agent.runbooks.library import FOLDER
from agent.runbooks.triggers import answers
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
    from fixtures.organization import Key
    from fixtures.scenario import Scenario

LATER_S = 900
"""So long after its first alert a scenario may still fire the one that a runbook answers."""
THINKING_S = 15.0
"""What a person of the cast takes over each thing."""
_GATEWAY = f"""
[[gateways]]
kind = "openai"
name = "{SOURCE_NAME}"
source = "{SOURCE_NAME}"
every = "6h"
unknown_key_scopes = "all"
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
    strikes: Key | None  # whom the scenario strikes
    starts_at: float  # when it does
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
        """Lets time go on until an alert that these triggers answer fires about whoever the scenario strikes.

        Where another one does, and none of these for a while after it, it is that one.
        """
        ends = self.now() + within_s
        while self.now() < ends:
            fired = self._fired()
            for alert in fired:
                if answers(triggers, alert.signal):
                    return alert
            for alert in fired:
                if self.starts_at <= (alert.fired_at or 0) <= self.now() - LATER_S:
                    return alert
            self.agent.advance(self.tick_s)
        return None

    def _fired(self) -> list[Alert]:
        """What has fired since the rehearsal began about whoever the scenario strikes, oldest first."""
        open_ = self.reader.alert_store().open_alerts()
        fired = (each for each in open_ if each.live and (each.fired_at or 0) >= EPOCH and self._about(each))
        return sorted(fired, key=lambda each: each.id or 0)

    def _about(self, alert: Alert) -> bool:
        signal, key = alert.signal, self.strikes
        if key is None:
            return False
        return signal.api_key == key.id or (
            not signal.api_key and key.project.team in (signal.team, signal.scope)
        )


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
        more = _GATEWAY + people
        stage = build_stage(
            folder, organization, provider.base_url, tick_s=scenario.tick_s, deploys=deploys, more=more
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
        key = scenario.key(organization)
        with AgentByHand(settings, writer, clock) as agent:
            agent.catch_up()
        if runbook is not None and HARD_CAP in runbook.triggers and key is not None:
            settings = _nearly_used_up(settings, reader, key)
        agent = stack.enter_context(AgentByHand(settings, writer, clock))
        starts_at = EPOCH + scenario.starts_after_s
        yield Rehearsal(settings, cast, clock, agent, reader, key, starts_at, scenario.tick_s)


def _nearly_used_up(settings: Settings, reader: LedgerReader, key: Key) -> Settings:
    """The same company with little left of what the key's team may burn: half an hour of the usual."""
    scope = Scope(ScopeKind.TEAM, key.project.team)
    rules, now = reader.action_store().burn, int(EPOCH)
    series = rules.series({scope})[scope]
    month = month_of(now, settings.organization.time_zone)
    burnt = rules.burnt([series], month.start, now, days=True)[series]
    left = rules.burnt([series], now - 3_600, now)[series] // 2
    allocations = tuple(
        replace(each, monthly_nano=burnt + left) if each.scope == scope else each
        for each in settings.configured_allocations
    )
    return replace(settings, allocations=allocations)
