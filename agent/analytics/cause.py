"""Why a key, team or model burns more than usual, decided from its sums now and in an ordinary window.

The rules go from the most specific evidence to the most general, and each names what it looked at, so that
the sentence can be checked against the figures beside it. A cause is a hint; the amounts are facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from agent.domain.cause import Cause
from agent.domain.usage import Operation

_MOST = 0.5  # this share of the rise makes one kind of traffic the reason for it
_MULTIPLIED = 1.8  # requests times this are an explosion, not a busy hour
_CUT_SHORT = 0.75  # answers below this share of their usual length were not finished
_SAME = (0.7, 1.4)  # tokens a request within these bounds are the same work
_LONGER = 1.25
_CACHE_LOST = 0.15  # points of cached share
_ERROR_SHARE = 0.05
_NEW_KEY_S = 86_400


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
    age_s: float | None = None  # since a key was first seen; None: unknown, or not one key
    models_before: frozenset[str] | None = None  # ever called before the rise; None: those of `usual`


def likely_cause(features: Features) -> tuple[Cause | None, str]:
    """The cause and a sentence that says what it was seen by; (None, ...) when nothing rose."""
    seen = _Seen(features)
    if seen.rise <= 0:
        return None, "burns no more than usual"
    for rule in _RULES:
        if found := rule(seen):
            return found
    return Cause.MORE_REQUESTS, f"more of the same: {_times(seen.requests)} the usual requests"


class _Seen:
    """Ratios of now to usual that the rules share."""

    def __init__(self, features: Features) -> None:
        self.features = features
        self.now = _Sums(features.now)
        self.usual = _Sums(features.usual)
        self.rise = self.now.credits - self.usual.credits

    @cached_property
    def requests(self) -> float:
        return _ratio(self.now.requests, self.usual.requests)

    @cached_property
    def input(self) -> float:
        return self._within_model(lambda cell: cell.tokens_input)

    @cached_property
    def output(self) -> float:
        return self._within_model(lambda cell: cell.tokens_output)

    @cached_property
    def price_of_request(self) -> float:
        """Cost of a request within the same models: what longer work, lost cache and rates did."""
        return self._within_model(lambda cell: cell.credits_nano)

    @cached_property
    def mix(self) -> float:
        """Cost of a request from the mix of models alone."""
        whole = _ratio(self.now.per_request(self.now.credits), self.usual.per_request(self.usual.credits))
        return _ratio(whole, self.price_of_request)

    @cached_property
    def models_before(self) -> frozenset[str]:
        given = self.features.models_before
        return given if given is not None else frozenset(cell.model for cell in self.features.usual)

    def share_of_rise(self, chosen: Callable[[Cell], bool]) -> float:
        """How much of the whole rise the chosen cells make."""
        now = sum(cell.credits_nano for cell in self.features.now if chosen(cell))
        usual = sum(cell.credits_nano for cell in self.features.usual if chosen(cell))
        return (now - usual) / self.rise

    def _within_model(self, amount: Callable[[Cell], float]) -> float:
        """Amount a request now over usual, each kind of traffic compared with itself."""
        before = {_kind(cell): cell for cell in self.features.usual if cell.requests}
        actual = expected = 0.0
        for cell in self.features.now:
            same = before.get(_kind(cell))
            if same is not None:
                actual += amount(cell)
                expected += amount(same) / same.requests * cell.requests
        return _ratio(actual, expected)


class _Sums:
    def __init__(self, cells: Iterable[Cell]) -> None:
        cells = tuple(cells)
        self.requests = sum(cell.requests for cell in cells)
        self.input = sum(cell.tokens_input for cell in cells)
        self.cached = sum(cell.tokens_cached for cell in cells)
        self.output = sum(cell.tokens_output for cell in cells)
        self.credits = sum(cell.credits_nano for cell in cells)
        self.errors = sum(cell.errors for cell in cells)

    def per_request(self, amount: float) -> float:
        return amount / self.requests if self.requests else 0.0

    @property
    def cached_share(self) -> float:
        return self.cached / self.input if self.input else 0.0


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
    if share < _MOST:
        return None
    names = ", ".join(sorted({cell.model for cell in seen.features.now if unknown(cell)}))
    if _moved(seen):
        return (
            Cause.DEARER_MODEL,
            f"the usual requests moved to {names}: {_times(seen.mix)} the cost",
        )
    return (
        Cause.LEAKED_KEY,
        f"{share:.0%} of the rise is on {names}, never called before: a leaked key?",
    )


def _moved(seen: _Seen) -> bool:
    """Do requests leave the models used before, while there are not many more of them in all?"""
    if not seen.usual.requests:
        return False
    known = {cell.model for cell in seen.features.usual}
    stayed = sum(cell.requests for cell in seen.features.now if cell.model in known and _shrunk(seen, cell))
    was = sum(cell.requests for cell in seen.features.usual if _shrunk(seen, cell))
    left = was - stayed
    return left > 0.25 * seen.usual.requests and seen.requests < _MULTIPLIED


def _shrunk(seen: _Seen, cell: Cell) -> bool:
    now = sum(other.requests for other in seen.features.now if other.model == cell.model)
    usual = sum(other.requests for other in seen.features.usual if other.model == cell.model)
    return now < usual


def _dearer_model(seen: _Seen) -> _Found:
    if not (seen.mix > _LONGER and seen.mix >= max(seen.requests, seen.price_of_request)):
        return None
    return Cause.DEARER_MODEL, f"requests moved to models that cost {_times(seen.mix)} as much"


def _retry_storm(seen: _Seen) -> _Found:
    if seen.requests < _MULTIPLIED or not _SAME[0] <= seen.input <= _SAME[1]:
        return None
    failed = seen.now.per_request(seen.now.errors)
    if failed > max(_ERROR_SHARE, 2 * seen.usual.per_request(seen.usual.errors)):
        return Cause.RETRY_STORM, f"{_times(seen.requests)} the usual requests, {failed:.0%} of them failing"
    if seen.output >= _CUT_SHORT or not seen.usual.output:
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
    if seen.price_of_request < _LONGER or seen.price_of_request < seen.requests:
        return None
    lost = seen.usual.cached_share - seen.now.cached_share
    if lost > _CACHE_LOST and seen.input < 1.0 + 2.0 * lost:
        was, now = seen.usual.cached_share, seen.now.cached_share
        return Cause.LOST_CACHE, f"the cached share of input fell from {was:.0%} to {now:.0%}"
    if max(seen.input, seen.output) < _LONGER:
        return Cause.PRICE_CHANGE, f"the same requests cost {_times(seen.price_of_request)} as much"
    if seen.input >= seen.output:
        return Cause.LONGER_PROMPTS, f"prompts are {_times(seen.input)} as long as usual"
    return Cause.LONGER_ANSWERS, f"answers are {_times(seen.output)} as long as usual"


_RULES: tuple[Callable[[_Seen], _Found], ...] = (
    _new_key,
    _re_embedding,
    _batch,
    _new_models,
    _dearer_model,
    _retry_storm,
    _not_production,
    _dearer_requests,
)


def _kind(cell: Cell) -> tuple[str, str, str]:
    return cell.model, cell.tier, cell.operation


def _ratio(now: float, usual: float) -> float:
    """1 where nothing can be compared: an unknown factor explains nothing."""
    return now / usual if usual > 0 and now > 0 else 1.0


def _times(ratio: float) -> str:
    return f"{ratio:.1f}x" if ratio < 10 else f"{ratio:.0f}x"
