"""Every action of the console, once: bindings, help, palette, hints and README's key table come from here."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.binding import BindingType


class Danger(enum.IntEnum):
    """What an action can break; confirmation is graded by it."""

    NONE = 0  # looks only
    REVERSIBLE = 1  # changes something that can be taken back
    GRAVE = 2  # cannot be taken back, or touches production


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a person can do, where it works and which keys do it."""

    id: str  # the method action_<id> that does it
    keys: tuple[str, ...]  # Textual's names; the first is the one that hints show
    title: str  # for the palette and hints
    help: str  # one sentence
    scope: str  # app, live (screens on the ledger), acting (where t, b, c act), table, form, panel, a screen
    group: str  # heading in the help
    danger: Danger = Danger.NONE
    writes: bool = False  # needs more than reading the ledger
    palette: bool = True
    at_once: bool = False  # done before the next key of a burst is handed on, because it takes the keys


LOOK, MOVE, TIME, TABLE, ACT = "Screens", "Rows", "Time", "Tables", "Alerts"
HOLD, CAPS, FORM = "Acting", "Allocations and audit", "Forms"
RUNS = "Runbooks"

_PALETTE_TEXT = "Any action by its name."
_FILTER_TEXT = "Show rows that match a regular expression; ! before it: those that do not."
_SORT_TEXT = "Sort by the next column; a click on a heading sorts by it."
_CLOSE_KEYS = ("escape", "backspace", "q", "?", "f1")
_TRIAGE_TEXT = "Whose rise it is, and why; on Alerts: of the alert, when it fired."
_ACTIONS_TEXT = "What is throttled, blocked or capped, what waits for approval, what is over."
_ALLOCATIONS_TEXT = "The tree of allocations: use, caps, runway, and what is asked for."
_AUDIT_TEXT = "Who did what, and the proof that nobody rewrote it."
_INCIDENT_TEXT = (
    "All incidents; on Alerts and Actions: the row's own, with everything that was done about it."
)
_UNDO_INCIDENT_TEXT = "Undo every action of the incident that is looked at."
_CHOOSE_TEXT = (
    "Into the row: team, then project, then key; of a run, its next step; of what is folded (▸), a row of "
    "each; elsewhere: all of the row."
)
_THROTTLE_TEXT = "Hold the row's keys to a rate, after a preview; it undoes itself."
_BLOCK_TEXT = "Let nothing of the row's keys pass, after a preview; it undoes itself."
_CAP_TEXT = "Have the provider stop the row at an amount a month, after a preview."
_MORE_TEXT = (
    "What else: only some models or hosted tools, delete a key, off-board a team; each after a preview."
)
_MORE_TITLE = "Models, tools, delete, off-board"
_UNDO_TEXT = "Undo the action, or take back what waits for approval or for the agent."
_CREATE_TEXT = "Ask for a new allocation below the row; finance and engineering approve."
_RETIRE_TEXT = "Ask for the end of the allocation; finance and engineering approve."
_UNDO_ALL_TEXT = "Undo every action of the incident."
_APPROVE_TEXT = "Approve exactly the change that is shown; never what you asked for yourself."
_PROPOSE_TEXT = "Ask for other monthly credits; finance and engineering approve."
_TOP_UP_TEXT = "Ask for credits from the pool until the period ends."
_GLASS_TEXT = (
    "At a hard cap, alone and at once: credits from the emergency buffer; every channel is told of it."
)
_VERIFY_TEXT = "Follow the whole chain again, from its first row."
_ACKNOWLEDGE_TEXT = "Take the alert, with a note: no repeats, no escalation."
_SILENCE_TEXT = "Do not be told of it until a time or an amount is reached; never over a hard cap."
_RUNBOOK_TEXT = "The run that answers it, with its first questions answered; without one it is started."
_RUNBOOKS_TEXT = "Runs of runbooks: where each stands, who holds it, and what could be started."
_AGREE_TEXT = "Agree to the run so far or to the step's action, where you are asked; else who is."
_ASSIGN_TEXT = "Take the run over, or hand it to somebody by name."
_TAKE_BACK_TEXT = "Undo the action of the step, or take it back while it waits."
_OVERRULE_TEXT = "Decide otherwise than the agent found, with a reason."
_EXPORT_INCIDENT_TEXT = "Write the postmortem of the incident into a folder."
_EXPORT_TEXT = "Write the postmortem of the run into a folder."
_READ_ON_TEXT = "Down in what the form says, where it is more than fits."
_PLANNED_TEXT = "Say that the rise is meant: it ends, and is not learnt as usual."


