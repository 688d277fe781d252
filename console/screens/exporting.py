"""A postmortem as files, written in a thread: it reads for a second or two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from textual.message import Message

from agent.errors import BurndeckError

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings
    from console.deck import BurndeckApp
    from console.screens.live_screen import LiveScreen

Write = Callable[["LedgerReader", "Settings", Path], tuple[Path, ...]]
"""Writes a postmortem into a folder; returns its files, the Markdown first."""


AGAIN_S = 3.0
"""So often it says that it goes on."""
MOST = 99
"""Folders of one name."""


class Exported(Message):
    """The postmortem is written, or why it is not."""

    def __init__(self, said: str) -> None:
        super().__init__()
        self.said = said


def export_run(screen: LiveScreen, ident: int) -> None:
    """Writes that of a run; a note says where."""

    def write(reader: LedgerReader, settings: Settings, folder: Path) -> tuple[Path, ...]:
        from agent.runbooks.postmortem.write import export_run

        return export_run(reader, settings, ident, folder, settings.clock().now())

    _export(screen, write, Path(f"run-{ident}"))


def export_incident(screen: LiveScreen, ident: int) -> None:
    """Writes that of an incident; a note says where."""

    def write(reader: LedgerReader, settings: Settings, folder: Path) -> tuple[Path, ...]:
        from agent.runbooks.postmortem.write import export, of_incident

        return export(of_incident(reader, settings, ident, settings.clock().now()), folder)

    _export(screen, write, Path(f"incident-{ident}"))


def _export(screen: LiveScreen, write: Write, folder: Path) -> None:
    """Writes into the folder where the console was started, or beside what is there already."""
    deck = screen.deck
    if deck.settings is None:
        return
    if deck.exporting:
        screen.note("A postmortem is being written already: its place is said when it is.")
        return
    deck.exporting = True
    _say_that_it_lasts(deck)
    deck.run_worker(partial(_write, deck, deck.settings, write, folder), thread=True, group="export")


def _say_that_it_lasts(deck: BurndeckApp) -> None:
    begun = monotonic()
    deck.say("The postmortem is being written ...")

    def still() -> None:
        if deck.exporting:
            deck.say(f"The postmortem is being written: {monotonic() - begun:.0f} s so far ...")
        else:
            timer.stop()

    timer = deck.set_interval(AGAIN_S, still)


def _write(deck: BurndeckApp, settings: Settings, write: Write, folder: Path) -> None:
    from agent.ledger import open_reader
    from agent.runbooks.postmortem.write import ExistsError

    said = "The postmortem was not written."
    try:
        with open_reader(settings.ledger_path) as reader:
            for place in _places(folder):
                try:
                    said = _words(write(reader, settings, place), beside=folder if place != folder else None)
                    break
                except ExistsError as error:
                    said = f"{error.message}. {error.hint}"
    except BurndeckError as error:
        said = f"{error.message}. {error.hint}".strip()
    finally:
        deck.post_message(Exported(said))


def _places(folder: Path) -> Iterator[Path]:
    """The folder, and others of its name where something else is in it."""
    yield folder
    yield from (folder.with_name(f"{folder.name}-{number}") for number in range(2, MOST + 1))


def _words(paths: tuple[Path, ...], beside: Path | None) -> str:
    others = f" with {len(paths) - 1} more files" if len(paths) > 1 else ""
    left = f"; {beside} was edited or is of something else, and stays" if beside is not None else ""
    # The name first and whole: a long path is broken over the lines of a note.
    return f"The postmortem is in {paths[0]}{others}, in the folder {Path.cwd()}{left}."
