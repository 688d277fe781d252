"""What is known of a stretch of time: nothing is concluded from data that is missing, old or has a hole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.duration import Duration
from agent.domain.usage import Layer
from agent.domain.watermark import STALE_S
from agent.domain.words import duration, instant
from agent.ledger.rule_store import RuleStore
from agent.reports.cells import is_service, read_names
from agent.reports.moment import DAY, HOUR, MINUTE
from agent.reports.status_line import source_states

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.reports.status import SourceState
    from agent.runbooks.asked.given import Part
    from agent.runbooks.asking import Context
    from agent.settings_schema import Source

FRESH_S = 5 * MINUTE
"""Data of now may be so old, beside what its source needs by nature."""
_GONE_S = 30 * DAY  # an account that nobody reads, and silent for so long, is no account any more

Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class View:
    """An account, and how far it is known."""

    account: str
    until: int | None
    spans: Spans | None = None  # metered stretches; None: seen by events alone, which come in their order
    lag_s: int = 0  # how far its sources are behind by nature
    read: bool = True  # whether a source of it is known

    def missing(self, start: int, end: int) -> str:
        """What is not known of it in [start, end); empty where nothing is missing."""
        if self.until is None:
            return f"nothing is known of account {self.account}"
        if self.until < end:
            return f"account {self.account} is known up to {instant(self.until)} only"
        at = start
        for first, last in self.spans or ((start, end),):
            if first > at:
                break
            at = max(at, last)
        if at < end:
            return f"account {self.account} has a gap after {instant(at)}"
        return ""


@dataclass(frozen=True, slots=True)
class Sight:
    """All accounts that a part burns in."""

    now: int
    views: tuple[View, ...]

    @property
    def until(self) -> int | None:
        """The end of the newest minute that is known in all of them."""
        ends = [view.until for view in self.views if view.until is not None]
        if not ends or len(ends) < len(self.views):
            return None
        return min(*ends, self.now) // MINUTE * MINUTE

    @property
    def settled(self) -> int | None:
        """The same without the minutes whose events may be under way still."""
        if self.until is None:
            return None
        ends = (
            view.until - view.lag_s for view in self.views if view.until is not None and view.spans is None
        )
        return min([self.until, *ends]) // MINUTE * MINUTE

    def unknown(self, start: int, end: int, old_s: int = FRESH_S) -> str:
        """Why [start, end) does not tell what is so now: a gap, or older than allowed. Empty: it does."""
        if not self.views:
            return "no usage is known yet"
        missing = next(filter(None, (view.missing(start, end) for view in self.views)), "")
        if missing:
            return missing
        slowest = min(self.views, key=lambda view: view.until or 0)
        late = self.now - end
        if late <= old_s + slowest.lag_s:
            return ""
        return f"the data of account {slowest.account} ends {duration(late)} ago, at {instant(end)}"


def sight(context: Context, about: Part) -> Sight:
    """How far the accounts are known that a part has ever burnt in; all of them where it never did."""
    reader, now = context.reader, int(context.now)
    with reader.snapshot():
        names, store = read_names(reader), RuleStore(reader.rows)
        accounts = {account.id: account.name for account in store.accounts()}
        spans: dict[int, list[tuple[int, int]]] = {}
        for row in reader.rows("coverage_within", {"start": 0, "end": now}):
            if row["layer"] == Layer.METERED:
                spans.setdefault(row["account"], []).append((row["start"], row["end"]))
        asked = set(accounts)
        if not about.whole and not is_service(about.kind):
            rows = reader.rows("dim_ids", {"kind": int(about.kind), "names": [about.value]})
            of = names.contexts_with(about.kind, rows[0]["id"]) if rows else []
            asked = {names.contexts[each]["account"] for each in of} or asked
        states, of_file = source_states(reader), context.settings.sources
        views = [
            _view(
                context,
                ident,
                accounts.get(ident, ""),
                tuple(sorted(spans.get(ident, ()))),
                [each for each in states if each.account == accounts.get(ident)],
                [each for each in of_file if each.account == accounts.get(ident)],
            )
            for ident in sorted(asked)
        ]
    if about.whole:
        seen = {view.account for view in views}
        views += [View(each.account, None) for each in of_file if each.account not in seen]
    here = [view for view in views if view.read or (view.until or 0) >= now - _GONE_S]
    return Sight(now, tuple(here or views))


def _view(
    context: Context,
    ident: int,
    name: str,
    spans: Spans,
    states: Sequence[SourceState],
    of_file: Sequence[Source],
) -> View:
    store, now = RuleStore(context.reader.rows), int(context.now)
    read, lag_s = bool(states or of_file), _lag(context, of_file)
    meters = "openai" in {*(each.kind for each in states), *(each.kind for each in of_file)}
    # Usage that events have left far behind is no longer read by anybody.
    if spans and (meters or not store.layer_hours(ident, Layer.ESTIMATED, spans[-1][1] + STALE_S)):
        return View(name, spans[-1][1], spans, lag_s, read)
    if meters:
        return View(name, None, (), lag_s, read)
    if not read:
        return View(name, _newest_event(context, store, ident), None, lag_s, read)
    # A quiet night shows nothing: the source has been there when it was last read.
    ends = [each.last_ok for each in states]
    unread = {each.name for each in of_file} - {each.name for each in states}
    known = [at for at in ends if at is not None]
    whole = bool(known) and len(known) == len(ends) and not unread
    return View(name, min(*known, now) if whole else None, None, lag_s, read)


def _newest_event(context: Context, store: RuleStore, account: int) -> int | None:
    """The end of the minute of the newest event of an account that no source reads."""
    now = int(context.now)
    row = context.reader.one("asked_newest_event", {"account": account, "since": now - DAY})
    if row is not None:
        return min(int(row["at"]) // MINUTE * MINUTE + MINUTE, now)
    hours = store.layer_hours(account, Layer.ESTIMATED, now - _GONE_S)
    return hours[-1] + HOUR if hours else None


def _lag(context: Context, sources: Sequence[Source]) -> int:
    """How far behind sources are by nature: a minute settles, and is read at the next turn."""
    return max((each.settle + turn(context, each.every) for each in sources), default=turn(context, "1m"))


def turn(context: Context, every: str) -> int:
    """The time until what is read so often is read again; of rare readings no more than is fresh."""
    clock = context.settings.scaled_clock
    # Under a fast clock a turn of the same real time is that much longer.
    real = int(MINUTE * clock.speed) if clock else 0
    try:
        return min(Duration.parse(every), FRESH_S) + real
    except ValueError:
        return real  # a cron expression: what it leaves out is not known
