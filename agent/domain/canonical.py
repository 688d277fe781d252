"""Canonical JSON: one text for one value, so that signatures and hashes of it mean something."""

from __future__ import annotations

import json
from typing import Any

_DEEPEST = 16


def canonical(value: object) -> str:
    """Sorted keys, no blanks, UTF-8; objects, lists, text, integers, booleans and null only.

    `ValueError` for anything else: a float has several texts, and amounts are text or integers anyway.
    """
    _check(value, 0)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    text.encode()  # half a surrogate pair is no text
    return text


def parse_canonical(data: bytes) -> Any:
    """The value of a canonical text; `ValueError` where another writer would have written another text."""
    try:
        text = data.decode()
        value = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if canonical(value) != text:
        raise ValueError("not the canonical text of its value")
    return value


def _check(value: object, depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    if value is None or isinstance(value, str | int):
        return
    if isinstance(value, list):
        for each in value:
            _check(each, depth + 1)
    elif isinstance(value, dict):
        for key, each in value.items():
            if not isinstance(key, str):
                raise ValueError(f"the key {key!r} is no text")
            _check(each, depth + 1)
    else:
        raise ValueError(f"{type(value).__name__} has no canonical text")
