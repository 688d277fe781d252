"""Request ids as the ledger stores them, and their 64-bit hashes. Pure numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
StoredId = bytes | str
"""The 16 bytes of a canonical (lower-case, dashed) UUID, or any other id as text."""

ALL_BITS = 2**64 - 1
_UUID_LENGTH = 36
_DASHES = np.array([8, 13, 18, 23])
_DIGITS = np.setdiff1d(np.arange(_UUID_LENGTH), _DASHES)
_UUID_DIGITS = len(_DIGITS)
_HEX = b"0123456789abcdef"
_IS_DIGIT = np.isin(np.arange(256), np.frombuffer(_HEX, np.uint8))
_LONGEST_HASHED = 64  # characters; longer ids are hashed through a digest, so that one row cannot widen all


@dataclass(frozen=True, slots=True)
class RequestIds:
    """The ids of a batch, in its order."""

    stored: list[StoredId]
    hashes: Hashes


def identify(ids: Sequence[str], *, hash_mask: int = ALL_BITS) -> RequestIds:
    """Stored forms and hashes of request ids; equal ids have equal hashes in every batch and process.

    `hash_mask` narrows the hashes (tests force collisions with it).
    """
    stored: list[StoredId] = list(ids)
    hashes = np.zeros(len(stored), np.uint64)
    lengths = np.fromiter(map(len, ids), np.int64, len(stored))
    uuids, raw = _canonical_uuids(ids, np.flatnonzero(lengths == _UUID_LENGTH))
    if len(uuids):
        hashes[uuids] = _hash_words(np.frombuffer(raw, "<u8").reshape(-1, 2))
        blobs: list[bytes] = np.frombuffer(raw, "V16").tolist()
        if len(uuids) == len(stored):
            stored[:] = blobs
        else:
            for place, blob in zip(uuids.tolist(), blobs, strict=True):
                stored[place] = blob
    if len(uuids) < len(stored):
        texts = np.setdiff1d(np.arange(len(stored)), uuids, assume_unique=True)
        hashes[texts] = _hash_texts([ids[place] for place in texts.tolist()])
    return RequestIds(stored, hashes & np.uint64(hash_mask))


def _canonical_uuids(ids: Sequence[str], places: NDArray[np.int64]) -> tuple[NDArray[np.int64], bytes]:
    """Those of the places that hold a canonical UUID, and their bytes one after another."""
    if not len(places):
        return places, b""
    text = "".join(ids if len(places) == len(ids) else [ids[place] for place in places.tolist()])
    data = text.encode("ascii", "replace")
    letters = np.frombuffer(data, np.uint8).reshape(-1, _UUID_LENGTH)
    dashed = (letters[:, _DASHES] == ord("-")).all(axis=1)
    digits = data.translate(None, b"-")
    if dashed.all() and len(digits) == len(places) * _UUID_DIGITS and not digits.translate(None, _HEX):
        return places, bytes.fromhex(digits.decode("ascii"))
    canonical = dashed & _IS_DIGIT[letters[:, _DIGITS]].all(axis=1)
    return places[canonical], bytes.fromhex(letters[canonical][:, _DIGITS].tobytes().decode("ascii"))


def _hash_texts(texts: list[str]) -> Hashes:
    data = [
        text.encode()
        if len(text) <= _LONGEST_HASHED
        else blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_LONGEST_HASHED // 2).digest()
        for text in texts
    ]
    packed = np.array(data, dtype=np.bytes_)
    words = -(-max(packed.dtype.itemsize, 1) // 8)
    return _hash_words(packed.astype(f"S{words * 8}").view("<u8").reshape(len(data), words))


def _hash_words(words: NDArray[np.uint64]) -> Hashes:
    """Sum of mixed words. A zero word adds nothing, so padding does not change a hash."""
    hashes = np.zeros(len(words), np.uint64)
    step = np.uint64(0x9E3779B97F4A7C15)  # odd: multiplying by it loses nothing
    factor = step
    for column in range(words.shape[1]):
        hashes += _mix(words[:, column] * factor)
        factor = np.uint64((int(factor) * int(step)) & ALL_BITS)
    return _mix(hashes)


def _mix(words: Hashes) -> Hashes:
    """The finalizer of MurmurHash3: every input bit moves every output bit; zero stays zero."""
    words = words ^ (words >> np.uint64(33))
    words = words * np.uint64(0xFF51AFD7ED558CCD)
    words = words ^ (words >> np.uint64(33))
    words = words * np.uint64(0xC4CEB9FE1A85EC53)
    return words ^ (words >> np.uint64(33))
