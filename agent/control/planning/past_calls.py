"""Every call of a stretch of the past with its time: by the second where it was seen, else spread evenly."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agent.errors import BurndeckError

if TYPE_CHECKING:
    from agent.control.planning.books import Books

Ints = NDArray[np.int64]

MOST_CALLS = 20_000_000
"""More are not held in memory at once."""

_SLICE_S = 900
_TIME_BITS = 40
_LOW_32, _LOW_40 = (1 << 32) - 1, (1 << 40) - 1


@dataclass(frozen=True, slots=True)
class PastCalls:
    """One place a call, ordered by key and then by time. `key` and `model` are places in the names."""

    keys: Sequence[str]
    models: Sequence[str]
    times: Ints  # milliseconds
    key: Ints
    model: Ints
    tokens: Ints
    nano: Ints
    latency: Ints  # milliseconds; -1 where nobody measured it
    batch: NDArray[np.bool_]
    seen: int  # calls whose second is known
    spread: int  # calls that are spread evenly over the minute or hour that they are known of


@dataclass(frozen=True, slots=True)
class _Names:
    """What contexts and services are, as look-up tables by id."""

    keys: Sequence[str]
    models: Sequence[str]
    key: Ints
    model: Ints
    batch: Ints  # 1 where it is called as a batch
    account: Ints


def past_calls(books: Books, api_keys: Collection[str], start: int, end: int) -> PastCalls:
    """The calls of these keys in [start, end), each once.

    Where the provider's buckets count, they say how many calls there were; the events that are as many say
    when. Raises `BurndeckError` for more than can be held.
    """
    names = _names(books)
    contexts = [ident for ident, whose in books.alerts.contexts().items() if whose.api_key in api_keys]
    events = _events(books, contexts, start, end)
    buckets = _table(books.rules.named("plan_buckets", start=start, end=end), 7)
    buckets = buckets[:, np.isin(buckets[0], contexts)]
    used, spread = _chosen(books, names, events, buckets, start, end)
    at, context, service, tokens, nano, latency = (column[used] for column in events)
    key, model = names.key[context], names.model[service]
    evenly = _evenly(buckets[:, spread], end)
    columns = [
        (_within_seconds(key, at), evenly[0]),
        (key, names.key[evenly[1]]),
        (model, names.model[evenly[2]]),
        (tokens, evenly[3]),
        (nano, evenly[4]),
        (latency, np.full(len(evenly[0]), -1)),
        (names.batch[service], names.batch[evenly[2]]),
    ]
    times, key, model, tokens, nano, latency, batch = (np.concatenate(parts) for parts in columns)
    order = _by_key(key, times)
    return PastCalls(
        names.keys,
        names.models,
        times[order],
        key[order],
        model[order],
        tokens[order],
        nano[order],
        latency[order],
        batch[order] > 0,
        seen=len(at),
        spread=len(evenly[0]),
    )


def _names(books: Books) -> _Names:
    contexts, services = books.alerts.contexts(), books.alerts.services()
    keys = sorted({whose.api_key for whose in contexts.values()})
    models = sorted({called.model for called in services.values()})
    by_key = {name: place for place, name in enumerate(keys)}
    by_model = {name: place for place, name in enumerate(models)}
    return _Names(
        keys,
        models,
        _looked_up({ident: by_key[whose.api_key] for ident, whose in contexts.items()}),
        _looked_up({ident: by_model[called.model] for ident, called in services.items()}),
        _looked_up({ident: int(ident in books.batch_services) for ident in services}),
        _looked_up(dict(books.rules.named("replay_accounts"))),
    )


def _looked_up(values: dict[int, int]) -> Ints:
    found = np.zeros(max(values, default=0) + 1, np.int64)
    for ident, value in values.items():
        found[ident] = value
    return found


def _events(books: Books, contexts: Sequence[int], start: int, end: int) -> Ints:
    """Columns at, context, service, tokens, nano-credits, latency; read some minutes at a time."""
    parts, total = [np.zeros((6, 0), np.int64)], 0
    for first in range(start, end, _SLICE_S):
        bound = {"start": first, "end": min(first + _SLICE_S, end), "contexts": contexts}
        ((count, *lists),) = books.rules.named("replay_events", **bound)
        total += count
        _hold(total)
        if count:
            at, called, nano, latency = (np.fromstring(text, np.int64, sep=",") for text in lists)
            columns = ((at >> 32) + first, at & _LOW_32, called >> 40, called & _LOW_40, nano, latency)
            parts.append(np.stack(columns))
    return np.concatenate(parts, axis=1)


def _table(rows: Sequence[Any], columns: int) -> Ints:
    flat = np.fromiter(chain.from_iterable(rows), np.int64, len(rows) * columns)
    return np.ascontiguousarray(flat.reshape(len(rows), columns).T)


def _hold(count: int) -> None:
    if count > MOST_CALLS:
        raise BurndeckError(
            f"there were more than {MOST_CALLS:,} calls in that time",
            hint="Replay a shorter stretch, such as --replay 6h.",
        )


def _chosen(
    books: Books, names: _Names, events: Ints, buckets: Ints, start: int, end: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which events and which buckets stand for calls, so that no call is there twice."""
    at, context = events[0], events[1]
    used, spread = (
        ~_covered(books, names.account[context], at, start, end),
        np.zeros(buckets.shape[1], np.bool_),
    )
    if not len(spread):
        return used, spread
    pair = names.account[context] * len(names.keys) + names.key[context]
    code = (pair << _TIME_BITS) + at
    order = np.argsort(code, kind="stable")
    ordered = code[order]
    told = np.zeros(len(at) + 1, np.int64)  # steps up and down along `ordered`
    of_bucket = names.account[buckets[0]] * len(names.keys) + names.key[buckets[0]]
    for width in np.unique(buckets[3]).tolist():
        mine = np.flatnonzero(buckets[3] == width)
        windows, place = np.unique((of_bucket[mine] << _TIME_BITS) + buckets[2][mine], return_inverse=True)
        calls = np.bincount(place, buckets[4][mine], len(windows)).astype(np.int64)
        first, last = np.searchsorted(ordered, windows), np.searchsorted(ordered, windows + width)
        seen = (last - first >= calls) & (last > first)
        np.add.at(told, first[seen], 1)
        np.add.at(told, last[seen], -1)
        spread[mine] = ~seen[place]
    used[order[np.cumsum(told[:-1]) > 0]] = True
    return used, spread


