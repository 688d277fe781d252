"""Who is told in the demo: three desks, their channels and routes for burndeck.toml, and their secrets."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fixtures.pager import Pager

FILE = "pager.log"
"""In the demo's folder: what reached somebody."""

DESKS: Mapping[str, tuple[str, ...]] = {
    "on-call": ("ops_on_call",),
    "finance": ("central_finance", "bu_finance", "exec_sponsor"),
    "engineering": ("team_channel", "team_lead", "bu_head"),
}
"""Channel -> the parts that it plays, as tiers of alerts and steps of runbooks name them."""


def open_pager(folder: Path) -> AbstractContextManager[Pager]:
    """The receiver of all desks; their secrets are put where this process's agent looks for them."""
    from agent.secrets import Secret
    from agent.settings_channels import Channel
    from fixtures.pager import Desk, Pager

    desks = []
    for name in DESKS:
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
        wanted = Channel(name=name, kind="webhook", url="http://127.0.0.1").secret
        assert wanted is not None
        os.environ[wanted.name.upper()] = secret
        desks.append(Desk(name, Secret(secret)))
    return Pager(folder / FILE, tuple(desks))


def channels_toml(pager: Pager) -> str:
    """The tables [[alerts.channels]] and [[alerts.routes]] that lead to the desks."""
    tables = [
        f'[[alerts.channels]]\nname = "{name}"\nkind = "webhook"\nurl = "{pager.url(name)}"\n'
        for name in DESKS
    ]
    tables += [
        f"[[alerts.routes]]\nrecipient = {json.dumps(part)}\nsend = {json.dumps([name])}\n"
        for name, parts in DESKS.items()
        for part in parts
    ]
    return "\n".join(tables)
