"""One agent per ledger: a lock file beside it, which the kernel lets go of when its holder dies."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

from agent import paths
from agent.errors import LedgerError


class LedgerLock:
    """Held while an agent writes a ledger; as a context manager it is let go of at the end.

    A file that a killed agent left behind does not matter: what counts is the kernel's lock on it.
    """

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self.path = paths.lock_of(ledger)
        self._descriptor: int | None = None

    def __enter__(self) -> LedgerLock:
        """Takes the lock; raises `LedgerError` that names the agent which holds it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _locked(descriptor):
            os.close(descriptor)
            holder = self.holder()
            raise LedgerError(
                f"another agent{f' (pid {holder})' if holder else ''} already writes {self._ledger}",
                hint="See `burndeck agent status`; `burndeck agent stop` ends it.",
            )
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            # The file stays: removing it would let two newcomers lock two files of one name.
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> int | None:
        """Process id of the agent that holds the lock now; None: nobody does."""
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            text = os.read(descriptor, 32).decode("ascii", "ignore").strip()
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(text) if text.isdecimal() else None
            return None
        finally:
            os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Takes the lock; tries more than once, since asking for the holder holds it for a moment too."""
    for _ in range(4):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return True
    return False
