"""The systemd user unit of the agent."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from agent.errors import BurndeckError, ConfigError
from agent.settings import Settings

UNIT_NAME = "burndeck-agent.service"

_TEMPLATE = """\
# Written by `burndeck agent install`; run it again after moving burndeck or its configuration.
[Unit]
Description=burndeck agent
Documentation=man:systemd.service(5)
After=network-online.target

[Service]
Type=simple
ExecStart={command}
Restart=on-failure
RestartSec=5
# The admin key: keep it encrypted and let systemd hand it over, or leave it in the keyring.
#   systemd-creds encrypt --name=openai_admin_key - %h/.config/burndeck/openai_admin_key.cred
#LoadCredentialEncrypted=openai_admin_key:%h/.config/burndeck/openai_admin_key.cred
#LoadCredential=openai_admin_key:%h/.config/burndeck/openai_admin_key
NoNewPrivileges=yes
PrivateTmp=yes
UMask=0077

[Install]
WantedBy=default.target
"""


def unit_text(settings: Settings) -> str:
    """The unit that runs the agent of this configuration with this Python."""
    command = [
        sys.executable,
        "-m",
        "console.cli",
        "agent",
        "run",
        "--db",
        str(settings.ledger_path.resolve()),
    ]
    if settings.file:
        command += ["--config", str(settings.file.resolve())]
    return _TEMPLATE.format(command=" ".join(_quoted(word) for word in command))


def unit_path() -> Path:
    """Where the user's units live."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "systemd" / "user" / UNIT_NAME


def install(settings: Settings) -> Path:
    """Writes the unit, and checks it where systemd is present; raises `BurndeckError` when it cannot."""
    path = unit_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(unit_text(settings), encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error.strerror}",
            hint="`burndeck agent install --dry-run` prints the unit, to be put elsewhere.",
        ) from error
    if complaints := verify(path):
        raise BurndeckError(f"systemd does not take {path}: {complaints}", hint="Correct the unit by hand.")
    return path


def verify(path: Path) -> str:
    """What `systemd-analyze verify` has against the unit; empty where it has nothing or cannot be asked."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        return ""
    with tempfile.TemporaryDirectory() as runtime:
        # Without a login session there is no runtime directory, and systemd would not even look.
        result = subprocess.run(
            [tool, "--user", "verify", str(path)],
            env={"XDG_RUNTIME_DIR": runtime, **os.environ},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    return "\n".join(line for line in result.stderr.splitlines() if path.name in line)


def _quoted(word: str) -> str:
    """A word as systemd reads it: % is a specifier and $ a variable unless doubled."""
    word = word.replace("%", "%%").replace("$", "$$")
    return f'"{word}"' if " " in word else word
