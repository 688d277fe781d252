"""The owners registry: key -> owner and environment, project -> team, team -> department and cost center."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from agent.domain.labels import label_problem
from agent.errors import ConfigError
from agent.toml_file import convert_table, decode_toml, read_text

E = TypeVar("E", bound="Entry")
_LINTED = ("team", "cost_center", "environment", "department", "billing_group")


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the registry says about one team, project or key. Empty text: it does not say."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if name in _LINTED and value and (problem := label_problem(name, value)):
                raise ValueError(f"{name}: {problem}")


class TeamEntry(Entry, frozen=True):
    """Where a team belongs, and who pays for it."""

    department: str = ""
    billing_group: str = ""
    cost_center: str = ""


class ProjectEntry(Entry, frozen=True):
    """Whose a project is. `name` is what people call it, where its id is the provider's."""

    name: str = ""
    team: str = ""
    environment: str = ""
    owner: str = ""
    cost_center: str = ""


class KeyEntry(Entry, frozen=True):
    """Who owns a key. Team and project only where the project does not say it already."""

    owner: str = ""
    environment: str = ""
    team: str = ""
    project: str = ""
    name: str = ""
    cost_center: str = ""


@dataclass(frozen=True, slots=True)
class Registry:
    """Teams, projects and keys by id."""

    teams: Mapping[str, TeamEntry] = field(default_factory=dict)
    projects: Mapping[str, ProjectEntry] = field(default_factory=dict)
    keys: Mapping[str, KeyEntry] = field(default_factory=dict)


class _Tables(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    teams: dict[str, dict[str, Any]] = {}
    projects: dict[str, dict[str, Any]] = {}
    keys: dict[str, dict[str, Any]] = {}


_KINDS: dict[str, type[Entry]] = {"team": TeamEntry, "project": ProjectEntry, "key": KeyEntry}


def load_registry(files: Iterable[Path]) -> Registry:
    """All files as one registry, a later file over an earlier; `ConfigError` names file, line and key."""
    teams: dict[str, TeamEntry] = {}
    projects: dict[str, ProjectEntry] = {}
    keys: dict[str, KeyEntry] = {}
    for file in files:
        text = read_text(file, "registry")
        part = _from_csv(text, str(file)) if file.suffix.lower() == ".csv" else _from_toml(text, str(file))
        teams |= part.teams
        projects |= part.projects
        keys |= part.keys
    return Registry(teams, projects, keys)


def _from_toml(text: str, where: str) -> Registry:
    tables = decode_toml(text, where, _Tables)

    def entries(table: str, kind: type[E], rows: Mapping[str, dict[str, Any]]) -> dict[str, E]:
        return {
            name: convert_table(row, text, where, kind, within=(table, name)) for name, row in rows.items()
        }

    return Registry(
        teams=entries("teams", TeamEntry, tables.teams),
        projects=entries("projects", ProjectEntry, tables.projects),
        keys=entries("keys", KeyEntry, tables.keys),
    )


def _from_csv(text: str, where: str) -> Registry:
    """Columns kind (team, project or key), id and any field of that kind; empty cells say nothing."""
    reader = csv.DictReader(io.StringIO(text))
    _check_columns(reader.fieldnames or (), where)
    found: dict[str, dict[str, Any]] = {kind: {} for kind in _KINDS}
    for row in reader:
        at = f"{where}:{reader.line_num}"
        cells = {name: value.strip() for name, value in row.items() if name and value and value.strip()}
        kind, name = cells.pop("kind", "").lower(), cells.pop("id", "")
        if kind not in _KINDS:
            raise ConfigError(f"{at}: kind: {kind!r} is none of team, project, key")
        if not name or name in found[kind]:
            raise ConfigError(f"{at}: id: {'is there twice' if name else 'is missing'}", hint="One row each.")
        found[kind][name] = _csv_entry(_KINDS[kind], cells, at)
    return Registry(teams=found["team"], projects=found["project"], keys=found["key"])


def _csv_entry(kind: type[Entry], cells: dict[str, str], at: str) -> Entry:
    strangers = set(cells) - set(kind.__struct_fields__)
    if strangers:
        known = ", ".join(kind.__struct_fields__)
        raise ConfigError(f"{at}: {min(strangers)}: not a field of this kind", hint=f"It has: {known}")
    try:
        return kind(**cells)
    except ValueError as error:
        raise ConfigError(f"{at}: {error}") from None


def _check_columns(columns: Iterable[str], where: str) -> None:
    known = {"kind", "id"}.union(*(kind.__struct_fields__ for kind in _KINDS.values()))
    for column in columns:
        if column not in known:
            near = difflib.get_close_matches(column, known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else "Known: " + ", ".join(sorted(known))
            raise ConfigError(f"{where}:1: {column}: unknown column", hint=hint)
    for column in ("kind", "id"):
        if column not in columns:
            raise ConfigError(f"{where}:1: {column}: there is no such column", hint="A header row is needed.")
