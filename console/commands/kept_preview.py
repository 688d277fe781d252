"""What an action would do, from what is kept of its preview: for whoever decides later, or elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from agent.control.allocation_words import field_name
from agent.domain.action_words import keys_told, unasked
from agent.domain.words import duration, plural
from console.commands.tables import amount, percent, when

if TYPE_CHECKING:
    from agent.domain.action import ActionSpec

_MOST = 6


def kept_lines(spec: ActionSpec, kept: Mapping[str, Any]) -> list[str]:
    """The blast radius in numbers, one line each; a line that says so where what came is no preview."""
    try:
        return list(_lines(spec, kept))
    except (ValueError, TypeError, AttributeError, OverflowError, InvalidOperation):
        return ["figures     cannot be read"]


def change_lines(change: Mapping[str, Any]) -> Iterator[str]:
    """What a change of an allocation sets, field by field, in words."""
    for name, value in sorted(change.items()):
        if name == "id":
            yield f"allocation  {value}"
        elif name in ("create", "retire"):
            if value:
                yield f"sets        {'it is made anew' if name == 'create' else 'it is taken away'}"
        else:
            yield f"sets        {field_name(name)}: {_value(name, value)}"


def _value(name: str, value: object) -> str:
    from agent.domain.money import to_credits

    if type(value) is int and name.endswith("_nano"):
        return amount(to_credits(value))
    if type(value) is int and name.endswith("_s"):
        return duration(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def _lines(spec: ActionSpec, kept: Mapping[str, Any]) -> Iterator[str]:
    if spec.kind.at_gateways:
        yield from _reach(kept)
        yield from _figures(spec, kept)
    for note in kept.get("notes", ()):
        yield f"note        {note}"


def _reach(kept: Mapping[str, Any]) -> Iterator[str]:
    teams = _some(kept.get("teams", ()))
    names = kept.get("names") or kept.get("keys", ())
    missed, others = keys_told(kept, "unreached"), keys_told(kept, "bystanders")
    count = int(kept.get("key_count", len(names))) - missed + others
    if len(keys := kept.get("keys", ())) == len(names):
        out = set(kept.get("unreached", ()))
        names = [name for key, name in zip(keys, names, strict=True) if key not in out]
    yield f"hits        {plural(count, 'key')}{f' of {teams}' if teams else ''}: {_some(names, count)}"
    if others:
        yield f"            {unasked(others)}: {_some(kept['bystanders'], others)}"
    if missed:
        named = kept.get("missed", kept.get("unreached", ()))
        yield f"not reached {plural(missed, 'key')}: {_some(named, missed)}"
    if spared := int(kept.get("spared", 0)):
        yield f"spared      {plural(spared, 'key')} of production, or of an environment nobody knows"
    share = percent(Decimal(str(kept.get("production_share", "0"))))
    yield "production  " + (
        f"production: {share} of the burn that it hits" if kept.get("production") else "no production"
    )


def _figures(spec: ActionSpec, kept: Mapping[str, Any]) -> Iterator[str]:
    from agent.domain.action import ActionKind
    from agent.domain.money import to_credits

    burn, saved = (to_credits(int(kept.get(name, 0))) for name in ("burn_nano", "saved_nano"))
    yield f"burn        {amount(burn)} credits/min, {amount(burn - saved)} after: saves {amount(saved)}"
    if spec.kind is not ActionKind.CAP:
        refused, requests = (int(kept.get(name, 0)) for name in ("refused", "requests"))
        yield f"hour before {refused:,} of {requests:,} requests would have been refused"
    if (data_at := kept.get("data_at")) is not None:
        yield f"data        as known until {when(int(data_at))}, when it was asked for"


def _some(names: Any, count: int | None = None) -> str:
    found = [str(name) for name in names]
    more = (len(found) if count is None else count) - len(found[:_MOST])
    return ", ".join(found[:_MOST]) + (f" and {more} more" if more > 0 else "")
