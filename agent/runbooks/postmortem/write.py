"""A postmortem as files in a folder: its Markdown and its plots, each written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import BurndeckError, ConfigError
from agent.runbooks.postmortem.build import postmortem
from agent.runbooks.postmortem.markdown import markdown
from agent.runbooks.postmortem.model import Postmortem
from agent.runbooks.postmortem.plots import svg
from agent.runbooks.postmortem.record import Records, record_of, records_of

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

FILE = "postmortem.md"
_SEAL = "SHA-256 of the text above: "


class ExistsError(BurndeckError):
    """Another postmortem is there already."""


def export(made: Postmortem, folder: Path, *, force: bool = False) -> tuple[Path, ...]:
    """Writes the Markdown and an SVG for each plot; returns their paths, the Markdown first.

    The plots are written before the text that links them. An earlier one of the same incident or run is
    written over as long as nobody has edited it. Raises `ExistsError` for anything else that is there, unless
    `force`, and `ConfigError` where nothing can be written.
    """
    target = folder / FILE
    text = markdown(made, {plot.name: f"{plot.name}.svg" for plot in made.plots})
    try:
        if not force and target.exists() and not _same(target, text, made.ledger):
            raise ExistsError(
                f"{target} is there already, and is of something else or was edited",
                hint="Name another folder with -o, or write over it with --force.",
            )
        folder.mkdir(parents=True, exist_ok=True)
        plots = [(folder / f"{plot.name}.svg", svg(plot)) for plot in made.plots]
        for path, drawn in plots:
            _write(path, drawn)
        _write(target, _sealed(text, made.ledger))
    except OSError as error:
        raise ConfigError(
            f"{error.filename or folder} cannot be written: {error.strerror or error}",
            hint="Name another folder with -o.",
        ) from error
    return (target, *(path for path, _ in plots))


def export_run(
    reader: LedgerReader, settings: Settings, run_id: int, folder: Path, now: float, *, force: bool = False
) -> tuple[Path, ...]:
    """Writes the postmortem of a run, with that of its incident; returns the paths, the Markdown first."""
    record = record_of(reader, run_id)
    if record is None:
        raise BurndeckError(f"there is no run {run_id}", hint="`burndeck runbook runs --all` lists them.")
    return export(postmortem(reader, settings, now, runs=Records((record,))), folder, force=force)


def of_incident(reader: LedgerReader, settings: Settings, incident: int, now: float) -> Postmortem:
    """The postmortem of an incident with the runs that handled it; `BurndeckError` where there is none."""
    if reader.one("incident_by_id", {"id": incident, "until": int(now)}) is None:
        raise BurndeckError(f"there is no incident {incident}", hint="`burndeck incident list` lists them.")
    runs = records_of(reader, incident)
    return postmortem(reader, settings, now, runs=runs, incident=incident)


def _sealed(text: str, ledger: str) -> str:
    """A text with its hash below it, by which an edited one is known, and the ledger that tells it."""
    return f"{text}\n{_SEAL}`{hashlib.sha256(text.encode()).hexdigest()}`, told by ledger `{ledger}`\n"


def _same(path: Path, text: str, ledger: str) -> bool:
    """Whether a file is an earlier one of the same, as it was written: its heading says of what it is.

    Every ledger has a run 1, so it must be of the same ledger, too.
    """
    if not path.is_file():
        return False
    found = path.read_text(encoding="utf-8", errors="replace")
    body = found.rpartition(f"\n{_SEAL}")[0]
    return found == _sealed(body, ledger) and body.partition("\n")[0] == text.partition("\n")[0]


def _write(path: Path, text: str) -> None:
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(draft).chmod(0o666 & ~mask)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
