"""The plan of an action: its steps, its blast radius in numbers, and the approvals that it takes."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agent.analytics.month import month_of
from agent.control.planning.calls import (
    MINUTE_S,
    Caller,
    Calls,
    Refusals,
    callers_by_key,
    recent_calls,
    refused,
    together,
)
from agent.control.planning.drafts import Drafts, NothingToDoError, drafts_of
from agent.control.planning.keys import PlannedKey, keys_in, keys_of
from agent.control.planning.lately import BURN_S, Lately, by_calls, lately
from agent.control.planning.sharing import Load, loads_of, told_at_each
from agent.control.policy import needs, starves
from agent.domain.action import ActionKind, ActionSpec, Needs, Step
from agent.domain.action_words import unasked
from agent.domain.canonical import canonical
from agent.domain.gateway import Limit, amount_of
from agent.domain.model_name import listed_name
from agent.domain.money import to_credits
from agent.domain.words import plural

if TYPE_CHECKING:
    from agent.control.planning.books import Books
    from agent.settings import Settings

HOUR_S = 3_600
_UNSERVED = "no gateway serves it"
_MOST_SHOWN = 50  # keys, in what is kept of a preview


@dataclass(frozen=True, slots=True)
class Plan:
    """What an action would do. Burn is nano-credits a minute."""

    spec: ActionSpec
    steps: tuple[Step, ...]
    keys: tuple[PlannedKey, ...]  # that it is to hit, the one that burns most first
    bystanders: tuple[PlannedKey, ...] = ()  # hit although nobody asked for it: they share a target
    unreached: tuple[PlannedKey, ...] = ()  # no gateway can do it to them
    unserved: frozenset[str] = frozenset()  # those of them that no gateway serves
    spared: int = 0  # keys of production, or of an unknown environment, that non_prod leaves out
    burn_nano: int = 0
    saved_nano: int = 0
    requests: int = 0  # of the last hour
    refused: int = 0  # of them, that would have been
    needs: Needs = ()
    effect_s: int = 0
    notes: tuple[str, ...] = ()  # what a person should know before
    data_at: int | None = None  # up to when the figures are known
    burn_s: int = BURN_S  # the stretch of which the burn is the mean
    spent_nano: int | None = None  # this month already, where it is a cap
    loads: tuple[Load, ...] = ()  # of a throttle: what its steps would count now

    @property
    def own_notes(self) -> tuple[str, ...]:
        """Notes without those of keys that are hit besides or spared, which figures tell as well."""
        told = unasked(len(self.bystanders))
        return tuple(
            note for note in self.notes if not note.endswith(" are spared.") and not note.startswith(told)
        )

    @property
    def hit(self) -> tuple[PlannedKey, ...]:
        """All keys whose calls it bears on."""
        gone = {key.api_key for key in self.unreached}
        return (*(key for key in self.keys if key.api_key not in gone), *self.bystanders)

    @property
    def missed(self) -> tuple[str, ...]:
        """The keys that it does not reach, each with the reason."""
        return tuple(
            f"{key.name or key.api_key} "
            f"({_UNSERVED if key.api_key in self.unserved else 'its gateway cannot do it to this key'})"
            for key in self.unreached
        )

    @property
    def teams(self) -> tuple[str, ...]:
        """Teams whose calls it bears on."""
        return tuple(sorted({key.team for key in self.hit if key.team}))

    @property
    def production(self) -> bool:
        """Whether it bears on production, or may."""
        return any(key.production for key in self.hit)

    @property
    def unknown(self) -> bool:
        """Whether it hits keys that count as production because nobody knows their environment."""
        return any(key.production and not key.environment for key in self.hit)

    @property
    def reached(self) -> bool:
        """Whether it is a cap below what is spent already, so that everything stops at once."""
        return self.spent_nano is not None and self.spent_nano >= self.spec.amount_nano

    @property
    def production_share(self) -> Decimal:
        """The share of production in the burn that it bears on, 0 to 1."""
        burn = sum(key.burn_nano for key in self.hit)
        mine = sum(key.burn_nano for key in self.hit if key.production)
        return (Decimal(mine) / burn).quantize(Decimal("0.0001")) if burn else Decimal(0)

    def digest(self) -> str:
        """What an intent is bound to: the change, its targets, and what they held when it was planned."""
        hit = [[str(step.target), dict(step.want), dict(step.before), step.version] for step in self.steps]
        hit.sort(key=lambda each: str(each[0]))  # steps are in the order of a burn that never stands still
        return hashlib.sha256(canonical([self.spec.text(), hit]).encode()).hexdigest()

    def preview(self) -> dict[str, Any]:
        """The figures as JSON without floats, to be kept with the action."""
        return {
            "keys": [key.api_key for key in self.keys[:_MOST_SHOWN]],
            "key_count": len(self.keys),
            "names": [key.name for key in self.keys[:_MOST_SHOWN]],
            "bystanders": [key.api_key for key in self.bystanders[:_MOST_SHOWN]],
            "bystanders_count": len(self.bystanders),
            "unreached": [key.api_key for key in self.unreached[:_MOST_SHOWN]],
            "unreached_count": len(self.unreached),
            "missed": list(self.missed[:_MOST_SHOWN]),
            "teams": list(self.teams),
            "production": self.production,
            "production_share": str(self.production_share),
            "burn_nano": self.burn_nano,
            "saved_nano": self.saved_nano,
            "requests": self.requests,
            "refused": self.refused,
            "spared": self.spared,
            "effect_s": self.effect_s,
            "notes": list(self.notes),
            "data_at": self.data_at,
            "burn_s": self.burn_s,
            "spent_nano": self.spent_nano,
        }


def plan(
    books: Books,
    settings: Settings,
    spec: ActionSpec,
    now: float,
    *,
    proposed: bool = False,
    only: Collection[str] = (),
) -> Plan:
    """What an action would do, by the ledger and by what gateways held when they were last read.

    `only`: the keys of the scope that it is for, where it is not for all of them.
    Raises `NothingToDoError` when it would change nothing, with what could be done instead, and `Refused`
    for an allocation that cannot be changed so.
    """
    if not spec.kind.at_gateways:
        from agent.control.pool import plan_allocation

        return plan_allocation(books, settings, spec, now)
    known = books.served
    everybody = keys_of(books, known, settings.acting.production)
    keys, spared = _asked(spec, everybody, only)
    production = {key.api_key for key in everybody if key.production}
    drafts = drafts_of(books, settings, spec, keys, known, production)
    served = {key.api_key for listed in known.values() for key in listed}
    data_at = books.complete_to(now)
    end = data_at or int(now)
    borne = {key.api_key for key in keys}.union(*drafts.covers.values())
    calls = recent_calls(books, end - HOUR_S, end, borne)
    recent = lately(books, calls, {key.api_key for key in keys}, end, now)
    burn = _burn(recent)
    keys = _by_burn(replace(key, burn_nano=burn.get(key.api_key, 0)) for key in keys)
    reached = drafts.reached
    bystanders = _by_burn(
        replace(key, burn_nano=burn.get(key.api_key, 0))
        for key in everybody
        if key.api_key in drafts.bystanders
    )
    steps = _dearest_first(drafts, recent.calls, spec)
    made = Plan(
        spec=spec,
        steps=steps,
        keys=tuple(keys),
        bystanders=tuple(bystanders),
        unreached=tuple(key for key in keys if key.api_key not in reached),
        unserved=frozenset(key.api_key for key in keys if key.api_key not in served),
        spared=spared,
        effect_s=drafts.effect_s,
        notes=tuple(dict.fromkeys(_notes(drafts, _limit(spec), spared, bystanders))),
        data_at=data_at,
        burn_s=recent.width_s,
        spent_nano=_spent(books, settings, spec, now) if spec.kind is ActionKind.CAP else None,
    )
    if spec.kind is ActionKind.THROTTLE:
        by_key = callers_by_key(recent.calls)
        callers = [(step, list(_borne(drafts, step, spec, by_key))) for step in steps]
        made = replace(made, loads=loads_of(drafts, callers, recent, {key.api_key for key in keys}))
    return _with_needs(_with_figures(books, settings, made, drafts, calls, recent, end), proposed=proposed)


def _with_needs(made: Plan, *, proposed: bool) -> Plan:
    wanted = needs(
        made.spec,
        production=made.production,
        lowers=_lowers(made.steps),
        proposed=proposed,
        starves=starves(made.refused, made.requests),
    )
    return replace(made, needs=wanted)


def _asked(
    spec: ActionSpec, everybody: Sequence[PlannedKey], only: Collection[str]
) -> tuple[list[PlannedKey], int]:
    """The keys that an action is to hit, and how many are spared; `NothingToDoError` where none is left."""
    asked = [key for key in keys_in(everybody, spec.scope) if not only or key.api_key in only]
    keys = [key for key in asked if not (spec.non_prod and key.production)]
    spared = len(asked) - len(keys)
    if not asked:
        raise NothingToDoError(
            f"no key burns in {spec.scope}", hint="`burndeck triage` shows what burns, and whose it is."
        )
    if not keys:
        raise NothingToDoError(f"all keys of {spec.scope} are production", hint=_spared_hint(spared))
    return keys, spared


def _with_figures(
    books: Books,
    settings: Settings,
    made: Plan,
    drafts: Drafts,
    calls: Mapping[Caller, Mapping[int, Calls]],
    recent: Lately,
    end: int,
) -> Plan:
    """The plan with what it would have refused, as a replay would count where single calls are known."""
    spec = made.spec
    hour, now = _refusals(drafts, calls, spec), _refusals(drafts, recent.calls, spec)
    batch_nano = now.batch_nano
    if recent.live and spec.kind is ActionKind.THROTTLE:
        stretch = (end - HOUR_S, end)
        hour, now = by_calls(books, settings, made, stretch, recent) or (hour, now)
    burn, batches = recent.a_minute(now.nano + batch_nano), recent.a_minute(batch_nano)
    notes = made.notes
    if batches:
        notes = (
            f"{to_credits(batches):,.2f} credits/min of it are batch, which this limit does not hold",
            *notes,
        )
    return replace(
        made,
        burn_nano=burn,
        saved_nano=burn if made.reached else recent.a_minute(now.saved_nano),
        requests=hour.requests,
        refused=hour.refused,
        notes=notes,
    )


def _spent(books: Books, settings: Settings, spec: ActionSpec, now: float) -> int:
    """Nano-credits that a scope has burnt this month."""
    start = month_of(int(now), settings.organization.time_zone).start
    end = int(now) // MINUTE_S * MINUTE_S + MINUTE_S
    series = books.rules.series([spec.scope])
    return sum(books.rules.burnt(set(series.values()), start, end, days=True).values())


def _refusals(drafts: Drafts, calls: Mapping[Caller, Mapping[int, Calls]], spec: ActionSpec) -> Refusals:
    """What the steps would have refused of calls: callers of one target share its limit."""
    total = Refusals()
    seen: set[Caller] = set()
    by_key = callers_by_key(calls)
    for step in drafts.steps:
        mine = [
            caller
            for name in drafts.covers[step.target]
            for caller in by_key.get(name, ())
            if caller not in seen and _bears(step, spec, caller)
        ]
        seen |= set(mine)
        held = [caller for caller in mine if drafts.holds(step, caller)]
        shared = together(calls[caller] for caller in held)
        total += refused(shared, _limit(spec)) if spec.kind in _REFUSING else _counted(shared)
        batches = (each.nano for caller in mine if caller not in held for each in calls[caller].values())
        total += Refusals(batch_nano=sum(batches))
    return total


def _dearest_first(
    drafts: Drafts, calls: Mapping[Caller, Mapping[int, Calls]], spec: ActionSpec
) -> tuple[Step, ...]:
    """The steps in the order in which they are worth most now: of very many the last bite seconds later."""

    by_key = callers_by_key(calls)

    def burn(step: Step) -> int:
        mine = (calls[caller] for caller in _borne(drafts, step, spec, by_key) if drafts.holds(step, caller))
        return sum(each.nano for minutes in mine for each in minutes.values())

    ordered = sorted(drafts.steps, key=burn, reverse=True)
    return tuple(replace(step, seq=seq) for seq, step in enumerate(ordered))


def _borne(
    drafts: Drafts, step: Step, spec: ActionSpec, by_key: Mapping[str, Sequence[Caller]]
) -> Iterable[Caller]:
    """The callers that a step bears on, also those that it does not hold."""
    covered = (caller for name in drafts.covers[step.target] for caller in by_key.get(name, ()))
    return (caller for caller in covered if _bears(step, spec, caller))


_REFUSING = (ActionKind.THROTTLE, ActionKind.BLOCK, ActionKind.REVOKE, ActionKind.MODELS)


def _limit(spec: ActionSpec) -> Limit | None:
    return spec.limit if spec.kind is ActionKind.THROTTLE else None


def _bears(step: Step, spec: ActionSpec, caller: Caller) -> bool:
    """Whether a step holds the calls of one caller to one model."""
    model = step.target.id.partition("/")[2] if step.target.kind.value == "project_model" else ""
    if model and listed_name(caller.model, (model,)) is None:
        return False
    named = listed_name(caller.model, spec.models) is not None
    return not named if spec.kind is ActionKind.MODELS else named or not spec.models


def _counted(minutes: Mapping[int, Calls]) -> Refusals:
    return Refusals(sum(c.requests for c in minutes.values()), 0, sum(c.nano for c in minutes.values()), 0)


def _burn(recent: Lately) -> dict[str, int]:
    """Nano-credits a minute by key, now."""
    found: dict[str, int] = {}
    for caller, minutes in recent.calls.items():
        nano = sum(each.nano for each in minutes.values())
        found[caller.api_key] = found.get(caller.api_key, 0) + nano
    return {key: recent.a_minute(nano) for key, nano in found.items()}


def _by_burn(keys: Iterable[PlannedKey]) -> list[PlannedKey]:
    return sorted(keys, key=lambda key: (-key.burn_nano, key.api_key))


def _lowers(steps: Sequence[Step]) -> bool:
    """Whether amounts only get lower: none becomes higher, or one of another period, or is taken away."""
    return all(map(_lower, steps))


def _lower(step: Step) -> bool:
    amounts = {name: amount for name, value in step.want.items() if (amount := amount_of(value)) is not None}
    before = {name: held for name in amounts if (held := step.before.get(name)) is not None}
    if not all(
        (held := amount_of(value)) is not None and amounts[name] <= held for name, value in before.items()
    ):
        return False
    others = (name for name in step.want if name not in amounts)
    return bool(amounts) and (not before or all(step.want[name] == step.before.get(name) for name in others))


def _notes(
    drafts: Drafts, limit: Limit | None, spared: int, bystanders: Sequence[PlannedKey]
) -> Iterable[str]:
    if told := told_at_each(drafts.steps, limit):
        yield told
    if spared:
        yield _spared_hint(spared)
    if bystanders:
        names = ", ".join(key.name for key in bystanders[:3])
        more = f" and {len(bystanders) - 3} more" if len(bystanders) > 3 else ""
        yield f"{unasked(len(bystanders))}, since they share a target: {names}{more}"
    yield from drafts.notes


def _spared_hint(spared: int) -> str:
    return f"{plural(spared, 'key')} of production or of an unknown environment are spared."
