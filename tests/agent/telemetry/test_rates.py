from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.usage import Operation, Service, Units
from agent.errors import ConfigError
from agent.settings import Settings
from agent.telemetry.rates import RateCard, load_rate_card
from agent.telemetry.rates_columns import price_columns

NOW = 1_772_323_200
CARD = load_rate_card(Settings())


def chat(model: str, tier: str = "standard") -> Service:
    return Service(model, Operation.COMPLETION, "completions", tier)


def card_with(tmp_path: Path, text: str) -> RateCard:
    file = tmp_path / "prices.toml"
    file.write_text(text)
    return load_rate_card(Settings(rate_files=(file,)))


def test_credits_are_units_times_rate() -> None:
    # 900,000 x 1.25 + 100,000 x 0.125 + 50,000 x 10 USD a million = 1.6375 USD = 163.75 credits
    units = Units(tokens_input=1_000_000, tokens_cached=100_000, tokens_output=50_000)

    assert CARD.price(chat("gpt-5"), NOW, units) == 163_750_000_000


@pytest.mark.parametrize(
    ("service", "units", "expected"),
    [
        (Service("gpt-image-1", Operation.IMAGE, ""), Units(quantity_micro=2_000_000), "8.4"),
        (Service("whisper-1", Operation.AUDIO_TRANSCRIPTION, ""), Units(quantity_micro=90_000_000), "0.9"),
        (Service("tts-1", Operation.AUDIO_SPEECH, ""), Units(quantity_micro=1000_000_000), "1.5"),
        (Service("", Operation.WEB_SEARCH, ""), Units(quantity_micro=3_000_000), "3"),
        (Service("gpt-5", Operation.FILE_SEARCH, ""), Units(quantity_micro=4_000_000), "1"),
        (Service("", Operation.CODE_INTERPRETER, ""), Units(quantity_micro=2_000_000), "6"),
        (Service("", Operation.VECTOR_STORE, ""), Units(quantity_micro=24_000_000), "10"),
        (Service("text-embedding-3-large", Operation.EMBEDDING, ""), Units(tokens_input=1_000_000), "13"),
        (chat("gpt-5", "batch"), Units(tokens_input=1_000_000), "62.5"),
        (chat("gpt-5", "priority"), Units(tokens_output=1_000_000), "2000"),
        (chat("gpt-5"), Units(), "0"),
    ],
)
def test_every_meter_has_its_own_unit_of_price(service: Service, units: Units, expected: str) -> None:
    assert CARD.price(service, NOW, units) == Decimal(expected) * 10**9


@pytest.mark.parametrize(
    "model", ["gpt-4o-2024-11-20", "gpt-4o-mini-2024-07-18", "gpt-5-20250807", "o3-2025-04-16"]
)
def test_a_dated_snapshot_has_the_price_of_its_model(model: str) -> None:
    assert CARD.price(chat(model), NOW, Units(tokens_input=1)) is not None


def test_the_longest_name_wins() -> None:
    mini = CARD.price(chat("gpt-4o-mini"), NOW, Units(tokens_input=1_000_000))

    assert CARD.price(chat("gpt-4o-mini-2024-07-18"), NOW, Units(tokens_input=1_000_000)) == mini


@pytest.mark.parametrize(
    "service",
    [
        chat("gpt-4o-audio-preview"),
        chat("gpt-6"),
        chat("gpt-5-ultra-2026-01-01"),
        chat("ft:gpt-4o-mini-2024-07-18:acme::1"),
        chat("gpt-5", "scale"),
        Service("gpt-5", Operation.FINE_TUNE, ""),
        Service("text-embedding-3-large", Operation.COMPLETION, ""),
    ],
)
def test_what_nobody_knows_a_price_of_is_unpriced_and_never_guessed(service: Service) -> None:
    units = Units(tokens_input=10, tokens_output=10, quantity_micro=1_000_000)

    assert CARD.price(service, NOW, units) is None


def test_a_price_holds_from_its_day_on() -> None:
    million = Units(tokens_input=1_000_000)

    assert CARD.price(chat("o3"), 1_749_513_599, million) == 1000 * 10**9  # the second before 2025-06-10
    assert CARD.price(chat("o3"), 1_749_513_600, million) == 200 * 10**9


