from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from agent.ledger.identity import identify

plain_text = st.text(st.characters(exclude_categories=("Cs",)), max_size=90)
request_ids = st.one_of(plain_text, st.uuids().map(str), st.uuids().map(lambda one: str(one).upper()))


@given(st.lists(request_ids, max_size=12))
def test_an_id_has_one_hash_whatever_stands_beside_it(ids: list[str]) -> None:
    together = identify(ids)

    alone = [identify([one]) for one in ids]
    assert together.hashes.tolist() == [one.hashes[0] for one in alone]
    assert together.stored == [one.stored[0] for one in alone]


@given(st.lists(request_ids, max_size=12, unique=True))
def test_stored_ids_are_as_distinct_as_the_ids(ids: list[str]) -> None:
    assert len(set(identify(ids).stored)) == len(ids)


def test_a_canonical_uuid_is_stored_in_sixteen_bytes() -> None:
    one = uuid.UUID("0b5f8a3e-1c2d-4e3f-8a9b-0123456789ab")

    assert identify([str(one), str(one).upper(), one.hex]).stored == [one.bytes, str(one).upper(), one.hex]


def test_ids_that_count_up_do_not_collide() -> None:
    ids = [f"req-{number:08}" for number in range(100_000)]

    assert len(set(identify(ids).hashes.tolist())) == len(ids)
