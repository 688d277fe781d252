"""Why a key, team or model burns more than usual, decided from its sums now and in an ordinary window.

The rules go from the most specific evidence to the most general, and each names what it looked at, so that
the sentence can be checked against the figures beside it. A cause is a hint; the amounts are facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from agent.domain.cause import Cause
from agent.domain.usage import Operation

_MOST = 0.5  # this share of the rise makes one kind of traffic the reason for it
_MULTIPLIED = 1.8  # requests times this are an explosion, not a busy hour
_CUT_SHORT = 0.75  # answers below this share of their usual length were not finished
_SAME = (0.7, 1.4)  # tokens a request within these bounds are the same work
_LONGER = 1.25
_MORE = 1.1  # requests times less than this are about as many
_CACHE_LOST = 0.15  # points of cached share
_ERROR_SHARE = 0.05
_NEW_KEY_S = 86_400
_NOTABLE = 0.05  # of the rise: kinds of traffic that add less are no part of the reason
_BUSY = 0.2  # changes of a model's requests below this are ordinary ups and downs
_PART = 0.6  # of a key's requests: strangers seldom send as few
_CHANCE = 2.0  # so are changes within as many standard deviations of few requests

MODEL_DAYS = 6
"""A model called at the same hour of so many days before is none that was "never called before"."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Sums of one (model, tier, operation) over a window; `tokens_input` includes `tokens_cached`."""

    model: str
    tier: str
    operation: str
    requests: float
    tokens_input: float
    tokens_cached: float
    tokens_output: float
    credits_nano: float
    errors: float = 0.0


@dataclass(frozen=True, slots=True)
class Features:
    """What a cause is decided from. `usual` is scaled to the length of the window of `now`."""

    now: tuple[Cell, ...]
    usual: tuple[Cell, ...]
    environment: str = ""
    age_s: float | None = None  # `known_age` of a key; None: unknown, or not one key
    models_before: frozenset[str] | None = None  # in all hours compared or lately; None: in `usual`


def known_age(first_seen: int | None, known_since: int | None, at: int) -> float | None:
    """Seconds since a key was first seen burning; None where the records are too young to call a key new.

    What the provider's directory says of a key's birth is no evidence: an old key that was never used is as
    new to everybody who watches the burn.
    """
    if first_seen is None or known_since is None or first_seen < known_since + _NEW_KEY_S:
        return None
    return float(max(0, at - first_seen))


def likely_cause(features: Features) -> tuple[Cause | None, str]:
    """The cause and a sentence that says what it was seen by; (None, ...) when nothing rose."""
    seen = _Seen(features)
    if seen.rise <= 0:
        return None, "burns no more than usual"
    for rule in _RULES:
        if found := rule(seen):
            return found
    if seen.more:
        return Cause.MORE_REQUESTS, f"more of the same: {_times(seen.requests)} the usual requests"
    return Cause.MORE_REQUESTS, _no_single_reason(seen)


def told_cause(features: Features) -> tuple[Cause | None, str]:
    """The same for who reads the figures beside it: no cause that requests, being no more, do not bear out.

    A spike keeps it, as a longer view may tell another cause in its place.
    """
    cause, sentence = likely_cause(features)
    if cause is Cause.MORE_REQUESTS and not _Seen(features).more:
        return None, sentence
    return cause, sentence


