"""The guide's checklist of the first 90 days: seven items, each detected from what really is so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.analytics.month import month_of
from agent.domain.action import ActionKind
from agent.domain.allocation import Scope, ScopeKind
from agent.domain.run import Evidence
from agent.domain.usage import Layer
from agent.domain.words import duration, instant, plural
from agent.ledger.key_store import KeyStore
from agent.reports.actions import read_actions
from agent.reports.burn import burn
from agent.reports.moment import DAY, HOUR, moment
from agent.runbooks.asked.answer import age, evidence, share, short
from agent.runbooks.asked.capped import allocations_now
from agent.runbooks.asked.fed import oldest
from agent.runbooks.asked.foreseen import month_ends
from agent.runbooks.asked.key_tests import labels_complete
from agent.runbooks.asked.verdicts import UNKNOWN_DATA, verdict
from agent.runbooks.asking import Verdict

if TYPE_CHECKING:
    from agent.domain.action import Action
    from agent.runbooks.asking import Context, Given

_STREAMED_S = HOUR  # usage that is older does not stream
_EXPORTED_S = 3 * DAY  # a daily export is a day late, and a weekend is no failure
_TRIED_S = 90 * DAY
_ATTRIBUTED = Decimal("0.95")
_PILOT = 2  # teams, two to three says the guide
_MOST_ACTIONS = 5_000


def pool(context: Context, given: Given) -> Verdict:
    """A central pool, and an allocation for every billing group."""
    scopes = {each.scope for each in allocations_now(context)}
    groups = {whose.billing_group for whose in context.reader.alert_store().contexts().values()} - {""}
    groups |= {group.id for group in context.settings.billing_groups}
    count = plural(len(groups), "billing group")
    without = sorted(each for each in groups if Scope(ScopeKind.BILLING_GROUP, each) not in scopes)
    if Scope(ScopeKind.ORGANIZATION) not in scopes:
        return _no("ninety-pool", given, "There is no pool: no allocation has the scope organization.")
    if not groups:
        return _no("ninety-pool", given, "There is a pool, and no billing group that it could go to.")
    if without:
        sentence = f"{len(without)} of {count} have no allocation: {_few(without)}."
        return _no("ninety-pool", given, sentence)
    return _yes("ninety-pool", given, f"A pool, and an allocation for each of {count}.")


def labels(context: Context, given: Given) -> Verdict:
    """Labels are required, every key has them, and a key without them does not go on."""
    acting = context.settings.acting
    if not acting.required_labels:
        return _no("ninety-labels", given, "No label is required: [acting] required_labels is empty.")
    keys = [key for key in KeyStore(context.reader.rows).known() if key.alive]
    if not keys:
        return _no("ninety-labels", given, "No key is known yet, so none can be seen to have its labels.")
    complete = labels_complete(context, {})
    if not complete.met:
        return _no("ninety-labels", given, complete.evidence.sentence)
    mine = f"All {plural(len(keys), 'key')} have {', '.join(acting.required_labels)}"
    if acting.untagged_keys == "report":
        how = 'set untagged_keys = "propose" or "block" in [acting]'
        return _no("ninety-labels", given, f"{mine}, and a new one without them goes on: {how}.")
    word = {"propose": "a block is proposed", "block": "it is blocked"}[acting.untagged_keys]
    sentence = f"{mine}; where one is missing, {word}."
    return _yes("ninety-labels", given, sentence)


def streaming(context: Context, given: Given) -> Verdict:
    """Usage streams in, and the provider's daily costs arrive."""
    now = int(context.now)
    if moment(context.reader, now).as_of is None:
        return _no("ninety-streaming", given, UNKNOWN_DATA)
    source, newest = oldest(context)
    if newest is None:
        return _no("ninety-streaming", given, f"{source} has brought nothing yet.")
    rows = context.reader.rows("coverage_within", {"start": 0, "end": now})
    billed = max((row["end"] for row in rows if row["layer"] == Layer.BILLED), default=None)
    streams = f"the newest usage{f' of {source}' if source else ''} is {age(newest, now)} old"
    known = None if billed is None else f"costs are known up to {instant(billed)}"
    costs = known or "no daily costs have ever arrived"
    met = now - newest <= _STREAMED_S and billed is not None and now - billed <= _EXPORTED_S
    allowed = f"{duration(_STREAMED_S)} and {duration(_EXPORTED_S)} are allowed"
    return verdict(met, "ninety-streaming", given, f"{_capital(streams)}, {costs}; {allowed}.", as_of=newest)


