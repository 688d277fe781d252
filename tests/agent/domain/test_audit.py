from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.audit import EMPTY, AuditRecord, ChainHead, break_between, chained

ENTRIES = st.lists(
    st.tuples(
        st.integers(0, 2**33),
        st.sampled_from(["ada", "agent"]),
        st.sampled_from(["silence", "alert_fired"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
        st.dictionaries(st.sampled_from("abc"), st.integers() | st.sampled_from(["x", "ü"])),
    ),
    min_size=2,
    max_size=8,
)


def chain(entries: list[tuple[int, str, str, str, dict[str, Any]]]) -> list[AuditRecord]:
    """Records that follow one another."""
    records: list[AuditRecord] = []
    for entry in entries:
        head = records[-1].head if records else EMPTY
        records.append(chained(head, head.seq + 1, *entry))
    return records


def intact(records: list[AuditRecord]) -> bool:
    """Whether each row follows the one before, from the first on."""
    heads = [EMPTY, *(record.head for record in records)]
    return not any(break_between(head, record) for head, record in zip(heads, records, strict=False))


@given(ENTRIES)
def test_rows_follow_one_another(entries: list[Any]) -> None:
    assert intact(chain(entries))


@given(ENTRIES, st.data())
def test_a_row_that_is_changed_breaks_the_chain_whatever_is_changed(
    entries: list[Any], data: st.DataObject
) -> None:
    records = chain(entries)
    place = data.draw(st.integers(0, len(records) - 1))
    name = data.draw(st.sampled_from(["at", "actor", "kind", "subject", "detail", "prev_hash", "hash"]))
    old = getattr(records[place], name)
    touched = replace(records[place], **{name: old + 1 if isinstance(old, int) else f"{old} "})

    assert not intact([*records[:place], touched, *records[place + 1 :]])


@given(ENTRIES, st.data())
def test_a_row_that_is_changed_and_hashed_anew_is_betrayed_by_the_next(
    entries: list[Any], data: st.DataObject
) -> None:
    records = chain(entries)
    place = data.draw(st.integers(0, len(records) - 2))
    touched = replace(records[place], subject=records[place].subject + "!")
    touched = replace(touched, hash=touched.digest())

    assert not intact([*records[:place], touched, *records[place + 1 :]])


@given(ENTRIES, st.data())
def test_rows_that_are_left_out_or_exchanged_break_the_chain(entries: list[Any], data: st.DataObject) -> None:
    records = chain(entries)
    place = data.draw(st.integers(0, len(records) - 2))

    assert not intact([*records[:place], *records[place + 1 :]])
    exchanged = list(records)
    exchanged[place : place + 2] = exchanged[place + 1], exchanged[place]
    assert not intact(exchanged)


def test_a_head_reads_as_it_is_printed() -> None:
    head = chained(EMPTY, 1, 5, "ada", "silence", "17", {}).head

    assert ChainHead.parse(str(head)) == head
    for text in ("", "1", "x:" + head.hash, "1:abc", "²:" + head.hash):
        with pytest.raises(ValueError, match="no head"):
            ChainHead.parse(text)
