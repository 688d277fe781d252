"""Every path that burndeck uses when nobody names one."""

from __future__ import annotations

import os
from pathlib import Path

CONFIG_NAME = "burndeck.toml"


def config_candidates() -> tuple[Path, ...]:
    """Where burndeck.toml is looked for, first match wins: here, then the user's configuration folder."""
    from platformdirs import user_config_path

    return Path(CONFIG_NAME), user_config_path("burndeck", appauthor=False) / CONFIG_NAME


def find_config() -> Path | None:
    """The configuration in force: $BURNDECK_CONFIG (taken as it is), else the first candidate that exists."""
    named = os.environ.get("BURNDECK_CONFIG")
    if named:
        return Path(named)
    return next((path for path in config_candidates() if path.is_file()), None)


def default_ledger() -> Path:
    """The ledger of a configuration that names none."""
    from platformdirs import user_data_path

    return user_data_path("burndeck", appauthor=False) / "ledger.sqlite"


def identity_file() -> Path:
    """The person's private key on a machine without a keyring."""
    from platformdirs import user_data_path

    return user_data_path("burndeck", appauthor=False) / "identity.key"


def lock_of(ledger: Path) -> Path:
    """The lock file beside a ledger; the agent that holds it is the only one.

    Symbolic links are followed: however a ledger is named, its lock is the same.
    """
    file = Path(os.path.realpath(ledger))
    return file.with_name(file.name + ".lock")


def log_of(ledger: Path) -> Path:
    """The agent's log beside a ledger, when the configuration names none."""
    return ledger.with_name(ledger.stem + ".agent.log")
