"""What would have caught an incident earlier, tried on the ledger's past; and plainly where nothing would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.domain.alert import AlertRule
from agent.reports.moment import DAY
from agent.runbooks.postmortem.burn import BY_MINUTES_S, Burn
from agent.runbooks.postmortem.model import Catch, Earlier
from agent.runbooks.postmortem.standing import best, daily_limit, throttle
from agent.runbooks.postmortem.stretch import Stretch
from agent.runbooks.postmortem.tighter import Played, Told, by_hours, spikes

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.reports.alert_list import AlertEntry
    from agent.settings import Settings

NOT_TRIED = Earlier(
    "Nothing was tried: no alert belongs to it, so there is nothing to be earlier than.", (), ()
)
_PLAYED_S = 7 * DAY  # an incident that lasted longer is not played again


def earlier_of(
    reader: LedgerReader,
    settings: Settings,
    alerts: Sequence[AlertEntry],
    burns: Sequence[Burn],
    rose: int | None,
    stretch: Stretch,
) -> Earlier:
    """Tries tighter rules and standing limits on an incident, and says which would have helped."""
    fired = [each for each in alerts if each.fired_at is not None]
    if not fired:
        return NOT_TRIED
    first = min(fired, key=lambda each: each.fired_at or 0)
    told = Told(
        labels=frozenset(_label(each) for each in alerts),
        teams=frozenset(each.team for each in alerts if each.team),
        rose=rose or first.started_at,
        seen=first.started_at,
        fired=first.fired_at or first.started_at,
        tier=first.tier,
    )
    rules = sorted({AlertRule(each.rule) for each in fired})
    by_minutes = AlertRule.BURN_SPIKE in rules and told.seen - told.rose <= BY_MINUTES_S
    found = list(spikes(reader, settings, told)) if by_minutes else []
    left = [rule for rule in rules if rule is not AlertRule.BURN_SPIKE or not by_minutes]
    played = by_hours(reader, settings, told, left)
    catches = [*found, *played.catches, *_limits(reader, settings, told, burns, stretch)]
    return Earlier(_sentence(catches), tuple(catches), tuple(_notes(catches, played)))


def _label(entry: AlertEntry) -> str:
    return f"{entry.scope_kind}:{entry.scope}" if entry.scope else entry.scope_kind


def _limits(
    reader: LedgerReader, settings: Settings, told: Told, burns: Sequence[Burn], stretch: Stretch
) -> list[Catch]:
    if not burns or stretch.by is not None or stretch.end - stretch.start > _PLAYED_S:
        return []
    start = min(told.rose, stretch.start)
    found = [
        throttle(reader, settings, burns[0], start, stretch.end, told.fired),
        daily_limit(burns[0], start, stretch.end, told.fired),
    ]
    return [each for each in found if each is not None]


def _sentence(catches: Sequence[Catch]) -> str:
    if not catches:
        return "Nothing could be tried: none of its rules can be played again, and no call of it is known."
    found = best(catches)
    if found is None:
        return "Nothing that was tried would have caught it earlier or saved any of it."
    price = f" ({found.price})" if found.price else ""
    return f"{found.sentence.rstrip('.')}{price}."


def _notes(catches: Sequence[Catch], played: Played) -> list[str]:
    notes = [f"not tried: {each}" for each in played.untried]
    if played.catches:
        notes.append("rules were judged at whole hours, as the agent judges them")
    if catches:
        notes.append("tried on the amounts that the ledger has today, each policy alone")
    if any(each.policy.startswith("burn_spike") for each in catches):
        notes.append("told as much later than the data shows it as the alert was")
    if any(each.saved is not None for each in catches):
        notes.append("every refused call counts as saved, though some would have been sent again")
    return notes