def _moving(ident: str, key: str, title: str, help_: str, danger: Danger = Danger.REVERSIBLE) -> Action:
    """What a person does with a run."""
    return Action(ident, (key,), title, help_, "run", RUNS, danger, writes=True)


ACTIONS: tuple[Action, ...] = (
    Action("burn", ("b", "1"), "Burn", "What burns now, against what is usual.", "app", LOOK),
    Action("triage", ("t", "2"), "Triage", _TRIAGE_TEXT, "app", LOOK),
    Action("alerts", ("a", "3"), "Alerts", "What fires, who has taken it, what is muted.", "app", LOOK),
    Action("actions", ("x", "4"), "Actions", _ACTIONS_TEXT, "app", LOOK),
    Action("allocations", ("5",), "Allocations", _ALLOCATIONS_TEXT, "app", LOOK),
    Action("audit", ("6",), "Audit", _AUDIT_TEXT, "app", LOOK),
    Action("incident", ("i",), "Incident", _INCIDENT_TEXT, "app", LOOK),
    Action("runbooks", ("7",), "Runbooks", _RUNBOOKS_TEXT, "app", LOOK),
    Action("help", ("?", "f1"), "Help", "All keys, and what the words mean.", "app", LOOK),
    Action("command_palette", (":", "ctrl+p"), "Palette", _PALETTE_TEXT, "app", LOOK, palette=False),
    Action("theme", ("T",), "Theme", "Dark, light, colour-blind safe (blue and orange).", "app", LOOK),
    Action("quit", ("q", "ctrl+c"), "Quit", "Leave the console; the agent goes on.", "app", LOOK),
    Action("pause", ("space",), "Pause", "Hold the picture still; again to go on.", "live", TIME),
    Action("earlier", ("[",), "Step back", "One window back through the ledger.", "live", TIME),
    Action("later", ("]",), "Step forward", "One window forward.", "live", TIME),
    Action("much_earlier", ("{",), "Leap back", "A day back, to the same hour.", "live", TIME),
    Action("much_later", ("}",), "Leap forward", "A day forward.", "live", TIME),
    Action("now", (".",), "Now", "Back to the newest data, live.", "live", TIME),
    Action("window", ("w",), "Window", "A window of 5, 15 or 60 minutes.", "live", TIME),
    Action("row_down", ("j", "down"), "Next row", "One row down.", "table", MOVE, palette=False),
    Action("row_up", ("k", "up"), "Previous row", "One row up.", "table", MOVE, palette=False),
    Action("first_row", ("g", "home"), "First row", "To the first row.", "table", MOVE, palette=False),
    Action("last_row", ("G", "end"), "Last row", "To the last row.", "table", MOVE, palette=False),
    Action("half_page_down", ("ctrl+d", "pagedown"), "Down", "Half a page on.", "table", MOVE, palette=False),
    Action("half_page_up", ("ctrl+u", "pageup"), "Up", "Half a page back.", "table", MOVE, palette=False),
    Action("choose", ("enter",), "Drill in", _CHOOSE_TEXT, "table", MOVE),
    Action("back", ("escape", "backspace"), "Back", "One step out of filter, drill or past.", "live", MOVE),
    Action("next_table", ("tab", "d", "l"), "Next table", "From teams to models.", "burn", TABLE),
    Action(
        "previous_table", ("shift+tab", "D", "h"), "Previous table", "From models to teams.", "burn", TABLE
    ),
    Action(
        "next_dimension",
        ("d", "tab", "l"),
        "Next dimension",
        "By the next of the six dimensions.",
        "triage",
        TABLE,
    ),
    Action(
        "previous_dimension",
        ("D", "shift+tab", "h"),
        "Dimension before",
        "The other way round.",
        "triage",
        TABLE,
    ),
    Action(
        "next_list", ("tab", "d", "l"), "Next list", "Active, acknowledged, muted, history.", "alerts", TABLE
    ),
    Action(
        "previous_list", ("shift+tab", "D", "h"), "Previous list", "The other way round.", "alerts", TABLE
    ),
    Action(
        "acknowledge",
        ("A",),
        "Acknowledge",
        _ACKNOWLEDGE_TEXT,
        "alerts",
        ACT,
        Danger.REVERSIBLE,
        writes=True,
    ),
    Action("silence", ("z",), "Silence", _SILENCE_TEXT, "alerts", ACT, Danger.REVERSIBLE, writes=True),
    Action(
        "lift",
        ("Z",),
        "Lift silence",
        "End the silence that mutes the alert.",
        "alerts",
        ACT,
        Danger.REVERSIBLE,
        writes=True,
    ),
    Action("planned", ("p",), "Planned activity", _PLANNED_TEXT, "alerts", ACT, Danger.GRAVE, writes=True),
    Action("runbook", ("r",), "Runbook", _RUNBOOK_TEXT, "answering", ACT, Danger.REVERSIBLE, writes=True),
    Action("throttle", ("t",), "Throttle", _THROTTLE_TEXT, "acting", HOLD, Danger.REVERSIBLE, writes=True),
    Action("block", ("b",), "Block", _BLOCK_TEXT, "acting", HOLD, Danger.REVERSIBLE, writes=True),
    Action("cap", ("c",), "Cap", _CAP_TEXT, "acting", HOLD, Danger.GRAVE, writes=True),
    Action("more", ("m",), _MORE_TITLE, _MORE_TEXT, "acting", HOLD, Danger.GRAVE, writes=True),
    Action("next_part", ("tab", "l"), "Next list", "In force, waiting, history.", "actions", HOLD),
    Action("previous_part", ("shift+tab", "h"), "List before", "The other way round.", "actions", HOLD),
    Action("undo", ("u",), "Undo", _UNDO_TEXT, "actions", HOLD, Danger.REVERSIBLE, writes=True),
    Action("undo_all", ("U",), "Undo incident", _UNDO_ALL_TEXT, "actions", HOLD, Danger.GRAVE, writes=True),
    Action(
        "renew",
        ("R",),
        "Renew",
        "Have the action last longer.",
        "actions",
        HOLD,
        Danger.REVERSIBLE,
        writes=True,
    ),
    Action("approve", ("A",), "Approve", _APPROVE_TEXT, "deciding", HOLD, Danger.GRAVE, writes=True),
    Action("deny", ("D",), "Deny", "Say no to what waits.", "deciding", HOLD, Danger.REVERSIBLE, writes=True),
    Action("occasion", ("o",), "To the alert", "To the alert that the action answers.", "actions", HOLD),
    Action("next_stage", ("tab", "d", "l", "h"), "Next list", "Open, closed.", "incident", HOLD),
    Action(
        "undo_incident",
        ("u", "U"),
        "Undo all",
        _UNDO_INCIDENT_TEXT,
        "incident",
        HOLD,
        Danger.GRAVE,
        writes=True,
    ),
    Action("export_incident", ("e",), "Export", _EXPORT_INCIDENT_TEXT, "incident", HOLD),
    Action("propose", ("p",), "Propose", _PROPOSE_TEXT, "allocations", CAPS, Danger.REVERSIBLE, writes=True),
    Action("top_up", ("+",), "Top up", _TOP_UP_TEXT, "allocations", CAPS, Danger.REVERSIBLE, writes=True),
    Action(
        "create", ("n",), "New allocation", _CREATE_TEXT, "allocations", CAPS, Danger.REVERSIBLE, writes=True
    ),
    Action("retire", ("X",), "Retire", _RETIRE_TEXT, "allocations", CAPS, Danger.GRAVE, writes=True),
    Action("break_glass", ("!",), "Break glass", _GLASS_TEXT, "allocations", CAPS, Danger.GRAVE, writes=True),
    Action("verify", ("v",), "Verify", _VERIFY_TEXT, "audit", CAPS),
    Action("next_runs", ("tab", "l"), "Next list", "Open, ended, library.", "runbooks", RUNS),
    Action("previous_runs", ("shift+tab", "h"), "List before", "The other way round.", "runbooks", RUNS),
    Action(
        "new_run",
        ("n",),
        "New run",
        "Start a runbook of the library.",
        "runbooks",
        RUNS,
        Danger.REVERSIBLE,
        writes=True,
    ),
    _moving("skip", "s", "Skip", "Go on without the step, with a reason."),
    _moving("take_back", "u", "Undo", _TAKE_BACK_TEXT),
    _moving("agree", "p", "Approve", _AGREE_TEXT, Danger.GRAVE),
    _moving("overrule", "o", "Overrule", _OVERRULE_TEXT),
    _moving("reopen", "O", "Reopen", "Back to the step under the cursor."),
    _moving("assign", "a", "Assign", _ASSIGN_TEXT),
    _moving("set_value", "=", "Set", "Say what the run is about: its parameters."),
    _moving("roll_back", "U", "Roll back", "Undo every action of the run.", Danger.GRAVE),
    Action("export", ("e",), "Export", _EXPORT_TEXT, "run", RUNS),
    Action("widen", ("tab",), "Widen", "The step over the whole width, and back.", "run", RUNS),
    _moving("close_run", "X", "Close run", "End the run early; what it did stays.", Danger.GRAVE),
    Action(
        "send", ("enter",), "Send", "Sign the form and give it to the agent.", "form", FORM, palette=False
    ),
    Action("next_field", ("tab", "down"), "Next field", "To the next field.", "form", FORM, palette=False),
    Action(
        "previous_field",
        ("shift+tab", "up"),
        "Field before",
        "To the field before.",
        "form",
        FORM,
        palette=False,
    ),
    Action("read_on", ("pagedown",), "Read on", _READ_ON_TEXT, "form", FORM, palette=False),
    Action("read_back", ("pageup",), "Read back", "Up again.", "form", FORM, palette=False),
    Action("cancel", ("escape",), "Cancel", "Leave the form; nothing happens.", "form", FORM, palette=False),
    Action("leave", ("escape", "q"), "Leave", "Choose nothing.", "choice", FORM, palette=False),
    Action("filter", ("/",), "Filter", _FILTER_TEXT, "live", TABLE, at_once=True),
    Action("sort", ("s",), "Sort", _SORT_TEXT, "sorted", TABLE),
    Action("reverse", ("S",), "Reverse", "Turn the sorting round.", "sorted", TABLE),
    Action("copy", ("y",), "Copy", "Copy the row to the clipboard, also over SSH.", "live", TABLE),
    Action("close", _CLOSE_KEYS, "Close", "Close this page.", "panel", LOOK, palette=False),
)

