"""The source `openai`: usage, costs, directory and audit log of an organization by its Administration API."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.provider_http import ApiClient
from agent.secrets import find_secret
from agent.telemetry.attribution import load_attributor
from agent.telemetry.rates import load_rate_card
from agent.telemetry.schedule import parse_schedule
from agent.telemetry.sources import Duty, SourceContext
from agent.telemetry.sources.openai import audit_reader, cost_reader, usage_reader
from agent.telemetry.sources.openai.audit_reader import AuditReader
from agent.telemetry.sources.openai.cost_reader import CostReader
from agent.telemetry.sources.openai.costs import CostDecoder
from agent.telemetry.sources.openai.directory import DirectoryReader
from agent.telemetry.sources.openai.usage import UsageDecoder
from agent.telemetry.sources.openai.usage_reader import UsageReader
from agent.telemetry.sources.openai.windows import Pace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.ledger.writer import LedgerWriter
    from agent.telemetry.pages import Tally


@dataclass(frozen=True, slots=True)
class OpenAISource:
    """One account; its duties share a client, and with it the cooldown after a 429."""

    name: str
    kind: str
    account: str
    duties: tuple[Duty, ...]
    client: ApiClient
    usage: UsageReader
    costs: CostReader
    directory: DirectoryReader
    audit: AuditReader

    @property
    def tallies(self) -> Mapping[str, Tally]:
        """What each endpoint was asked for and gave."""
        return {
            **self.usage.tallies,
            cost_reader.PATH: self.costs.tally,
            **self.directory.tallies,
            audit_reader.PATH: self.audit.tally,
        }

    @property
    def covered_to(self) -> int | None:
        """End of the newest usage read."""
        return self.usage.progress.covered_to

    @property
    def notes(self) -> list[str]:
        """Endpoints set aside, rows dropped, parts of the past that wait."""
        notes = [f"{path}: {tally.note}" for path, tally in self.tallies.items() if tally.note]
        if waiting := self.usage.waiting + self.costs.waiting:
            notes.append(f"parts of the past that could not be read: {waiting}; tried again in some hours")
        return notes

    async def close(self) -> None:
        """Closes the client's connections."""
        await self.client.close()


async def open_source(context: SourceContext) -> OpenAISource:
    """Opens the source; raises `ConfigError` when it has no key, or its schedules or prices are wrong."""
    settings, source, desk = context.settings, context.source, context.desk
    # In a thread, since a keyring may wait for a person to unlock it.
    found = await asyncio.to_thread(find_secret, *settings.secret_names(source))
    attributor = load_attributor(settings)
    rates = load_rate_card(settings)

    def cursors(writer: LedgerWriter) -> list[str | None]:
        # Names that an earlier agent learned, so that the first answers are whose they were before.
        attributor.learn(*writer.directory(source.account))
        names = (usage_reader.CURSOR, cost_reader.CURSOR, audit_reader.CURSOR)
        return [writer.cursor(source.name, name) for name in names]

    usage_cursor, cost_cursor, audit_cursor = await desk.write(cursors)
    client = ApiClient(source.base_url, found.secret, headers=source.headers, policy=context.policy)
    usage = UsageReader(
        source.name,
        source.account,
        client,
        desk,
        UsageDecoder(source.account, rates, attributor),
        Pace(source.settle, source.detail, source.reread, source.history),
        usage_reader.decode_progress(usage_cursor),
    )
    costs = CostReader(
        source.name,
        source.account,
        client,
        desk,
        CostDecoder(source.account, settings.organization, attributor),
        reread_s=source.costs_reread,
        history_s=source.history,
        progress=cost_reader.decode_cost_progress(cost_cursor),
    )
    directory = DirectoryReader(source.account, client, desk, attributor, usage.forget_answers)
    audit = AuditReader(
        source.name, client, desk, wanted=source.audit_log, history_s=source.history, cursor=audit_cursor
    )
    # What is new comes from usage first; of the past, a few requests say what each day of it cost.
    duties = (
        Duty("usage", parse_schedule(source.every), usage.run, usage.backlog),
        Duty("directory", parse_schedule(source.directory_every), directory.run, directory.backlog),
        Duty("audit log", parse_schedule(source.audit_every), audit.run, audit.backlog),
        Duty("costs", parse_schedule(source.costs_every), costs.run, costs.backlog),
    )
    return OpenAISource(
        source.name, source.kind, source.account, duties, client, usage, costs, directory, audit
    )
