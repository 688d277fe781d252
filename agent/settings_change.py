"""Changes of burndeck.toml that are tried before they are saved, as settings and as TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from agent.domain.duration import Duration
from agent.errors import ConfigError
from agent.settings import Settings, parse_settings
from agent.settings_section import Section
from agent.toml_file import overlaid, read_text

Table = dict[str, Any]

_UNKNOWN = object()
_ELSEWHERE = {
    "burn_spike": ("alerts.spike", "alerts.spike.sensitivity=2"),
    "budget": ("alerts.tiers", "alerts.tiers.critical.at=0.85"),
}
"""Rules whose keys lie outside of alerts.rules: where they lie, and an example."""
_NO_FILE = Path("burndeck.toml")


def assigned(assignments: Iterable[str], settings: Settings) -> Table:
    """The change that `alerts.spike.sensitivity=2` and its like make of some settings.

    A key within tiers, channels or routes is reached by its name or number, as in `alerts.tiers.critical.at`.
    Raises `ConfigError` for what is no assignment or lies outside [alerts].
    """
    changes: Table = {}
    for text in assignments:
        name, sign, value = text.partition("=")
        parts = [part.strip() for part in name.split(".")]
        if not sign or len(parts) < 2 or not all(parts) or parts[0] != "alerts":
            raise ConfigError(
                f"--set {text}: it is not written alerts.KEY=VALUE",
                hint="Only keys under [alerts] can be tried, as in alerts.rules.runway.warning=48h.",
            )
        _assign(changes, parts, _value(value.strip()), settings.alerts, text)
    return changes


def changes_of(file: Path) -> Table:
    """The change that a TOML file makes; raises `ConfigError` where it changes more than [alerts]."""
    text = read_text(file, "change")
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not valid TOML: {error}", hint="See https://toml.io.") from None
    if other := [key for key in data if key != "alerts"]:
        raise ConfigError(f"{file}: {other[0]}: only [alerts] can be tried", hint="Leave the rest out.")
    return data


def changed(settings: Settings, *changes: Mapping[str, Any]) -> Settings:
    """The settings of the same file with changes over it, checked like any others."""
    over: Table = {}
    for each in changes:
        over = overlaid(over, each)
    text = read_text(settings.file, "configuration") if settings.file else ""
    return parse_settings(text, settings.file or _NO_FILE, over).with_ledger(settings.ledger_path)


def to_toml(table: Mapping[str, Any], path: str = "") -> str:
    """A table as TOML that a person can paste."""
    plain = {key: value for key, value in table.items() if not _nested(value)}
    lines = [f"[{path}]"] if path and plain else []
    lines += [f"{key} = {_text(value)}" for key, value in plain.items()]
    parts = ["\n".join(lines)] if lines else []
    for key, value in table.items():
        inner = f"{path}.{key}" if path else key
        if isinstance(value, Mapping):
            parts.append(to_toml(value, inner))
        elif _nested(value):
            parts += [
                "\n".join([f"[[{inner}]]", *(f"{name} = {_text(each)}" for name, each in row.items())])
                for row in value
            ]
    return "\n\n".join(part for part in parts if part)


def _assign(changes: Table, parts: list[str], value: Any, section: Section, text: str) -> None:
    """Sets a key of the changes; `section` is what holds there now."""
    here: Table = changes.setdefault("alerts", {})
    now: Any = section
    _, *path, last = parts
    if path[:1] == ["rules"] and (elsewhere := _ELSEWHERE.get((*path, last)[1])):
        raise ConfigError(
            f"--set {text}: alerts.rules has no keys of {(*path, last)[1]}",
            hint=f"They live under {elsewhere[0]}, as in {elsewhere[1]}.",
        )
    reached = "alerts"
    while path:
        part = path.pop(0)
        reached += f".{part}"
        known = getattr(now, part, _UNKNOWN)
        if isinstance(known, tuple) and known and isinstance(known[0], Section):
            if not path:
                raise ConfigError(
                    f"--set {text}: {reached}.{last} is a whole table",
                    hint=f"Name a key of it, as in {reached}.{last}.{type(known[0]).__struct_fields__[1]}.",
                )
            rows = _tables(here.setdefault(part, [_table(row) for row in known]), reached, text)
            name = path.pop(0)
            reached += f".{name}"
            here, now = rows[_place(rows, name, text)], known[0]  # every row has the same keys
        elif known is _UNKNOWN or isinstance(known, Section):
            (here,) = _tables([here.setdefault(part, {})], reached, text)
            now = known
        else:
            raise ConfigError(f"--set {text}: {reached} has no keys", hint=f"Set {reached} itself.")
    here[last] = value


def _tables(found: Any, reached: str, text: str) -> list[Table]:
    """What the changes have at a key already, as the tables that it must be."""
    if isinstance(found, list) and all(isinstance(each, dict) for each in found):
        return found
    raise ConfigError(
        f"--set {text}: another change makes something without keys of {reached}",
        hint="Leave one of them out.",
    )


def _place(rows: list[Table], name: str, text: str) -> int:
    names = [str(row.get("name", "")) for row in rows]
    if name in names:
        return names.index(name)
    if name.isdecimal() and len(name) < 5 and 0 < int(name) <= len(rows):
        return int(name) - 1
    known = ", ".join(each for each in names if each) or (f"1 to {len(rows)}" if rows else "none")
    raise ConfigError(f"--set {text}: there is no {name!r}", hint=f"Known: {known}.")


def _value(text: str) -> Any:
    """A value as TOML has it; what is none, such as 15m, is text."""
    try:
        return tomllib.loads(f"value = {text}", parse_float=Decimal)["value"]
    except tomllib.TOMLDecodeError:
        return text


def _table(section: Section) -> Table:
    """What is set in a section, as TOML would say it."""
    found = {}
    for field in msgspec.structs.fields(section):
        value = getattr(section, field.name)
        if field.required or value != field.default:
            found[field.name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Duration):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _nested(value: Any) -> bool:
    rows = isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)
    return rows or isinstance(value, Mapping)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return f'"{value:f}"'  # in quotes it stays exact
    if isinstance(value, list):
        return "[" + ", ".join(_text(each) for each in value) + "]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_text(each)}" for key, each in value.items()) + " }"
    quoted = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'
