"""When a message is tried again, and which may go."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.alerts.attempts import GIVE_UP_S, LEAST_ATTEMPTS, LONGEST_WAIT_S, next_due, ready, verdict
from agent.alerts.channels import DeliveryFailed
from agent.ledger.outbox import Waiting

ROW = Waiting("1", "pager", "", "episode", 0, 1000, 1000)
PASSING = DeliveryFailed("503")


def after(attempts: int, failure: DeliveryFailed = PASSING, luck: float = 0.5) -> int | None:
    return verdict(replace(ROW, attempts=attempts), failure, 1000.0, luck).next_at


def test_waits_double_from_a_second_to_an_hour() -> None:
    assert [after(attempts) for attempts in (0, 1, 2, 5, 11, 12, 40)] == [
        1001, 1002, 1004, 1032, 3048, 4600, 4600
    ]  # fmt: skip


@given(st.integers(0, 60), st.floats(0, 1))
def test_luck_moves_a_wait_by_a_quarter_at_most(attempts: int, luck: float) -> None:
    wait = min(2**attempts, LONGEST_WAIT_S)
    found = after(attempts, luck=luck)

    assert found is not None
    assert wait * 0.75 <= found - 1000 <= wait * 1.25 + 1


def test_what_somebody_has_to_mend_is_not_tried_every_second() -> None:
    assert after(0, DeliveryFailed("401", slow=True)) == 1060


def test_the_wait_that_the_receiver_asks_for_is_kept() -> None:
    assert after(0, DeliveryFailed("429", retry_after=300.0)) == 1300
    assert after(20, DeliveryFailed("429", retry_after=1.0)) == 4600


def test_no_receiver_puts_a_message_off_for_more_than_an_hour() -> None:
    assert after(0, DeliveryFailed("429", retry_after=30 * 86_400.0)) == 1000 + LONGEST_WAIT_S


def test_a_fast_clock_waits_as_long_in_real_time() -> None:
    assert verdict(ROW, DeliveryFailed("429", retry_after=10.0), 1000.0, 0.5, speed=60.0).next_at == 1600


def test_after_three_days_a_message_is_given_up() -> None:
    late = 1000.0 + GIVE_UP_S - 3700

    assert verdict(replace(ROW, attempts=80), PASSING, late, 0.5).next_at is not None
    assert verdict(replace(ROW, attempts=80), PASSING, late + 200, 0.5).next_at is None


def test_a_message_that_waited_for_days_is_tried_often_before_it_is_given_up() -> None:
    monday = 1000.0 + GIVE_UP_S + 86_400  # the laptop slept from Friday on

    assert verdict(ROW, PASSING, monday, 0.5).next_at == monday + 1
    assert verdict(replace(ROW, attempts=LEAST_ATTEMPTS - 2), PASSING, monday, 0.5).next_at is not None
    assert verdict(replace(ROW, attempts=LEAST_ATTEMPTS - 1), PASSING, monday, 0.5).next_at is None


@pytest.mark.parametrize(("permanent", "gone"), [(True, False), (False, True)])
def test_what_no_attempt_would_change_is_given_up_at_once(permanent: bool, gone: bool) -> None:
    found = verdict(ROW, DeliveryFailed("x", permanent=permanent, gone=gone), 1000.0, 0.5)

    assert (found.next_at, found.gone) == (None, gone)


def ids(*rows: Waiting, under_way: tuple[Waiting, ...] = (), free: dict[str, int] | None = None) -> list[str]:
    return [row.id for row in ready(rows, under_way, {"pager": 4} if free is None else free, 1000.0)]


def test_a_later_message_of_an_episode_waits_for_the_earlier_one() -> None:
    resolved = replace(ROW, id="2")

    assert ids(ROW, resolved) == ["1"]
    assert ids(ROW, resolved, under_way=(ROW,)) == []
    assert ids(replace(ROW, attempts=6, next_at=2000), resolved) == []
    assert ids(resolved) == ["2"]


def test_a_message_that_waits_holds_up_only_its_own_episode() -> None:
    stuck = replace(ROW, attempts=6, next_at=2000)
    other = replace(ROW, id="2", dedup_key="another")

    assert ids(stuck, other) == ["2"]


def test_one_destination_gets_one_message_at_a_time_and_others_do_not_wait() -> None:
    same = replace(ROW, id="2", dedup_key="another")
    elsewhere = replace(ROW, id="3", target="b", dedup_key="another")

    assert ids(ROW, same, elsewhere) == ["1", "3"]


def test_a_channel_takes_no_more_than_it_has_room_for() -> None:
    rows = [replace(ROW, id=str(n), target=str(n), dedup_key=str(n)) for n in range(9)]
    mail = [replace(row, id=f"m{row.id}", channel="mail") for row in rows]

    assert ids(*rows, *mail, free={"pager": 2, "mail": 0}) == ["0", "1"]


def test_a_clock_that_was_set_back_does_not_hold_messages_back() -> None:
    assert ids(replace(ROW, created_at=90_000, next_at=90_000)) == ["1"]
    assert ids(replace(ROW, attempts=20, next_at=1000 + 4500)) == []


def test_the_next_message_is_known() -> None:
    rows = [replace(ROW, next_at=at) for at in (900, 1000, 1500, 1200)]

    assert next_due(rows, 1000.0) == 1200
    assert next_due(rows[:2], 1000.0) is None
