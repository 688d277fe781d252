"""A ledger with gateways, people and actions, a console on it, and the agent's desk behind it."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from agent.control import take
from agent.control.audit import listed
from agent.control.identity import new_identity
from agent.control.occasion import nobody
from agent.control.planning import Plan, books_of, plan
from agent.control.proposing import begin
from agent.control.requests import handlers
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState, Step, StepState
from agent.domain.alert import Alert, AlertRule, AlertState, Signal
from agent.domain.allocation import Scope
from agent.domain.gateway import GatewayKey, Inventory, Limit, LimitUnit
from agent.domain.incident import Incident
from agent.domain.intent import IntentKind
from agent.domain.person import Person, Role
from agent.domain.usage import Dimensions
from agent.ledger import open_reader, open_writer
from agent.ledger.control_store import IntentHandler
from agent.ledger.writer import LedgerWriter
from agent.settings import Settings
from agent.settings_gateways import Gateway
from console.live import Live
from console.questions import burn_question
from console.view import View
from tests.agent.reports.world import NANO, NOW, SEARCH, SETTINGS, SUPPORT, fill, use
from tests.clocks import standing
from tests.console.harness import ADA, Console, console

AT = NOW + 60
"""The console's clock stands here."""
DEV = replace(SEARCH, api_key="key_search_dev", project="proj_search", environment="dev")
GATEWAY = Gateway(kind="haproxy", name="edge", socket="/run/haproxy.sock", maps="/etc/haproxy/maps")
KEYS = (
    GatewayKey("k1", "key_search", "search-prod", "search", "proj_search", "prod"),
    GatewayKey("k2", "key_search_dev", "search-dev", "search", "proj_search", "dev"),
    GatewayKey("k3", "key_support", "support-prod", "support", "proj_support", "prod"),
)
BO = new_identity("bo")


def spiking() -> list:
    """Search's production key burns six times as usual for half an hour; its other key a little."""
    calm: list[tuple[Dimensions, float, int]] = [(SUPPORT, 0.5, 10), (DEV, 0.4, 20)]
    return [
        use(minute, 60, who, rate, requests=calls)
        for minute in range(NOW - 1_800, NOW, 60)
        for who, rate, calls in [*calm, (SEARCH, 6.0, 240)]
    ]


def make_ledger(path: Path) -> Path:
    """A day of the small organization, and the spike."""
    fill(path, days=1, spike=spiking())
    return path


@dataclass
class Desk:
    """An agent's side: the ledger that a console looks at."""

    writer: LedgerWriter
    settings: Settings

    def handlers(self) -> Mapping[IntentKind, IntentHandler]:
        return handlers(self.settings, nobody)

    def take(self) -> list[str]:
        """What the agent does with what waits: why it was refused, or nothing, each."""
        return [handled.reason for handled in take(self.writer, self.settings, AT, self.handlers())]

    def refusals(self) -> list[tuple[str, str, str]]:
        """Kind, subject and reason of every refusal in the audit log, oldest first."""
        with open_reader(self.settings.ledger_path) as reader:
            found = [each for each in listed(reader, 0) if each.kind == "intent_refused"]
        details = [(each.subject, json.loads(each.detail)) for each in reversed(found)]
        return [(detail["kind"], subject, detail["reason"]) for subject, detail in details]

    def plan(self, spec: ActionSpec) -> Plan:
        """What a change would do."""
        return plan(books_of(self.writer), self.settings, spec, AT)

    def asked(self, spec: ActionSpec, by: str = "bo", **more: object) -> Action:
        """Somebody has asked for a change, and the agent has taken it."""
        known: dict = {"incident": None, "alert": None} | more
        with self.writer.transaction():
            return begin(
                self.writer,
                self.settings,
                self.plan(spec),
                AT - 600,
                by=by,
                reason="retries of the new release",
                tell=nobody,
                **known,
            )

    def in_force(self, spec: ActionSpec, **more: object) -> Action:
        """A change that every gateway has taken, and that traffic shows."""
        made = self.asked(spec, **more)
        steps = tuple(replace(step, state=StepState.APPLIED, at=AT - 590) for step in made.steps)
        return self.writer.actions.save(
            replace(
                made,
                state=ActionState.CONFIRMED,
                begun_at=AT - 599,
                accepted_at=AT - 598,
                confirmed_at=AT - 560,
                expires_at=AT + 2_932 if spec.expires_s else None,
                effect="burn fell from 41.2 to 6.3 credits/min, 38 s after",
                steps=steps,
            )
        )

    def ended(self, spec: ActionSpec, **more: object) -> Action:
        """A change that was undone by itself."""
        made = self.in_force(spec, **more)
        steps: tuple[Step, ...] = tuple(replace(step, state=StepState.UNDONE) for step in made.steps)
        return self.writer.actions.save(
            replace(made, state=ActionState.EXPIRED, ended_at=AT - 60, why="its time was up", steps=steps)
        )

    def newest(self) -> Action:
        """The action that was asked for last."""
        found = self.writer.actions.open_actions()
        return found[-1]

    def fires(self) -> Alert:
        """A spike alert of search's production key, in an incident."""
        incident = self.writer.incidents.add_incident(
            Incident("retry storm", "team:search", "critical", "retry_storm", NOW - 540)
        )
        self.writer.alerts.save([spike(incident.id)])
        found = self.writer.alerts.alert(1)
        assert found is not None
        return found


