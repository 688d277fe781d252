"""Taking the log in by UDP: a thread that appends every datagram as a line to the log file.

Nothing proves who sent a datagram, so without a host it listens on this machine only.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import threading
from pathlib import Path

_log = logging.getLogger(__name__)
_LOOK_S = 0.2  # how soon an end is noticed
_BUFFER = 8 << 20  # bytes that the kernel keeps for us, as far as it allows
_MOST = 65_536
_AT_ONCE = 512  # datagrams a write


class Receiver:
    """Listens from `start` to `close`. The file is opened anew when it was rotated away."""

    def __init__(self, address: str, log: Path) -> None:
        host, _, port = address.rpartition(":")
        self._address = (host.strip("[]") or "127.0.0.1", int(port))
        self._log = log
        self._socket: socket.socket | None = None
        self._file = -1
        self._inode = (0, 0)
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self.trouble = ""  # why lines are being lost; empty while none are
        self.dropped = 0

    @property
    def listening(self) -> bool:
        """Whether datagrams are taken in."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._socket.getsockname()[1]) if self._socket and self.listening else 0

    def start(self) -> None:
        """Begins to listen, also after a failure; raises `OSError` when address or file cannot be used."""
        if self.listening:
            return
        family = socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET
        taken = socket.socket(family, socket.SOCK_DGRAM)
        try:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            taken.bind(self._address)
            taken.setblocking(False)
            self._open()
        except OSError:
            taken.close()
            self._close_file()
            raise
        self._socket = taken
        self._thread = threading.Thread(target=self._receive, args=(taken,), name="haproxy-log", daemon=True)
        self._thread.start()

    def sync(self) -> None:
        """Makes durable what is in the file: no line is read that a crash of the machine could take away."""
        if self._file >= 0:
            with contextlib.suppress(OSError):
                os.fdatasync(self._file)

    def close(self) -> None:
        """Ends after the datagrams that are there have been written."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
        self._close_file()

    def _receive(self, taken: socket.socket) -> None:
        with taken:
            while True:
                try:
                    lines = _waiting(taken)
                except OSError as error:
                    _log.warning("the log is not taken in by UDP any more: %s; it is begun anew", error)
                    return
                if lines:
                    self._append(lines)
                elif self._ending.is_set():
                    return

    def _append(self, lines: list[bytes]) -> None:
        try:
            self._open()
            data = memoryview(b"".join(lines))
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            self.dropped += len(lines)
            self.trouble = f"{self._log}: cannot be written: {error.strerror}"
            self._close_file()  # it may end in the middle of a line, which opening it mends
        else:
            self.trouble = ""

    def _open(self) -> None:
        """Opens the file, unless it is open and still the one of that name."""
        with contextlib.suppress(FileNotFoundError):
            now = self._log.stat()
            if self._file >= 0 and (now.st_dev, now.st_ino) == self._inode:
                return
        self._close_file()
        self._file = os.open(self._log, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        opened = os.fstat(self._file)
        self._inode = (opened.st_dev, opened.st_ino)
        if opened.st_size and os.pread(self._file, 1, opened.st_size - 1) != b"\n":
            os.write(self._file, b"\n")  # a line that an earlier end tore must not spoil the next

    def _close_file(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _waiting(taken: socket.socket) -> list[bytes]:
    """All datagrams that are there, as lines; waits a moment for the first."""
    lines: list[bytes] = []
    if select.select([taken], [], [], _LOOK_S)[0]:
        with contextlib.suppress(BlockingIOError):
            while len(lines) < _AT_ONCE:
                lines.append(_line(taken.recv(_MOST)))
    return lines


def _line(datagram: bytes) -> bytes:
    return datagram.rstrip(b"\r\n\0").replace(b"\n", b" ") + b"\n"
