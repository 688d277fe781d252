"""Conditions on the data: fresh, agreeing, attributed, priced."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from agent.domain.money import to_credits
from agent.domain.usage import Layer
from agent.domain.words import duration, plural
from agent.ledger.kinds import Kind
from agent.ledger.rule_store import RuleStore
from agent.reports.burn import burn
from agent.reports.moment import DAY, HOUR, moment
from agent.reports.named import report
from agent.reports.status_line import source_states
from agent.runbooks.asked.answer import age, credits_, share
from agent.runbooks.asked.fed import newest_of, oldest
from agent.runbooks.asked.given import bad, choice, count, number, seconds
from agent.runbooks.asked.months import month_at
from agent.runbooks.asked.verdicts import UNKNOWN_DATA, verdict
from agent.runbooks.asking import Verdict

if TYPE_CHECKING:
    from agent.ledger.sources_seen import Account, LayerDay
    from agent.runbooks.asking import Context, Given

_PRICED_S = 30 * DAY
_OLD_S = HOUR
_SETTLED_S = DAY  # a bill is revised for about a day
_PAIRS = ((Layer.ESTIMATED, Layer.METERED), (Layer.METERED, Layer.BILLED))


def data_fresh(context: Context, given: Given) -> Verdict:
    """The newest data of a source is new enough; of the one that is furthest behind where none is named."""
    within_s, name, now = seconds(given, "within", "15m"), given.get("source", "").strip(), int(context.now)
    if not name and moment(context.reader, now).as_of is None:
        return verdict(False, "data-fresh", given, UNKNOWN_DATA)
    source, newest = (name, _of_source(context, name)) if name else oldest(context)
    if newest is None:
        return verdict(False, "data-fresh", given, f"{source} has brought nothing yet.")
    met = now - newest <= within_s
    what = f"newest data of {source}" if source else "newest complete minute"
    which = "" if name or not source or met else ", which is furthest behind,"
    sentence = f"The {what}{which} is {age(newest, now)} old; {duration(within_s)} are allowed."
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
    """Where two layers know the same closed days as a whole, they say nearly the same; all days are known."""
    within, days = number(given, "within", "0.02"), _days(context, given)
    what = f"{plural(len(days), 'day')}{_of_month(given)}"
    found, fewest = _compared(context, days)
    if not found:
        sentence = f"No two layers know the same of {what} as a whole."
        return verdict(False, "layers-agree", given, sentence)
    worst = max(found, key=lambda each: abs(each.difference))
    lacking = f"; of {what} only {fewest} could be compared" if fewest < len(days) else ""
    met = abs(worst.difference) <= within and not lacking
    return verdict(
        met,
        "layers-agree",
        given,
        f"{worst.account}: {worst.higher.word} is {share(worst.difference)} off {worst.lower.word} over "
        f"{plural(worst.days, 'closed day')}; {share(within)} are allowed{lacking}.",
        ("account", "layer", "against", "credits", "against credits", "difference"),
        [each.row() for each in found],
        as_of=int(context.now),
    )


def _days(context: Context, given: Given) -> range:
    """The UTC days to compare: of a month, or the last ones that are closed."""
    closed = (int(context.now) - _SETTLED_S) // DAY * DAY
    if not given.get("month", "").strip():
        return range(closed - count(given, "days", "3", 60) * DAY, closed, DAY)
    if given.get("days", "").strip():
        bad("days", given["days"], "possible together with month: give one of them")
    last = choice(given, "month", ("this", "last")) == "last"
    about = month_at(context, last=last)
    # Days of a closed month that may still be revised are wanted, and not there yet.
    end = about.end // DAY * DAY if last else min(about.end // DAY * DAY, closed)
    return range(-(-about.start // DAY) * DAY, end, DAY)


def _of_month(given: Given) -> str:
    month = given.get("month", "").strip()
    return f" of {month} month" if month else ""


def _compared(context: Context, days: range) -> tuple[list[_Apart], int]:
    """Every account and pair of layers over the days that both know wholly, and the fewest of an account.

    Of an account the pair with most days counts. One that is seen by events alone has nothing to compare.
    """
    reader = context.reader
    found: list[_Apart] = []
    counts: list[int] = []
    with reader.snapshot():
        store = RuleStore(reader.rows)
        known: dict[int, dict[int, dict[int, LayerDay]]] = defaultdict(lambda: defaultdict(dict))
        for row in store.layer_days(days.start, days.stop):
            known[row.account][row.day][row.layer] = row
        for account in store.accounts():
            mine = known[account.id]
            apart = [_apart(store, account, mine, days, lower, higher) for lower, higher in _PAIRS]
            found += [each for each in apart if each.days]
            if any(layers.keys() - {Layer.ESTIMATED} for layers in mine.values()):
                counts.append(max(each.days for each in apart))
    return found, min(counts, default=0)


def _apart(
    store: RuleStore,
    account: Account,
    known: dict[int, dict[int, LayerDay]],
    days: range,
    lower: Layer,
    higher: Layer,
) -> _Apart:
    def covers(layer: Layer, day: int) -> bool:
        # Events leave no coverage; where a day has some, they are taken as whole.
        if layer is Layer.ESTIMATED:
            return layer in known.get(day, {})
        return store.covers(account.id, layer, day, day + DAY)

    both = [day for day in days if covers(lower, day) and covers(higher, day)]
    sums = [
        sum(known[day][layer].credits_nano for day in both if layer in known.get(day, {}))
        for layer in (lower, higher)
    ]
    return _Apart(account.name, lower, higher, len(both), *sums)


def attributed(context: Context, given: Given) -> Verdict:
    """So much of the last day's burn has a team."""
    bound = number(given, "share", "0.95")
    found = burn(context.reader, context.settings, context.now)
    if found.attributed is None:
        return verdict(False, "attributed", given, UNKNOWN_DATA if found.empty else "Nothing burnt in 24 h.")
    nobody = next((row for row in found.teams if row.kind is Kind.TEAM and not row.name), None)
    lacking = f"; {credits_(nobody.day)} have none" if nobody is not None and nobody.day.value else ""
    none, total = (None if nobody is None else nobody.day.value), found.total_24h.value
    # The report rounds to the nearest; what is nearly enough is not enough, and must not read as if it were.
    owned = 1 - (none or 0) / total if total else found.attributed
    said = share(owned.quantize(Decimal("0.01"), ROUND_DOWN))
    late = int(context.now) - found.at
    old = f"; the data ends {duration(late)} ago" if late > _OLD_S else ""
    sentence = f"{said} of the last 24 h has a team, {share(bound)} are wanted{lacking}{old}."
    return verdict(owned >= bound and not old, "attributed", given, sentence, truth=found.total_24h)


def priced(context: Context, given: Given) -> Verdict:
    """Every model that was called in 30 days has a price."""
    found = report(context.reader, context.settings, "unpriced", context.now)
    if not found.rows:
        when = moment(context.reader, context.now)
        if when.as_of is None or when.as_of <= when.now - _PRICED_S:
            sentence = "Nothing is known of the last 30 days, so no model can be seen to have a price."
            return verdict(False, "priced", given, sentence, as_of=when.as_of)
        sentence = "Every model of the last 30 days has a price."
        return verdict(True, "priced", given, sentence, as_of=when.as_of)
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
