"""The postmortem of a run, written in a thread: it reads for a second or two."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from agent.errors import BurndeckError

if TYPE_CHECKING:
    from agent.settings import Settings
    from console.screens.runbook.run_screen import RunScreen


class Exported(Message):
    """The postmortem is written, or why it is not."""

    def __init__(self, said: str) -> None:
        super().__init__()
        self.said = said


def export_run(screen: RunScreen, ident: int) -> None:
    """Writes into the folder where the console was started; a note says where."""
    settings = screen.deck.settings
    if settings is not None:
        screen.note("The postmortem is being written ...")
        screen.run_worker(
            partial(_write, screen, settings, ident), thread=True, group="export", exclusive=True
        )


def _write(screen: RunScreen, settings: Settings, ident: int) -> None:
    from agent.ledger import open_reader
    from agent.runbooks.postmortem.write import export_run as write

    folder = Path(f"run-{ident}")
    try:
        with open_reader(settings.ledger_path) as reader:
            paths = write(reader, settings, ident, folder, settings.clock().now())
    except BurndeckError as error:
        screen.post_message(Exported(f"{error.message}. {error.hint}".strip()))
    else:
        others = f" with {len(paths) - 1} more files" if len(paths) > 1 else ""
        screen.post_message(Exported(f"The postmortem is in {paths[0].resolve()}{others}."))
