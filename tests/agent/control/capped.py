"""An office with gateways: caps are decided on, and what is proposed is begun, renewed and ended at once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from agent.allocations import settings_now
from agent.control.caps import decide
from agent.control.gateways.base import UnsupportedError
from agent.control.planning import books_of, plan
from agent.control.proposal import Proposal
from agent.domain.action import Action, ActionState
from agent.domain.allocation import Allocation
from agent.domain.gateway import GatewayKey, Inventory
from agent.domain.money import NANO
from agent.domain.person import AGENT
from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger.allocation_changes import AllocationChange
from agent.ledger.rows import BucketRow
from agent.settings_gateways import Gateway
from tests.agent.alerts.office import HOUR, Office

EDGE = Gateway(kind="haproxy", name="edge", socket="/run/edge.sock", maps="/etc/edge")
PROXY = Gateway(kind="litellm", name="proxy", base_url="http://127.0.0.1:4000")


class Capped:
    """One ledger, one agent that acts at once. A key's name says its environment: `dev_1`, `prod_1`."""

    def __init__(self, path: Path, *allocations: Allocation, gateway: Gateway = EDGE) -> None:
        self.office = Office(path, *allocations)
        self.office.settings = replace(self.office.settings, own_gateways=(gateway,))
        self.gateway = gateway.name
        self.keys: set[str] = set()

    def burnt(self, key: str, credits_: str, at: int | None = None) -> None:
        """A key has burnt so much in the hour of `at`, and the gateway serves it."""
        self.keys.add(key)
        served = [GatewayKey(name, name) for name in sorted(self.keys)]
        writer, now = self.office.writer, self.office.now
        writer.actions.save_inventory(self.gateway, Inventory(served), now)
        hour = (now - HOUR if at is None else at) // HOUR * HOUR
        who = Dimensions(
            f"openai-{key}",
            api_key=key,
            team="wallet",
            billing_group="payments",
            environment=key.partition("_")[0],
        )
        chat = Service("gpt-5", Operation.COMPLETION, "/v1/chat/completions")
        row = BucketRow(hour, HOUR, who, chat, 1, 1, 0, 1, 0, int(Decimal(credits_) * NANO))
        writer.write_usage_window(who.account, hour, hour + HOUR, {"completions": [row]}, read_at=now)

    def decide(self) -> list[Proposal]:
        """What caps call for now."""
        writer, now = self.office.writer, self.office.now
        settings = settings_now(self.office.settings, writer.actions, now)
        return decide(
            books_of(writer),
            settings,
            writer.alerts.open_alerts(),
            writer.actions.open_actions(),
            now,
        )

    def look(self, after: int = 60) -> list[Proposal]:
        """Time goes on, everything is judged, and what is called for is done."""
        self.office.judge(after)
        found = self.decide()
        for proposal in found:
            self.carry_out(proposal)
        return found

    def carry_out(self, proposal: Proposal) -> None:
        """What the agent makes of a proposal, with gateways that take everything."""
        store, now = self.office.writer.actions, self.office.now
        if proposal.tells:
            return
        if (ident := proposal.renew or proposal.release) is not None:
            action = store.action(ident)
            assert action is not None
            if proposal.renew is not None:
                store.save(replace(action, expires_at=now + action.spec.expires_s))
            else:
                waits = action.state is ActionState.STANDBY
                self.end(action, ActionState.DECLINED if waits else ActionState.REVERSED, by=AGENT)
            return
        settings = settings_now(self.office.settings, store, now)
        try:
            books = books_of(self.office.writer)
            steps = plan(books, settings, proposal.spec, now, only=proposal.only).steps
        except UnsupportedError:
            steps = ()
        made = Action(
            proposal.spec,
            ActionState.STANDBY,
            AGENT,
            now,
            proposal.reason,
            approve_by=None if proposal.automatic else now + 4 * HOUR,
            alert=proposal.alert,
            incident=proposal.incident,
            steps=steps,
        )
        made = store.add(made)
        if proposal.automatic:
            self.go(made)

    def go(self, action: Action) -> None:
        """Somebody, or policy, lets it begin."""
        later = self.office.now + action.spec.expires_s if action.spec.expires_s else None
        self.office.writer.actions.save(
            replace(action, state=ActionState.ACCEPTED, approve_by=None, expires_at=later)
        )

    def end(self, action: Action, state: ActionState, *, by: str = "ada") -> None:
        """It is over."""
        self.office.writer.actions.save(replace(action, state=state, ended_at=self.office.now, ended_by=by))

    def expire(self) -> None:
        """Everything whose time is up undoes itself."""
        for action in self.open:
            if action.expires_at is not None and action.expires_at <= self.office.now:
                self.end(action, ActionState.EXPIRED, by=AGENT)
            elif action.approve_by is not None and action.approve_by <= self.office.now:
                self.end(action, ActionState.DECLINED, by=AGENT)

    def top_up(self, allocation: Allocation, credits_: int, until: int) -> None:
        """A top-up that was approved."""
        self.change(allocation, until, top_up_nano=credits_ * NANO)

    def change(self, allocation: Allocation, until: int | None = None, **values: Any) -> None:
        """A change of an allocation that was approved, after all that has happened so far."""
        self.office.now += 1
        actions = self.office.writer.actions
        ident = -1 - len(actions.allocation_changes(self.office.now))
        actions.add_allocation_change(AllocationChange(ident, allocation.id, values, self.office.now, until))

    @property
    def open(self) -> list[Action]:
        """Actions that are not over."""
        return self.office.writer.actions.open_actions()

    @property
    def held(self) -> list[str]:
        """Open actions as `block non-prod accepted`."""
        return [
            f"{each.spec.kind.value} {'non-prod' if each.spec.non_prod else 'all'} {each.state.value}"
            for each in self.open
        ]
