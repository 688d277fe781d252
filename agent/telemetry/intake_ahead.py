"""Reading ahead: a big file is read by a process of its own, while this one writes the batch before."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Generator
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import msgspec

from agent.errors import BurndeckError
from agent.telemetry.intake_files import STDIN, open_usage_file
from agent.telemetry.intake_read import ReadBatch, Reader, no_cycle_collection

if TYPE_CHECKING:
    from agent.domain.usage import Dimensions, Service
    from agent.telemetry.intake_files import UsageFile

T = TypeVar("T")

_BIG = 8 << 20  # bytes; a smaller file is read before another process has started


_ids = msgspec.msgpack.Decoder(list[str]).decode


class _Message(NamedTuple):
    """A batch on its way, with those names only that were not there before."""

    read: ReadBatch
    request_id: bytes  # msgpack, a third of what pickling so many texts costs
    first_dimension: int  # place of the first new one
    first_service: int


def worth_reading_ahead(file: UsageFile) -> bool:
    """Whether a process of its own reads this file sooner: it is big, and there is a processor to spare."""
    may_have_children = not multiprocessing.current_process().daemon
    return file.name != STDIN and file.size >= _BIG and (os.cpu_count() or 1) > 1 and may_have_children


def read_ahead(reader: Reader, file: UsageFile) -> Generator[ReadBatch]:
    """What `reader.batches(file)` gives, read by another process, one batch ahead; it raises the same."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_read, args=(there, reader, file.name), daemon=True)
    process.start()
    there.close()
    dimensions: list[Dimensions] = []
    services: list[Service] = []
    try:
        while (message := _received(here, file.name)) is not None:
            read, batch = message.read, message.read.batch
            dimensions[message.first_dimension :] = batch.dimensions
            services[message.first_service :] = batch.services
            ids = _ids(message.request_id)
            read.batch = replace(batch, request_id=ids, dimensions=dimensions, services=services)
            file.done = read.done
            del message, batch, ids  # a batch is big, and the next one comes while the caller still has this
            yield read
            del read
    finally:
        here.close()
        process.terminate()
        process.join()


def _received(here: Connection, name: str) -> _Message | None:
    """The next batch; None after the last."""
    try:
        message = here.recv()
    except (EOFError, OSError):  # OSError: in the middle of a batch
        raise BurndeckError(
            f"{name}: the process that reads it ended", hint="Start again: rows that are in count once."
        ) from None
    if isinstance(message, Exception):
        raise message
    return message  # type: ignore[no-any-return]


def _read(there: Connection, reader: Reader, name: str) -> None:
    """The other process: sends every batch, then None, or the error that ended it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both; the one that writes decides
    dimensions: _Names[Dimensions] = _Names()
    services: _Names[Service] = _Names()
    with contextlib.suppress(BrokenPipeError), there:
        try:
            with open_usage_file(name) as file, no_cycle_collection():
                for read in reader.batches(file):
                    first_dimension, new_dimensions = dimensions.news(read.batch.dimensions)
                    first_service, new_services = services.news(read.batch.services)
                    ids = msgspec.msgpack.encode(read.batch.request_id)
                    read.batch = replace(
                        read.batch, request_id=[], dimensions=new_dimensions, services=new_services
                    )
                    there.send(_Message(read, ids, first_dimension, first_service))
                    del read, ids  # before the next ones come
        except BurndeckError as error:
            there.send(error)
        else:
            there.send(None)


class _Names(Generic[T]):
    """Names go over once: a list of them that grows from batch to batch, and how much of it is there."""

    def __init__(self) -> None:
        self._values: list[T] = []
        self._there = 0

    def news(self, values: list[T]) -> tuple[int, list[T]]:
        """The names that are not there yet, and the place of the first; all of them of another list."""
        if values is not self._values:
            self._values, self._there = values, 0
        first, self._there = self._there, len(values)
        return first, values[first:]
