"""A postmortem as JSON: amounts as text, so that none is rounded."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from agent.domain.usage import Layer
from agent.runbooks.postmortem.model import Postmortem


def as_json(postmortem: Postmortem) -> dict[str, Any]:
    """All of it as plain data, evidence with all its rows and plots with all their points."""
    found = _plain(postmortem)
    assert isinstance(found, dict)
    return found


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Layer):
        return value.word
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value
