"""An allocation as the ten lines of an allocation policy, to be read, filed and edited by people. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from agent.domain.allocation import Allocation
from agent.domain.allocations import base_nano
from agent.domain.duration import Duration
from agent.domain.money import AmountError, to_credits, to_nano

TITLE = "Allocation Policy"
_LINE = re.compile(r"\s*-?\s*(?P<field>[^:]+?)\s*:\s*(?P<value>.*?)\s*")
_PERCENT = re.compile(r"(?:up to\s+)?([0-9]+(?:\.[0-9]+)?)\s*%", re.IGNORECASE)
_ENFORCED = re.compile(
    r"non-production (?P<at_hard_cap>automatic|manual|none); "
    r"production (?P<at_hard_cap_prod>automatic|manual|none); "
    r"a block ends after (?P<block_expires_s>\S+)"
)


class PolicyTextError(ValueError):
    """A line that is not as a policy has it; names line and field."""


def render(allocation: Allocation) -> str:
    """The ten lines. Top-ups are not part of a policy. `ValueError` for names that no line can hold."""
    lines = [TITLE]
    for field, (write, _) in _FIELDS.items():
        value = write(allocation)
        if len(value.splitlines()) > 1:
            raise ValueError(f"{field}: must be one line")
        lines.append(f"- {field}: {value}".rstrip())
    return "\n".join(lines) + "\n"


def parse(text: str) -> dict[str, Any]:
    """The fields of a policy as a change of an allocation has them, with its `id`.

    Raises `PolicyTextError` naming line and field.
    """
    found: dict[str, Any] = {}
    seen: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.strip().lower().startswith(TITLE.lower()):
            continue
        match = _LINE.fullmatch(line)
        field = match and _NAMES.get(match["field"].lower())
        if not match or not field:
            known = ", ".join(_FIELDS)
            raise PolicyTextError(f"line {number}: {line.strip()[:60]!r} begins with none of {known}")
        if field in seen:
            raise PolicyTextError(f"line {number}, {field}: is there twice")
        seen.add(field)
        try:
            found |= _FIELDS[field][1](match["value"])
        except ValueError as error:
            raise PolicyTextError(f"line {number}, {field}: {error}") from None
    if missing := [field for field in _FIELDS if field not in seen]:
        raise PolicyTextError(f"line {len(text.splitlines()) + 1}, {missing[0]}: is missing")
    return found


def _amount(value: str) -> dict[str, Any]:
    try:
        nano = int(to_nano(Decimal(value.replace(",", ""))))
    except (InvalidOperation, AmountError):
        nano = 0
    if nano <= 0:
        raise ValueError(f"{value!r} is no amount of credits such as 500,000")
    return {"monthly_nano": nano}


def _share(name: str) -> Callable[[str], dict[str, Any]]:
    def read(value: str) -> dict[str, Any]:
        if name == "rollover" and value.lower() in ("none", "no rollover"):
            return {name: "0"}
        match = _PERCENT.fullmatch(value)
        if match is None:
            raise ValueError(f"{value!r} is no share such as 70 %")
        return {name: _plain(Decimal(match[1]) / 100)}

    return read


def _names(name: str, nothing: str) -> Callable[[str], dict[str, Any]]:
    def read(value: str) -> dict[str, Any]:
        if value.lower() == nothing:
            return {name: []}
        return {name: [part for each in value.split(",") if (part := each.strip())]}

    return read


def _enforcement(value: str) -> dict[str, Any]:
    match = _ENFORCED.fullmatch(value)
    if match is None:
        raise ValueError(
            f"{value[:60]!r} is not as in: non-production automatic; production manual; a block ends after 1h"
        )
    return {**match.groupdict(), "block_expires_s": int(Duration.parse(match["block_expires_s"]))}


def _ident(value: str) -> dict[str, Any]:
    if not value:
        raise ValueError("must not be empty")
    return {"id": value}


def _percent(share: Decimal) -> str:
    return f"{_plain(share * 100)} %"


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


def _listed(values: Sequence[str], nothing: str) -> str:
    if any("," in value or value != value.strip() or not value for value in values):
        raise ValueError("names in a list must not be empty, nor have commas or blanks around them")
    return ", ".join(values) or nothing


def _enforced(allocation: Allocation) -> str:
    return (
        f"non-production {allocation.at_hard_cap}; production {allocation.at_hard_cap_prod}; "
        f"a block ends after {Duration(allocation.block_expires_s)}"
    )


def _rollover(allocation: Allocation) -> str:
    return f"up to {_percent(allocation.rollover)}" if allocation.rollover else "none"


_Write = Callable[[Allocation], str]
_Read = Callable[[str], dict[str, Any]]

_FIELDS: Mapping[str, tuple[_Write, _Read]] = {
    "Allocation ID": (lambda each: each.id, _ident),
    "Owner": (lambda each: each.owner, lambda value: {"owner": value}),
    "Monthly Credits": (lambda each: f"{Decimal(_plain(to_credits(base_nano(each)))):,f}", _amount),
    "Rollover": (_rollover, _share("rollover")),
    "Hard Cap (% of monthly)": (lambda each: _percent(each.hard_cap), _share("hard_cap")),
    "Soft Cap (% of monthly)": (lambda each: _percent(each.soft_cap), _share("soft_cap")),
    "Cost Center (GL)": (lambda each: each.cost_center, lambda value: {"cost_center": value}),
    "Approved Products/Models": (
        lambda each: _listed(each.approved_models, "all"),
        _names("approved_models", "all"),
    ),
    "Enforcement Actions": (_enforced, _enforcement),
    "Contacts": (lambda each: _listed(each.contacts, ""), _names("contacts", "")),
}
_NAMES = {field.lower(): field for field in _FIELDS}
FIELDS = tuple(_FIELDS)
"""The ten fields, in their order."""
