"""Fields of a TOML table in a runbook, read one by one; what is wrong becomes a problem with its line."""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from agent.domain.duration import Duration
from agent.runbooks.blocks import Block
from agent.runbooks.filling import NAME, brace_problem
from agent.runbooks.problem import Problems, near, quoted
from agent.toml_file import Key, shown

E = TypeVar("E", bound=StrEnum)

LONGEST_S = 366 * 86_400
MOST_LINE = 2_000
# Terminals obey control characters, and the halves of a pair are no text.
NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_AT_LINE = re.compile(r"\s*\(at line (\d+), column (\d+)\)$")
_AT_END = re.compile(r"\s*\(at end of document\)$")


class _Number(str):
    """A number with a fraction, as it was written: 0.90 stays 0.90."""

    __slots__ = ()


def read_toml(block: Block, problems: Problems) -> dict[str, Any] | None:
    """The table of a block; None, with a problem, where it is no TOML."""
    for number, line in enumerate(block.text.split("\n")):
        if len(line) > MOST_LINE:  # tomllib's time grows with the square of a dotted key
            problems.add(block.first + number, f"longer than {MOST_LINE} characters: use several lines")
            return None
    try:
        return tomllib.loads(block.text, parse_float=_Number)
    except RecursionError:
        problems.add(block.first, "not valid TOML: it is nested too deeply")
    except ValueError as error:  # the decoder's own, and an integer past what Python reads
        message = str(error)
        if place := _AT_LINE.search(message):
            message, last = f"{message[: place.start()]} (column {place[2]})", int(place[1])
        else:
            message, last = _AT_END.sub(" at its end", message), block.text.count("\n") + 1
        problems.add(block.first + last - 1, f"not valid TOML: {message[:1].lower()}{message[1:]}")
    return None


