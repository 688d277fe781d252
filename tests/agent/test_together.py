"""Several reads at once: their order, and what a failure does to the others."""

from __future__ import annotations

import asyncio

import pytest

from agent.together import together


def test_results_come_in_the_order_of_the_reads() -> None:
    async def read(value: int, turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return value

    async def both() -> list[int]:
        return await together(read(1, 5), read(2, 0))

    assert asyncio.run(both()) == [1, 2]


def test_the_first_failure_ends_the_other_reads_before_it_is_raised() -> None:
    ended = []

    async def fail() -> None:
        raise ValueError("no")

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("waiting read")

    async def both() -> None:
        with pytest.raises(ValueError, match="no"):
            await together(wait(), fail())
        assert ended == ["waiting read"]

    asyncio.run(asyncio.wait_for(both(), 5))
