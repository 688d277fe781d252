"""An allocation at its hard cap, its incident, and the people who must agree before more may burn."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.clock import ManualClock
from agent.control import IntentKind, IntentState, outcome, submit
from agent.control.asking import Ask, decision_on, preview, request_of
from agent.control.engine import Bench, Executor
from agent.control.identity import new_identity
from agent.domain.action import Action, ActionKind, ActionSpec
from agent.domain.allocation import Allocation, Scope
from agent.domain.incident import Incident
from agent.domain.money import NANO
from agent.domain.person import Person, Role
from agent.ledger.reader import LedgerReader
from agent.process.acting import Told
from agent.process.watch import Watch
from tests.agent.alerts.office import MONTHLY, NOVEMBER, NOW, PAYMENTS, Office

WHOLE = Allocation(
    "org-1234",
    Scope.parse("organization"),
    2 * MONTHLY,
    buffer_nano=30_000 * NANO,
    at_hard_cap="none",
    at_hard_cap_prod="none",
)
PEOPLE = {
    "ada": (Role.OPERATOR,),
    "fin": (Role.FINANCE,),
    "flo": (Role.FINANCE,),
    "eng": (Role.ENGINEERING,),
    "lea": (Role.LEAD, Role.ENGINEERING),
}


class Now:
    """The writer in the caller's thread."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def write(self, task: Any) -> Any:
        return task(self._office.writer)


class Override:
    """The agent's watch and executor on one ledger, with everybody's identity."""

    def __init__(self, path: Path) -> None:
        self.office = Office(path, replace(PAYMENTS, at_hard_cap="none", at_hard_cap_prod="none"), WHOLE)
        self.identities = {name: new_identity(name) for name in PEOPLE}
        people = tuple(Person(name, self.identities[name].public_key, PEOPLE[name]) for name in PEOPLE)
        self.office.settings = replace(self.office.settings, people=people)
        self.clock = ManualClock(NOW)
        self.office.now = NOW
        tell = Told(self.office.settings)
        self.watch = Watch(self.office.settings, lambda: None, monotonic=lambda: self.clock.now())
        self.executor = Executor(Bench(self.office.settings, Now(self.office), self.clock, tell))

    def go_on(self, seconds: int = 60) -> None:
        """Time goes on: people are heard, burn is judged, actions are carried out."""
        self.clock.advance(seconds)
        self.office.now = int(self.clock.now())
        for _ in range(2):
            self.watch.look(self.office.writer, self.clock.now())
            self.watch.judge(self.office.writer, self.clock.now())
            asyncio.run(self.executor.settle())

    def reach_the_cap(self) -> Incident:
        """The allocation burns all that it has; returns the incident that the agent opens."""
        self.office.burnt("1010000", hour=NOVEMBER + 10 * 86_400 - 3_600)
        self.go_on()
        return self.incident()

    def incident(self) -> Incident:
        """The one open incident."""
        (found,) = self.office.writer.incidents.open_incidents()
        return found

    def ask(self, who: str, ask: Ask) -> str:
        """Somebody's signed wish; returns why it was refused, or nothing."""
        receipt = submit(
            self.office.settings,
            ask.kind,
            ask.subject,
            ask.payload,
            self.clock.now(),
            identity=self.identities[who],
        )
        self.go_on(1)
        with LedgerReader(self.office.path) as reader:
            result = outcome(reader, receipt.id)
        assert result is not None
        assert result.state is not IntentState.NEW
        return result.reason

    def top_up(self, credits_: int, *, emergency: bool = False) -> Ask:
        """The request for more credits, as it is seen now."""
        spec = ActionSpec(ActionKind.TOP_UP, PAYMENTS.scope, amount_nano=credits_ * NANO, emergency=emergency)
        with LedgerReader(self.office.path) as reader:
            made = preview(reader, self.office.settings, spec, self.clock.now())
        return request_of(made, "production is at its cap")

    def approve(self, who: str, action: Action, *, yes: bool = True) -> str:
        """Somebody approves an action as it is now, or denies it."""
        return self.ask(who, decision_on(action, approve=yes))

    def assess(self, who: str, *, critical: bool) -> str:
        """Somebody says whether production is affected."""
        return self.assess_of(self.incident().id or 0, who, critical=critical)

    def assess_of(self, incident: int, who: str, *, critical: bool) -> str:
        """Likewise of an incident of several."""
        payload = {"critical": critical, "note": "checkout answers with errors"}
        return self.ask(who, Ask(IntentKind.ASSESS, f"incident:{incident}", payload))

    def action(self, ident: int = 1) -> Action:
        """An action as it is now."""
        found = self.office.writer.actions.action(ident)
        assert found is not None
        return found

    def audited(self) -> list[tuple[str, str]]:
        """Actor and detail of every refusal in the audit log."""
        with LedgerReader(self.office.path) as reader:
            rows = reader.rows("audit_since", {"since": 0, "most": 10_000})
        return [
            (row["actor"].decode(), row["detail"].decode())
            for row in rows
            if row["kind"].decode() == "intent_refused"
        ]
