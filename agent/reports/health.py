"""The health of every part, each with what to do about it."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.words import duration, plural
from agent.ledger.kinds import Kind
from agent.ledger.proving import kept_finding, prove
from agent.reports.channel_health import channel_states
from agent.reports.moment import DAY, Moment, moment
from agent.reports.status import DEMO_OVER
from agent.reports.status_line import agent_state, source_states
from agent.settings_changes import CHANGES_SECRET

if TYPE_CHECKING:
    from agent.errors import BurndeckError
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

_STALE_S = 1_800
_MOST_UNATTRIBUTED = 0.05


class State(enum.StrEnum):
    """How a part is."""

    OK = "ok"
    NOTE = "note"  # worth knowing, nothing to do
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Check:
    """One part, how it is, and what to do."""

    part: str  # configuration | ledger | agent | source NAME | secret NAME | data | ...
    state: State
    detail: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """All checks; healthy when none of them is a problem."""

    healthy: bool
    checks: tuple[Check, ...]


def health(
    reader: LedgerReader | None,
    settings: Settings,
    now: float,
    *,
    trouble: BurndeckError | None = None,
    integrity: bool = True,
) -> Health:
    """Looks at configuration, secrets, channels, ledger, agent, sources and data.

    `integrity` reads the whole file. Without a `reader`, `trouble` is why the ledger cannot be opened.
    """
    checks = [_configuration(settings), *_secrets(settings), *_channels(reader, settings, int(now))]
    if reader is None:
        detail = trouble.message if trouble else "cannot be opened"
        checks.append(Check("ledger", State.PROBLEM, detail, trouble.hint if trouble else ""))
    else:
        checks += [
            _ledger(reader, integrity=integrity),
            _agent(reader, settings, int(now)),
            *_unread(reader, settings, int(now)),
            *_sources(reader, settings, int(now)),
            *_gateways(reader, settings, int(now)),
            *_proof(reader, int(now), whole=integrity),
            *_data(reader, moment(reader, now)),
        ]
    return Health(all(check.state is not State.PROBLEM for check in checks), tuple(checks))


def _configuration(settings: Settings) -> Check:
    if settings.file is None:
        return Check(
            "configuration", State.NOTE, "no burndeck.toml, defaults hold", "burndeck init writes one"
        )
    allocations = plural(len(settings.allocations), "allocation")
    detail = f"{settings.file}: {plural(len(settings.sources), 'source')}, {allocations}"
    if settings.allocations:
        return Check("configuration", State.OK, detail)
    return Check(
        "configuration", State.NOTE, detail, "without [[allocations]] there are no caps and no runway"
    )


def _secrets(settings: Settings) -> Iterator[Check]:
    from agent.secrets import where

    for gateway in settings.gateways:
        if gateway.secret is not None and gateway.name not in {each.name for each in settings.sources}:
            place = where(gateway.secret)
            hint = "" if place else f"burndeck login {gateway.name}"
            state = State.OK if place else State.PROBLEM
            yield Check(f"secret {gateway.name}", state, place or f"no {gateway.secret.what}", hint)
    if settings.changes.webhook:
        place = where(CHANGES_SECRET)
        state, hint = (State.OK, "") if place else (State.PROBLEM, "burndeck login changes")
        yield Check("secret changes", state, place or f"no {CHANGES_SECRET.what}", hint)
    for source in settings.sources:
        if not source.has_secret:
            continue
        place = where(*settings.secret_names(source))
        part = f"secret {source.name}"
        if place is None:
            what = "no master key" if source.kind == "litellm" else "no admin key"
            if settings.scaled_clock is not None:
                detail = f"{what} here: the demo's own process has it"
                yield Check(part, State.NOTE, detail)
                continue
            yield Check(part, State.PROBLEM, what, f"burndeck login {source.name}")
        else:
            yield Check(part, State.OK, place)


def _channels(reader: LedgerReader | None, settings: Settings, now: int) -> Iterator[Check]:
    if settings.file is None:
        return  # nothing is configured, which is said already
    for found in channel_states(reader, settings, now):
        yield Check(found.name, State(found.state), found.detail, found.hint)


def _ledger(reader: LedgerReader, *, integrity: bool) -> Check:
    size = sum(
        file.stat().st_size
        for file in (reader.path, reader.path.with_name(reader.path.name + "-wal"))
        if file.exists()
    )
    detail = f"{reader.path}, {size / 1e6:,.1f} MB"
    if not integrity:
        return Check("ledger", State.OK, f"{detail}, not checked")
    found = reader.one("quick_check")
    answer = str(found[0]) if found is not None else "no answer"
    if answer == "ok":
        return Check("ledger", State.OK, f"{detail}, integrity ok")
    return Check(
        "ledger", State.PROBLEM, f"{detail}: {answer}", "restore a backup and read the sources again"
    )


def _proof(reader: LedgerReader, now: int, *, whole: bool) -> Iterator[Check]:
    """Whether the ledger reads as the agent wrote it: proved here, or as the agent has found it."""
    if whole:
        proof = prove(reader)
        found, well = proof.finding, f"{proof.chain.rows:,} rows hold, and so does what they prove"
    else:
        found, well = kept_finding(reader), "not proved; the agent has found nothing amiss"
    if found.intact:
        yield Check("audit log", State.OK, well)
    for each in found.parts:
        yield Check("audit log", State.PROBLEM, each, "burndeck audit verify says what to do")
    for change in reader.action_store().forged_changes(now):
        hint = "burndeck allocations shows the caps that hold"
        yield Check("allocations", State.PROBLEM, change.words, hint)


def _agent(reader: LedgerReader, settings: Settings, now: int) -> Check:
    state = agent_state(reader, settings, now)
    if state.state == "alive":
        return Check("agent", State.OK, f"alive, process {state.pid} on {state.host}")
    if state.state == "late":
        age = duration(state.beat_age_s or 0)
        hint = "look at its log, then burndeck agent stop and start"
        return Check("agent", State.PROBLEM, f"process {state.pid}: no heartbeat for {age}", hint)
    if state.state == "dead":
        return Check("agent", State.PROBLEM, f"process {state.pid} has died", "burndeck agent start")
    if state.state == "over":
        return Check("agent", State.PROBLEM, f"process {state.pid} of the demo has died", DEMO_OVER)
    if not settings.sources:
        return Check("agent", State.NOTE, "not running, and no source to read")
    detail = "was stopped" if state.state == "stopped" else "has never run on this ledger"
    if settings.scaled_clock is not None:
        return Check("agent", State.PROBLEM, detail, DEMO_OVER)
    return Check("agent", State.PROBLEM, detail, "burndeck agent start")


def _unread(reader: LedgerReader, settings: Settings, now: int) -> Iterator[Check]:
    """That burndeck.toml is newer than what a running agent goes by: people, caps and routes of it are not
    known there."""
    row = reader.one("agent_state")
    file = settings.file
    if row is None or file is None or agent_state(reader, settings, now).state not in ("alive", "late"):
        return
    clock, began = settings.scaled_clock, float(row["started_at"])
    if clock is not None:
        began = clock.started + (began - clock.epoch) / clock.speed  # as the file system counts
    try:
        changed = file.stat().st_mtime
    except OSError:
        return
    if changed >= began + 1:
        detail = f"{file} was changed after the agent had read it: people, caps and routes of before hold"
        yield Check("configuration read", State.PROBLEM, detail, "burndeck agent stop, then start")


def _sources(reader: LedgerReader, settings: Settings, now: int) -> Iterator[Check]:
    known = {state.name: state for state in source_states(reader)}
    for name in [source.name for source in settings.sources if source.name not in known]:
        yield Check(f"source {name}", State.PROBLEM, "has not been read yet", "burndeck agent start")
    for name, state in known.items():
        age = None if state.covered_to is None else now - state.covered_to
        covered = "nothing metered yet" if age is None else f"metered up to {duration(max(age, 0))} ago"
        if state.state in ("failed", "stopped"):
            yield Check(f"source {name}", State.PROBLEM, f"{state.state}: {state.message}", state.hint)
        elif state.state == "waiting":
            yield Check(f"source {name}", State.NOTE, f"waiting: {state.message}; {covered}", state.hint)
        else:
            yield Check(f"source {name}", State.OK, covered)


def _gateways(reader: LedgerReader, settings: Settings, now: int) -> Iterator[Check]:
    known = {row["gateway"]: row for row in reader.rows("gateways_seen")}
    for gateway in settings.gateways:
        part, row = f"gateway {gateway.name}", known.get(gateway.name)
        if row is None:
            detail = "has not been read yet, so nothing can be throttled there"
            yield Check(part, State.NOTE, detail, "burndeck agent start")
        elif row["state"] == "failed":
            since = "never" if row["ok_at"] is None else f"{duration(max(now - row['ok_at'], 0))} ago"
            yield Check(part, State.PROBLEM, f"{row['message']} (last read: {since})", row["hint"])
        else:
            age = duration(max(now - row["checked_at"], 0))
            lacks = State.NOTE if row["hint"] else State.OK
            yield Check(part, lacks, f"{gateway.kind}: {row['message']}, read {age} ago", row["hint"])


def _data(reader: LedgerReader, when: Moment) -> Iterator[Check]:
    if when.as_of is None:
        yield Check(
            "data", State.PROBLEM, "the ledger has no usage", "burndeck agent start or burndeck ingest"
        )
        return
    age = when.age_s or 0
    freshness = State.OK if age <= _STALE_S else State.NOTE
    yield Check("data", freshness, f"the newest complete minute is {duration(age)} old")
    refused = reader.one("quarantine_count")
    if refused is not None and refused["rows"]:
        rows = plural(refused["rows"], "row")
        yield Check("quarantine", State.PROBLEM, f"{rows} refused", "burndeck report quarantine")
    yield from _prices(reader, when)
    yield from _owners(reader, when)


def _prices(reader: LedgerReader, when: Moment) -> Iterator[Check]:
    rows = reader.rows("unpriced_models", {"start": when.at - DAY, "end": when.at})
    if rows:
        models = ", ".join(row["model"] or "(no model)" for row in rows[:5])
        detail = f"no price for {models} in the last 24 h"
        yield Check("prices", State.PROBLEM, detail, "burndeck report unpriced; prices go into [rates] file")


def _owners(reader: LedgerReader, when: Moment) -> Iterator[Check]:
    tomorrow = when.at // DAY * DAY + DAY
    span = {
        "start": tomorrow - 2 * DAY,
        "last_day": tomorrow,
        "end": tomorrow,
        "kinds": [int(Kind.TEAM)],
    }
    for row in reader.rows("report_unattributed", span):
        share = row["credits_nano"] / row["whole_nano"] if row["whole_nano"] else 0.0
        if row["credits_nano"] > 0:
            state = State.PROBLEM if share > _MOST_UNATTRIBUTED else State.NOTE
            detail = f"{share:.1%} of credits since yesterday have no team"
            yield Check(
                "owners", state, detail, "burndeck report unattributed; owners go into [registry] files"
            )