def spike(incident: int | None) -> Alert:
    """Retries of search-prod."""
    signal = Signal(
        fingerprint="burn_spike:key_search",
        rule=AlertRule.BURN_SPIKE,
        tier="critical",
        at=NOW,
        scope_kind="api_key",
        scope="key_search",
        current_nano=6 * NANO,
        expected_nano=1 * NANO,
        threshold=Decimal("0.5"),
        api_key="key_search",
        team="search",
        environment="prod",
        cause="retry_storm",
        summary="retry storm: search-prod (team search) burns 6.0 credits/min, 6.0x the usual 1.0",
    )
    return Alert(
        signal, AlertState.FIRING, NOW - 600, fired_at=NOW - 540, told_at=NOW - 540, told=1, incident=incident
    )


@contextlib.contextmanager
def open_desk(template: Path, folder: Path, *roles: Role, now: int = AT):
    """A copy of a ledger with a gateway, ada with these roles, and bo of engineering."""
    path = Path(shutil.copy(template, folder / "ledger.sqlite"))
    people = (
        Person(ADA.name, ADA.public_key, roles or (Role.OPERATOR,)),
        Person(BO.name, BO.public_key, (Role.ENGINEERING,)),
    )
    settings = replace(
        SETTINGS,
        ledger_path=path,
        people=people,
        own_gateways=(GATEWAY,),
        scaled_clock=standing(now),
    )
    with open_writer(path) as writer:
        writer.actions.save_inventory(GATEWAY.name, Inventory(KEYS), NOW)
        yield Desk(writer, settings)


def throttle(scope: str = "team:search", amount: int = 60, **more: object) -> ActionSpec:
    """So many calls a minute for an hour."""
    base = ActionSpec(
        ActionKind.THROTTLE, Scope.parse(scope), limit=Limit(amount, LimitUnit.RPM), expires_s=3_600
    )
    return replace(base, **more)  # type: ignore[arg-type]


def block(scope: str = "team:support", **more: object) -> ActionSpec:
    """Nothing passes for an hour."""
    return replace(ActionSpec(ActionKind.BLOCK, Scope.parse(scope), expires_s=3_600), **more)  # type: ignore[arg-type]


def real_link(desk: Desk) -> Live:
    """A link to the desk's ledger, started on Burn."""
    live = Live(lambda: (desk.settings, open_reader(desk.settings.ledger_path)))
    live.watch(burn_question(View()))
    live.start()
    return live


@contextlib.asynccontextmanager
async def console_on(desk: Desk, *keys: str, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Console]:
    """The console on the desk's ledger, after its first report and these keys."""
    async with console(size, live=real_link(desk)) as running:
        await running.until("BURN NOW")
        await running.press(*keys)
        yield running


async def on_teams(running: Console) -> None:
    """Triage by teams, with the cursor on search."""
    await running.press("t")
    await running.until("Keys 4")
    await running.press("d")
    await running.until("Teams 3")