def dashboard(context: Context, given: Given) -> Verdict:
    """The console's figures answer: fresh, attributed to teams, with a cost for each completion."""
    found = burn(context.reader, context.settings, context.now)
    if found.empty:
        return _no("ninety-dashboard", given, UNKNOWN_DATA)
    teams = [row for row in found.teams if row.name]
    source, newest = oldest(context)
    ends = None if newest is None else min(newest, found.at)
    late = ends is None or int(context.now) - ends > _STREAMED_S
    what = f"{source} has brought nothing yet" if ends is None else f"Data is {age(ends, context.now)} old"
    if source and late and ends is not None:
        what += f", that of {source}"
    share_ = found.attributed or Decimal(0)
    unit = found.cost_per_inference.all_credits.value
    met = not late and share_ >= _ATTRIBUTED and bool(teams) and unit is not None
    cost = "no completion, so no cost of one" if unit is None else f"{short(unit)} credits a completion"
    sentence = (
        f"{what}; {plural(len(teams), 'team')} on the Burn screen, "
        f"{share(share_)} of 24 h has one ({share(_ATTRIBUTED)} are wanted); {cost}."
    )
    return verdict(met, "ninety-dashboard", given, sentence, truth=found.burn)


def alerts(context: Context, given: Given) -> Verdict:
    """Tiers tell people, and a throttle was tried within 90 days, for real or as a drill."""
    policies = context.settings.alerts
    if not policies.tiers or not policies.channels or not policies.routes:
        lacks = "tiers" if not policies.tiers else "channels" if not policies.channels else "routes"
        return _no("ninety-alerts", given, f"Alerts reach nobody: [alerts] has no {lacks}.")
    limits = [tier.name for tier in policies.tiers if tier.action == "rate_limit"]
    if not limits:
        return _no("ninety-alerts", given, "No tier limits rates: none has action = rate_limit.")
    tried = [
        each
        for each in _actions(context, int(context.now) - _TRIED_S)
        if each.spec.kind is ActionKind.THROTTLE and each.accepted_at is not None
    ]
    tiers = f"{plural(len(policies.tiers), 'tier')}, {' and '.join(limits)} with a rate limit"
    if not tried:
        sentence = f"{tiers}; no throttle was tried in 90 days: run a drill of a runbook that throttles."
        return _no("ninety-alerts", given, sentence)
    last = max(tried, key=lambda each: each.accepted_at or 0)
    kind = "as a drill" if last.spec.drill else "for real"
    did = f"action {last.id} throttled {last.spec.scope} {kind}, {age(last.accepted_at, context.now)} ago"
    return _yes("ninety-alerts", given, f"{tiers}; {did}.")


