"""What holds for every test: no person's keyring is asked, and nobody's identity or secrets are used."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import new_ledgers

# The keyring chooses its backend once a process, so it must be said before the first test asks.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
os.environ.pop("BURNDECK_IDENTITY_FILE", None)
os.environ.pop("BURNDECK_CONFIG", None)

# How long one example takes says something of the machine, and nothing of what is tested.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

# Each application under test leaves a heap of small circles behind. Looked for after every 700 new objects,
# they cost an eighth of the time of console tests; a whole application fits between two looks now.
_NEW_OBJECTS_BETWEEN_LOOKS = 100_000
gc.disable()

# Every commit of a ledger waits until the disk has it: without a disk, a third of the suite's time is saved.
_IN_MEMORY = Path("/dev/shm")
if os.access(_IN_MEMORY, os.W_OK) and shutil.disk_usage(_IN_MEMORY).free > 4 * 2**30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_IN_MEMORY))


def pytest_collection_finish() -> None:
    """Thousands of collected tests are no garbage, and need not be looked through for some."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS_BETWEEN_LOOKS)
    gc.enable()


@pytest.fixture(autouse=True, scope="session")
def new_ledgers_are_copies() -> Iterator[None]:
    with new_ledgers.copied():
        yield


@pytest.fixture
def real_migrations() -> Iterator[None]:
    with new_ledgers.migrated():
        yield
