"""What is said of wishes that were signed together, once all of them are answered."""

from __future__ import annotations

from console.together import Together


def test_nothing_is_said_before_the_last_answer() -> None:
    together = Together(3, "request", "approved")

    assert together.taken("ada") == together.refused("2 ranking", "too late") == ""
    assert together.taken("ada") == "2 of 3 requests approved by ada. Refused: 2 ranking: too late."


def test_where_all_count_it_is_one_short_sentence() -> None:
    together = Together(2, "request", "denied")
    together.taken("ada")

    assert together.taken("ada") == "2 requests denied by ada."


def test_where_none_counts_it_says_so_and_one_reason_is_said_once_for_all() -> None:
    together = Together(5, "request", "approved")
    said = [together.refused(f"{number} p{number}", "ada may act on team:x only") for number in range(5)]

    assert said[-1] == (
        "None of 5 requests approved. Refused: 0 p0, 1 p1, 2 p2 and 2 more: ada may act on team:x only."
    )


def test_of_many_reasons_the_rest_is_in_the_audit_log() -> None:
    together = Together(5, "request", "approved")
    said = [together.refused(str(number), f"reason {number}") for number in range(5)]

    assert said[-1].endswith("Refused: 0: reason 0; 1: reason 1; 2: reason 2; and 2 more, see 6.")
