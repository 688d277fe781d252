"""A postmortem as files, written in a thread: it reads for a second or two."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from agent.errors import BurndeckError

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings
    from console.screens.live_screen import LiveScreen

Write = Callable[["LedgerReader", "Settings", Path], tuple[Path, ...]]
"""Writes a postmortem into a folder; returns its files, the Markdown first."""


class Exported(Message):
    """The postmortem is written, or why it is not."""

    def __init__(self, said: str) -> None:
        super().__init__()
        self.said = said


def export_run(screen: LiveScreen, ident: int) -> None:
    """Writes that of a run; a note of the screen says where."""

    def write(reader: LedgerReader, settings: Settings, folder: Path) -> tuple[Path, ...]:
        from agent.runbooks.postmortem.write import export_run

        return export_run(reader, settings, ident, folder, settings.clock().now())

    _export(screen, write, Path(f"run-{ident}"))


def export_incident(screen: LiveScreen, ident: int) -> None:
    """Writes that of an incident; a note of the screen says where."""

    def write(reader: LedgerReader, settings: Settings, folder: Path) -> tuple[Path, ...]:
        from agent.runbooks.postmortem.write import export, of_incident

        return export(of_incident(reader, settings, ident, settings.clock().now()), folder)

    _export(screen, write, Path(f"incident-{ident}"))


def _export(screen: LiveScreen, write: Write, folder: Path) -> None:
    """Writes into the folder where the console was started."""
    settings = screen.deck.settings
    if settings is not None:
        screen.note("The postmortem is being written ...")
        screen.run_worker(
            partial(_write, screen, settings, write, folder), thread=True, group="export", exclusive=True
        )


def _write(screen: LiveScreen, settings: Settings, write: Write, folder: Path) -> None:
    from agent.ledger import open_reader

    try:
        with open_reader(settings.ledger_path) as reader:
            paths = write(reader, settings, folder)
    except BurndeckError as error:
        screen.post_message(Exported(f"{error.message}. {error.hint}".strip()))
    else:
        others = f" with {len(paths) - 1} more files" if len(paths) > 1 else ""
        screen.post_message(Exported(f"The postmortem is in {paths[0].resolve()}{others}."))
