from __future__ import annotations

import pytest

from agent.domain.model_name import split_version, version_order


@pytest.mark.parametrize(
    ("model", "split"),
    [
        ("gpt-5-2025-08-07", ("gpt-5", "2025-08-07")),
        ("claude-sonnet-4-20250514", ("claude-sonnet-4", "20250514")),
        ("rerank-v3.5", ("rerank", "v3.5")),
        ("gpt-4-0613", ("gpt-4", "0613")),
        ("gpt-5-mini", ("gpt-5-mini", "")),
        ("", ("", "")),
    ],
)
def test_a_version_is_told_from_an_alias(model: str, split: tuple[str, str]) -> None:
    assert split_version(model) == split


def test_versions_are_in_the_order_of_their_numbers() -> None:
    assert sorted(["v10", "v9", "v9.1"], key=version_order) == ["v9", "v9.1", "v10"]
    assert sorted(["2025-11-01", "2025-08-07"], key=version_order) == ["2025-08-07", "2025-11-01"]
