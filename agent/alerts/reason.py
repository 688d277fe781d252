"""Whose a rise is and why: its traffic now beside the same hours of earlier weeks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import Any

from agent.alerts.memory import BurnMemory
from agent.alerts.past import past_hours
from agent.alerts.scene import SHORT_S, Scene
from agent.analytics.cause import Cell, Features, known_age, likely_cause
from agent.analytics.detector import HOUR_S
from agent.domain.cause import Cause
from agent.ledger.alert_store import AlertStore, Called, Whose
from agent.ledger.burn_store import BurnCell, Series
from agent.ledger.kinds import Kind


@dataclass(frozen=True, slots=True)
class Reason:
    """Name, owner and cause of a rise. `now` and `usual` are the compared sums by kind of traffic."""

    name: str  # as the ledger knows it
    label: str  # as people know it
    api_key: str
    team: str
    environment: str
    cause: Cause | None
    sentence: str
    now: list[dict[str, Any]]
    usual: list[dict[str, Any]]

    def as_cause(self, cause: Cause, sentence: str) -> Reason:
        """The same with a cause that only a longer view can tell."""
        return replace(self, cause=cause, sentence=sentence)


def reason_of(store: AlertStore, memory: BurnMemory, scene: Scene, series: int, seconds: int) -> Reason:
    """The reason for the rise of a series in the last `seconds` (the last hour, if that is shorter)."""
    seconds = min(seconds, SHORT_S)
    contexts, services = scene.contexts, scene.services
    kind, ident = scene.series[series]
    active = {scene.ids[part][0] for part in scene.parts_of(series)}
    read = _of_model(store.burn.cells(scene.at - seconds, scene.at, active), services, (kind, ident))
    past = _past(store, memory, scene, (kind, ident), seconds)
    owner = _largest(contexts, read)
    first = store.first_seen(kind, ident) if kind is Kind.API_KEY else None
    features = Features(
        now=_summed(read, services),
        usual=_summed(past.cells, services, past.scale),
        environment=owner.environment if owner else "",
        age_s=known_age(first, memory.known_since, scene.at),
        models_before=past.models,
    )
    cause, sentence = likely_cause(features)
    name = _name(kind, ident, contexts.values(), services.values())
    return Reason(
        name=name,
        label=store.key_name(name) if kind is Kind.API_KEY else name,
        api_key=owner.api_key if owner and kind is Kind.API_KEY else "",
        team=owner.team if owner and kind in (Kind.API_KEY, Kind.TEAM) else "",
        environment=features.environment,
        cause=cause,
        sentence=sentence,
        now=[_plain(cell) for cell in features.now],
        usual=[_plain(cell) for cell in features.usual],
    )


@dataclass(frozen=True, slots=True)
class _Past:
    """A series in earlier hours; `scale` makes of their sums what is usual for the window."""

    cells: list[BurnCell]
    scale: float
    models: frozenset[str]  # called then, or in the same hours of the last days


def _past(store: AlertStore, memory: BurnMemory, scene: Scene, series: Series, seconds: int) -> _Past:
    """The hours around the window in up to four weeks; in the last days, when there is no week before."""
    past = past_hours(store, memory, scene, series, seconds)
    compared = past.weeks or past.days
    hours = sum(map(len, compared))

    def mine(cells: Iterable[BurnCell]) -> list[BurnCell]:
        return _of_model(cells, scene.services, series)

    return _Past(
        cells=mine(chain.from_iterable(chain.from_iterable(compared))),
        scale=seconds / (HOUR_S * max(hours, 1)),
        models=frozenset(
            scene.services[cell.service].model for cell in mine(chain.from_iterable(past.hours))
        ),
    )


def _of_model(cells: Iterable[BurnCell], services: Mapping[int, Called], series: Series) -> list[BurnCell]:
    """The cells that belong to a series, as far as their context does."""
    kind, ident = series
    return [cell for cell in cells if kind is not Kind.MODEL or services[cell.service].model_id == ident]


def _largest(contexts: Mapping[int, Whose], cells: Iterable[BurnCell]) -> Whose | None:
    """Whose most of the burn is."""
    burnt = Counter[Whose]()
    for cell in cells:
        burnt[contexts[cell.context]] += cell.credits_nano
    return burnt.most_common(1)[0][0] if burnt else None


def _summed(
    cells: Iterable[BurnCell], services: Mapping[int, Called], scale: float = 1.0
) -> tuple[Cell, ...]:
    """Sums by model, tier and operation."""
    sums: dict[tuple[str, str, str], list[float]] = {}
    for cell in cells:
        called = services[cell.service]
        amounts = sums.setdefault((called.model, called.tier, called.operation), [0.0] * 6)
        values = (
            cell.requests,
            cell.tokens_input,
            cell.tokens_cached,
            cell.tokens_output,
            cell.credits_nano,
            cell.errors,
        )
        for place, value in enumerate(values):
            amounts[place] += value * scale
    return tuple(Cell(*kind, *amounts) for kind, amounts in sorted(sums.items()))


def _name(kind: Kind, ident: int, contexts: Iterable[Whose], services: Iterable[Called]) -> str:
    match kind:
        case Kind.API_KEY:
            return next((whose.api_key for whose in contexts if whose.api_key_id == ident), "")
        case Kind.TEAM:
            return next((whose.team for whose in contexts if whose.team_id == ident), "")
        case Kind.MODEL:
            return next((called.model for called in services if called.model_id == ident), "")
        case _:
            return ""


def _plain(cell: Cell) -> dict[str, Any]:
    return {
        name: value if isinstance(value, str) else round(value, 3) for name, value in asdict(cell).items()
    }
