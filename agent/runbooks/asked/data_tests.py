"""Conditions on the data: fresh, agreeing, attributed, priced."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.money import to_credits
from agent.domain.usage import Layer
from agent.domain.words import duration, plural
from agent.ledger.kinds import Kind
from agent.ledger.rule_store import RuleStore
from agent.reports.burn import burn
from agent.reports.moment import DAY, moment
from agent.reports.named import report
from agent.reports.status_line import source_states
from agent.runbooks.asked.answer import age, credits_, share
from agent.runbooks.asked.fed import newest_of
from agent.runbooks.asked.given import bad, count, number, seconds
from agent.runbooks.asked.verdicts import UNKNOWN_DATA, verdict
from agent.runbooks.asking import Verdict

if TYPE_CHECKING:
    from agent.ledger.sources_seen import LayerDay
    from agent.runbooks.asking import Context, Given

_SETTLED_S = DAY  # a bill is revised for about a day
_PAIRS = ((Layer.ESTIMATED, Layer.METERED), (Layer.METERED, Layer.BILLED))


def data_fresh(context: Context, given: Given) -> Verdict:
    """The newest data, of one source or of all together, is new enough."""
    within_s, name, now = seconds(given, "within", "15m"), given.get("source", "").strip(), int(context.now)
    newest = _of_source(context, name) if name else moment(context.reader, now).as_of
    what = f"The newest data of {name}" if name else "The newest complete minute"
    if newest is None:
        empty = f"{name} has brought nothing yet." if name else UNKNOWN_DATA
        return verdict(False, "data-fresh", given, empty)
    met = now - newest <= within_s
    sentence = f"{what} is {age(newest, now)} old; {duration(within_s)} are allowed."
    return verdict(met, "data-fresh", given, sentence, as_of=newest)


def _of_source(context: Context, name: str) -> int | None:
    found = next((state for state in source_states(context.reader) if state.name == name), None)
    if found is not None:
        return newest_of(found)
    known = [source.name for source in context.settings.sources]
    if name not in known:
        bad("source", name, f"a source; known are {', '.join(known) or 'none'}")
    return None


@dataclass(frozen=True, slots=True)
class _Apart:
    account: str
    lower: Layer
    higher: Layer
    days: int
    lower_nano: int
    higher_nano: int

    @property
    def difference(self) -> Decimal:
        """As a share of the lower layer."""
        gap = self.higher_nano - self.lower_nano
        return Decimal(gap) / self.lower_nano if self.lower_nano > 0 else Decimal(1 if gap else 0)

    def row(self) -> tuple[str, ...]:
        """As cells."""
        low, high = (credits_(to_credits(nano)) for nano in (self.lower_nano, self.higher_nano))
        return self.account, self.lower.word, self.higher.word, low, high, share(self.difference)


def layers_agree(context: Context, given: Given) -> Verdict:
    """Where two layers know the same closed days as a whole, they say nearly the same."""
    within, days = number(given, "within", "0.02"), count(given, "days", "3", 60)
    found = _compared(context, days)
    if not found:
        sentence = f"No two layers know the same of the last {plural(days, 'closed day')} as a whole."
        return verdict(False, "layers-agree", given, sentence)
    worst = max(found, key=lambda each: abs(each.difference))
    met = abs(worst.difference) <= within
    return verdict(
        met,
        "layers-agree",
        given,
        f"{worst.account}: {worst.higher.word} is {share(worst.difference)} off {worst.lower.word} over "
        f"{plural(worst.days, 'closed day')}; {share(within)} are allowed.",
        ("account", "layer", "against", "credits", "against credits", "difference"),
        [each.row() for each in found],
        as_of=int(context.now),
    )


def _compared(context: Context, days: int) -> list[_Apart]:
    """Every account and pair of layers over the closed days that the higher layer covers wholly."""
    reader = context.reader
    with reader.snapshot():
        store = RuleStore(reader.rows)
        last = (int(context.now) - _SETTLED_S) // DAY * DAY
        known: dict[int, dict[int, dict[int, LayerDay]]] = defaultdict(lambda: defaultdict(dict))
        for row in store.layer_days(last - days * DAY, last):
            known[row.account][row.day][row.layer] = row
        return [
            apart
            for account in store.accounts()
            for lower, higher in _PAIRS
            if (apart := _apart(store, account.id, account.name, known[account.id], lower, higher))
        ]


def _apart(
    store: RuleStore,
    account: int,
    name: str,
    known: dict[int, dict[int, LayerDay]],
    lower: Layer,
    higher: Layer,
) -> _Apart | None:
    both = [
        layers
        for day, layers in known.items()
        if lower in layers and higher in layers and store.covers(account, higher, day, day + DAY)
    ]
    if not both:
        return None
    sums = [sum(layers[layer].credits_nano for layers in both) for layer in (lower, higher)]
    return _Apart(name, lower, higher, len(both), *sums)


def attributed(context: Context, given: Given) -> Verdict:
    """So much of the last day's burn has a team."""
    bound = number(given, "share", "0.95")
    found = burn(context.reader, context.settings, context.now)
    if found.attributed is None:
        return verdict(False, "attributed", given, UNKNOWN_DATA if found.empty else "Nothing burnt in 24 h.")
    nobody = next((row for row in found.teams if row.kind is Kind.TEAM and not row.name), None)
    lacking = f"; {credits_(nobody.day)} have none" if nobody is not None and nobody.day.value else ""
    sentence = f"{share(found.attributed)} of the last 24 h has a team, {share(bound)} are wanted{lacking}."
    return verdict(found.attributed >= bound, "attributed", given, sentence, truth=found.total_24h)


def priced(context: Context, given: Given) -> Verdict:
    """Every model that was called in 30 days has a price."""
    found = report(context.reader, context.settings, "unpriced", context.now)
    if not found.rows:
        empty = moment(context.reader, context.now).as_of is None
        sentence = "Nothing was called yet." if empty else "Every model of the last 30 days has a price."
        return verdict(True, "priced", given, sentence)
    names = ", ".join(str(row[0]) or "(no model)" for row in found.rows[:3])
    requests = sum(int(row[1] or 0) for row in found.rows)
    return verdict(
        False,
        "priced",
        given,
        f"{plural(len(found.rows), 'model')} without a price, {requests:,} requests that count for nothing: "
        f"{names}.",
        found.columns,
        [tuple(str(cell) for cell in row) for row in found.rows],
    )
