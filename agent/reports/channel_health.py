"""The health of every alert channel: its secret, what it took last, and what waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.words import duration

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader, Row
    from agent.settings import Settings
    from agent.settings_channels import Channel

_LOOKED_AT_S = 7 * 86_400
_LATE_S = 300  # a message that waits for longer means that somebody is not told


@dataclass(frozen=True, slots=True)
class ChannelState:
    """How a channel is. `state` is ok, note or problem, as of any part."""

    name: str
    state: str
    detail: str
    hint: str = ""


def channel_states(reader: LedgerReader | None, settings: Settings, now: int) -> Iterator[ChannelState]:
    """Every configured channel, or that there is none; without a `reader` only their secrets."""
    alerts = settings.alerts
    if not alerts.routes:
        yield ChannelState(
            "alert routes",
            "note",
            "nobody outside is told of alerts; they show in the console",
            "[[alerts.channels]] and [[alerts.routes]] in burndeck.toml say who is",
        )
    rows = {}
    if reader is not None and alerts.channels:
        since = {"since": now - _LOOKED_AT_S}
        rows = {row["channel"]: row for row in reader.rows("outbox_channels", since)}
    for channel in alerts.channels:
        # A demo's secrets are its own process's alone; what it has sent is in the ledger for everybody.
        missing = _secret(channel) if settings.scaled_clock is None else None
        yield missing or _traffic(reader, channel, rows.get(channel.name), now)


def _secret(channel: Channel) -> ChannelState | None:
    """What is wrong with its secret; None where it is there or none is needed."""
    from agent.errors import ConfigError
    from agent.secrets import find_secret

    if channel.secret is None:
        return None
    try:
        find_secret(channel.secret)
    except ConfigError as error:
        return ChannelState(f"channel {channel.name}", "problem", error.message, error.hint)
    return None


def _traffic(reader: LedgerReader | None, channel: Channel, row: Row | None, now: int) -> ChannelState:
    name = f"channel {channel.name}"
    if reader is None or row is None:
        hint = "burndeck alerts route test --send tries it"
        return ChannelState(name, "ok", f"{channel.kind}, nothing sent in the last 7 d", hint)
    parts = [f"{channel.kind}, last message {_ago(row['last_ok'], now)}"]
    parts += [f"{row[state]} {state}" for state in ("waiting", "failed", "gone") if row[state]]
    late = row["oldest"] is not None and now - row["oldest"] > _LATE_S
    if late:
        parts.append(f"the oldest waits since {duration(now - row['oldest'])}")
    error = _newest_error(reader, channel.name, now)
    since_ok = row["last_error_at"] is not None and (row["last_ok"] or 0) < row["last_error_at"]
    if error and (late or since_ok or row["failed"] or row["gone"]):
        parts.append(f"last error: {error}")
    broken = late or row["gone"] or (row["failed"] and since_ok)
    if not broken:
        return ChannelState(name, "note" if row["failed"] or row["waiting"] else "ok", "; ".join(parts))
    hint = f"burndeck alerts route test --send; burndeck login {channel.name} if its secret is wrong"
    return ChannelState(name, "problem", "; ".join(parts), hint)


def _newest_error(reader: LedgerReader, channel: str, now: int) -> str:
    row = reader.one("outbox_last_error", {"since": now - _LOOKED_AT_S, "channel": channel})
    return str(row["error"]) if row is not None else ""


def _ago(at: int | None, now: int) -> str:
    return "never in the last 7 d" if at is None else f"{duration(max(now - at, 0))} ago"
