"""What a rule saw, as short facts for people: every rule keeps figures of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agent.domain.words import duration, instant
from agent.reports.alert_report import Evidence

_NOT_SHOWN = frozenset({"sentence", "now", "usual", "unit", "end", "environment", "skipped_fingerprints"})
"""Told elsewhere, or meant for machines."""

_SHARES = ("tier_at", "change", "difference")
_INSTANTS = ("_at", "since", "day")
_FIRST_INSTANT = 1_000_000_000  # numbers from here on under names of times are instants


def evidence_of(evidence: Mapping[str, Any]) -> tuple[Evidence, ...]:
    """The facts in the order of the rule; what is empty or only for machines is left out."""
    return tuple(_facts(evidence))


def _facts(evidence: Mapping[str, Any]) -> Iterator[Evidence]:
    for key, value in evidence.items():
        if key in _NOT_SHOWN or key.endswith("fingerprint"):
            continue
        if key == "window" and "window_s" in evidence:
            continue
        if text := _text(key, value):
            yield Evidence(_name(key), text)


def _name(key: str) -> str:
    for ending in ("_s", "_credits", "_nano"):
        key = key.removesuffix(ending)
    return key.replace("per_min", "a minute").replace("_", " ")


def _text(key: str, value: Any) -> str:
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, (_text(key, each) for each in value)))
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(name, each)}" for name, each in value.items())
    number = _number(value)
    if number is None:
        return str(value)
    if key.endswith("_s"):
        return duration(round(number))
    if number >= _FIRST_INSTANT and key.endswith(_INSTANTS):
        return instant(round(number))
    if "share" in key or key in _SHARES:
        return f"{number * 100:.3g} %"
    if key.endswith("_nano"):
        number /= 1e9
    return f"{number:,.0f}" if number == round(number) or abs(number) >= 1_000 else f"{number:.4g}"


def _number(value: Any) -> float | None:
    """A number, also one that is kept as text so that it stays exact."""
    if isinstance(value, int | float):
        return float(value)
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
