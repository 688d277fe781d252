"""Which models a scope called in the last hour, so that a person sees what a list of models leaves out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.action import ActionSpec
from agent.domain.model_name import listed_name
from console.live import Question
from console.screens.acting.aim import Aim
from console.screens.acting.look import PLAN, Looked, plan_question

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

HOUR_S = 3_600

Called = tuple[tuple[str, Decimal], ...]
"""Models with their shares of the burn, the dearest first."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What would become of a list of models, beside what is called."""

    called: Called
    looked: Looked | None  # None: nobody has said yet which models stay


def keep_question(
    aim: Aim, names: Sequence[str], specify: Callable[[Sequence[str]], ActionSpec], *, first: bool
) -> Question:
    """The plan of leaving only these models; the first time also which could stay, where none is named."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> Kept:
        called = called_models(reader, settings, aim, now)
        chosen = names or (those_that_stay(called, aim) if first else ())
        if not chosen:
            return Kept(called, None)
        looked: Looked = plan_question(specify(chosen), aim, first=first).ask(reader, settings, now)  # type: ignore[assignment]
        return Kept(called, replace(looked, fill={**looked.fill, "models": ", ".join(chosen)}))

    return Question(PLAN, ask, (aim, tuple(names), first))


def called_models(reader: LedgerReader, settings: Settings, aim: Aim, now: float) -> Called:
    """What the keys of a scope called in the last hour that is known."""
    from agent.control.planning import books_of
    from agent.control.planning.calls import recent_calls
    from agent.control.planning.keys import keys_in, keys_of

    with reader.snapshot():
        books = books_of(reader)
        end = books.complete_to(now) or int(now)
        everybody = keys_of(books, books.actions.gateway_keys(), settings.acting.production)
        mine = {key.api_key for key in keys_in(everybody, aim.scope)}
        burnt: Counter[str] = Counter()
        for caller, minutes in recent_calls(books, end - HOUR_S, end, mine).items():
            burnt[caller.model] += sum(each.nano for each in minutes.values())
    whole = sum(burnt.values())
    return tuple(
        (model, Decimal(nano) / whole if whole else Decimal(0)) for model, nano in burnt.most_common()
    )


def those_that_stay(called: Called, aim: Aim) -> tuple[str, ...]:
    """What is called without what the person stood on: with nothing of that, all of it."""
    return tuple(model for model, _ in called if listed_name(model, aim.models) is None)
