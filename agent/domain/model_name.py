"""Model names: which listed model a provider's dated or versioned name stands for."""

from __future__ import annotations

import re
from collections.abc import Container

# What may follow a model's name without making it another model: a date or a version.
_SNAPSHOT = re.compile(r"(.+)-(?:\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|v\d+(?:\.\d+)*)")


def listed_name(model: str, listed: Container[str]) -> str | None:
    """The listed model that `model` is: itself, or without a date or version at its end; else None."""
    name: str | None = model
    while name is not None and name not in listed:
        snapshot = _SNAPSHOT.fullmatch(name)
        name = snapshot[1] if snapshot else None
    return name
