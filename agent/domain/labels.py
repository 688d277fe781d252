"""Shapes of names that people choose: usage labels and allocation ids. A linter, not a parser."""

from __future__ import annotations

import re

LABELS = ("team", "cost_center", "project", "environment")
"""The usage labels that every call should carry."""

_SLUG = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_CODE = re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*")


def label_problem(label: str, value: str) -> str | None:
    """What is wrong with the value of a usage label, or None when it has the agreed shape.

    Teams, environments, departments and billing groups are lower case (`auth-service`); cost centers
    and projects may have capitals, since ledgers and providers give them (`CC-430`, `proj_Ab12`).
    """
    code = label in ("cost_center", "project")
    if (_CODE if code else _SLUG).fullmatch(value):
        return None
    letters = "letters" if code else "lower-case letters"
    return f"{label} {value!r} is not of the shape {letters} and digits joined by '-', '.' or '_'"
