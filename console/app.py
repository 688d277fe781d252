"""The console: `burndeck` without a command opens it.

Light on purpose: the live link starts to read the ledger before Textual is even imported.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import ConfigError
from console.live import Live, Open
from console.questions import burn_question
from console.view import View

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings


def ledger_opener(settings_path: Path | None, ledger: Path | None) -> Open:
    """Loads the settings and opens the ledger, each time it is called."""

    def open_both() -> tuple[Settings, LedgerReader]:
        from agent.ledger import open_reader
        from agent.settings import load_settings

        settings = load_settings(settings_path)
        if ledger is not None:
            settings = settings.with_ledger(ledger)
        return settings, open_reader(settings.ledger_path)

    return open_both


def run_console(settings_path: Path | None, ledger: Path | None) -> None:
    """Opens the console on a ledger and returns when the person leaves it.

    Raises `ConfigError` where there is no terminal to draw in.
    """
    # Textual draws on standard error.
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigError(
            "the console needs a terminal, and standard input or standard error is none",
            hint="In scripts and pipes ask `burndeck burn --json` or `burndeck triage --json`.",
        )
    # Nothing made during the start is garbage; looking for some would take a tenth of it.
    # The application switches collection on again after its first frame.
    gc.disable()
    live = Live(ledger_opener(settings_path, ledger))
    live.watch(burn_question(View()))
    live.start()
    from console.deck import BurndeckApp

    BurndeckApp(live).run()
