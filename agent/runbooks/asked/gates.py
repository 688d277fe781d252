"""Whether every gateway that could let a key pass has been asked lately."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from agent.domain.gateway import TargetKind
from agent.reports.gateway_reach import webhook_serves
from agent.runbooks.asked.answer import age
from agent.runbooks.asked.sight import FRESH_S, turn

if TYPE_CHECKING:
    from agent.domain.known_key import KnownKey
    from agent.runbooks.asking import Context

_BLOCKED = "blocked"  # the field of a webhook's target


def unasked(context: Context, key: KnownKey) -> tuple[str, int]:
    """What is not known of the gateways that could serve a key, and since when the oldest answer holds.

    The text is empty where all of them have answered lately.
    """
    now = int(context.now)
    rows = {row["gateway"]: row for row in context.reader.rows("gateways_seen")}
    every = {each.name: each.every for each in context.settings.gateways if each.kind != "webhook"}
    unknown, oldest = [], now
    for name in sorted({*every, *key.gateways}):
        row = rows.get(name)
        read_at = None if row is None else row["ok_at"]
        if row is None or read_at is None:
            unknown.append(f"gateway {name} was never read")
            continue
        oldest = min(oldest, read_at)
        if row["state"] != "ok":
            message = f": {row['message']}" if row["message"] else ""
            unknown.append(f"gateway {name} has not answered for {age(read_at, now)}{message}")
        elif now - read_at > FRESH_S + turn(context, every.get(name, "")):
            unknown.append(f"gateway {name} was read {age(read_at, now)} ago")
    silent = [each.name for each in context.settings.gateways if webhook_serves(each, key)]
    told = _told(context, key) if silent else set()
    unknown += [
        f"{name} cannot be asked, and was not told to block it" for name in silent if name not in told
    ]
    return "; ".join(unknown), oldest


def _told(context: Context, key: KnownKey) -> set[str]:
    """The gateways that have taken a block of the key."""
    return {
        row["gateway"]
        for row in context.reader.rows("gateway_targets")
        if (row["target_kind"], row["target"]) == (TargetKind.KEY.value, key.api_key)
        and json.loads(row["fields"]).get(_BLOCKED)
    }
