"""What would save credits: the optimization scorecard applied to a scope's own last 30 days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.analytics.scorecard import SCORECARD, Lever
from agent.analytics.traffic_mix import (
    SHORT_ANSWER,
    ModelUse,
    Rates,
    TokenRates,
    input_credits,
    rates_of,
    smaller_model,
)
from agent.domain.allocation import Scope
from agent.domain.money import NANO, to_credits

if TYPE_CHECKING:
    from agent.ledger.history_store import HistoryStore, ListedRate

_DAYS = 30
_LEAST_SAVING = NANO  # a credit a month: less is not worth a sentence
_CACHEABLE_PROMPT = 1_024  # tokens; providers cache nothing shorter
_CACHED_WELL = 4 / 5
_LONG_PROMPT = 500  # tokens a request from which there is something to shorten
_CONVERSATION = 4_000
_INSTRUCTIONS = 2_000
_OFTEN = 10_000  # requests a month


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One lever for one scope; what it saves a month in nano-credits, None where nobody knows a range."""

    lever: Lever
    text: str
    low_nano: int | None = None
    high_nano: int | None = None

    def plain(self) -> dict[str, str]:
        """As notices carry it: credits a month as exact text, empty without a range."""
        return {
            "lever": self.lever.value,
            "text": self.text,
            "low": "" if self.low_nano is None else format(to_credits(self.low_nano).normalize(), "f"),
            "high": "" if self.high_nano is None else format(to_credits(self.high_nano).normalize(), "f"),
        }


def suggestions(
    history: HistoryStore, scope: Scope, at: int, approved: Sequence[str] = (), *, near_cap: bool = True
) -> tuple[Suggestion, ...]:
    """What the owners of a scope can do, the largest saving first, without what its traffic has no use for.

    `approved` are the models that may be named, empty for all; `near_cap` adds what helps at once.
    """
    rates = {model: rate for model, listed in history.rates(at).items() if (rate := _token_rates(listed))}
    uses = [
        ModelUse(
            row.model,
            row.requests,
            row.tokens_input,
            row.tokens_cached,
            row.tokens_output,
            row.credits_nano,
            row.embedding,
            row.batched,
        )
        for row in history.models(scope, at, _DAYS)
    ]
    return levers(uses, rates, approved, near_cap=near_cap)


def levers(
    uses: Sequence[ModelUse], rates: Rates, approved: Sequence[str] = (), *, near_cap: bool = True
) -> tuple[Suggestion, ...]:
    """The suggestions for what was used of each model. Pure."""
    talks = [use for use in uses if not use.embedding and use.tokens_output > 0 and use.credits_nano > 0]
    found = [
        *_right_sizing(talks, rates, approved),
        *_caching(talks, rates),
        *_batching([use for use in uses if use.embedding]),
        *_prompts(talks, rates),
        *_summaries(talks),
        *_fine_tuning(talks),
    ]
    if near_cap and sum(use.credits_nano for use in uses) > 0:
        text = "switch off or slow down what can wait until the month ends, before the cap does it for all"
        found.append(_told(Lever.FEATURE_GATING, text))
    return tuple(sorted(found, key=lambda each: -(each.high_nano or 0)))


def _right_sizing(uses: Iterable[ModelUse], rates: Rates, approved: Sequence[str]) -> Iterator[Suggestion]:
    smaller = [(use, name) for use in uses if (name := smaller_model(use, rates, approved))]
    touched = sum(use.credits_nano for use, _ in smaller)
    if not smaller:
        return
    use, name = max(smaller, key=lambda pair: pair[0].credits_nano)
    own, other = rates_of(use.model, rates), rates[name]
    assert own is not None
    saved = use.credits_nano - use.credits_nano * other.cost(use) // own.cost(use)
    short = "short answers" if use.answer <= SHORT_ANSWER else "answers"
    yield from _ranged(
        Lever.RIGHT_SIZING,
        touched,
        f"{_amount(use.credits_nano)} credits go to {use.model} for {short} of {use.answer:,} tokens to "
        f"prompts of {use.prompt:,}; the same tokens on {name} would cost {_amount(saved)} less",
    )


