"""A commented burndeck.toml, made from the schema: what can be set, what it means, what holds without it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, cast

import msgspec
from msgspec import inspect as schema

from agent.domain.duration import Duration
from agent.settings_changes import Release
from agent.settings_gateways import Gateway
from agent.settings_people import PersonTable
from agent.settings_schema import (
    AllocationTable,
    BillingGroup,
    ConfigFile,
    Organization,
    Source,
)
from agent.settings_section import Section

_TITLE = """\
# burndeck.toml. A line that begins with "#" and a key shows what holds anyway, or an example: take the "#"
# away to set it. Times are written 90s, 15m, 6h or 4d; amounts in quotes, so that they stay exact.
"""
_REPEATED: dict[str, type[Section]] = {
    "sources": Source,
    "billing_groups": BillingGroup,
    "allocations": AllocationTable,
    "people": PersonTable,
    "gateways": Gateway,
    "releases": Release,
}
_SET: dict[type, tuple[str, ...]] = {Organization: ("id", "name"), Source: ("kind",)}
"""Keys that the sample sets; all others are comments."""
_NOT_SHOWN = ("clock",)  # the demo writes it for itself


def sample_config() -> str:
    """The text of a burndeck.toml that loads as it is, and also with every comment sign before a key gone."""
    root = schema.type_info(ConfigFile)
    assert isinstance(root, schema.StructType)
    parts = [_TITLE]
    for field in root.fields:
        if field.name in _REPEATED:
            parts.append("\n".join(_table(f"[[{field.name}]]", _REPEATED[field.name])))
        elif field.name not in _NOT_SHOWN:
            parts.append("\n".join(_table(f"[{field.name}]", type(field.default))))
    return "\n\n".join(parts) + "\n"


def _table(header: str, section: type[Section]) -> Iterator[str]:
    info = schema.type_info(section)
    assert isinstance(info, schema.StructType)
    always = _SET.get(section, ())
    optional = header.startswith("[[") and not always
    yield f"# {(section.__doc__ or '').strip().splitlines()[0]}"
    yield f"#{header}" if optional else header
    nested: list[tuple[str, type[Section]]] = []
    for field in info.fields:
        if isinstance(field.default, Section):
            nested.append((f"[{_path(header)}.{field.name}]", type(field.default)))
            continue
        if repeated := _rows_of(field.type):
            nested.append((f"[[{_path(header)}.{field.name}]]", repeated))
            continue
        text, example = _says(field.type)
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        yield f"# {text}"
        yield f"{'' if field.name in always else '#'}{field.name} = {_value(default, example)}"
    for table, inner in nested:
        yield ""
        yield from _table(table, inner)


def _path(header: str) -> str:
    return header.strip("[]")


def _rows_of(kind: schema.Type) -> type[Section] | None:
    """The table of an array of tables; None for any other key."""
    while isinstance(kind, schema.Metadata):
        kind = kind.type
    if isinstance(kind, schema.VarTupleType) and isinstance(kind.item_type, schema.StructType):
        return cast("type[Section]", kind.item_type.cls)
    return None


def _says(kind: schema.Type) -> tuple[str, str]:
    """Description and example of a key."""
    while isinstance(kind, schema.Metadata):
        extra = kind.extra_json_schema or {}
        if "description" in extra:
            return extra["description"], (extra.get("examples") or [""])[0]
        kind = kind.type
    raise TypeError("every key of the schema has a description")


def _value(default: Any, example: str) -> str:
    """A value in TOML: the default, or the example where the default says nothing."""
    if example and default in (msgspec.NODEFAULT, "", (), None, 0):
        return example if example[0] in '["' else f'"{example}"'
    if isinstance(default, (bool, int)) and not isinstance(default, Duration):
        return str(default).lower()
    if isinstance(default, Section):
        pairs = (f"{name} = {_value(getattr(default, name), '')}" for name in default.__struct_fields__)
        return "{ " + ", ".join(pairs) + " }"
    if isinstance(default, tuple):
        return "[" + ", ".join(_value(each, "") for each in default) + "]"
    if isinstance(default, dict):
        return "{ " + ", ".join(f"{name} = {_value(each, '')}" for name, each in default.items()) + " }"
    if isinstance(default, Decimal):
        return f'"{default:f}"'
    return f'"{default}"'
