"""What became of a key's calls, counted from the access log: from the change on, and never twice."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.control.gateways.base import GatewayError
from agent.control.gateways.haproxy.dialect import BLOCKED, LIMITS
from agent.domain.gateway import Fields, Traffic
from agent.haproxy_log.files import Place, beginning, read_on
from agent.haproxy_log.line import ABSENT, LineError, parse_line

_PIECE = 4 << 20  # bytes read at once
_FURTHEST = 64 << 20  # bytes of the log's end that are looked through for the moment of the change
_SLACK_S = 5  # threads of HAProxy may log in another order than they end
_MOST_WATCHED = 20_000  # some hundred bytes each; who is forgotten has the log read from the change on again


@dataclass(slots=True)
class _Watch:
    place: Place | None
    refused: int = 0
    passed: int = 0
    first: float | None = None
    note: str = ""


class Confirmation:
    """Reads one log; remembers for each change that is watched how far it has read."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._watches: OrderedDict[tuple[object, ...], _Watch] = OrderedDict()
        self._turn = threading.Lock()

    def traffic(self, key: str, fields: Fields, since: float, now: float) -> Traffic:
        """Calls of the key that came from `since` on: refused by what `fields` set, and passed."""
        kinds = tuple(sorted(set(fields) & {BLOCKED, *LIMITS}))
        asked_for, since = since, math.floor(since * 1000) / 1000  # the log has milliseconds, cut off
        with self._turn:
            watch = self._watch((key, kinds, since), since)
            try:
                while piece := read_on(self._log, watch.place, _PIECE):
                    watch.place = piece.end
                    if piece.lost:
                        watch.note = "a part of the log was rotated away before it was read"
                    for _, _, line in piece.lines():
                        _count(watch, line, key, kinds, since)
            except OSError as error:
                raise _unreadable(self._log, error) from None
            first = None if watch.first is None else max(watch.first, asked_for)
            return Traffic(watch.refused, watch.passed, first, now, watch.note)

    def _watch(self, name: tuple[object, ...], since: float) -> _Watch:
        watch = self._watches.get(name)
        if watch is None:
            try:
                place, whole = beginning(self._log, _ended_before(since - _SLACK_S), _FURTHEST)
            except OSError as error:
                raise _unreadable(self._log, error) from None
            note = "" if whole else "only the end of the log was looked through"
            watch = self._watches[name] = _Watch(place, note=note)
            if len(self._watches) > _MOST_WATCHED:
                self._watches.popitem(last=False)
        self._watches.move_to_end(name)
        return watch


def _count(watch: _Watch, line: bytes, key: str, kinds: tuple[str, ...], since: float) -> None:
    if key.rpartition("/")[2].encode() not in line:
        return  # spares decoding the lines of others; HAProxy writes a slash as \\/
    try:
        call = parse_line(line)
    except LineError:
        return
    if call.key != key or call.ts < since:
        return
    if call.decision == "ok":
        watch.passed += 1
    elif (call.decision == "blocked" and BLOCKED in kinds) or (
        call.decision == "throttled" and _by_limit(call.limit, kinds)
    ):
        watch.refused += 1
        watch.first = call.ts if watch.first is None else min(watch.first, call.ts)


def _by_limit(limit: str, kinds: tuple[str, ...]) -> bool:
    """Whether a limit that was set throttled it; a log that does not tell limits apart leaves it open."""
    return limit in kinds if limit != ABSENT else any(each in kinds for each in LIMITS)


def _ended_before(moment: float) -> Callable[[bytes], bool]:
    """Whether a line's call had ended by then; it is logged at its end, with the time of its beginning."""

    def ended(line: bytes) -> bool:
        try:
            call = parse_line(line)
        except LineError:
            return False
        return call.ts + max(call.ms, 0) / 1000 < moment

    return ended


def _unreadable(log: Path, error: OSError) -> GatewayError:
    return GatewayError(
        f"{log}: cannot be read: {error.strerror or error}",
        hint="Correct log of [[gateways]], or let the agent's user read it.",
        refused=True,
    )
