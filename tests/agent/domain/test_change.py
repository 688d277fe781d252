"""Changes: what is the same thing, and which instants and titles there are."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.change import Change, ChangeKind, Instant, one_line, scope_of, titled

DEPLOY = Change(
    1_790_000_000, None, "webhook", ChangeKind.RELEASE, "search-api 2.4.1", external_id="deploy-7"
)
NAMES = st.text(max_size=20)


@given(NAMES, NAMES, NAMES, NAMES)
def test_only_the_same_name_of_the_same_source_is_the_same_thing(
    source: str, other: str, name: str, another: str
) -> None:
    first = replace(DEPLOY, source=source, external_id=f"x{name}")
    second = replace(DEPLOY, source=other, external_id=f"x{another}")

    assert (first.id == second.id) == ((source, name) == (other, another))


@given(st.integers(0, 10**9), st.text(max_size=20), st.sampled_from(ChangeKind))
def test_what_is_worded_anew_or_moved_stays_the_same_thing(at: int, title: str, kind: ChangeKind) -> None:
    assert replace(DEPLOY, at=at, title=title, kind=kind, actor=title).id == DEPLOY.id


def test_without_a_name_time_and_title_tell_things_apart() -> None:
    nameless = replace(DEPLOY, external_id="")

    assert nameless.id == replace(DEPLOY, external_id="", url="https://x").id
    assert nameless.id != replace(nameless, at=DEPLOY.at + 60).id
    assert nameless.id != replace(nameless, title="search-api 2.4.2").id


@pytest.mark.parametrize(
    "wrong",
    [{"scope_kind": "team"}, {"scope": "search"}, {"scope_kind": "planet", "scope": "x"}, {"until": 1}],
)
def test_an_impossible_change_cannot_be_made(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        replace(DEPLOY, **wrong)  # type: ignore[arg-type]


@given(st.integers(946_684_800, 4_102_444_799), st.integers(-14, 14))
def test_an_instant_is_the_same_in_every_zone_and_writing(at: int, hours: int) -> None:
    zone = datetime.timezone(datetime.timedelta(hours=hours))
    moment = datetime.datetime.fromtimestamp(at, zone)

    assert Instant.parse(moment) == Instant.parse(moment.isoformat()) == Instant.parse(at) == at


@pytest.mark.parametrize(
    "wrong", ["soon", "", 17, True, 1.5, "1999-12-31", "9999-12-31T23:59:59-23:59", None]
)
def test_what_is_no_instant_says_so(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"no time such as|not between"):
        Instant.parse(wrong)


def test_a_title_is_one_line_that_names_its_service() -> None:
    assert one_line("a\n\tb\x1b[31m") == "a b [31m"
    assert one_line("x" * 300).endswith("…") and len(one_line("x" * 300)) == 200
    assert titled("2.4.1", "search-api") == "search-api 2.4.1"
    assert titled("Search-API 2.4.1", "search-api") == "Search-API 2.4.1"
    assert scope_of(team="search", project="proj_1") == ("project", "proj_1")
    assert scope_of() == ("", "")
