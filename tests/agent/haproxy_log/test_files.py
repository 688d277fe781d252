"""A log that is rotated in every way is read to its end, and nothing of it twice."""

from __future__ import annotations

import gzip
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.haproxy_log.files import Place, beginning, read_on

_ages = iter(range(1, 1_000_000))


class Log:
    """A log with its writer and a reader that stops after every piece."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "access.jsonl"
        self.path.touch()
        self.place: Place | None = None
        self.lost = False

    def write(self, *lines: str) -> None:
        with self.path.open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    def read(self, most: int = 1 << 20) -> list[str]:
        """All lines that are new, piece by piece."""
        found = []
        while piece := read_on(self.path, self.place, most):
            found += [line.decode() for _, _, line in piece.lines() if line]
            self.place = piece.end
            self.lost = self.lost or piece.lost
        return found

    def rename(self) -> None:
        """As logrotate does by default."""
        self._shift()
        self.path.rename(self._earlier(1))
        self._age(self._earlier(1))
        self.path.touch()

    def copy_and_empty(self) -> None:
        """As logrotate's copytruncate does."""
        self._shift()
        shutil.copyfile(self.path, self._earlier(1))
        self._age(self._earlier(1))
        os.truncate(self.path, 0)

    def compress(self) -> None:
        """As logrotate's compress does."""
        self.rename()
        with gzip.open(f"{self._earlier(1)}.gz", "wb") as file:
            file.write(self._earlier(1).read_bytes())
        shutil.copystat(self._earlier(1), f"{self._earlier(1)}.gz")
        self._earlier(1).unlink()

    def _earlier(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")

    def _shift(self) -> None:
        for number in range(60, 0, -1):
            for suffix in ("", ".gz"):
                earlier = Path(f"{self._earlier(number)}{suffix}")
                if earlier.exists():
                    earlier.rename(f"{self._earlier(number + 1)}{suffix}")

    def _age(self, path: Path) -> None:
        age = 1_700_000_000 + next(_ages)  # a rotation a second: real ones are hours apart
        os.utime(path, (age, age))


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


ROTATIONS = [Log.rename, Log.copy_and_empty, Log.compress]


def test_lines_are_read_once_and_an_open_line_when_it_is_whole(log: Log) -> None:
    log.write("a", "b")
    first = log.read()
    with log.path.open("a") as file:
        file.write("c1")
        file.flush()
        open_line = log.read()
        file.write("c2\nd\n")

    assert (first, open_line, log.read(), log.read()) == (["a", "b"], [], ["c1c2", "d"], [])


def test_lines_have_numbers_over_pieces(log: Log) -> None:
    log.write(*(f"line {n}" for n in range(1, 100)))
    numbers = {}
    while piece := read_on(log.path, log.place, 64):
        numbers.update({line.decode(): number for number, _, line in piece.lines() if line})
        log.place = piece.end

    assert numbers == {f"line {n}": n for n in range(1, 100)}


@pytest.mark.parametrize("rotate", ROTATIONS)
def test_what_was_written_before_a_rotation_is_read_after_it(log: Log, rotate: Callable[[Log], None]) -> None:
    log.write("a", "b")
    log.read()
    log.write("c")
    rotate(log)
    before_anything_new = log.read()
    log.write("d")

    assert (before_anything_new, log.read(), log.lost) == (["c"], ["d"], False)


@pytest.mark.parametrize("rotate", ROTATIONS)
def test_rotations_while_nobody_read_lose_nothing(log: Log, rotate: Callable[[Log], None]) -> None:
    log.write("0", "a")
    log.read()
    for number in range(1, 5):
        log.write(f"{number}", f"{number}b")
        rotate(log)
    log.write("last")

    assert log.read() == ["1", "1b", "2", "2b", "3", "3b", "4", "4b", "last"]
    assert not log.lost


def test_a_writer_that_goes_on_in_the_renamed_file_loses_nothing(log: Log) -> None:
    log.write("a")
    log.read()
    with log.path.open("a") as writer:
        log.rename()
        writer.write("b\n")
        writer.flush()
        first = log.read()
        writer.write("c\ntorn")
    log.write("d")

    assert (first, log.read()) == (["b"], ["c", "torn", "d"])


def test_a_log_that_is_not_there_between_two_files_is_no_failure(log: Log) -> None:
    log.write("a", "b")
    log.read(2)
    log.rename()
    log.path.unlink()
    nothing_new = log.read()
    log.write("c")

    assert (nothing_new, log.read()) == ([], ["c"])


def test_without_any_log_it_says_so(log: Log) -> None:
    log.path.unlink()

    with pytest.raises(FileNotFoundError):
        log.read()


def test_what_was_deleted_before_it_was_read_is_missed_and_said(log: Log) -> None:
    log.write("a")
    log.read()
    log.write("never read")
    log.path.unlink()
    log.write("b")

    assert (log.read(), log.lost) == (["b"], True)


@pytest.mark.parametrize("rotate", [Log.rename, Log.copy_and_empty])
def test_a_log_that_is_rotated_all_the_time_while_it_is_read_loses_nothing(
    log: Log, rotate: Callable[[Log], None]
) -> None:
    def write() -> None:
        for turn in range(25):
            for number in range(20):
                log.write(f"{turn:02d}-{number:02d}-{'x' * 200}")
            if turn < 24:
                rotate(log)

    log.write("begin")
    found = log.read()
    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        found += log.read(1000)
    writer.join()
    found += log.read()

    wanted = ["begin", *(f"{turn:02d}-{n:02d}" for turn in range(25) for n in range(20))]
    assert [line[:5] for line in found] == wanted
    assert not log.lost


def test_a_moment_is_found_from_the_end_backwards_over_files(log: Log) -> None:
    log.write(*(f"{n:07d}" for n in range(20_000)))
    log.rename()
    log.write(*(f"{n:07d}" for n in range(20_000, 100_000)))

    def lines_from(moment: int, furthest: int = 1 << 30) -> tuple[int, bool]:
        log.place, whole = beginning(log.path, lambda line: int(line) < moment, furthest)
        return int(log.read()[0]), whole

    late, early = lines_from(90_000), lines_from(15_000)
    assert 40_000 < late[0] < 90_000 and late[1]
    assert early == (0, True)
    assert lines_from(0, furthest=100_000) == (pytest.approx(100_000 - 262_144 // 8, abs=2), False)


@pytest.mark.parametrize(
    "name", [".1", ".12.gz", "-20260301", "-20260301.gz", "-2026030112", ".2026-03-01", "-1790003000.gz"]
)
def test_names_that_rotation_gives_are_earlier_files(log: Log, name: str) -> None:
    log.write("a")
    log.read()
    log.write("b")
    earlier = Path(f"{log.path}{name}")
    if name.endswith(".gz"):
        with gzip.open(earlier, "wb") as file:
            file.write(log.path.read_bytes())
        log.path.unlink()
    else:
        log.path.rename(earlier)
    log.write("c")

    assert (log.read(), log.lost) == (["b", "c"], False)


@pytest.mark.parametrize(
    "name", [".bak", "-other", ".1.bak", ".staging.1", "-20260301.tmp", ".1.bz2", ".12345678901", ".lock"]
)
def test_other_files_beside_a_log_are_none_of_it(log: Log, name: str) -> None:
    log.write("a")
    log.read()
    Path(f"{log.path}{name}").write_text("somebody else's\n")
    log.path.unlink()
    log.write("b")

    assert (log.read(), log.lost) == (["b"], True)


def test_a_name_with_the_signs_of_patterns_has_its_own_earlier_files(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.path = tmp_path / "access[1]*.jsonl"
    log.write("a")
    log.read()
    log.write("b")
    log.rename()
    log.write("c")

    assert log.read() == ["b", "c"]
