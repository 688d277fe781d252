"""A month by cost center, with its worth in money."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.analytics.month import Month, month_of
from agent.domain.money import to_credits, to_money
from agent.domain.run import Evidence
from agent.domain.words import instant
from agent.ledger.kinds import Kind
from agent.reports.cells import Names, read_names
from agent.reports.conversion import CURRENCY
from agent.reports.figure import share_of
from agent.reports.layers import truth
from agent.reports.moment import moment
from agent.reports.rolled import Rolled
from agent.runbooks.asked.answer import credits_, credits_exactly, empty, evidence, money, named, share
from agent.runbooks.asked.given import choice

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.runbooks.asking import Context, Given

_MILLIONTH = Decimal("0.000001")
Split = Mapping[str, int]
"""Nano-credits by billing group."""


MONTH_COLUMNS = ("cost center", "credits", CURRENCY, "share", "layer")


def month(context: Context, given: Given) -> Evidence:
    """A calendar month of the organization's time zone by cost center; billed where a bill covers it."""
    which, reader = choice(given, "month", ("this", "last")), context.reader
    title = f"Spend of {which} month by cost center"
    with reader.snapshot():
        when = moment(reader, context.now)
        if when.as_of is None:
            return empty("month", title, given)
        about = month_at(context, last=which == "last")
        end = min(about.end, when.at)
        if end <= about.start:
            return empty(
                "month", title, given, f"Nothing is known of the month that began {instant(about.start)}."
            )
        names = read_names(reader)
        rolled = Rolled(reader, names, when.as_of)
        centers = rolled.credits(Kind.COST_CENTER, about.start, end, days=True)
        splits, estimated = _splits(reader, names, rolled, centers, about.start, end)
        names.learn(reader, centers)
        layers = truth(reader, about.start, end, days=True)
    worth = {ident: _worth(context, split) for ident, split in splits.items()}
    whole, total = sum(centers.values()), sum(worth.values(), Decimal(0))
    ordered = sorted(centers, key=lambda ident: (-centers[ident], names.name(ident)))
    nobody = sum(nano for ident, nano in centers.items() if not names.name(ident))
    layer = "" if layers.layer is None else layers.layer.word
    rows = [
        (
            named(names.name(ident)),
            credits_exactly(to_credits(centers[ident])),
            money(worth[ident], CURRENCY),
            share(share_of(centers[ident], whole)),
            layer,
        )
        for ident in ordered
    ]
    return evidence(
        "month",
        title,
        given,
        f"{credits_(to_credits(whole))}, {money(total, CURRENCY)}, by {len(centers)} cost centers; "
        f"{credits_(to_credits(nobody))} ({share(share_of(nobody, whole) or Decimal(0))}) have none.",
        MONTH_COLUMNS,
        rows,
        note="; ".join(
            filter(
                None,
                (
                    f"{instant(about.start)} to {instant(end)}",
                    f"unattributed: {credits_exactly(to_credits(nobody))}",
                    estimated,
                ),
            )
        ),
        truth=layers,
    )


def month_at(context: Context, *, last: bool) -> Month:
    """This calendar month of the organization's time zone, or the one before."""
    zone = context.settings.organization.time_zone
    this = month_of(int(context.now), zone)
    return month_of(this.start - 1, zone) if last else this


def _worth(context: Context, split: Split) -> Decimal:
    rates = ((nano, context.settings.usd_per_credit(group)) for group, nano in split.items())
    return sum((to_money(nano, rate) for nano, rate in rates), Decimal(0)).quantize(_MILLIONTH)


def _splits(
    reader: LedgerReader, names: Names, rolled: Rolled, centers: Mapping[int, int], start: int, end: int
) -> tuple[dict[int, Split], str]:
    """By cost center what each of its billing groups burnt, and what to know where that is a share.

    Rollups know cost centers and billing groups apart. A center of one group is exact; one of several is
    split as its keys burnt.
    """
    groups: dict[int, set[int]] = defaultdict(set)
    of_key: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for row in names.contexts.values():
        groups[row["cost_center"]].add(row["billing_group"])
        of_key[row["api_key"]].add((row["cost_center"], row["billing_group"]))
    names.learn(reader, {group for several in groups.values() for group in several})
    mixed = {ident for ident in centers if len(groups[ident]) > 1}
    burnt: dict[int, Counter[int]] = defaultdict(Counter)
    if mixed:
        keys = rolled.credits(Kind.API_KEY, start, end, days=True)
        for key, nano in keys.items():
            for center, group in of_key[key]:
                burnt[center][group] += nano // len(of_key[key])
    found: dict[int, Split] = {}
    for ident, nano in centers.items():
        parts = _parts(nano, sorted(groups[ident]), burnt[ident]) if ident in mixed else [nano]
        listed = (names.name(group) for group in sorted(groups[ident])) if groups[ident] else iter([""])
        found[ident] = dict(zip(listed, parts, strict=False))
    note = "cost centers of several billing groups are converted as their keys burnt" if mixed else ""
    return found, note


def _parts(nano: int, groups: Iterable[int], burnt: Mapping[int, int]) -> list[int]:
    """An amount parted in proportion, exactly."""
    weights = [max(0, burnt.get(group, 0)) for group in groups]
    whole = sum(weights)
    if not whole:
        return [nano, *(0 for _ in weights[1:])]
    parts = [nano * weight // whole for weight in weights]
    parts[0] += nano - sum(parts)
    return parts
