"""The forms that make an allocation below another one, and that end one: asked for, and approved by two."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Allocation, Scope, ScopeKind, usual_id
from console import format as fmt
from console.live import Answer, Question
from console.screens.acting.aim import Aim
from console.screens.acting.look import PLAN, Looked, look_at, plan_question
from console.screens.acting.words import part
from console.screens.allocations.wishes import REASON, amount, read_change, share_of, used_words
from console.screens.forms.form import Field, FieldError, Values
from console.screens.forms.preview import Preview, PreviewForm
from console.screens.words import scope_words
from console.widgets.ink import Line, Tone

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.reports.allocation_tree import TreeRow
    from agent.settings import Settings

_MOST_FREE = 5
_ROOT = "org-1"
"""How the organization's own allocation is named, and the others after it."""
_BELOW = {
    ScopeKind.ORGANIZATION: "team:",
    ScopeKind.BILLING_GROUP: "team:",
    ScopeKind.DEPARTMENT: "team:",
    ScopeKind.TEAM: "project:",
    ScopeKind.PROJECT: "api_key:",
}
"""What usually lies below a level; others can be typed."""
_FOR = Field("scope", "for", "", "what it is for: team:NAME, project:NAME, api_key:ID")
_FIELDS = (
    Field("id", "id", "", "its name; empty: as the others are named, such as org-1-team-new"),
    Field("monthly", "monthly", "", "credits a month"),
    Field("soft", "soft cap", "0.70", "share of the month from which people are warned"),
    Field("hard", "hard cap", "1.00", "share of the month that must not be passed"),
    Field("buffer", "buffer", "", "credits for an emergency at the hard cap; empty: none"),
    REASON,
)


@dataclass(frozen=True, slots=True)
class Making:
    """What a new allocation would do, and where it would lie."""

    looked: Looked  # without a plan while it is not all said
    around: Allocation | None  # what it would lie in
    below: bool  # whether its traffic belongs to the row
    free: tuple[str, ...]  # scopes below the row that burn, and have no allocation


def not_below(row: TreeRow) -> str:
    """Why nothing lies below an allocation; empty where something may."""
    if Scope.parse(row.budget.scope).kind is ScopeKind.API_KEY:
        return "A key is as deep as allocations go: p changes this one."
    return ""


def create(row: TreeRow) -> PreviewForm:
    """A new allocation of what lies below a row."""
    ident, above = row.budget.allocation_id, Scope.parse(row.budget.scope)
    root = found[0] if (found := re.match(r"org-\d+", ident)) else _ROOT
    about = f"below {ident}, {scope_words(row.budget.scope)}"
    return _creation(above, root, ident, about, replace(_FOR, value=_BELOW.get(above.kind, "")), _FIELDS)


def first() -> PreviewForm:
    """The allocation that all others lie in, where there is none yet: the organization's own."""
    above = Scope(ScopeKind.ORGANIZATION)
    about = "the first: the pool that all others are given from"
    scope = replace(_FOR, value=str(above), hint="the organization; teams, projects and keys lie in it")
    ident, *others = _FIELDS
    fields = (replace(ident, hint=f"its name; empty: {_ROOT}"), *others)
    return _creation(above, _ROOT, "", about, scope, fields)


def _creation(
    above: Scope, root: str, here: str, about: str, scope: Field, fields: tuple[Field, ...]
) -> PreviewForm:
    def ask(values: Values, first: bool) -> Question:
        spec, problem = None, ""
        try:
            spec = _made(root, values)
        except FieldError as error:
            problem = str(error)
        return making_question(above, spec, problem)

    return PreviewForm("New allocation", about, (scope, *fields), ask, partial(_read, here), said_lines=11)


def retire(row: TreeRow, around: TreeRow | None) -> PreviewForm:
    """An allocation ends; what lies around it counts its burn alone."""
    ident, scope = row.budget.allocation_id, Scope.parse(row.budget.scope)
    change = {"id": ident, "create": False, "retire": True}
    about = f"{scope_words(row.budget.scope)}: {used_words(row)}"

    def ask(values: Values, first: bool) -> Question:
        return plan_question(
            ActionSpec(ActionKind.ALLOCATE, scope, change=change), Aim(scope, ident), first=False
        )

    def read(answer: Answer, values: Values) -> Preview:
        found = read_change("End", ident, answer, values)
        looked: Looked = answer.value  # type: ignore[assignment]
        if looked.plan is None:
            return found
        return replace(
            found,
            draw=lambda width: [*found.draw(width), *_after(row, around, width)],
            confirm=found.confirm.replace(f"for {ident}", f"to retire {ident}", 1),
            names=tuple(dict.fromkeys((ident, row.budget.scope))),
        )

    return PreviewForm(f"Retire {ident}", about, (REASON,), ask, read, said_lines=9)