def _caching(uses: Iterable[ModelUse], rates: Rates) -> Iterator[Suggestion]:
    fit = [
        (use, credits_)
        for use in uses
        if use.prompt >= _CACHEABLE_PROMPT
        and use.tokens_cached < _CACHED_WELL * use.tokens_input
        and (credits_ := input_credits(use, rates))
        and credits_.cacheable > 0
    ]
    fresh = sum(credits_.fresh for _, credits_ in fit)
    most = sum(credits_.cacheable for _, credits_ in fit)
    tokens = sum(use.tokens_input for use, _ in fit)
    share = sum(use.tokens_cached for use, _ in fit) * 100 // tokens if tokens else 0
    yield from _ranged(
        Lever.CACHING,
        fresh,
        f"{_amount(fresh)} credits go to input that is sent anew; {share} % of it comes from the cache. "
        "Put what never changes first in the prompt, and cache answers to equal questions",
        most=most,
    )


def _batching(uses: Iterable[ModelUse]) -> Iterator[Suggestion]:
    touched = sum(use.credits_nano for use in uses if not use.batched)
    yield from _ranged(
        Lever.BATCH_EMBEDDINGS,
        touched,
        f"{_amount(touched)} credits go to embeddings; send them in batches, and only what has changed",
    )


def _prompts(uses: Iterable[ModelUse], rates: Rates) -> Iterator[Suggestion]:
    fit = [
        (use, credits_)
        for use in uses
        if use.prompt >= _LONG_PROMPT and (credits_ := input_credits(use, rates))
    ]
    touched = sum(credits_.whole for _, credits_ in fit)
    if not touched:
        return
    longest = max(fit, key=lambda pair: pair[1].whole)[0]
    yield from _ranged(
        Lever.PROMPT_REDUCTION,
        touched,
        f"{_amount(touched)} credits go to input, {longest.prompt:,} tokens a request on {longest.model}; "
        "send fewer examples and fewer passages",
    )


def _summaries(uses: Iterable[ModelUse]) -> Iterator[Suggestion]:
    for use in _largest(use for use in uses if use.prompt >= _CONVERSATION):
        text = (
            f"prompts on {use.model} have {use.prompt:,} tokens; summarize a session instead of resending it"
        )
        yield _told(Lever.SESSION_SUMMARIES, text)


def _fine_tuning(uses: Iterable[ModelUse]) -> Iterator[Suggestion]:
    fit = (
        use
        for use in uses
        if use.requests >= _OFTEN and use.prompt >= _INSTRUCTIONS and use.answer <= SHORT_ANSWER
    )
    for use in _largest(fit):
        text = (
            f"{use.requests:,} requests to {use.model} carry {use.prompt:,} tokens for answers of "
            f"{use.answer:,}; a fine-tuned small model needs no long instructions"
        )
        yield _told(Lever.FINE_TUNE, text)


def _largest(uses: Iterable[ModelUse]) -> Iterator[ModelUse]:
    """The use that costs most, if there is any."""
    ordered = sorted(uses, key=lambda use: -use.credits_nano)
    yield from ordered[:1]


def _ranged(lever: Lever, touched: int, text: str, *, most: int | None = None) -> Iterator[Suggestion]:
    """The scorecard's range of what a lever touches, no more than the `most` that it can save at all."""
    saving = SCORECARD[lever].saving(touched)
    assert saving is not None
    low, high = saving if most is None else (min(saving[0], most), min(saving[1], most))
    if high < _LEAST_SAVING:
        return
    yield _told(lever, text, low, high)


def _told(lever: Lever, text: str, low: int | None = None, high: int | None = None) -> Suggestion:
    entry = SCORECARD[lever]
    return Suggestion(lever, f"{entry.title} ({entry.effort} effort, {entry.owner}): {text}", low, high)


def _token_rates(listed: ListedRate) -> TokenRates | None:
    if listed.input is None:
        return None
    # Without a price of its own, cached input costs what input costs.
    return TokenRates(listed.input, listed.input if listed.cached is None else listed.cached, listed.output)


def _amount(nano: int) -> str:
    credits_ = to_credits(nano)
    return f"{credits_:,.0f}" if credits_ >= 100 else f"{credits_:,.2f}"
