"""A pseudo-terminal that answers as a real one does, and notes when what appeared on it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import resource
import select
import signal
import struct
import subprocess
import termios
import time
from types import TracebackType
from typing import Self

# What Textual asks at its start, and what a modern terminal answers.
ANSWERS = (
    (b"\x1b[?2026$p", b"\x1b[?2026;2$y"),
    (b"\x1b[?2048$p", b"\x1b[?2048;0$y"),
    (b"\x1b[c", b"\x1b[?62;4c"),
)


class Terminal:
    """Runs a command in a pseudo-terminal of its own; everything it prints is in `output`."""

    def __init__(self, command: list[str], *, columns: int = 120, rows: int = 40) -> None:
        self.output = b""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)
        self._master = master
        self._answered = 0

    def read(self, seconds: float) -> bytes:
        """What is printed within the time, as soon as there is something."""
        ready, _, _ = select.select([self._master], [], [], max(0.0, seconds))
        if not ready:
            return b""
        try:
            chunk = os.read(self._master, 65_536)
        except OSError:
            return b""
        self.output += chunk
        self._answer()
        return chunk

    def _answer(self) -> None:
        for question, answer in ANSWERS:
            if question in self.output[self._answered :]:
                os.write(self._master, answer)
                self._answered = max(
                    self._answered, self.output.find(question, self._answered) + len(question)
                )

    def wait_for(self, *texts: bytes, within: float = 20.0, since: int = 0) -> float:
        """Seconds from now until all texts have been printed after position `since` of the output."""
        start = time.perf_counter()
        while not all(text in self.output[since:] for text in texts):
            left = within - (time.perf_counter() - start)
            if left <= 0 or self.process.poll() is not None:
                missing = [text for text in texts if text not in self.output[since:]]
                raise TimeoutError(f"{missing} did not appear; the end of the output: {self.output[-400:]!r}")
            self.read(min(left, 0.5))
        return time.perf_counter() - start

    def settle(self, seconds: float) -> None:
        """Reads for that long."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)

    def press(self, keys: str) -> None:
        """Types keys."""
        os.write(self._master, keys.encode())

    def cpu_seconds(self) -> float:
        """Processor time of the process until now."""
        with open(f"/proc/{self.process.pid}/stat") as stat:  # noqa: PTH123 - a kernel file, not a path of ours
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> float:
        """Ends the process; returns the processor seconds that it used."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self._master)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