def test_own_prices_win_from_their_day_and_leave_the_others(tmp_path: Path) -> None:
    card = card_with(
        tmp_path,
        """
        [tiers]
        scale = "0.8"
        [services]
        sessions = "1"
        [[models]]
        name = "gpt-5"
        since = 2026-03-01
        tokens_input = "1"
        tokens_output = "9"
        [[models]]
        name = "llama-local"
        tokens_input = "0"
        tokens_output = "0"
        """,
    )
    million = Units(tokens_input=1_000_000)

    assert card.price(chat("gpt-5"), NOW - 1, million) == 125 * 10**9
    assert card.price(chat("gpt-5"), NOW, million) == 100 * 10**9
    assert card.price(chat("gpt-5", "scale"), NOW, million) == 80 * 10**9
    assert card.price(chat("llama-local"), NOW, million) == 0
    assert card.price(chat("gpt-4.1"), NOW, million) == 200 * 10**9
    assert (
        card.price(Service("", Operation.CODE_INTERPRETER, ""), NOW, Units(quantity_micro=10**6))
        == 100 * 10**9
    )
    assert card.price(Service("", Operation.WEB_SEARCH, ""), NOW, Units(quantity_micro=10**6)) == 10**9


def test_embeddings_may_be_priced_by_the_call(tmp_path: Path) -> None:
    card = card_with(tmp_path, '[[models]]\nname = "embed-1"\nembedding_calls = "0.01"')

    assert (
        card.price(Service("embed-1", Operation.EMBEDDING, ""), NOW, Units(quantity_micro=3_000_000))
        == 3 * 10**9
    )


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('[[models]]\nname = "a"\ntokens_inputt = "1"', ":3: models[1].tokens_inputt: unknown key"),
        ('[[models]]\nname = "a"\ntokens_input = "-1"', ":3: models[1].tokens_input"),
        ('[[models]]\nname = "a"\ntokens_input = "one"', ":3: models[1].tokens_input"),
        ('currency = "EUR"', ":1: currency"),
    ],
)
def test_a_wrong_price_file_names_line_and_key(tmp_path: Path, text: str, part: str) -> None:
    with pytest.raises(ConfigError) as caught:
        card_with(tmp_path, text)

    assert part in caught.value.message


def test_the_card_goes_into_the_ledger_with_its_days() -> None:
    rows = [row for row in CARD.rows() if (row.model, row.tier, row.meter) == ("o3", "batch", "tokens_input")]

    assert [(row.effective_from, row.nano_per_million) for row in rows] == [
        (0, 500 * 10**9),
        (1_749_513_600, 100 * 10**9),
    ]


SERVICES = [
    chat("gpt-5"),
    chat("gpt-5-nano", "batch"),
    chat("o3"),
    chat("nobody-knows"),
    Service("gpt-image-1", Operation.IMAGE, ""),
    Service("text-embedding-3-small", Operation.EMBEDDING, ""),
    Service("", Operation.VECTOR_STORE, ""),
]
ODD_CARD = load_rate_card(Settings())  # rates that do not divide evenly
ODD_CARD = RateCard(
    {
        name: tuple(
            type(period)(period.since, {m: rate + 7_654_321 for m, rate in period.nano_per_million.items()})
            for period in periods
        )
        for name, periods in CARD.models.items()
    },
    CARD.services,
    CARD.tiers,
)


MOST_HELD = 2**62
"""What a column holds; whoever reads it refuses a row of that much."""


def rows_up_to(most: int) -> st.SearchStrategy[list[tuple[int, ...]]]:
    """Rows of service, time, uncached, cached and output tokens and quantity."""
    counts = st.integers(0, most)
    numbers = st.integers(0, len(SERVICES) - 1)
    times = st.sampled_from([NOW, 1_749_513_599])
    quantities = st.one_of(st.just(0), st.integers(0, 10**9))
    row = st.tuples(numbers, times, counts, counts, counts, quantities)
    return st.lists(row, min_size=1, max_size=30)


# Up to 10^7 the columns are computed at once, at 10^15 they would overflow.
rows = st.sampled_from([3, 10**7, 10**15]).flatmap(rows_up_to)


@given(rows, st.sampled_from([CARD, ODD_CARD]))
def test_columns_get_the_same_nano_credits_as_single_rows(
    rows: list[tuple[int, ...]], card: RateCard
) -> None:
    service, at, uncached, cached, output, quantity = (
        np.array(column, np.int64) for column in zip(*rows, strict=True)
    )

    nano, priced = price_columns(card, at, SERVICES, service, (uncached + cached, cached, output, quantity))

    for place, (number, moment, fresh, kept, out, amount) in enumerate(rows):
        expected = card.price(SERVICES[number], moment, Units(fresh + kept, kept, out, amount))
        held = expected if expected is None else min(expected, MOST_HELD)
        assert (int(nano[place]) if priced[place] else None) == held


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_price_is_rounded_once_and_half_even(tokens_input: int, tokens_output: int) -> None:
    period = ODD_CARD.rates_of(chat("gpt-5"))[0]
    exact = (
        Decimal(tokens_input) * (period.input or 0) + Decimal(tokens_output) * (period.output or 0)
    ) / 10**6

    price = period.price(Units(tokens_input, 0, tokens_output))

    assert price == int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
