"""The folding of what the agent asks for behind one cap: which rows there are, and in which order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agent.domain.person import AGENT
from agent.reports.action_report import ActionEntry, ApprovalLine
from console.screens.actions.folded import Fold, fold, rows
from console.screens.actions.rows import Part, columns
from console.widgets.rows import Filter, Order, sort_rows

NOW = 1_795_003_260
BOTH = (("finance",), ("engineering",))
YES = ApprovalLine("cy", "finance", "approved", NOW - 60, "", "")
LIMIT = ActionEntry(
    id=1,
    kind="cap",
    title="cap project:proj_1 at 500 credits a month",
    state="standby",
    open=True,
    scope="project:proj_1",
    targets=1,
    gateways=("openai",),
    keys=1,
    production=False,
    saved=Decimal(0),
    requested_by=AGENT,
    requested_at=NOW - 600,
    reason="the provider's own limit",
    begun_at=None,
    accepted_at=None,
    confirmed_at=None,
    expires_at=None,
    expires_in_s=None,
    ended_at=None,
    ended_by="",
    why="",
    effect="",
    approve_by=NOW + 13_800,
    given=(),
    waits_for=BOTH,
    failed=0,
    kept=0,
    renewable=False,
    incident=1,
    alert=1,
    drill=False,
    emergency=False,
    cap="team:search",
)


def limit(ident: int, **more: object) -> ActionEntry:
    scope = f"project:proj_{ident}"
    base = replace(LIMIT, id=ident, scope=scope, title=f"cap {scope} at 500 credits a month")
    return replace(base, **more)  # type: ignore[arg-type]


def by_person(ident: int) -> ActionEntry:
    title = "block team:support for 1 h"
    return limit(ident, requested_by="bo", kind="block", title=title, scope="team:support", alert=None)


def shape(entries: list[ActionEntry]) -> list[object]:
    """Folds as tuples of numbers, the others as numbers."""
    return [each.ids if isinstance(each, Fold) else each.id for each in fold(entries)]


def test_limits_behind_one_cap_are_one_row_below_what_people_asked_for() -> None:
    entries = [limit(1), limit(2), by_person(3), limit(4)]

    assert shape(entries) == [3, (1, 2, 4)]
    assert [each.cells[1].text for each in rows(entries, Part.WAITING, NOW)] == [
        "block team:support for 1 h",
        "▸ 3 project limits at openai · cap team:search",
    ]


def test_a_narrow_column_keeps_how_many_they_are_and_whose_cap_it_is() -> None:
    (head,) = rows([limit(1), limit(2)], Part.WAITING, NOW)
    (long,) = rows(
        [limit(1, cap="team:developer-tools"), limit(2, cap="team:developer-tools")], Part.WAITING, NOW
    )
    shown = [head.cells[1].shown(width, at_right=False).rstrip() for width in (22, 60)]

    assert shown == ["▸ 2 limits · search", "▸ 2 project limits at openai · cap team:search"]
    assert long.cells[1].shown(22, at_right=False) == "▸ 2 limits · develope…"


def test_one_limit_alone_is_an_ordinary_row() -> None:
    (row,) = rows([limit(1, called="search-api")], Part.WAITING, NOW)

    assert (row.key, row.cells[1].text) == ("1", "cap project:search-api at 500 credits a month")


def test_what_waits_for_other_answers_or_comes_from_another_cap_is_not_folded_with_it() -> None:
    apart = [
        limit(3, given=(YES,), waits_for=(("engineering",),)),
        limit(4, alert=2),
        limit(5, gateways=("proxy",)),
        limit(6, incident=2),
        limit(7, drill=True),
        limit(8, kind="block"),
        limit(9, requested_by="bo"),
        limit(10, alert=None),
    ]

    assert shape([limit(1), limit(2), *apart]) == [9, (1, 2), 3, 4, 5, 6, 7, 8, 10]


def test_who_gave_the_first_word_tells_two_folds_apart_and_their_keys_too() -> None:
    given_ = [limit(ident, given=(YES,), waits_for=(("engineering",),)) for ident in (3, 4)]
    found = [each for each in fold([limit(1), limit(2), *given_]) if isinstance(each, Fold)]

    assert [each.ids for each in found] == [(1, 2), (3, 4)]
    assert len({each.key for each in found}) == 2


def test_the_row_of_all_ends_when_the_first_of_them_does_and_is_found_by_any_of_their_names() -> None:
    entries = [limit(1, called="ranking"), limit(2, approve_by=NOW + 600, requested_at=NOW - 1_200)]
    (head,) = rows(entries, Part.WAITING, NOW)

    assert [cell.text for cell in head.cells[2:]] == ["agent", "20m", "finance and engineering", "10:00"]
    assert Filter.of("proj_2").matches(head)


def test_an_unfolded_one_has_a_row_of_each_with_its_name_and_amount() -> None:
    entries = [limit(1, called="ranking"), limit(2), by_person(3)]
    (found,) = (each for each in fold(entries) if isinstance(each, Fold))
    shown = rows(entries, Part.WAITING, NOW, {found.source})

    assert [row.key for row in shown] == ["3", found.key, "1", "2"]
    assert [row.cells[1].text for row in shown[1:]] == [
        "▾ 2 project limits at openai · cap team:search",
        "  ranking at 500 credits a month",
        "  proj_2 at 500 credits a month",
    ]


def test_what_is_in_force_and_what_is_over_are_folded_too_and_what_failed_stands_alone() -> None:
    held = {"state": "accepted", "waits_for": (), "approve_by": None}
    over = {"state": "reversed", "open": False, "ended_at": NOW - 60, "waits_for": ()}
    entries = [limit(1, **held), limit(2, **held), limit(3, **held, failed=1), limit(4, **held, failed=1)]
    entries += [limit(5, **over), limit(6, **over | {"ended_at": NOW - 30})]

    in_force = rows(entries, Part.IN_FORCE, NOW)
    (history,) = rows(entries, Part.HISTORY, NOW)

    assert [row.cells[1].text.partition(" at ")[0] for row in in_force] == [
        "▸ 2 project limits",
        "cap project:proj_3",
        "cap project:proj_4",
    ]
    assert history.cells[5].sort == NOW - 30


ENTRIES = st.lists(
    st.builds(
        dict,
        requested_by=st.sampled_from((AGENT, "bo")),
        alert=st.sampled_from((None, 1, 2)),
        gateways=st.sampled_from((("openai",), ("proxy",))),
        kind=st.sampled_from(("cap", "cap", "block")),
        given=st.sampled_from(((), (YES,))),
        approve_by=st.sampled_from((None, NOW + 59, NOW + 13_800, NOW + 13_801)),
        requested_at=st.sampled_from((NOW - 600, NOW - 60)),
    ),
    max_size=12,
).map(lambda found: [limit(ident, **more) for ident, more in enumerate(found, 1)])
COLUMN = st.integers(0, len(columns(Part.WAITING)) - 1)


@given(ENTRIES)
def test_nothing_is_lost_doubled_or_folded_with_what_a_person_asked_for(entries: list[ActionEntry]) -> None:
    found = fold(entries)
    flat = [entry for each in found for entry in (each.entries if isinstance(each, Fold) else (each,))]
    agents = [each.requested_by == AGENT for each in flat]

    assert sorted(each.id for each in flat) == [each.id for each in entries]
    assert agents == sorted(agents), "people's first"
    for each in found:
        if isinstance(each, Fold):
            assert len(each.entries) > 1
            assert {(entry.requested_by, entry.kind) for entry in each.entries} == {(AGENT, "cap")}
            assert len({(entry.alert, entry.gateways, entry.given) for entry in each.entries}) == 1


@given(ENTRIES, st.randoms(use_true_random=False))
def test_which_are_folded_does_not_depend_on_their_order(entries, random) -> None:
    shuffled = list(entries)
    random.shuffle(shuffled)

    def groups(found: list[ActionEntry]) -> set[tuple[int, ...]]:
        return {each.ids for each in fold(found) if isinstance(each, Fold)}

    assert groups(shuffled) == groups(entries)


@given(ENTRIES, COLUMN, st.booleans())
def test_in_any_order_rows_of_a_fold_stand_below_it(entries, column: int, downwards: bool) -> None:
    folds = [each for each in fold(entries) if isinstance(each, Fold)]
    shown = rows(entries, Part.WAITING, NOW, {each.source for each in folds})
    keys = [row.key for row in sort_rows(shown, Order(column, downwards))]

    for each in folds:
        place = keys.index(each.key) + 1
        assert keys[place : place + len(each.ids)] == [str(ident) for ident in each.ids]


@given(ENTRIES, COLUMN, st.booleans())
def test_of_what_is_sorted_alike_peoples_stands_first(entries, column: int, downwards: bool) -> None:
    ordered = sort_rows(rows(entries, Part.WAITING, NOW), Order(column, downwards))
    by_key = {str(each.id): each.requested_by for each in entries}

    for above, below in pairwise(ordered):
        if above.cells[column].sort == below.cells[column].sort:
            assert by_key.get(above.key, AGENT) != AGENT or by_key.get(below.key, AGENT) == AGENT
