"""Silent data: usage that stops arriving, so that whatever burns from then on burns unseen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.alerts.floors import HOUR_S, matters, per_minute
from agent.alerts.lifecycle import Judged, Patience
from agent.analytics.silence import silent_since
from agent.domain.alert import AlertRule, Signal
from agent.domain.money import to_credits
from agent.domain.usage import Layer
from agent.domain.words import duration, instant
from agent.ledger.kinds import Kind, Series
from agent.ledger.rule_store import NOTHING, WHOLE, Sums

if TYPE_CHECKING:
    from agent.alerts.context import RuleContext
    from agent.settings_rules import SilentData

DAY_S = 86_400
_HISTORY_S = 35 * DAY_S
_REAL_S = 60  # under a fast clock a poll of the same real time is that much longer
_MOST_S = 3 * DAY_S  # events that ended before that are a file that was read: nothing begins by them


@dataclass(frozen=True, slots=True)
class Blind:
    """An account whose usage no longer arrives, and what usually burns there meanwhile."""

    account: str
    since: int
    why: str
    usual_nano: int  # an hour
    whole_nano: int  # of the whole organization, an hour
    begins: bool = True  # False: long enough ago to keep open what is open, and to begin nothing


def judge(context: RuleContext) -> Judged | None:
    """Every account, by the clock: that there is no data is the very thing to tell."""
    settings = context.settings.alerts.rules.silent_data
    now = int(context.now)
    if not settings.enabled:
        return Judged(AlertRule.SILENT_DATA, now, ())
    signals = [
        silent_signal(blind, now, settings)
        for blind in _blind(context, now, settings)
        if matters(settings, blind.usual_nano, blind.whole_nano, HOUR_S)
    ]
    return Judged(AlertRule.SILENT_DATA, now, tuple(signals), Patience(hold_s=int(settings.hold)))


def silent_signal(blind: Blind, now: int, settings: SilentData) -> Signal:
    """The signal of an account that is not seen any more."""
    usual = per_minute(blind.usual_nano, HOUR_S)
    why = f" ({blind.why})" if blind.why else ""
    return Signal(
        fingerprint=f"silent_data:{blind.account}",
        rule=AlertRule.SILENT_DATA,
        tier=settings.tier,
        at=now,
        scope_kind="account",
        scope=blind.account,
        current_nano=0,
        expected_nano=usual,
        threshold=settings.min_credits_per_hour,
        summary=(
            f"blind since {instant(blind.since)}: no usage of {blind.account} has arrived for "
            f"{duration(now - blind.since)}{why}; {to_credits(usual):,.1f} credits/min usually burn there"
        ),
        evidence={
            "unit": "credits/min",
            "blind_since": blind.since,
            "blind_s": now - blind.since,
            "why": blind.why,
            "usual_credits_per_hour": format(to_credits(blind.usual_nano), "f"),
        },
        breach=blind.begins,
    )


def _blind(context: RuleContext, now: int, settings: SilentData) -> Iterator[Blind]:
    """Accounts that are overdue."""
    clock = context.settings.scaled_clock
    after = int(settings.after) + (round(_REAL_S * clock.speed) if clock else 0)
    told = {alert.signal.scope for alert in context.known if alert.signal.rule is AlertRule.SILENT_DATA}
    metered = set()
    for source in context.rules.sources():
        metered.add(source.account)
        if source.covered_to is not None and now - source.covered_to >= after:
            yield _of(context, source.account, source.covered_to, now, source.message)
    for account in context.rules.accounts():
        if account.covered_to is not None or account.name in metered:
            continue
        hours = context.rules.layer_hours(account.id, Layer.ESTIMATED, now - _HISTORY_S)
        since = silent_since(hours, now)
        if since is None or now - since < after:
            continue
        begins = now - since <= _MOST_S
        if begins or account.name in told:
            yield replace(_of(context, account.name, since, now, ""), begins=begins)


def _of(context: RuleContext, account: str, since: int, now: int, why: str) -> Blind:
    series = context.rules.find(Kind.ACCOUNT, account)
    asked: list[Series] = [WHOLE] if series is None else [series, WHOLE]
    last = since // HOUR_S * HOUR_S
    hour = now // HOUR_S * HOUR_S
    day = range(last - DAY_S, last, HOUR_S)
    same = [hour - back for back in (7 * DAY_S, DAY_S)]
    read = context.rules.hours(asked, {*day, *same})

    def usual(hours: dict[int, Sums]) -> int:
        """The dearer of the same hour of other days, else the mean of the last day that was seen."""
        alike = max((hours.get(each, NOTHING).credits_nano for each in same if each < since), default=0)
        return alike or sum(hours.get(each, NOTHING).credits_nano for each in day) // len(day)

    return Blind(account, since, why, usual(read[series]) if series else 0, usual(read[WHOLE]))
