"""What gateways are to be told for an action, target by target, and whose calls that bears on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.control.gateways.base import Dialect, Hit, UnsupportedError, cannot, dialect_of
from agent.control.planning.keys import PlannedKey
from agent.control.planning.reach import Reach
from agent.domain.action import ActionKind, ActionSpec, Step
from agent.domain.gateway import GatewayKey, LimitUnit, Offer, Target, TargetState
from agent.domain.words import plural

if TYPE_CHECKING:
    from agent.control.planning.books import Books
    from agent.control.planning.calls import Caller
    from agent.settings import Settings
    from agent.settings_gateways import Gateway


class NothingToDoError(UnsupportedError):
    """No target can be changed by this action; the hint says why, or what is nearest."""


class HeldAlreadyError(NothingToDoError):
    """All targets are held so already."""


@dataclass(frozen=True, slots=True)
class Drafts:
    """What gateways are to be told, and whom it reaches."""

    steps: tuple[Step, ...]
    covers: Mapping[Target, frozenset[str]]  # api keys whose calls a target bears on
    reached: frozenset[str]
    bystanders: frozenset[str]
    effect_s: int
    notes: tuple[str, ...]
    past_batches: frozenset[str] = frozenset()  # gateways whose limits do not hold batches

    def holds(self, step: Step, caller: Caller) -> bool:
        """Whether a step holds a caller that it bears on."""
        return not (caller.batch and step.target.gateway in self.past_batches)


def drafts_of(
    books: Books,
    settings: Settings,
    spec: ActionSpec,
    keys: Sequence[PlannedKey],
    known: Mapping[str, Sequence[GatewayKey]],
    production: Collection[str],
) -> Drafts:
    """Each key goes to the first gateway that serves it and can do it."""
    groups = {key.billing_group for key in keys}
    rate = settings.usd_per_credit(groups.pop() if len(groups) == 1 else "")
    drafting = _Drafting(spec, production, books.targets, {key.api_key: key for key in keys})
    for gateway in _in_order(settings, spec):
        dialect = dialect_of(gateway.kind, rate)
        mine, others = _served(gateway, known.get(gateway.name, ()), drafting.left, spec)
        if mine:
            drafting.ask(gateway, dialect, mine, others)
    if not drafting.steps:
        raise _nothing(spec, settings, drafting.problems, drafting.already)
    return drafting.drafts(frozenset(key.api_key for key in keys))


@dataclass
class _Drafting:
    """Asks one gateway after another, until no key is left."""

    spec: ActionSpec
    production: Collection[str]
    states: Mapping[Target, TargetState]
    left: dict[str, PlannedKey]
    steps: list[Step] = field(default_factory=list)
    covers: dict[Target, frozenset[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[UnsupportedError] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    past_batches: set[str] = field(default_factory=set)
    effect_s: int = 0

    def ask(
        self, gateway: Gateway, dialect: Dialect, mine: Sequence[GatewayKey], others: Sequence[GatewayKey]
    ) -> None:
        """Takes what a gateway can do for the keys that it serves, or keeps why it cannot."""
        spec, offer = self.spec, dialect.offers.get(self.spec.kind)
        if offer is None:
            self.problems.append(cannot(gateway.name, spec, dialect.offers))
            return
        own = {target: state for target, state in self.states.items() if target.gateway == gateway.name}
        try:
            targets = dialect.targets(gateway, spec, Hit(spec.scope, mine, others, own))
            if spec.non_prod:
                spared = Reach(dialect, (key for key in others if key.api_key in self.production))
                targets = [each for each in targets if next(spared.of(each), None) is None]
            found = [_step(dialect, spec, target, own.get(target)) for target in targets]
        except UnsupportedError as error:
            self.problems.append(_with_command(error, spec, offer))
            return
        reach = Reach(dialect, (*mine, *others))
        for target in targets:
            self.covers[target] = frozenset(key.api_key for key in reach.of(target))
            for name in self.covers[target]:
                self.left.pop(name, None)
        for step in found:
            if dict(step.want) != dict(step.before):
                self.steps.append(step)
            else:
                self.already.append(_held(dialect, spec, step))
        self._note(gateway, offer)
        if missed := [key for key in mine if key.api_key in self.left]:
            instead = dialect.offers.get(ActionKind.BLOCK) if spec.kind is ActionKind.THROTTLE else None
            self.problems.append(_missed(gateway, spec, offer, len(missed), instead))

    def _note(self, gateway: Gateway, offer: Offer) -> None:
        if not offer.holds_batches:
            self.past_batches.add(gateway.name)
        if offer.note:
            self.notes.append(f"{gateway.name}: {offer.note}")
        self.effect_s = max(self.effect_s, offer.effect_s)

    def drafts(self, asked: frozenset[str]) -> Drafts:
        """What came of it, for the keys that were asked for."""
        held = frozenset(name for step in self.steps for name in self.covers[step.target])
        notes = [f"some targets are held {each}" for each in dict.fromkeys(self.already)] + self.notes
        notes += [f"{error.message}: {error.hint}" for error in self.problems]
        return Drafts(
            steps=tuple(self.steps),
            covers=self.covers,
            reached=(asked - self.left.keys()) | (asked & held),
            bystanders=held - asked,
            effect_s=self.effect_s,
            notes=tuple(notes),
            past_batches=frozenset(self.past_batches),
        )


def _missed(
    gateway: Gateway, spec: ActionSpec, offer: Offer, count: int, block: Offer | None
) -> UnsupportedError:
    """Why a gateway that serves some keys does nothing for them; `block` is what it does instead."""
    if offer.missed:
        what = f"{gateway.name} cannot {spec.kind.value} {plural(count, 'key')} apart from others"
        return UnsupportedError(what, hint=offer.missed)
    if spec.non_prod:
        hint = "They share a project with production: act on the project itself, or on a key."
        if block is not None and block.missed:  # which it does key by key
            hint = (
                "They share a project with production, which a throttle would hold too. A block reaches them "
                f"one by one: `burndeck block {spec.scope} --non-prod`."
            )
        return UnsupportedError(
            f"{gateway.name} cannot tell {plural(count, 'key')} from production", hint=hint
        )
    return UnsupportedError(
        f"{gateway.name} has nothing to {spec.kind.value} for {plural(count, 'key')}",
        hint="`burndeck doctor` says what each gateway serves, and when it was last read.",
    )


def _nothing(
    spec: ActionSpec, settings: Settings, problems: Sequence[UnsupportedError], already: Sequence[str]
) -> NothingToDoError:
    if problems:
        return NothingToDoError(problems[0].message, hint=problems[0].hint)
    if already:
        how = ", ".join(list(dict.fromkeys(already))[:3])
        return HeldAlreadyError(
            f"{spec.scope} is held {how}",
            hint="`burndeck actions` shows by what; else the gateway itself does.",
        )
    if not settings.gateways:
        return NothingToDoError(
            "no gateway is known where this could be done",
            hint="Add a [[gateways]] table to burndeck.toml; `burndeck init` shows one.",
        )
    return NothingToDoError(
        f"no gateway serves a key of {spec.scope}",
        hint="`burndeck doctor` says what each gateway serves, and when it was last read.",
    )


def _held(dialect: Dialect, spec: ActionSpec, step: Step) -> str:
    """`so already`, or `tighter already: 30 rpm` where a throttle would loosen it."""
    if spec.kind is ActionKind.THROTTLE:
        try:
            asked = dict(dialect.wanted(spec, TargetState(step.target, {})))
        except UnsupportedError:
            asked = dict(step.want)
        if asked != dict(step.want):
            return f"tighter already: {dialect.words(step.before)}"
    return "so already"


def _with_command(error: UnsupportedError, spec: ActionSpec, offer: Offer) -> UnsupportedError:
    """What is asked by the second of a gateway that counts by the minute, as the command that it takes."""
    limit = spec.limit
    if (
        limit is None
        or limit.unit is not LimitUnit.RPS
        or {LimitUnit.RPS, LimitUnit.RPM} & {*offer.units} != {LimitUnit.RPM}
    ):
        return error
    words = ["burndeck throttle", str(spec.scope), f"--rpm {max(limit.amount * 60, 1)}"]
    words += ["--non-prod"] * spec.non_prod + [f"--model {model}" for model in spec.models]
    words += [f"--gateway {spec.gateway}"] * bool(spec.gateway)
    return UnsupportedError(error.message, hint=f"{error.hint} That is `{' '.join(words)}`.")


def _in_order(settings: Settings, spec: ActionSpec) -> list[Gateway]:
    """Gateways that hold keys one by one come before those that hold whole projects or whole scopes."""
    order = {"haproxy": 0, "litellm": 0, "openai": 1, "webhook": 2}
    named = [each for each in settings.gateways if spec.gateway in ("", each.name)]
    return sorted(named, key=lambda gateway: order[gateway.kind])


def _served(
    gateway: Gateway, serves: Sequence[GatewayKey], left: Mapping[str, PlannedKey], spec: ActionSpec
) -> tuple[list[GatewayKey], list[GatewayKey]]:
    """The keys of a gateway that are still to be hit, and its others."""
    if gateway.kind == "webhook":
        if gateway.serves and str(spec.scope) not in gateway.serves:
            return [], []
        return [GatewayKey(key.api_key, key.api_key, key.name, key.team) for key in left.values()], []
    return (
        [key for key in serves if key.api_key in left],
        [key for key in serves if key.api_key not in left],
    )


def _step(dialect: Dialect, spec: ActionSpec, target: Target, state: TargetState | None) -> Step:
    state = state or TargetState(target, {})
    want = dict(dialect.wanted(spec, state))
    before = {name: state.fields.get(name) for name in want}
    if spec.kind is ActionKind.THROTTLE:
        want |= {name: before[name] for name in want if _tighter(before[name], want[name])}
    words = f"{dialect.words(before)} -> {dialect.words(want)}"
    return Step(0, target, want, before, version=state.version, detail=words)


def _tighter(held: object, wanted: object) -> bool:
    """Whether what holds already is a number as low: a throttle never loosens a limit."""
    return type(held) is int and type(wanted) is int and held <= wanted