class _Seen:
    """Ratios of now to usual that the rules share, over the kinds of traffic that make the rise.

    Only these: where a service embeds a thousand texts for each answer, ten times the answers are no larger
    share of requests, and yet the whole rise.
    """

    def __init__(self, features: Features) -> None:
        self.features = features
        self.rise = _credits(features.now) - _credits(features.usual)
        before = {_kind(cell): cell for cell in features.usual if cell.requests}
        least = _NOTABLE * self.rise
        self._pairs = [
            (cell, before[_kind(cell)])
            for cell in features.now
            if _kind(cell) in before and cell.credits_nano - before[_kind(cell)].credits_nano > least
        ]

    @cached_property
    def requests(self) -> float:
        return _ratio(
            sum(now.requests for now, _ in self._pairs), sum(usual.requests for _, usual in self._pairs)
        )

    @cached_property
    def more(self) -> bool:
        """Whether more requests come, in all and of what rises; what is called for the first time is more."""
        now, usual = (
            sum(cell.requests for cell in cells) for cells in (self.features.now, self.features.usual)
        )
        return now > usual and (self.requests >= _MORE or not self._pairs)

    @cached_property
    def input(self) -> float:
        return self._a_request(lambda cell: cell.tokens_input)

    @cached_property
    def output(self) -> float:
        return self._a_request(lambda cell: cell.tokens_output)

    @cached_property
    def price(self) -> float:
        """Cost of a request within the same models: what longer work, lost cache and rates did."""
        return self._a_request(lambda cell: cell.credits_nano)

    @cached_property
    def failing(self) -> tuple[float, float]:
        """Share of requests that fail, now and usually."""
        now, usual = ([pair[side] for pair in self._pairs] for side in (0, 1))
        return _failing_share(now), _failing_share(usual)

    @cached_property
    def cached(self) -> tuple[float, float]:
        """Cached share of the input, now and usually."""
        now, usual = ([pair[side] for pair in self._pairs] for side in (0, 1))
        return _cached_share(now), _cached_share(usual)

    @cached_property
    def models_before(self) -> frozenset[str]:
        given = self.features.models_before
        return given if given is not None else frozenset(cell.model for cell in self.features.usual)

    @cached_property
    def moved(self) -> tuple[str, ...]:
        """Models that took over requests which left others; empty when about nothing left."""
        now, usual = _requests_by_model(self.features.now), _requests_by_model(self.features.usual)
        arrived, left = 0.0, 0.0
        models = []
        for model in now.keys() | usual.keys():
            change = now.get(model, 0.0) - usual.get(model, 0.0)
            before = usual.get(model, 0.0)
            if abs(change) <= max(_BUSY * before, _CHANCE * before**0.5):
                continue
            if change < 0:
                left -= change
            else:
                arrived += change
                models.append(model)
        if not arrived:
            return ()
        before = sum(usual.values())
        # Too few requests to miss those that left: then it counts that there are no more than usual.
        as_many = sum(now.values()) <= before + _CHANCE * before**0.5 and arrived <= _PART * before
        return tuple(sorted(models)) if as_many or left > _MOST * arrived else ()

    def share_of_rise(self, chosen: Callable[[Cell], bool]) -> float:
        """How much of the whole rise the chosen cells make."""
        now = _credits(filter(chosen, self.features.now))
        usual = _credits(filter(chosen, self.features.usual))
        return (now - usual) / self.rise

    def _a_request(self, amount: Callable[[Cell], float]) -> float:
        """Amount a request now over usual, each kind of traffic compared with itself."""
        expected = sum(amount(usual) / usual.requests * now.requests for now, usual in self._pairs)
        return _ratio(sum(amount(now) for now, _ in self._pairs), expected)


_Found = tuple[Cause, str] | None


def _new_key(seen: _Seen) -> _Found:
    age = seen.features.age_s
    if age is None or age > _NEW_KEY_S:
        return None
    return Cause.NEW_KEY, f"the key was first seen {age / 3600:.0f} h ago"


def _re_embedding(seen: _Seen) -> _Found:
    share = seen.share_of_rise(lambda cell: cell.operation == Operation.EMBEDDING)
    if share < _MOST:
        return None
    return Cause.RE_EMBEDDING, f"embeddings make {share:.0%} of the rise: a corpus is embedded again"


def _batch(seen: _Seen) -> _Found:
    share = seen.share_of_rise(lambda cell: cell.tier == "batch")
    if share < _MOST:
        return None
    return Cause.RUNAWAY_BATCH, f"batch jobs make {share:.0%} of the rise"


def _new_models(seen: _Seen) -> _Found:
    def unknown(cell: Cell) -> bool:
        return cell.model not in seen.models_before

    share = seen.share_of_rise(unknown)
    if share < _MOST or seen.moved:
        return None
    names = ", ".join(sorted({cell.model for cell in seen.features.now if unknown(cell)}))
    return Cause.LEAKED_KEY, f"{share:.0%} of the rise is on {names}, never called before: a leaked key?"


