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


def split_version(model: str) -> tuple[str, str]:
    """A model's family and its date or version: `gpt-5-2025-08-07` as `gpt-5` and `2025-08-07`.

    The version is empty for an alias, which may mean another model tomorrow.
    """
    snapshot = _SNAPSHOT.fullmatch(model)
    return (snapshot[1], model[len(snapshot[1]) + 1 :]) if snapshot else (model, "")


def version_order(version: str) -> tuple[int, ...]:
    """Sorts versions from old to new: `v9` before `v10`, `2025-08-07` before `2025-11-01`.

    Of versions such as `0613` nobody knows the year: those are in the order of their days.
    """
    return tuple(int(number) for number in re.findall(r"\d+", version))
