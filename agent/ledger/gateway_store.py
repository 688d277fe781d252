"""What gateways serve and hold, as the agent last read it, and how they were then."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from agent.domain.canonical import canonical
from agent.domain.gateway import GatewayKey, Inventory, Target, TargetKind, TargetState
from agent.ledger.action_rows import key_columns, key_of, mapping
from agent.ledger.sql import statement
from agent.ledger.store import Store


@dataclass(frozen=True, slots=True)
class GatewayStatus:
    """How a gateway was when the agent last asked it. `ok_at` None leaves the time as it was."""

    gateway: str
    kind: str
    state: str  # ok | failed
    message: str
    hint: str
    checked_at: int
    ok_at: int | None = None


class GatewayStore(Store):
    """Inventories and how gateways are. Writes join the transaction that is open."""

    def gateway_keys(self) -> dict[str, list[GatewayKey]]:
        """What each gateway serves."""
        found: dict[str, list[GatewayKey]] = {}
        for gateway, *names, labels, created_at, blocked in self._plain("gateway_keys"):
            ident, api_key, name, team, project, environment = names
            labelled = mapping(labels)
            key = GatewayKey(
                ident, api_key, name, team, project, environment, labelled, created_at, bool(blocked)
            )
            found.setdefault(gateway, []).append(key)
        return found

    def targets(self) -> dict[Target, TargetState]:
        """What each gateway held for its targets when it was last read."""
        kinds = {kind.value: kind for kind in TargetKind}
        found: dict[Target, TargetState] = {}
        for gateway, kind, name, fields, version, _ in self._plain("gateway_targets"):
            if kind not in kinds:
                continue  # nothing that the agent writes
            target = Target(gateway, kinds[kind], name)
            found[target] = TargetState(target, mapping(fields), version)
        return found

    def _plain(self, name: str) -> list[tuple[Any, ...]]:
        """Rows without their columns' names: of very many that saves half of the time."""
        try:
            return self._all(name)
        except sqlite3.OperationalError:  # text that is none, by somebody else's hand
            return [tuple(row.values()) for row in self._rows(name)]

    def save_inventory(self, gateway: str, inventory: Inventory, at: int) -> None:
        """Replaces what a gateway serves and holds; only rows that have changed are written."""
        with self._transaction():
            self._save_keys(gateway, inventory.keys, at)
            self._save_states(gateway, inventory.states, at)

    def _save_keys(self, gateway: str, keys: Collection[GatewayKey], at: int) -> None:
        known = {row["id"]: key_of(row) for row in self._rows("keys_of_gateway", gateway=gateway)}
        with self._transaction() as conn:
            gone = known.keys() - {key.id for key in keys}
            conn.executemany(
                statement("drop_gateway_key"), ({"gateway": gateway, "id": ident} for ident in gone)
            )
            new = (key_columns(gateway, key, at) for key in keys if known.get(key.id) != key)
            conn.executemany(statement("put_gateway_key"), new)

    def _save_states(self, gateway: str, states: Collection[TargetState], at: int) -> None:
        rows = self._rows("targets_of_gateway", gateway=gateway)
        known = {(row["target_kind"], row["target"]): (row["fields"], row["version"]) for row in rows}
        texts: dict[str, str] = {}  # thousands hold the same few fields
        places = set()
        for state in states:
            place = (state.target.kind.value, state.target.id)
            places.add(place)
            shown = repr(state.fields)
            text = texts.get(shown) or texts.setdefault(shown, canonical(dict(state.fields)))
            if known.get(place) != (text, state.version):
                self.save_target(state, at)
        with self._transaction() as conn:
            gone = (
                {"gateway": gateway, "kind": kind, "target": name} for kind, name in known.keys() - places
            )
            conn.executemany(statement("drop_gateway_target"), gone)

    def save_target(self, state: TargetState, at: int) -> None:
        """Keeps what a gateway holds for one target."""
        bound = {
            "gateway": state.target.gateway,
            "target_kind": state.target.kind.value,
            "target": state.target.id,
            "fields": canonical(dict(state.fields)),
            "version": state.version,
            "seen_at": at,
        }
        self._write("put_gateway_target", bound)

    def save_gateway(self, status: GatewayStatus) -> None:
        """Keeps how a gateway is."""
        self._write("put_gateway_status", {name: getattr(status, name) for name in GatewayStatus.__slots__})

    def keep_gateways(self, names: Collection[str]) -> None:
        """Forgets every other gateway: burndeck.toml names it no more."""
        with self._transaction() as conn:
            for name in ("keep_gateways", "keep_gateway_keys", "keep_gateway_targets"):
                conn.execute(statement(name), {"names": json.dumps(sorted(names))})