def forecast(context: Context, given: Given) -> Verdict:
    """The month is forecast, an allocation was changed by it lately, and layers were compared."""
    now, name = int(context.now), "ninety-forecast"
    mine = allocations_now(context)
    if not mine:
        return _no(name, given, "There are no allocations that a forecast could be held against.")
    if not month_ends(context, mine):
        return _no(name, given, "There is no whole day of history to forecast the month from.")
    zone = context.settings.organization.time_zone
    since = month_of(month_of(now, zone).start - 1, zone).start
    changed = [
        each
        for each in _actions(context, since)
        if each.spec.kind is ActionKind.ALLOCATE and not each.spec.drill and each.accepted_at is not None
    ]
    if not changed:
        sentence = "The month is forecast, and no allocation was changed this month or last."
        return _no(name, given, sentence)
    layers = _layers(context, since, now)
    if len(layers) < 2:
        only = f"only {layers[0]}" if layers else "nothing"
        sentence = f"Allocations follow the forecast, and {only} is known, so layers cannot be reconciled."
        return _no(name, given, sentence)
    last = max(changed, key=lambda each: each.accepted_at or 0)
    did = f"action {last.id} changed {last.spec.scope} {age(last.accepted_at, now)} ago"
    compared = f"{' and '.join(layers)} can be held against each other"
    return _yes(name, given, f"The month is forecast; {did}; {compared}.")


def chargeback(context: Context, given: Given) -> Verdict:
    """Teams have a policy of showback or chargeback, two at least for a pilot."""
    teams = [each for each in allocations_now(context) if each.scope.kind is ScopeKind.TEAM]
    if not teams:
        return _no("ninety-chargeback", given, "No team has an allocation, so none is charged its burn.")
    having = [each for each in teams if each.chargeback]
    said = _few([f"{each.scope.value} {each.chargeback}" for each in having])
    if len(having) < _PILOT:
        how = 'set chargeback = "showback" or "chargeback" in [[allocations]] of two or three teams'
        which = f"only {said}" if having else "no team has a policy"
        return _no("ninety-chargeback", given, f"Not set: {which}; {how}.")
    rest = len(teams) - len(having)
    tail = f"; {rest} of {plural(len(teams), 'team')} have none yet" if rest else ""
    return _yes("ninety-chargeback", given, f"{plural(len(having), 'team')} in it: {said}{tail}.")


ITEMS: Mapping[str, tuple[str, Callable[[Context, Given], Verdict]]] = {
    "ninety-pool": ("Central pool and allocations per business unit", pool),
    "ninety-labels": ("Tagging standard and key issuance", labels),
    "ninety-streaming": ("Streaming usage and a daily export", streaming),
    "ninety-dashboard": ("Dashboard with KPIs and teams", dashboard),
    "ninety-alerts": ("Alert tiers and a tested rate limit", alerts),
    "ninety-forecast": ("Forecast, and allocations reconciled with it", forecast),
    "ninety-chargeback": ("Showback or chargeback, with a pilot", chargeback),
}
"""The seven items by the name of their condition."""


def first_90_days(context: Context, given: Given) -> Evidence:
    """The seven items, each with what shows that it is done or what is missing."""
    found = [(title, test(context, {})) for title, test in ITEMS.values()]
    done = sum(each.met for _, each in found)
    missing = [title for title, each in found if not each.met]
    return evidence(
        "first-90-days",
        "The first 90 days",
        given,
        f"{done} of {len(found)} items are done{f'; next: {missing[0]}' if missing else ''}.",
        ("item", "state", "evidence"),
        [(title, "done" if each.met else "missing", each.evidence.sentence) for title, each in found],
        as_of=int(context.now),
    )


def _actions(context: Context, since: int) -> list[Action]:
    bound = {"since": since, "most": _MOST_ACTIONS}
    with context.reader.snapshot():
        return read_actions(context.reader, context.reader.rows("actions_since", bound))


def _layers(context: Context, start: int, end: int) -> list[str]:
    """The layers that know anything of a stretch, lowest first."""
    rows = context.reader.rows("report_layers", {"start": start, "end": end})
    return [layer.word for layer in Layer if any(row["layer"] == layer for row in rows)]


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _yes(name: str, given: Given, sentence: str) -> Verdict:
    return verdict(True, name, given, _capital(sentence))


def _no(name: str, given: Given, sentence: str) -> Verdict:
    return verdict(False, name, given, _capital(sentence))
