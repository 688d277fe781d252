"""What a demo stands on: a temporary folder with configuration and owners registry, and a throw-away key."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from console.demo.pager import FILE as PAGES

if TYPE_CHECKING:
    from fixtures.organization import Organization
    from fixtures.scenario import Deploy

SOURCE_NAME = "openai"
OPERATOR = "ada"
"""Whoever watches the demo: on call."""
OTHERS: Mapping[str, str] = {
    "finance": "finance",
    "engineering": "engineering",
    "second-finance": "finance",  # nobody approves what he asked for
    "lead": "lead",
}
"""Name -> role of the people of the demo beside the operator; each one's key is in a file of that name."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A demo's folder; everything that the demo writes is inside."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "burndeck.toml"

    @property
    def organization(self) -> Path:
        """The part of the configuration that outlives the demo: who burns, and what is allocated."""
        return self.folder / "organization.toml"

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.sqlite"

    @property
    def identity(self) -> Path:
        """The key pair with which whoever watches the demo acknowledges and silences."""
        return self.folder / "identity"


def keep(stage: Stage, ledger: Path) -> None:
    """Copies the ledger to a new file; beside it a configuration with its caps, and what the pager wrote.

    The configuration has no channels, since nobody answers there any more.
    """
    from agent.ledger import open_reader

    with open_reader(stage.ledger) as reader:
        reader.copy_to(ledger)
    organization = stage.organization.read_text(encoding="utf-8")
    config = f"{organization}\n[ledger]\npath = {json.dumps(ledger.name)}\n"
    config_beside(ledger).write_text(config, encoding="utf-8")
    if (pages := stage.folder / PAGES).exists():
        shutil.copyfile(pages, ledger.with_name(f"{ledger.name}.{PAGES}"))


def config_beside(ledger: Path) -> Path:
    """The configuration that is kept with a demo's ledger."""
    return ledger.with_name(ledger.name + ".toml")


def throw_away_key() -> str:
    """An admin key that only the simulated provider of this demo accepts."""
    return f"sk-admin-demo-{secrets.token_urlsafe(24)}"


def build_stage(
    folder: Path,
    organization: Organization,
    base_url: str,
    *,
    clock: tuple[float, float, float] | None = None,
    tick_s: float = 0,
    deploys: Sequence[Deploy] = (),
    more: str = "",
) -> Stage:
    """Writes burndeck.toml and owners.toml into `folder`; `deploys` go into its calendar of releases.

    `clock` is (epoch, started, speed) for a demo that runs by itself; without it the caller moves time,
    in steps of `tick_s` simulated seconds. `more`: tables for the end of burndeck.toml.
    """
    stage = Stage(folder)
    (folder / "owners.toml").write_text(organization.owners_toml(), encoding="utf-8")
    stage.organization.write_text(organization.config_toml(), encoding="utf-8")
    parts = [
        organization.config_toml(),
        '[ledger]\npath = "ledger.sqlite"\n',
        f'[[sources]]\nkind = "openai"\nname = "{SOURCE_NAME}"\nbase_url = "{base_url}"\n{_pace(tick_s)}',
        '[registry]\nfiles = ["owners.toml"]\n',
        *map(_release, deploys),
    ]
    if clock:
        parts.append(_person(stage.identity))
        epoch, started, speed = clock
        parts.append(f'[[gateways]]\nkind = "openai"\nname = "{SOURCE_NAME}"\nunknown_key_scopes = "all"\n')
        parts.append(f"[clock]\nepoch = {epoch!r}\nstarted = {started!r}\nspeed = {speed!r}\n")
    parts.append(more)
    stage.config.write_text("\n".join(parts), encoding="utf-8")
    return stage


def _release(deploy: Deploy) -> str:
    """The table of a release; as JSON has a text, TOML has it too."""
    at = datetime.fromtimestamp(deploy.at, UTC).isoformat(timespec="seconds")
    texts = {"title": deploy.title, "service": deploy.service, "team": deploy.team}
    said = "".join(f"{name} = {json.dumps(value)}\n" for name, value in texts.items() if value)
    return f"[[releases]]\nat = {at}\n{said}"


def _person(file: Path) -> str:
    """Makes the people of the demo; returns the tables that make the agent know them.

    Whoever watches is on call. The others are there so that approvals can be tried: their keys lie beside.
    """
    from agent.control.identity import new_identity, write_identity

    operator = write_identity(new_identity(OPERATOR), file).config_block()
    others = (
        write_identity(new_identity(name), file.with_name(name))
        .config_block()
        .replace('"operator"', f'"{role}"')
        for name, role in OTHERS.items()
    )
    return "\n".join([operator, *others])


def _pace(tick_s: float) -> str:
    """How often and how finely to read when time goes in steps: no more than the steps can show."""
    if not tick_s:
        return ""
    # The simulated provider has counted every request after ten minutes. Steps of hours read every hour
    # once, whole and final, an hour late; steps of minutes read a minute as soon as it begins to show.
    minutes, hours = ("60s", "1h", "30m", "6h"), ("59m", "1m", "1h", "4d")
    settle, detail, reread, seldom = minutes if tick_s < 3600 else hours
    return (
        f'every = "{tick_s:.0f}s"\nsettle = "{settle}"\ndetail = "{detail}"\nreread = "{reread}"\n'
        f'costs_every = "{seldom}"\ndirectory_every = "{seldom}"\n'
    )


def use_only(admin_key: str) -> None:
    """Makes this key the process's only one: a demo must not be able to use a real organization's."""
    for name in ("CREDENTIALS_DIRECTORY", "OPENAI_ADMIN_KEY_FILE"):
        os.environ.pop(name, None)
    os.environ["OPENAI_ADMIN_KEY"] = admin_key
