"""The source `litellm`: what passes a proxy, by key, team, model and tag, seconds after the call."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.ledger.rows import DirectoryKey
from agent.litellm.client import Proxy
from agent.litellm.keys import epoch_of, owner_of, read_all
from agent.secrets import find_secret
from agent.telemetry.attribution import load_attributor
from agent.telemetry.pages import Tally
from agent.telemetry.rates import load_rate_card
from agent.telemetry.schedule import parse_schedule
from agent.telemetry.sources import Duty, SourceContext
from agent.telemetry.sources.litellm import check, reader
from agent.telemetry.sources.litellm.check import DayCheck
from agent.telemetry.sources.litellm.progress import Progress
from agent.telemetry.sources.litellm.reader import Decoder, LogReader
from agent.telemetry.sources.litellm.spend_log import PATH, SpendLog

if TYPE_CHECKING:
    from agent.litellm.keys import Json
    from agent.telemetry.sources import Desk

KEYS = "key/list"


@dataclass(frozen=True, slots=True)
class LiteLLMSource:
    """One proxy: its log of spend, and its keys with their labels."""

    name: str
    kind: str
    account: str
    duties: tuple[Duty, ...]
    proxy: Proxy
    log: SpendLog
    keys: KeyReader
    calls: LogReader
    days: DayCheck

    @property
    def tallies(self) -> Mapping[str, Tally]:
        """What each endpoint was asked for and gave."""
        return {PATH: self.log.tally, KEYS: self.keys.tally, check.PATH: self.days.tally}

    @property
    def covered_to(self) -> int | None:
        """End of the newest time read."""
        return self.calls.progress.read_to

    @property
    def notes(self) -> list[str]:
        """Nothing but what the endpoints note."""
        return [f"{path}: {tally.note}" for path, tally in self.tallies.items() if tally.note]

    async def close(self) -> None:
        """Closes the connections."""
        await self.proxy.close()


class KeyReader:
    """Reads the proxy's keys and teams: names and labels for the rows, and the directory in the ledger."""

    def __init__(self, proxy: Proxy, desk: Desk, decoder: Decoder) -> None:
        self._proxy = proxy
        self._desk = desk
        self._decoder = decoder
        self.tally = Tally()

    async def run(self, now: float) -> None:
        """Reads all of them."""
        keys, teams = await read_all(self._proxy)
        self.tally.requests += 1
        self.tally.pages += 1
        self.tally.rows += len(keys)
        by_id = {str(team["team_id"]): team for team in teams}
        owners = {str(key["token"]): owner_of(key, by_id) for key in keys}
        self._decoder.owners.by_token = owners
        listed = [_directory_key(key, owners[str(key["token"])].labels.get("project", "")) for key in keys]
        self._decoder.attributor.learn((), listed)
        account = self._decoder.account
        await self._desk.write(
            lambda writer: writer.save_directory(account, None, listed, None, seen_at=int(now))
        )

    async def backlog(self, now: float) -> bool:
        """Keys have no past."""
        return False


def _directory_key(key: Json, project: str) -> DirectoryKey:
    created, used, expires = (epoch_of(key.get(name)) for name in ("created_at", "last_active", "expires"))
    return DirectoryKey(
        id=str(key.get("key_alias") or key["token"]),
        project=project,
        name=str(key.get("key_alias") or ""),
        redacted=str(key.get("key_name") or ""),
        owner_type="user" if key.get("user_id") else "",
        owner_id=str(key.get("user_id") or ""),
        created_at=None if created is None else int(created),
        last_used_at=None if used is None else int(used),
        expires_at=None if expires is None else int(expires),
    )


async def open_source(context: SourceContext) -> LiteLLMSource:
    """Opens the source; raises `ConfigError` when there is no master key, or a schedule or price is wrong."""
    settings, source, desk = context.settings, context.source, context.desk
    # In a thread, since a keyring may wait for a person to unlock it.
    found = await asyncio.to_thread(find_secret, *settings.secret_names(source))
    attributor = load_attributor(settings)
    decoder = Decoder(source.account, load_rate_card(settings), attributor, settings.usd_per_credit())
    cursor = await desk.write(lambda writer: writer.cursor(source.name, reader.CURSOR))
    proxy = Proxy(
        source.base_url,
        found.secret,
        owner=source.name,
        timeout_s=context.policy.timeout_s,
        headers=source.headers,
    )
    log = SpendLog(proxy)
    keys = KeyReader(proxy, desk, decoder)
    calls = LogReader(source, log, desk, decoder, keys.run, Progress.decode(cursor))
    days = DayCheck(source.name, source.account, proxy, desk, decoder.usd_per_credit, lambda: calls.progress)
    duties = (
        Duty("keys", parse_schedule(source.directory_every), keys.run, keys.backlog),
        Duty("calls", parse_schedule(source.every), calls.run, calls.backlog),
        Duty("check", parse_schedule(source.costs_every), days.run, days.backlog),
    )
    return LiteLLMSource(source.name, source.kind, source.account, duties, proxy, log, keys, calls, days)