def _covered(books: Books, account: Ints, at: Ints, start: int, end: int) -> NDArray[np.bool_]:
    """Whether the provider's buckets count at an event's time."""
    stretches: dict[int, list[tuple[int, int]]] = {}
    for ident, since, until in books.rules.named("replay_coverage", start=start, end=end):
        stretches.setdefault(ident, []).append((since, until))
    found = np.zeros(len(at), np.bool_)
    for ident, pairs in stretches.items():
        mine = account == ident
        place = np.searchsorted([since for since, _ in pairs], at[mine], side="right") - 1
        found[mine] = (place >= 0) & (at[mine] < np.array([until for _, until in pairs])[place])
    return found


def _within_seconds(key: Ints, at: Ints) -> Ints:
    """Milliseconds: the calls of a key in one second are spread evenly over it."""
    order = _by_key(key, at)
    new = np.ones(len(at), np.bool_)
    new[1:] = (np.diff(key[order]) != 0) | (np.diff(at[order]) != 0)
    first = np.flatnonzero(new)
    size = np.diff(np.append(first, len(at)))
    rank = np.arange(len(at)) - np.repeat(first, size)
    times = np.empty(len(at), np.int64)
    times[order] = at[order] * 1000 + rank * 1000 // np.repeat(size, size)
    return times


def _by_key(key: Ints, time: Ints) -> Ints:
    """The order by key, then by time; the first seen first. One number sorts faster than two."""
    return np.argsort((key << 44) + time, kind="stable")


def _evenly(buckets: Ints, end: int) -> tuple[Ints, ...]:
    """Times, contexts, services, tokens and nano-credits of the calls of buckets."""
    context, service, start, width, calls, tokens, nano = buckets
    _hold(int(calls.sum()))
    rank = np.arange(int(calls.sum())) - np.repeat(np.cumsum(calls) - calls, calls)

    def each(column: Ints) -> Ints:
        return np.repeat(column, calls)

    times = each(start * 1000) + (rank * 2 + 1) * each(width * 1000) // (2 * each(calls))
    some = np.maximum(calls, 1)
    found = (
        times,
        each(context),
        each(service),
        *(each(column // some) + (rank < each(column % some)) for column in (tokens, nano)),
    )
    known = times < end * 1000
    return tuple(column[known] for column in found)


def slices(calls: PastCalls) -> Iterator[tuple[int, slice]]:
    """The calls of each key that called at all."""
    bounds = np.searchsorted(calls.key, np.arange(len(calls.keys) + 1))
    for place in range(len(calls.keys)):
        if bounds[place] < bounds[place + 1]:
            yield place, slice(int(bounds[place]), int(bounds[place + 1]))
