"""The connection to a LiteLLM proxy: what it holds, changes to it, and what became of the traffic."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from agent.control.gateways.base import GatewayError, GoneError
from agent.control.gateways.litellm.dialect import TEAM_LABEL
from agent.control.gateways.litellm.fields import DELETED, body_of, gone, in_metadata, metadata_of, state_of
from agent.control.gateways.litellm.traffic import Looks, Refusals, read_traffic
from agent.domain.gateway import Fields, GatewayKey, Inventory, Target, TargetKind, TargetState, Traffic
from agent.litellm.client import GONE, Proxy
from agent.litellm.keys import Json, UnstableError, epoch_of, owner_of, read_all
from agent.provider_http import HttpError

_log = logging.getLogger(__name__)
_RETRIED = frozenset({0, 200, 408, 429})


class LiteLLMLink:
    """One proxy, spoken to as its admin."""

    def __init__(self, gateway: str, proxy: Proxy) -> None:
        self._gateway = gateway
        self._proxy = proxy
        self._looks = Looks()
        self._odd: set[str] = set()  # that have been told of

    async def inventory(self) -> Inventory:
        """All keys and teams: both lists are read to their end. One that makes no sense is left out."""
        with _as_gateway_errors():
            keys, teams = await read_all(self._proxy)
            by_id = {str(team["team_id"]): team for team in teams}
            states = [*self._states(TargetKind.KEY, keys), *self._states(TargetKind.TEAM, teams)]
            known = {state.target.id for state in states if state.target.kind is TargetKind.KEY}
            return Inventory(
                tuple(_key(key, by_id) for key in keys if str(key["token"]) in known), tuple(states)
            )

    async def read(self, target: Target) -> TargetState:
        """What the proxy holds for a key or team now; a key that it has no more reads as deleted."""
        try:
            row = await self._row(target)
        except GoneError:
            if target.kind is not TargetKind.KEY:
                raise
            await self._unlisted(target)
            return gone(target)
        with _as_gateway_errors():
            return state_of(self._gateway, target.kind, row)

    async def write(self, target: Target, fields: Fields, *, action: int, seq: int) -> None:
        """Sets fields. The same at every attempt, so `action` and `seq` need not be told."""
        if DELETED in fields:
            await self._delete(target, fields)
            return
        metadata: Json = {}
        if in_metadata(fields):
            metadata = metadata_of(await self._row(target))
        # Never /team/block: it tells the database only, and the proxy goes on for a minute.
        path = "/key/update" if target.kind is TargetKind.KEY else "/team/update"
        with _as_gateway_errors():
            await self._proxy.post(path, body_of(target, fields, metadata))

    async def traffic(self, target: Target, fields: Fields, since: float, now: float) -> Traffic | None:
        """What the proxy's log of spend says; rows are in it some seconds after the calls."""
        with _as_gateway_errors():
            refusals = Refusals.by(target, fields)
            return await read_traffic(self._proxy, target, refusals, since, now, self._looks)

    async def close(self) -> None:
        """Closes the connections."""
        await self._proxy.close()

    async def _delete(self, target: Target, fields: Fields) -> None:
        """Deletes a key by its hash, never by its alias, which another key may have by now."""
        if target.kind is not TargetKind.KEY or not fields[DELETED]:
            raise GatewayError(
                f"{self._gateway}: a deleted key does not come back, and nothing but a key is deleted",
                hint="Make a new key at the proxy for whoever needs one.",
                refused=True,
            )
        try:
            with _as_gateway_errors():
                await self._proxy.post("/key/delete", {"keys": [target.id]})
        except GoneError:
            # It says so of a key that an earlier attempt has deleted: the reading that follows tells.
            return

    async def _unlisted(self, target: Target) -> None:
        """Raises unless the list of keys is without it too: "not found" may be another server's word."""
        with _as_gateway_errors():
            answer = await self._proxy.get("/key/list", key_hash=target.id, page=1, size=1)
            listed = int(answer["total_count"])
        if listed:
            raise GatewayError(
                f"{self._gateway} lists a key that it says it cannot find",
                hint="Look at the proxy's log; burndeck asks again.",
            )

    async def _row(self, target: Target) -> Json:
        with _as_gateway_errors():
            if target.kind is TargetKind.KEY:
                answer = await self._proxy.get("/key/info", key=target.id)
                return {**answer["info"], "token": answer["key"]}
            answer = await self._proxy.get("/team/info", team_id=target.id)
            team: Json = answer["team_info"]
            return team

    def _states(self, kind: TargetKind, rows: Sequence[Json]) -> Iterator[TargetState]:
        for row in rows:
            try:
                yield state_of(self._gateway, kind, row)
            except Exception as error:  # noqa: BLE001 - whatever one holds, the others are read
                name = f"{kind.value} {row.get('token') or row.get('team_id')}"
                if name not in self._odd:
                    self._odd.add(name)
                    _log.warning(
                        "%s: %s is left out: %s: %s", self._gateway, name, type(error).__name__, error
                    )


def _key(key: Json, teams: Mapping[str, Json]) -> GatewayKey:
    owner = owner_of(key, teams)
    labels = {**owner.labels, **({TEAM_LABEL: owner.team_id} if owner.team_id else {})}
    created: Any = epoch_of(key.get("created_at"))
    return GatewayKey(
        id=str(key["token"]),
        api_key=owner.api_key,
        name=str(key.get("key_alias") or key.get("key_name") or ""),
        team=labels.get("team", ""),
        project=labels.get("project", ""),
        environment=labels.get("environment", ""),
        labels=labels,
        created_at=None if created is None else int(created),
        blocked=bool(key.get("blocked")) or bool(teams.get(owner.team_id, {}).get("blocked")),
    )


@contextmanager
def _as_gateway_errors() -> Iterator[None]:
    """Errors of the client as a gateway's; an answer of another shape than we know is one too."""
    try:
        yield
    except HttpError as error:
        kind = GoneError if error.code == GONE else GatewayError
        refused = error.status not in _RETRIED and error.status < 500
        raise kind(error.message, hint=error.hint, refused=refused) from error
    except UnstableError as error:
        raise GatewayError(error.message, hint=error.hint) from error
    except Exception as error:
        raise GatewayError(
            f"LiteLLM answered in another way than we know ({type(error).__name__}: {error})",
            hint="Check base_url, and that the proxy's version is 1.80 or newer.",
        ) from error