SIGNS = {
    "space": "Space",
    "enter": "Enter",
    "escape": "Esc",
    "backspace": "Backspace",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "down": "↓",
    "up": "↑",
    "home": "Home",
    "end": "End",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "f1": "F1",
}

WHERE = {
    "app": "everywhere",
    "live": "screens",
    "burn": "Burn",
    "triage": "Triage",
    "alerts": "Alerts",
    "acting": "Triage, an opened alert",
    "answering": "Alerts, Incident",
    "actions": "Actions",
    "deciding": "Actions, Allocations",
    "incident": "Incident",
    "allocations": "Allocations",
    "audit": "Audit",
    "runbooks": "Runbooks",
    "run": "a run",
    "table": "tables",
    "sorted": "tables",
    "form": "forms",
    "choice": "choices",
}

_LISTS = ("app", "live", "table", "sorted")
ON: dict[str, tuple[str, ...]] = {
    "triage": (*_LISTS, "triage", "acting"),
    "alerts": (*_LISTS, "alerts", "answering"),
    "alert": (*_LISTS, "alerts", "acting", "answering"),
    "incident": (*_LISTS, "incident", "answering"),
    "incident_full": (*_LISTS, "incident", "answering"),
    "actions": (*_LISTS, "actions", "deciding"),
    "actions_folded": (*_LISTS, "actions", "deciding"),
    "allocations": (*_LISTS, "allocations", "deciding"),
    "allocations_asked": (*_LISTS, "allocations", "deciding"),
    "allocations_bare": (*_LISTS, "allocations", "deciding"),
    "run": ("app", "live", "table", "run"),
    "run_ended": ("app", "live", "table", "run"),
    "form": ("form",),
    "choice": ("table", "choice"),
    "panel": ("app", "panel"),
}
"""Scopes that work on a screen, where they are not the usual ones."""

