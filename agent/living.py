"""Whether a process of this machine still lives: a heartbeat in a ledger says so only some time later."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

_ENDED = "ZX"
"""States of Linux: ended, and nobody has asked how yet."""


def has_died(pid: int, host: str) -> bool:
    """Whether a process of this host is gone for certain; of another host nobody here can tell."""
    if host != socket.gethostname() or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # somebody else's, and there
    with suppress(OSError, IndexError):
        # After the name, which may hold anything, in brackets.
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] in _ENDED
    return False
