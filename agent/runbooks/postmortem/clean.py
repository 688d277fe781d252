"""Keeps secrets out of what is handed on: whatever people or errors have written into the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from agent.secrets import redact

T = TypeVar("T")


def clean(value: T) -> T:
    """The same data with every key and token in its texts cut to its beginning."""
    cleaned: T = _clean(value)
    return cleaned


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value) if type(value) is str else value
    if isinstance(value, tuple):
        return tuple(_clean(each) for each in value)
    if isinstance(value, Mapping):
        return {_clean(key): _clean(each) for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        made = {field.name: _clean(getattr(value, field.name)) for field in fields(value)}
        return type(value)(**made)
    return value