TAKING = ("acting", "run")
"""Scopes whose keys do not turn to another screen where they work."""


def key_sign(key: str) -> str:
    """How a key is written for people: `Ctrl+D`, `Enter`, `?`."""
    if key.startswith("ctrl+"):
        return f"Ctrl+{key[5:].upper()}"
    return SIGNS.get(key, key)


def bindings(scope: str) -> list[BindingType]:
    """Textual's bindings of the actions of one scope."""
    from textual.binding import Binding

    return [
        Binding(
            key,
            action.id,
            action.title,
            show=False,
            priority=action.at_once,
            id=f"{scope}.{action.id}" if not place else None,
        )
        for action in ACTIONS
        if action.scope == scope
        for place, key in enumerate(action.keys)
    ]


def available(screen: str) -> Iterator[Action]:
    """The actions that work on a screen ("burn", "alert", "form", ...), in the order of the registry.

    Each with the keys that it has there: where t, b and c act, they do not also turn to other screens.
    """
    scopes = ON.get(screen, (*_LISTS, screen))
    here = [action for action in ACTIONS if action.scope in scopes]
    taken = {key for action in here if action.scope in TAKING for key in action.keys}
    for action in here:
        if action.scope == "app" and taken.intersection(action.keys):
            yield replace(action, keys=tuple(key for key in action.keys if key not in taken))
        else:
            yield action


def by_group() -> dict[str, list[Action]]:
    """The actions under their headings, for the help."""
    groups: dict[str, list[Action]] = {}
    for action in ACTIONS:
        if action.scope != "panel":
            groups.setdefault(action.group, []).append(action)
    return groups


def where(action: Action) -> str:
    """Where an action works, in words, and which of its keys does not work everywhere there."""
    but = [
        f"; `{'`, `'.join(lost)}` not on {WHERE[scope]}" for scope in TAKING if (lost := _lost(action, scope))
    ]
    return WHERE[action.scope] + "".join(but)


def _lost(action: Action, scope: str) -> list[str]:
    """The keys of an action that do something else where a scope works."""
    taken = {key for each in ACTIONS if each.scope == scope for key in each.keys}
    return [key_sign(key) for key in action.keys if action.scope == "app" and key in taken]


def key_table() -> str:
    """The table of keys in Markdown, as it stands in README."""
    lines = ["| keys | action | where |", "|---|---|---|"]
    for actions in by_group().values():
        for action in actions:
            keys = " ".join(f"`{key_sign(key)}`" for key in action.keys)
            lines.append(f"| {keys} | {action.title}: {action.help} | {where(action)} |")
    return "\n".join(lines) + "\n"
