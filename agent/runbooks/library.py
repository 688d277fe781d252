"""All runbooks there are: the shipped ones, and a person's own, which override those of the same id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import as_file, files
from itertools import chain
from pathlib import Path

from agent.domain.runbook import Runbook
from agent.runbooks.format import RunbookError, decode, read
from agent.runbooks.problem import quoted
from agent.runbooks.triggers import Fit, fit
from agent.settings import Settings

FOLDER = "runbooks"
"""A person's own are here, beside burndeck.toml, unless it says otherwise."""
_NO_RUNBOOK = ("readme.md",)


@dataclass(frozen=True, slots=True)
class FileProblem:
    """Why a file of a person's own is not in force."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A runbook in force."""

    runbook: Runbook
    shipped: bool
    overrides: bool = False  # a shipped one of the same id


@dataclass(frozen=True, slots=True)
class Library:
    """The runbooks in force, by id."""

    entries: tuple[Entry, ...]
    problems: tuple[FileProblem, ...] = ()

    def all(self) -> tuple[Runbook, ...]:
        """Every runbook, by id."""
        return tuple(entry.runbook for entry in self.entries)

    def find(self, ident: str) -> Runbook | None:
        """The runbook of an id."""
        return next((entry.runbook for entry in self.entries if entry.runbook.id == ident), None)

    def entry(self, ident: str) -> Entry | None:
        """The same, with where it comes from."""
        return next((entry for entry in self.entries if entry.runbook.id == ident), None)

    def answering(self, rule: str, tier: str, cause: str = "") -> tuple[Runbook, ...]:
        """Runbooks for an alert, best first: by how they fit it, then own ones before shipped ones."""
        return tuple(entry.runbook for _, entry in self._fitting(rule, tier, cause))

    def first(self, rule: str, tier: str, cause: str = "") -> Runbook | None:
        """The one runbook that fits an alert better than all others; None where several fit as well."""
        found = self._fitting(rule, tier, cause)
        if len(found) > 1 and found[0][0] is found[1][0]:
            return None
        return found[0][1].runbook if found else None

    def _fitting(self, rule: str, tier: str, cause: str) -> list[tuple[Fit, Entry]]:
        fits = ((fit(entry.runbook.triggers, rule, tier, cause), entry) for entry in self.entries)
        found = [(how, entry) for how, entry in fits if how is not None]
        return sorted(found, key=lambda pair: (pair[0], pair[1].shipped, pair[1].runbook.id))


def library(settings: Settings) -> Library:
    """The runbooks in force. A file that is broken is a problem, and leaves the shipped one in force."""
    problems: list[FileProblem] = []
    shipped = _by_id(_shipped(), problems)
    own = _by_id(_own(settings), problems)
    entries = [Entry(runbook, shipped=False, overrides=ident in shipped) for ident, runbook in own.items()]
    entries += [Entry(runbook, shipped=True) for ident, runbook in shipped.items() if ident not in own]
    entries.sort(key=lambda entry: entry.runbook.id)
    return Library(tuple(entries), tuple(problems))


def own_folder(settings: Settings) -> Path | None:
    """Where a person's own runbooks are, or would be; None without a burndeck.toml."""
    if settings.own_runbooks is not None:
        return settings.own_runbooks
    return settings.file.resolve().parent / FOLDER if settings.file else None


def _by_id(found: Iterable[Runbook | FileProblem], problems: list[FileProblem]) -> dict[str, Runbook]:
    """Runbooks by id; everything else goes to `problems`."""
    known: dict[str, Runbook] = {}
    for each in found:
        if isinstance(each, FileProblem):
            problems.append(each)
        elif each.id in known:
            message = f"the id {quoted(each.id)} is that of {known[each.id].source} already"
            problems.append(FileProblem(each.source, 1, message))
        else:
            known[each.id] = each
    return known


@cache
def _shipped() -> tuple[Runbook | FileProblem, ...]:
    """Those of the package; they change with it alone. `source` is their name, wherever it is installed."""
    texts = sorted(
        (each for each in files(FOLDER).iterdir() if _is_runbook(each.name)), key=lambda each: each.name
    )
    tried = (_tried(partial(decode, each.read_bytes(), f"{FOLDER}/{each.name}")) for each in texts)
    return tuple(chain.from_iterable(tried))


def _own(settings: Settings) -> Iterator[Runbook | FileProblem]:
    folder = own_folder(settings)
    if folder is None or _is_shipped(folder):
        return
    try:
        names = sorted(path for path in folder.iterdir() if _is_runbook(path.name))
    except OSError as error:
        if settings.own_runbooks is not None:  # named, so somebody expects it to be read
            yield FileProblem(str(folder), 1, f"the folder of runbooks cannot be read: {error.strerror}")
        return
    for path in names:
        yield from _tried(partial(read, path))


def _tried(reading: Callable[[], Runbook]) -> Iterator[Runbook | FileProblem]:
    """The runbook that is read, or all that is wrong with its text."""
    try:
        yield reading()
    except RunbookError as error:
        for problem in error.problems:
            yield FileProblem(error.source, problem.line, problem.message)


def _is_runbook(name: str) -> bool:
    return name.endswith(".md") and not name.startswith(".") and name.lower() not in _NO_RUNBOOK


def _is_shipped(folder: Path) -> bool:
    """Whether it is the folder of the package, as in a checkout that has a burndeck.toml."""
    with as_file(files(FOLDER)) as shipped:
        return folder.exists() and shipped.exists() and folder.samefile(shipped)