def _dearer_model(seen: _Seen) -> _Found:
    models = frozenset(seen.moved)
    if not models or seen.share_of_rise(lambda cell: cell.model in models) < _MOST:
        return None
    return Cause.DEARER_MODEL, f"the usual requests moved to {', '.join(seen.moved)}, which costs more"


def _retry_storm(seen: _Seen) -> _Found:
    if seen.requests < _MULTIPLIED or not _SAME[0] <= seen.input <= _SAME[1]:
        return None
    failing, usually = seen.failing
    if failing > max(_ERROR_SHARE, 2 * usually):
        return Cause.RETRY_STORM, f"{_times(seen.requests)} the usual requests, {failing:.0%} of them failing"
    if seen.output >= _CUT_SHORT:
        return None
    return (
        Cause.RETRY_STORM,
        f"{_times(seen.requests)} the usual requests with the same input, answers cut to {seen.output:.0%}",
    )


def _not_production(seen: _Seen) -> _Found:
    environment = seen.features.environment
    if environment in ("", "prod", "production") or seen.requests < _MULTIPLIED:
        return None
    return Cause.RUNAWAY_BATCH, f"{_times(seen.requests)} the usual requests in {environment}"


def _dearer_requests(seen: _Seen) -> _Found:
    """Requests that cost more each: because of cache, prompts, answers or, with all these the same, price."""
    if seen.price < _LONGER or seen.price < seen.requests:
        return None
    now, usual = seen.cached
    if usual - now > _CACHE_LOST and seen.input < 1.0 + 2.0 * (usual - now):
        return Cause.LOST_CACHE, f"the cached share of input fell from {usual:.0%} to {now:.0%}"
    if max(seen.input, seen.output) < _LONGER:
        return Cause.PRICE_CHANGE, f"the same requests cost {_times(seen.price)} as much"
    if seen.input >= seen.output:
        return Cause.LONGER_PROMPTS, f"prompts are {_times(seen.input)} as long as usual"
    return Cause.LONGER_ANSWERS, f"answers are {_times(seen.output)} as long as usual"


_RULES: tuple[Callable[[_Seen], _Found], ...] = (
    _new_key,
    _re_embedding,
    _batch,
    _dearer_model,
    _new_models,
    _retry_storm,
    _not_production,
    _dearer_requests,
)


def _no_single_reason(seen: _Seen) -> str:
    """What is so where no rule says what it is."""
    if seen.requests >= _MORE:
        return f"what rises is called {_times(seen.requests)} as often, the rest less"
    if seen.price >= _MORE:
        return f"no more requests than usual, but {_times(seen.price)} the cost of each"
    return "about the usual requests, at about the usual cost: no single reason"


def _kind(cell: Cell) -> tuple[str, str, str]:
    return cell.model, cell.tier, cell.operation


def _credits(cells: Iterable[Cell]) -> float:
    return sum(cell.credits_nano for cell in cells)


def _failing_share(cells: Sequence[Cell]) -> float:
    requests = sum(cell.requests for cell in cells)
    return sum(cell.errors for cell in cells) / requests if requests else 0.0


def _cached_share(cells: Sequence[Cell]) -> float:
    tokens = sum(cell.tokens_input for cell in cells)
    return sum(cell.tokens_cached for cell in cells) / tokens if tokens else 0.0


def _requests_by_model(cells: Iterable[Cell]) -> dict[str, float]:
    found: dict[str, float] = {}
    for cell in cells:
        found[cell.model] = found.get(cell.model, 0.0) + cell.requests
    return found


def _ratio(now: float, usual: float) -> float:
    """1 where nothing can be compared: an unknown factor explains nothing."""
    return now / usual if usual > 0 and now > 0 else 1.0


def _times(ratio: float) -> str:
    return f"{ratio:.1f}x" if ratio < 10 else f"{ratio:.0f}x"
