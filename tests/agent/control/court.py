"""People with roles before a real ledger: what they sign is heard by the agent's own handlers."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from agent.alerts import handlers as alert_handlers
from agent.clock import ManualClock
from agent.control import Handled, requests, take
from agent.control.asking import Ask, amendment_of, decision_on, release_of, renewal_of, request_of
from agent.control.engine.ending import Deadlines, ended_in_time
from agent.control.identity import Identity, new_identity
from agent.control.occasion import Occasion
from agent.control.planning import books_of, plan
from agent.domain.action import Action, ActionKind, ActionSpec
from agent.domain.alert import HARD_CAP, Alert, AlertRule, AlertState, Signal
from agent.domain.allocation import Allocation, Scope
from agent.domain.gateway import GatewayKey, Inventory, Limit, LimitUnit, Target, TargetKind, TargetState
from agent.domain.incident import Incident
from agent.domain.intent import Intent, IntentKind
from agent.domain.money import NANO
from agent.domain.person import Person, Role
from agent.ledger import open_writer
from agent.ledger.intent_box import Place, put_intent
from agent.ledger.writer import LedgerWriter
from agent.runbooks import requests as run_requests
from agent.runbooks.linking import linked
from agent.settings import Settings
from agent.settings_gateways import Gateway
from tests.agent.ledger.look import rows

NOW = 1_795_003_200
TEAM = Scope.parse("team:search")
GATE = Gateway(kind="litellm", name="gate", base_url="http://127.0.0.1:9")
PEOPLE: Mapping[str, tuple[Role, ...]] = {
    "olga": (Role.OPERATOR,),
    "omar": (Role.OPERATOR,),
    "fred": (Role.FINANCE,),
    "fay": (Role.FINANCE,),
    "eve": (Role.ENGINEERING,),
    "emil": (Role.ENGINEERING,),
    "lea": (Role.LEAD,),
    "both": (Role.FINANCE, Role.ENGINEERING),
    "vera": (Role.VIEWER,),
    "root": (Role.ADMIN,),
}
WHOLE = Allocation(
    "org-1",
    Scope.parse("organization"),
    1_000_000 * NANO,
    reserve_nano=100_000 * NANO,
    buffer_nano=30_000 * NANO,
)
SEARCH = Allocation("org-1-team-search", TEAM, 200_000 * NANO, buffer_nano=5_000 * NANO)
THROTTLE = ActionSpec(
    ActionKind.THROTTLE, TEAM, non_prod=True, limit=Limit(10, LimitUnit.RPM), expires_s=3_600
)
BLOCK_PROD = ActionSpec(ActionKind.BLOCK, TEAM, expires_s=3_600)
TOP_UP = ActionSpec(ActionKind.TOP_UP, TEAM, amount_nano=1_000 * NANO)


class Court:
    """One ledger, its people, and what is told."""

    def __init__(self, path: Path, *allocations: Allocation) -> None:
        self.writer = open_writer(path / "ledger.sqlite")
        self.identities: dict[str, Identity] = {name: new_identity(name) for name in PEOPLE}
        people = tuple(
            Person(name, self.identities[name].public_key, roles) for name, roles in PEOPLE.items()
        )
        self.settings = Settings(
            ledger_path=self.writer.path,
            people=people,
            own_gateways=(GATE,),
            allocations=allocations or (WHOLE, SEARCH),
        )
        self.now = NOW
        self.told: list[Occasion] = []
        keys = [
            GatewayKey(f"sk-{env}", f"sk-{env}", f"search {env}", "search", "", env)
            for env in ("dev", "prod")
        ]
        states = [
            TargetState(
                Target("gate", TargetKind.KEY, key.id),
                {"rpm_limit": None, "tpm_limit": None, "max_parallel_requests": None, "blocked": False},
                "v1",
            )
            for key in keys
        ]
        self.writer.actions.save_inventory("gate", Inventory(keys, states), NOW)

    def tell(self, writer: LedgerWriter, occasion: Occasion, now: int) -> None:
        self.told.append(occasion)

    def scoped(self, name: str, *scopes: Scope) -> None:
        """From now on this person reaches so far only."""
        people = tuple(
            replace(each, scopes=scopes) if each.name == name else each for each in self.settings.people
        )
        self.settings = replace(self.settings, people=people)

    def say(self, name: str, ask: Ask) -> str:
        """Somebody signs what no console would refuse; why the agent does, or nothing."""
        self.put(name, ask)
        return self.hear()

    def put(self, name: str, ask: Ask, valid_s: int = 600) -> int:
        """Somebody signs it, and it waits for the agent."""

        def sign(place: Place) -> tuple[str, str]:
            intent = Intent(
                place.ledger,
                place.row,
                ask.kind,
                ask.subject,
                ask.payload,
                name,
                self.now,
                self.now + valid_s,
                secrets.token_hex(16),
            )
            return intent.text(), self.identities[name].sign(intent.text())

        return put_intent(self.writer.path, sign)

    def hear(self) -> str:
        (handled,) = self._take()
        return handled.reason

    def hear_all(self) -> list[str]:
        """Why the agent refuses each that waits, or nothing."""
        return [handled.reason for handled in self._take()]

    def _take(self) -> list[Handled]:
        handlers = {
            **alert_handlers.handlers(self.settings),
            **linked(self.settings, requests.handlers(self.settings, self.tell)),
            **run_requests.handlers(self.settings, self.tell),
        }
        return take(self.writer, self.settings, self.now, handlers)

    def request(self, name: str, spec: ActionSpec, **more: Any) -> str:
        """Somebody asks for what they were shown."""
        return self.say(name, self.asking(spec, **more))

    def asking(self, spec: ActionSpec, **more: Any) -> Ask:
        made = plan(books_of(self.writer), self.settings, spec, self.now)
        return request_of(made, "it burns", **more)

    def approve(self, name: str, ident: int | None = None, **more: Any) -> str:
        return self.say(name, decision_on(self.action(ident), approve=True, **more))

    def deny(self, name: str, ident: int | None = None, **more: Any) -> str:
        return self.say(name, decision_on(self.action(ident), approve=False, **more))

    def amend(self, name: str, spec: ActionSpec) -> str:
        made = plan(books_of(self.writer), self.settings, spec, self.now)
        return self.say(name, amendment_of(self.action(), made))

    def release(self, name: str, ident: int | None = None) -> str:
        return self.say(name, release_of(f"action:{self.action(ident).id}", "enough"))

    def renew(self, name: str, seconds: int) -> str:
        return self.say(name, renewal_of(self.action(), seconds))

    def action(self, ident: int | None = None) -> Action:
        """An action; the newest without an id."""
        if ident is None:
            ((ident,),) = rows(self.writer.path, "SELECT max(id) FROM action")
        found = self.writer.actions.action(ident or 0)
        assert found is not None
        return found

    @property
    def state(self) -> str:
        return self.action().state.value

    def save(self, **changes: Any) -> None:
        """What the engine would have made of the newest action."""
        self.writer.actions.save(replace(self.action(), **changes))

    def time_goes_on(self, seconds: int) -> None:
        self.now += seconds
        open_ = self.writer.actions.open_actions()
        ended_in_time(self.writer, open_, self.now, self.tell, Deadlines(ManualClock(self.now)))

    def incident(self, group: str = "x") -> int:
        """An open one; of one group there is one."""
        made = self.writer.incidents.add_incident(Incident("it burns", group, "critical", "", self.now))
        assert made.id is not None
        return made.id

    def alert(self, scope: Scope = TEAM, tier: str = HARD_CAP) -> Alert:
        """An alert that fires in an incident of its own."""
        signal = Signal(
            fingerprint=f"{tier} {scope}",
            rule=AlertRule.BUDGET,
            tier=tier,
            at=self.now,
            scope_kind=scope.kind.value,
            scope=scope.value,
            current_nano=NANO,
            expected_nano=NANO,
            threshold=Decimal(1),
        )
        alert = Alert(
            signal, AlertState.FIRING, self.now, fired_at=self.now, incident=self.incident(str(scope))
        )
        (saved,) = self.writer.alerts.save([alert])
        return saved

    def at_the_cap(self) -> int:
        """The incident of the team's hard cap."""
        incident = self.alert().incident
        assert incident is not None
        return incident

    def refusals(self) -> list[tuple[str, str]]:
        """Actor and reason of every refusal in the audit log."""
        found = rows(self.writer.path, "SELECT actor, detail FROM audit WHERE kind = 'intent_refused'")
        return [(actor, json.loads(detail)["reason"]) for actor, detail in found]

    def close(self) -> None:
        self.writer.close()


def ask(kind: IntentKind, subject: str, **payload: Any) -> Ask:
    """Any intent."""
    return Ask(kind, subject, payload)