class Fields:
    """One table. Every field that is asked for is known; `finish` complains of the others."""

    def __init__(
        self, values: Mapping[str, Any], block: Block, problems: Problems, what: str, key: Key = ()
    ) -> None:
        self.what = what  # what has the fields: "a query"
        self._values = values
        self._block = block
        self._problems = problems
        self._key = key
        self._known: list[str] = []

    def wrong(self, message: str, *name: str | int) -> None:
        """Notes a problem at a field; at the table without one."""
        self._problems.add(self._block.line_of(*self._key, *name), message)

    def has(self, name: str) -> bool:
        """Whether a field is there, whatever it holds."""
        return name in self._values

    def text(self, name: str, *, required: bool = False, plain: bool = False) -> str:
        """A text; `plain` ones are of one line, in which nothing is filled in."""
        value = self._take(name, str, "text in quotes")
        if required and (value is None or not value.strip()):
            if value is not None or name not in self._values:
                self.wrong(f"{self.what} needs {name!r}", name)
            return ""
        if value and plain and "\n" in value:
            self.wrong(f"{self._shown(name)} must be one line", name)
        elif value:
            self._readable(value, plain, name)
        return value or ""

    def one_of(self, name: str, kind: type[E], *, required: bool = False) -> E | None:
        """A member of an enumeration; None where it is missing or wrong."""
        text = self.text(name, required=required, plain=True)
        if not text:
            return None
        if text not in tuple(kind):
            self.wrong(f"{name} {quoted(text)} is unknown{near(text, kind)}", name)
            return None
        return kind(text)

    def texts(self, name: str, *, plain: bool = True) -> tuple[str, ...]:
        """A list of texts; a text alone is a list of one."""
        value = self._take(name, (str, list), "a list of texts in quotes")
        found = [value] if isinstance(value, str) else value or []
        if not all(isinstance(each, str) and each for each in found):
            self.wrong(f"{self._shown(name)} must be a list of texts in quotes", name)
            return ()
        for each in found:
            self._readable(each, plain, name)
        return tuple(found)

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false."""
        value = self._take(name, bool, "true or false")
        return default if value is None else bool(value)

    def span(self, name: str) -> int:
        """A stretch of time in seconds; 0 where there is none."""
        text = self.text(name, plain=True)
        if not text:
            return 0
        try:
            seconds = int(Duration.parse(text))
        except ValueError:
            self.wrong(
                f"{self._shown(name)} {quoted(text)} is no stretch of time such as 90s, 15m or 6h", name
            )
            return 0
        if not 0 < seconds <= LONGEST_S:
            self.wrong(f"{self._shown(name)} must be more than nothing, and 366d at most", name)
            return 0
        return seconds

    def mapping(self, name: str, *, plain: bool = False) -> dict[str, str]:
        """A table of values, as text: numbers and lists are written out."""
        found: dict[str, str] = {}
        for key, value in (self._take(name, dict, 'a table such as { key = "value" }') or {}).items():
            text = _as_text(value)
            if not NAME.fullmatch(key):
                self.wrong(f"{self._shown(name)}: {quoted(key)} is no name of letters, digits, - and _", name)
                continue
            if text is None:
                self.wrong(f"{self._shown(name)}.{quoted(key)[1:-1]} must be text in quotes", name, key)
                continue
            self._readable(text, plain, name, key)
            found[key] = text
        return found

    def tables(self, name: str, what: str) -> list[Fields]:
        """An array of tables."""
        value = self._take(name, list, f"tables, each of which begins with [[{name}]]") or []
        if not all(isinstance(each, dict) for each in value):
            self.wrong(f"{self._shown(name)} must be tables, each of which begins with [[{name}]]", name)
            return []
        return [self._within(each, what, name, index) for index, each in enumerate(value)]

    def named_tables(self, name: str, what: str) -> dict[str, Fields]:
        """A table of tables, as [parameters.scope] and its like make it."""
        found: dict[str, Fields] = {}
        for key, value in (self._take(name, dict, f"tables such as [{name}.NAME]") or {}).items():
            if isinstance(value, dict):
                found[key] = self._within(value, what, name, key)
            else:
                self.wrong(
                    f"{self._shown(name)}.{quoted(key)[1:-1]} must be a table: [{name}.NAME]", name, key
                )
        return found

    def groups(self, name: str) -> tuple[tuple[str, ...], ...]:
        """A list of lists of texts."""
        value = self._take(name, list, 'lists such as [["finance"], ["engineering", "lead"]]') or []
        for group in value:
            if not (isinstance(group, list) and group and all(isinstance(each, str) for each in group)):
                problem = 'must be lists such as [["finance"], ["engineering", "lead"]]'
                self.wrong(f"{self._shown(name)} {problem}", name)
                return ()
        return tuple(tuple(group) for group in value)

    def finish(self, elsewhere: Callable[[str], str] = lambda name: "") -> None:
        """Notes every field that nobody asked for; `elsewhere` says what has it, as in "a wait-for"."""
        for name in self._values:
            if name in self._known:
                continue
            other = elsewhere(name)
            hint = f": {other} has it" if other else near(name, self._known)
            self.wrong(f"{self.what} has no field {quoted(name)}{hint}", name)

    def _take(self, name: str, kinds: type | tuple[type, ...], should: str) -> Any:
        self._known.append(name)
        value = self._values.get(name)
        if value is None:
            return None
        # A whole number is none of true and false, and a text that was a number is no text.
        if isinstance(value, kinds) and not isinstance(value, _Number):
            return value
        self.wrong(f"{self._shown(name)} must be {should}", name)
        return None

    def _within(self, values: Mapping[str, Any], what: str, *key: str | int) -> Fields:
        return Fields(values, self._block, self._problems, what, (*self._key, *key))

    def _readable(self, text: str, plain: bool, *name: str | int) -> None:
        """Notes what cannot be shown, or not be filled in; TOML writes control characters with escapes."""
        strange = NO_TEXT.search(text)
        problem = f"the character U+{ord(strange[0]):04X} has no place in a text" if strange else ""
        if problem := problem or ("" if plain else brace_problem(text)):
            self.wrong(f"{self._shown(*name)}: {problem}", *name)

    def _shown(self, *name: str | int) -> str:
        return shown((*self._key, *name))


def _as_text(value: object) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**18 else None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, list) and not any(isinstance(each, list | dict) for each in value):
        texts: Collection[str | None] = [_as_text(each) for each in value]
        return None if None in texts else ", ".join(each for each in texts if each)
    return None
