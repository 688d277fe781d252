"""Watching an action: each state as it comes, with the seconds since it was sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from console.commands.common import reader_for
from console.commands.tables import when

if TYPE_CHECKING:
    from agent.domain.action import ActionSpec
    from agent.ledger.reader import LedgerReader
    from agent.reports.actions import ActionEntry
    from agent.settings import Settings

_LOOK_S = 0.02
_PULSE_S = 1.0  # an agent that has died goes on with nothing
_LOOK_BACK_S = 3_600
_MOST = 50


@dataclass(frozen=True, slots=True)
class Seen:
    """A state that an action was seen in."""

    state: str
    after_ms: int  # since it was sent


@dataclass(frozen=True, slots=True)
class Watched:
    """An action after it was watched."""

    entry: ActionEntry
    states: tuple[Seen, ...]
    agentless: str = ""  # that no agent runs, and what to do


def acted(seen: Watched) -> bool:
    """Whether the gateways have taken it, or it went no further; of a drill, whether it is over."""
    on_its_way = seen.entry.state in ("pending", "executing", "reversing")
    return not on_its_way and not (seen.entry.drill and seen.entry.state == "accepted")


def undone(seen: Watched) -> bool:
    """Whether nothing more becomes of it."""
    return not seen.entry.open


def find_action(settings: Settings, spec: ActionSpec) -> int:
    """The newest action with exactly this text, 0 without one: what was done of a request is there."""
    with reader_for(settings) as reader:
        since = int(settings.clock().now()) - _LOOK_BACK_S
        rows = reader.rows("actions_since", {"since": since, "most": _MOST})
    text = spec.text()
    return next((int(row["id"]) for row in rows if row["spec"] == text), 0)


def watch(
    settings: Settings,
    ident: int,
    begun: float,
    wait_s: float,
    over: Callable[[Watched], bool],
    *,
    quiet: bool = False,
) -> Watched | None:
    """Looks at an action until `over` says so or the time is up; None when there is no such action."""
    from agent.reports.status_line import agent_gone, no_agent

    deadline, pulse = time.monotonic() + wait_s, 0.0
    states: list[Seen] = []
    with reader_for(settings) as reader:
        while True:
            version = reader.data_version()
            found = _look(reader, settings, ident)
            if found is None:
                return None
            if not states or states[-1].state != found.state:
                states.append(Seen(found.state, round((time.monotonic() - begun) * 1000)))
                if not quiet:
                    click.echo(f"{states[-1].after_ms / 1000:7.2f} s  {found.state}{_about(found)}")
            seen = Watched(found, tuple(states))
            if over(seen):
                return seen
            while reader.data_version() == version:
                at = time.monotonic()
                gone = at >= pulse and agent_gone(reader)
                if gone or at >= deadline:
                    return replace(seen, agentless=no_agent(reader, settings, int(settings.clock().now())))
                pulse = at + _PULSE_S if at >= pulse else pulse
                time.sleep(_LOOK_S)


def say_end(watched: Watched, wait_s: float, *, of_undo: bool = False) -> None:
    """What became of an action, or of its undo alone, and what to do next."""
    entry = watched.entry
    if entry.failed and not of_undo:
        click.secho(f"{entry.failed} of {entry.targets} targets failed", fg="red", err=True)
    if effect := _of_undo(entry) if of_undo else entry.effect:
        click.echo(effect)
    if entry.drill and not entry.open and not entry.failed:
        click.echo(f"the drill is over (action {entry.id}): nothing was changed")
    elif entry.waits_for:
        roles = " and ".join(" or ".join(each) for each in entry.waits_for)
        what = f"action {entry.id}{', a drill,' if entry.drill else ''}"
        click.echo(f"{what} waits for the approval of {roles} until {when(entry.approve_by)}")
        click.echo(
            f"  `burndeck approve {entry.id}` by somebody else, or `burndeck approve {entry.id} --export`"
        )
    elif entry.state in ("pending", "executing", "reversing"):
        why = f", {entry.not_written}" if entry.unwritten else ""
        if watched.agentless:
            click.echo(f"action {entry.id} stays {entry.state}{why}: {watched.agentless}", err=True)
        else:
            click.echo(f"action {entry.id} is still {entry.state} after {wait_s:g} s{why}", err=True)
        click.echo(f"  `burndeck actions show {entry.id}` says how far it is.", err=True)
    elif entry.open:
        ends = f"it undoes itself at {when(entry.expires_at)}; " if entry.expires_at else ""
        undo = f"`burndeck release {entry.id}` undoes it now"
        if entry.kind == "allocate":
            undo = "`burndeck allocations propose` changes it back"
        if entry.reach:
            click.echo(f"action {entry.id} is {entry.reach}")
            click.echo(f"  {ends}{undo}")
        else:
            click.echo(f"action {entry.id} is in force: {ends}{undo}")
    else:
        click.echo(f"action {entry.id} is {entry.state}" + (f": {entry.why}" if entry.why else ""))


def _of_undo(entry: ActionEntry) -> str:
    """What its undo has added to the effect of an action: what it overwrote unseen."""
    from agent.domain.unseen import BLINDLY

    _, blindly, where = entry.effect.partition(BLINDLY)
    return blindly + where


def _look(reader: LedgerReader, settings: Settings, ident: int) -> ActionEntry | None:
    from agent.reports.actions import action_entry

    return action_entry(reader, ident, settings.clock().now())


def _about(entry: ActionEntry) -> str:
    if entry.state == "standby":
        given, missing = len(entry.given), len(entry.waits_for)
        return f", {given} of {given + missing} approvals given"
    if entry.state == "failed" and entry.why:
        return f": {entry.why}"
    return f" by {', '.join(entry.gateways)}" if entry.state == "accepted" else ""