def _after(row: TreeRow, around: TreeRow | None, width: int) -> Iterator[Line]:
    """What stands no longer in the way of its burn."""
    monthly = row.budget.monthly.value
    cap = None if monthly is None else monthly * row.budget.hard_cap
    hard = f"its hard cap of {fmt.number(cap)} credits holds nothing any more"
    if around is not None:
        where = around.budget.allocation_id
        hard += f"; that of {where} does, {fmt.share(around.budget.share)} of it used"
    yield from part("then", f"▲ {hard}", Tone.WARM, width)


def making_question(above: Scope, spec: ActionSpec | None, problem: str) -> Question:
    """The plan of a new allocation, and which scopes below another one have none."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> Making:
        from agent.allocations import hierarchy, settings_now
        from agent.domain.pool import Hierarchy

        looked = look_at(reader, settings, spec, now) if spec is not None else None
        with reader.snapshot():
            current = settings_now(settings, reader.action_store(), now)
            tree = hierarchy(current, reader.alert_store())
            free = tuple(_free(reader, current, above))
        around = None
        if spec is not None and all(each.scope != spec.scope for each in tree.allocations):
            new = Allocation(str(spec.change["id"]), spec.scope, 0)
            around = Hierarchy((*tree.allocations, new), tree.within).parents[new.id]
        below = spec is not None and tree.within(spec.scope, above)
        return Making(looked or Looked(_NOTHING, problem=problem), around, below, free)

    return Question(PLAN, ask, (str(above), spec, problem))


_NOTHING = ActionSpec(ActionKind.ALLOCATE, Scope(ScopeKind.ORGANIZATION))


def _free(reader: LedgerReader, settings: Settings, above: Scope) -> Iterator[str]:
    """What burns below a scope without an allocation of its own, the widest first."""
    taken = {each.scope for each in settings.allocations}
    newest = {whose.api_key: whose for _, whose in sorted(reader.alert_store().contexts().items())}
    mine = [whose for whose in newest.values() if above.kind is ScopeKind.ORGANIZATION or whose.within(above)]
    for kind in ScopeKind:
        if kind.depth > above.kind.depth:
            values = sorted({whose.level(kind) for whose in mine} - {""})
            yield from (str(scope) for value in values if (scope := Scope(kind, value)) not in taken)


def _made(root: str, values: Values) -> ActionSpec:
    """The change that makes it. Raises `FieldError`."""
    try:
        scope = Scope.parse(values["scope"])
    except ValueError:
        raise FieldError("for: say what it is for, as team:NAME, project:NAME or api_key:ID") from None
    change: dict[str, Any] = {
        "id": values["id"] or usual_id(root, scope),
        "create": True,
        "retire": False,
        "monthly_nano": amount("monthly", values["monthly"]),
        "soft_cap": share_of("soft cap", values["soft"]),
        "hard_cap": share_of("hard cap", values["hard"]),
    }
    if values["buffer"]:
        change["buffer_nano"] = amount("buffer", values["buffer"])
    return ActionSpec(ActionKind.ALLOCATE, scope, change=change)


def _read(here: str, answer: Answer, values: Values) -> Preview:
    made: Making = answer.value  # type: ignore[assignment]
    looked = made.looked
    if looked.plan is None:
        return Preview(lambda width: list(_others(made, width)), problem=looked.problem)
    change: Mapping[str, Any] = looked.plan.spec.change
    ident = str(change["id"])
    found = read_change("Creation", ident, replace(answer, value=looked), values)
    return replace(
        found,
        draw=lambda width: [
            *part("makes", ident, Tone.STRONG, width),
            *_where(here, made, width),
            *found.draw(width),
            *_others(made, width),
        ],
        confirm=found.confirm.replace(f"for {ident}", f"to make {ident} for {looked.plan.spec.scope}", 1),
    )


def _where(here: str, made: Making, width: int) -> Iterator[Line]:
    """What it lies in, which need not be what was stood on."""
    around = made.around
    if around is not None and not made.below:
        text = f"▲ in {around.id}, not in {here}: no traffic of it belongs there"
        yield from part("lies", text, Tone.WARM, width)
    elif around is not None:
        yield from part("lies", f"in {around.id}", Tone.PLAIN, width)


def _others(made: Making, width: int) -> Iterator[Line]:
    """What else could have one."""
    if made.free:
        more = len(made.free) - _MOST_FREE
        text = ", ".join(made.free[:_MOST_FREE]) + (f" and {more} more" if more > 0 else "")
        yield from part("without", f"{text}: they burn here and have none", Tone.DIM, width)
