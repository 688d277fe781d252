from __future__ import annotations

import pytest

from agent.ledger.writer import LedgerWriter
from tests.agent.ledger.build import DAY, EMBED, batch, bucket, cost, event
from tests.agent.ledger.look import rows, total

DAYS = 86_400


def test_a_billed_day_takes_its_credits_from_the_bill_and_nothing_else(writer: LedgerWriter) -> None:
    writer.write_usage_window(
        "openai", DAY, DAY + 60, {"completions": [bucket(requests=3, nano=300)]}, read_at=1
    )
    writer.write_events(batch([event("r-1", at=DAY + 3600), event("r-2", at=DAY + 10)]))

    bill = [cost(nano=500), cost(nano=-20, line_item="credit note")]
    writer.write_costs("openai", DAY, DAY + DAYS, bill, final_before=DAY + DAYS, read_at=2)

    assert (total(writer.path, "credits_nano"), total(writer.path, "completion_credits_nano")) == (480, 480)
    assert total(writer.path, "requests") == 4
    assert total(writer.path, "credits_nano", "hour") == 400
    assert rows(writer.path, "SELECT credits_nano FROM layer_hour WHERE layer = 3") == [(480,)]


def test_a_day_that_may_still_grow_does_not_count_as_billed(writer: LedgerWriter) -> None:
    writer.write_events(batch([event("r-1")]))

    writer.write_costs("openai", DAY, DAY + DAYS, [cost()], final_before=DAY + DAYS - 1, read_at=1)

    assert total(writer.path, "credits_nano") == 100
    assert rows(writer.path, "SELECT credits_nano FROM cost") == [(500,)]


def test_a_revised_bill_moves_the_day_by_the_difference(writer: LedgerWriter) -> None:
    for nano in (500, 450):
        writer.write_costs("openai", DAY, DAY + DAYS, [cost(nano=nano)], final_before=DAY + DAYS, read_at=1)

    assert total(writer.path, "credits_nano") == 450


def test_late_rows_on_a_billed_day_bring_requests_but_no_credits_by_day(writer: LedgerWriter) -> None:
    writer.write_costs("openai", DAY, DAY + DAYS, [cost(nano=500)], final_before=DAY + DAYS, read_at=1)

    writer.write_events(batch([event("r-1", at=DAY + 7200)]))
    writer.write_usage_window(
        "openai", DAY, DAY + 60, {"completions": [bucket(requests=3, nano=300)]}, read_at=2
    )

    assert (total(writer.path, "requests"), total(writer.path, "credits_nano")) == (4, 500)
    assert total(writer.path, "credits_nano", "hour") == 400


def test_a_final_day_without_a_bill_costs_nothing(writer: LedgerWriter) -> None:
    writer.write_events(batch([event("r-1")]))

    writer.write_costs("openai", DAY, DAY + 2 * DAYS, [], final_before=DAY + 2 * DAYS, read_at=1)

    assert (total(writer.path, "requests"), total(writer.path, "credits_nano")) == (1, 0)


def test_costs_of_one_series_and_line_are_added(writer: LedgerWriter) -> None:
    bill = [cost(nano=1), cost(nano=2), cost(nano=4, service=EMBED)]

    writer.write_costs("openai", DAY, DAY + DAYS, bill, final_before=DAY + DAYS, read_at=1)

    assert rows(writer.path, "SELECT amount_nano, credits_nano FROM cost ORDER BY 1") == [(3, 3), (4, 4)]
    assert total(writer.path, "completion_credits_nano") == 3


def test_amounts_of_two_currencies_are_never_added(writer: LedgerWriter) -> None:
    bill = [cost(nano=1, currency="EUR"), cost(nano=2, currency="USD")]

    with pytest.raises(ValueError, match="in EUR and in USD"):
        writer.write_costs("openai", DAY, DAY + DAYS, bill, final_before=DAY + DAYS, read_at=1)


def test_a_cost_outside_its_days_is_refused(writer: LedgerWriter) -> None:
    with pytest.raises(ValueError, match="not of a whole day"):
        writer.write_costs("openai", DAY, DAY + DAYS, [cost(DAY + DAYS)], final_before=DAY, read_at=1)
