"""TOML files that people write, as typed values; every error names file, line and key."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from agent.errors import ConfigError

T = TypeVar("T")
Key = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_NAME = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")
_UNKNOWN = re.compile(r"Object contains unknown field `([^`]+)`")
_OWN_KEY = re.compile(r"([a-z_]+): ")


def read_text(path: Path, what: str) -> str:
    """The file's text; raises `ConfigError` when it cannot be read. `what` names it, as in "prices"."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such {what} file", hint="Check the path, or leave it out.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path}: cannot be read: {error}", hint="It must be a readable UTF-8 file."
        ) from error


def decode_toml(
    text: str,
    where: str,
    schema: type[T],
    hook: Callable[[type, Any], Any] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> T:
    """Decodes `text`, with `changes` over it, into `schema`; raises `ConfigError` with `where`, line and key.

    A `ValueError("key: what is wrong")` raised in a schema's `__post_init__` is shown at that key.
    """
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{where}: not valid TOML: {error}", hint="See https://toml.io for the syntax."
        ) from None
    return convert_table(overlaid(data, changes or {}), text, where, schema, hook=hook)


def overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Two tables as one: tables within are laid over each other, anything else of `above` replaces."""
    whole = dict(below)
    for key, value in above.items():
        known = whole.get(key)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            value = overlaid(known, value)
        whole[key] = value
    return whole


def convert_table(
    data: Any,
    text: str,
    where: str,
    schema: type[T],
    *,
    within: Key = (),
    hook: Callable[[type, Any], Any] | None = None,
) -> T:
    """`data`, which stands at the key `within` of `text`, as `schema`; errors as in `decode_toml`."""
    try:
        return msgspec.convert(data, schema, dec_hook=hook)
    except msgspec.ValidationError as error:
        raise _explained(str(error), text, where, schema, within) from None


def config_error(text: str, where: str, key: Key, problem: str, hint: str = "") -> ConfigError:
    """A `ConfigError` at a key of a TOML text, for rules that span several keys."""
    line = line_of(text, key)
    place = f"{where}:{line}" if line else where
    return ConfigError(f"{place}: {shown(key)}: {problem}" if key else f"{place}: {problem}", hint=hint)


def shown(key: Key) -> str:
    """`sources[1].every` for ("sources", 0, "every"): people count from one."""
    text = ""
    for part in key:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def line_of(text: str, key: Key) -> int | None:
    """The line (from 1) where a key, or something in it, stands; else the nearest table around it."""
    lines = key_lines(text)
    for end in range(len(key), 0, -1):
        inside = (line for found, line in lines.items() if found[:end] == key[:end])
        if line := next(inside, None):
            return line
    return None


def key_lines(text: str) -> dict[Key, int]:
    """Line numbers (from 1) of all headers and assignments. Arrays of tables get their running number."""
    found: dict[Key, int] = {}
    counts: dict[Key, int] = {}
    table: Key = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = tuple(name.strip("\"'") for name in _NAME.findall(header[2]))
            if header[1] == "[[":
                index = counts.get(table, -1) + 1
                counts[table] = index
                table = (*table, index)
            elif table[:-1] in counts:  # [sources.headers] belongs to the newest [[sources]]
                table = (*table[:-1], counts[table[:-1]], table[-1])
            found.setdefault(table, number)
        elif assignment := _ASSIGNMENT.match(line):
            names = tuple(name.strip("\"'") for name in _NAME.findall(assignment[1]))
            found.setdefault((*table, *names), number)
    return found


def _explained(message: str, text: str, where: str, schema: type, within: Key) -> ConfigError:
    problem, _, path = message.partition(" - at `")
    inside = _key(path.rstrip("`"))
    key = within + inside
    if unknown := _UNKNOWN.match(problem):
        known = _known(schema, inside)
        near = difflib.get_close_matches(unknown[1], known, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else "Known keys: " + ", ".join(known)
        return config_error(text, where, (*key, unknown[1]), "unknown key", hint)
    if own := _OWN_KEY.match(problem):
        return config_error(text, where, (*key, own[1]), problem[own.end() :])
    return config_error(text, where, key, problem[:1].lower() + problem[1:])


def _key(path: str) -> Key:
    """("sources", 0, "every") of msgspec's `$.sources[0].every`."""
    parts = re.findall(r"\.([\w-]+)|\[(\d+|\.\.\.)\]", path)
    return tuple(name or (int(index) if index.isdigit() else index) for name, index in parts)


def _known(schema: type, key: Key) -> list[str]:
    """Field names of the table at `key` in the schema."""
    node: Any = msgspec.inspect.type_info(schema)
    for part in key:
        if isinstance(node, msgspec.inspect.StructType):
            node = next((field.type for field in node.fields if field.encode_name == part), node)
        elif isinstance(node, msgspec.inspect.DictType):
            node = node.value_type
        elif hasattr(node, "item_type"):
            node = node.item_type
    # A list index that msgspec did not name leaves the list itself.
    node = getattr(node, "item_type", node)
    return (
        [field.encode_name for field in node.fields] if isinstance(node, msgspec.inspect.StructType) else []
    )
