"""What an incident cost above what was usual, in credits and money, and whose keys burnt it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.money import to_credits
from agent.domain.words import plural
from agent.ledger.kinds import Kind
from agent.reports.cells import Cell, read_cells, read_names
from agent.reports.conversion import CURRENCY, Conversion
from agent.reports.figure import share_of
from agent.reports.layers import truth
from agent.reports.moment import HOUR
from agent.runbooks.postmortem.burn import Burn
from agent.runbooks.postmortem.model import Burner, Cost
from agent.runbooks.postmortem.stretch import COUNTED, Stretch

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.reports.alert_list import AlertEntry
    from agent.settings import Settings

_LISTED = 12
_CUTS = 4  # nano-credits that a cell may lose: by the hour and the day, at either end
_FAR = Decimal("0.05")  # two counts of one thing that are further apart want a word


def cost_of(
    reader: LedgerReader,
    settings: Settings,
    burns: Sequence[Burn],
    left_out: Sequence[str],
    alerts: Sequence[AlertEntry],
    counted: Decimal,
    stretch: Stretch,
) -> Cost:
    """What was burnt in a stretch, what was expected of it, and the difference as credits and money.

    Where no alert is about a rate, the credits of the day or month are what was expected.
    """
    if stretch.by is not None:
        burnt, expected, notes = _of_credits(burns, stretch)
    else:
        burnt, expected, notes = _of_rate(burns, left_out, alerts, stretch)
    above = None if expected is None else burnt - expected
    if counted and above is not None and _far(to_credits(above), counted):
        notes.append(
            f"the alerts counted {counted:,.1f} credits while it went on, by what had arrived then and what "
            "each of them expected"
        )
    behind = truth(reader, stretch.start, stretch.end, days=stretch.days)
    conversion = Conversion(reader, settings)
    groups = {} if above is None else _by_group(reader, burns, above, stretch)
    return Cost(
        start=stretch.start,
        end=stretch.end,
        scopes=tuple(each.label for each in burns),
        burnt=behind.credits(burnt),
        expected=behind.credits(expected),
        above=behind.credits(above),
        money=behind.figure(None if above is None else conversion.money(groups), CURRENCY),
        rate=_rate(reader, settings, conversion, groups),
        counted=counted,
        note="; ".join(notes),
    )


def _far(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) > _FAR * max(abs(one), abs(other))


def _of_credits(burns: Sequence[Burn], stretch: Stretch) -> tuple[int, int | None, list[str]]:
    """The day or month so far, and what it was to be by the alert that told of it."""
    start, end, by = stretch.start, stretch.end, stretch.by
    burnt = sum(each.by_days(start, end) if stretch.days else each.sum(start, end) for each in burns)
    expected = None if by is None or by.rule not in COUNTED or not by.expected else by.expected
    return burnt, None if expected is None else int(expected.scaleb(9)), [stretch.note]


def _of_rate(
    burns: Sequence[Burn], left_out: Sequence[str], alerts: Sequence[AlertEntry], stretch: Stretch
) -> tuple[int, int | None, list[str]]:
    """What burnt while it went on, and what is usual for as long."""
    start, end = stretch.start, stretch.end
    burnt = sum(each.sum(start, end) for each in burns)
    usual = [each.expected(start, end) for each in burns]
    notes: list[str] = []
    if None in usual:
        usual = [_by_alert(each, alerts, stretch) for each in burns]
        notes.append("too little history to say what is usual: what the alert expected counts")
        if None in usual:
            notes = ["what is usual is not known: the ledger has too little history before it"]
    elif burns:
        notes.append(f"usual is the {burns[0].usual.basis(start // HOUR * HOUR).sentence}")
    if left_out:
        notes.append(f"{', '.join(left_out)} rose too and shares burn with what is counted: not added")
    expected = sum(each for each in usual if each is not None) if burns and None not in usual else None
    return burnt, expected, notes


def _rate(
    reader: LedgerReader, settings: Settings, conversion: Conversion, groups: Mapping[int, int]
) -> Decimal | None:
    """Money for a credit where it is one for all that burnt."""
    if conversion.uniform:
        return settings.usd_per_credit()
    named = {row["id"]: row["value"] for row in reader.rows("dim_names", {"ids": list(groups)})}
    rates = {settings.usd_per_credit(named.get(group, "")) for group in groups}
    return rates.pop() if len(rates) == 1 else None


def _by_alert(burn: Burn, alerts: Iterable[AlertEntry], stretch: Stretch) -> int | None:
    """What an alert on a rate expected, for as long as the stretch is."""
    for each in alerts:
        label = f"{each.scope_kind}:{each.scope}" if each.scope else each.scope_kind
        if label == burn.label and each.unit == "credits/min":
            return int(each.expected.scaleb(9)) * (stretch.end - stretch.start) // 60
    return None


def _by_group(reader: LedgerReader, burns: Sequence[Burn], above: int, stretch: Stretch) -> dict[int, int]:
    """What was above, by billing group: in proportion to what each burnt, and exactly in sum."""
    names = read_names(reader)
    contexts = {context for burn in burns for context in _contexts(reader, burn)}
    groups = {names.contexts[each]["billing_group"] for each in contexts}
    if len(groups) == 1 or not stretch.cells:
        return {groups.pop() if len(groups) == 1 else 0: above}
    shares = names.credits(Kind.BILLING_GROUP, _cells(reader, burns, stretch))
    whole, given, found = sum(shares.values()), 0, {}
    for group, nano in sorted(shares.items()):
        found[group] = above * nano // whole if whole else 0
        given += found[group]
    largest = max(shares, key=lambda group: shares[group], default=0)
    found[largest] = found.get(largest, 0) + above - given
    return found


def _contexts(reader: LedgerReader, burn: Burn) -> Iterable[int]:
    places = burn.places()
    if places is None or any(context == 0 for context, _ in places):
        return read_names(reader).contexts
    return {context for context, _ in places}


def _cells(reader: LedgerReader, burns: Sequence[Burn], stretch: Stretch) -> list[Cell]:
    """What burnt in a short stretch, each cell once."""
    names = read_names(reader)
    contexts = sorted({context for burn in burns for context in _contexts(reader, burn)})
    known = read_cells(reader, names, stretch.start, stretch.end, contexts)
    wanted = [burn.places() for burn in burns]
    return [cell for cell in known.values() if any(_holds(places, cell) for places in wanted)]


def _holds(places: frozenset[tuple[int, int]] | None, cell: Cell) -> bool:
    return places is None or (cell.context, 0) in places or (0, cell.service) in places


def burners_of(
    reader: LedgerReader, burns: Sequence[Burn], stretch: Stretch, most: int = _LISTED
) -> tuple[tuple[Burner, ...], int]:
    """The keys that burnt most in the stretch, and how many more there are.

    Of a stretch that is longer than a day whole hours count, without the model.
    """
    names = read_names(reader)
    models: dict[int, int] = {}
    if stretch.cells:
        cells = _cells(reader, burns, stretch)
        sums = _exactly(names.credits(Kind.API_KEY, cells), len(cells), burns, stretch)
        models = _dearest_models(reader, cells)
    else:
        sums = _by_hours(reader, burns, stretch)
    ranked = sorted((pair for pair in sums.items() if pair[1] > 0), key=lambda pair: (-pair[1], pair[0]))
    listed, whole = ranked[:most], sum(sums.values())
    newest = {row["api_key"]: row for row in names.contexts.values()}
    wanted = [ident for ident, _ in listed]
    ids = {*wanted, *models.values()}
    ids |= {newest[each][part] for each in wanted for part in ("team", "environment")}
    word = {row["id"]: row["value"] for row in reader.rows("dim_names", {"ids": sorted(ids)})}
    labels = reader.alert_store().key_names()
    found = tuple(
        Burner(
            api_key=word.get(ident, ""),
            name=labels.get(word.get(ident, ""), "") or word.get(ident, ""),
            team=word.get(newest[ident]["team"], ""),
            environment=word.get(newest[ident]["environment"], ""),
            model=word.get(models.get(ident, 0), ""),
            credits=to_credits(nano),
            share=share_of(nano, whole),
        )
        for ident, nano in listed
    )
    return found, len(ranked) - len(listed)


def _exactly(sums: Mapping[int, int], cells: int, burns: Sequence[Burn], stretch: Stretch) -> dict[int, int]:
    """The sums of keys so that they add up to what burnt: what rounding takes goes to the largest.

    Of usage that is known by the hour alone either side cuts its share of time by itself.
    """
    found = dict(sums)
    rest = sum(each.sum(stretch.start, stretch.end) for each in burns) - sum(found.values())
    if found and abs(rest) <= _CUTS * (cells + len(burns)):
        found[max(found, key=lambda key: found[key])] += rest
    return found


def _dearest_models(reader: LedgerReader, cells: Iterable[Cell]) -> dict[int, int]:
    """By key the model that it burnt most on, as dim ids."""
    names = read_names(reader)
    sums: dict[tuple[int, int], int] = {}
    for cell in cells:
        pair = names.contexts[cell.context]["api_key"], names.services[cell.service]["model"]
        sums[pair] = sums.get(pair, 0) + cell.credits_nano
    return {key: model for (key, model), _ in sorted(sums.items(), key=lambda each: each[1])}


def _by_hours(reader: LedgerReader, burns: Sequence[Burn], stretch: Stretch) -> dict[int, int]:
    names = read_names(reader)
    keys = {names.contexts[context]["api_key"] for burn in burns for context in _contexts(reader, burn)}
    bound = {"kind": int(Kind.API_KEY), "start": stretch.start // HOUR * HOUR, "end": stretch.end}
    sums: dict[int, int] = {}
    for row in reader.rows("hours_of", bound):
        if row["id"] in keys:
            sums[row["id"]] = sums.get(row["id"], 0) + row["credits_nano"]
    return sums


def burnt_sentence(cost: Cost) -> str:
    """How much above what is usual, in a sentence of its own."""
    burnt = f"{cost.burnt.value or 0:,.1f} credits"
    who = plural(len(cost.scopes), "scope") if len(cost.scopes) > 1 else "".join(cost.scopes)
    if cost.above.value is None or cost.expected.value is None:
        return f"{who} burnt {burnt}; what was to be expected is not known."
    return (
        f"{who} burnt {burnt} where {cost.expected.value:,.1f} were expected: "
        f"{cost.above.value:+,.1f} credits, {cost.money.value or 0:,.2f} {cost.money.unit}."
    )
