"""What traffic looks like, model by model, and what it would cost on another model. Pure, exact integers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agent.domain.model_name import listed_name

_MILLION = 10**6
_SIZE = re.compile(r"(.+)-(?:pro|mini|nano)")
_HALF = 2  # a model of another family must cost at most half to be worth the change

SHORT_PROMPT, SHORT_ANSWER = 1_500, 150
"""Tokens a request up to which the smallest model of a family will do."""
USUAL_PROMPT, USUAL_ANSWER = 6_000, 800
"""Tokens a request up to which a model one size smaller will do."""


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What a scope did with one model. `tokens_input` includes `tokens_cached`."""

    model: str
    requests: int
    tokens_input: int
    tokens_cached: int
    tokens_output: int
    credits_nano: int
    embedding: bool = False
    batched: bool = False  # already at the batch tier's price

    @property
    def prompt(self) -> int:
        """Input tokens a request, rounded down."""
        return self.tokens_input // self.requests if self.requests else 0

    @property
    def answer(self) -> int:
        """Output tokens a request, rounded down."""
        return self.tokens_output // self.requests if self.requests else 0


@dataclass(frozen=True, slots=True)
class TokenRates:
    """Nano-credits per million tokens. A model without a rate for output answers nothing: embeddings."""

    input: int
    cached: int
    output: int | None

    def cost(self, use: ModelUse) -> int:
        """Nano-credits of the same tokens at these rates, rounded down."""
        fresh = use.tokens_input - use.tokens_cached
        whole = fresh * self.input + use.tokens_cached * self.cached + use.tokens_output * (self.output or 0)
        return whole // _MILLION


Rates = Mapping[str, TokenRates]
"""Rates at the standard tier by listed model."""


@dataclass(frozen=True, slots=True)
class InputCredits:
    """The part of a model's credits that its input cost."""

    fresh: int
    cached: int
    cacheable: int  # the most that reading all of the fresh input from the cache would save

    @property
    def whole(self) -> int:
        """Credits of all input."""
        return self.fresh + self.cached


def input_credits(use: ModelUse, rates: Rates) -> InputCredits | None:
    """What the input of a use cost, by the proportions of its rates; None where no rate is known.

    What it really cost decides the level, so that tiers and discounts are in it.
    """
    own = rates_of(use.model, rates)
    if own is None:
        return None
    fresh_tokens = use.tokens_input - use.tokens_cached
    parts = (fresh_tokens * own.input, use.tokens_cached * own.cached, use.tokens_output * (own.output or 0))
    whole = sum(parts)
    if whole <= 0:
        return None
    fresh, cached = (use.credits_nano * part // whole for part in parts[:2])
    saved = use.credits_nano * fresh_tokens * max(own.input - own.cached, 0) // whole
    return InputCredits(fresh, cached, saved)


def rates_of(model: str, rates: Rates) -> TokenRates | None:
    """The rates of a model, or of the listed model whose dated name it is."""
    name = listed_name(model, rates)
    return None if name is None else rates[name]


def smaller_model(use: ModelUse, rates: Rates, approved: Iterable[str] = ()) -> str | None:
    """A cheaper listed model that would do for what a use looks like; None where there is none.

    Long prompts or answers are left where they are: nobody can tell from counts that less would do. Of the
    same family one size smaller is named, the smallest where prompts and answers are short; of other families
    the best (that is, the dearest) of those that cost at most half. `approved` empty allows every model.
    """
    own = listed_name(use.model, rates)
    if own is None or not use.requests or use.prompt > USUAL_PROMPT or use.answer > USUAL_ANSWER:
        return None
    price = rates[own].cost(use)
    allowed = set(approved) or set(rates)
    costs = {
        name: rate.cost(use)
        for name, rate in rates.items()
        if rate.output is not None and not _dated(name, rates) and _approved(name, allowed)
    }
    cheaper = sorted(((cost, name) for name, cost in costs.items() if cost < price), reverse=True)
    family = [name for _, name in cheaper if _family(name) == _family(own)]
    if family:
        return family[-1] if use.prompt <= SHORT_PROMPT and use.answer <= SHORT_ANSWER else family[0]
    return next((name for cost, name in cheaper if cost * _HALF <= price), None)


def _approved(name: str, allowed: set[str]) -> bool:
    return name in allowed or any(listed_name(each, (name,)) for each in allowed)


def _dated(name: str, rates: Rates) -> bool:
    """Whether a listed name is only another listed model at a certain date."""
    return listed_name(name, rates.keys() - {name}) is not None


def _family(name: str) -> str:
    size = _SIZE.fullmatch(name)
    return size[1] if size else name
