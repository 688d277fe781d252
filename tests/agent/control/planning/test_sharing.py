"""One limit at several targets that holds all of them together to what is usual."""

from __future__ import annotations

from decimal import Decimal

from agent.control.planning.sharing import Load, limit_at_each


def loads(*asked: int) -> list[Load]:
    return [Load(Decimal(each)) for each in asked]


def passing(limit: Decimal, some: list[Load]) -> Decimal:
    return sum((min(load.held, limit) for load in some), Decimal(0))


def test_who_calls_little_passes_and_all_together_come_to_what_is_usual():
    some = loads(240, 20, 2)

    assert limit_at_each(some, Decimal(10)) == 4
    assert passing(Decimal(4), some) == 10


def test_one_target_has_all_that_is_usual():
    assert limit_at_each(loads(240), Decimal("8.2")) == Decimal("8.2")
    assert limit_at_each(loads(0), Decimal("8.2")) == Decimal("8.2")


def test_where_no_more_is_called_than_usual_the_busiest_keeps_its_part():
    assert limit_at_each(loads(6, 3, 1), Decimal(10)) == 6
    assert limit_at_each(loads(6, 3, 1), Decimal(20)) == 12
    assert limit_at_each(loads(0, 0), Decimal(20)) == 10


def test_calls_of_others_at_the_same_target_are_no_part_of_what_is_usual_of_the_scope():
    some = [Load(Decimal(100), beside=Decimal(30)), Load(Decimal(10))]

    limit = limit_at_each(some, Decimal(20))

    assert passing(limit, some) == 50 and limit == 40


def test_of_batches_that_no_limit_holds_their_part_is_left_to_them():
    some = [Load(Decimal(90), loose=Decimal(10))]

    assert limit_at_each(some, Decimal(20)) == 18
