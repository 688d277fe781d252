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
_CHOOSE_TEXT = "Into the row: team, then project, then key; elsewhere: all of the row."
_THROTTLE_TEXT = "Hold the row's keys to a rate, after a preview; it undoes itself."
_BLOCK_TEXT = "Let nothing of the row's keys pass, after a preview; it undoes itself."
_CAP_TEXT = "Have the provider stop the row at an amount a month, after a preview."
_UNDO_TEXT = "Undo the action, or take back what waits: limits are what they were before."
_UNDO_ALL_TEXT = "Undo every action of the incident."
_APPROVE_TEXT = "Approve exactly the change that is shown; never what you asked for yourself."
_PROPOSE_TEXT = "Ask for other monthly credits; finance and engineering approve."
_TOP_UP_TEXT = "Ask for credits from the pool until the period ends."
_VERIFY_TEXT = "Follow the whole chain again, from its first row."
_ACKNOWLEDGE_TEXT = "Take the alert, with a note: no repeats, no escalation."
_SILENCE_TEXT = "Do not be told of it until a time or an amount is reached; never over a hard cap."
_RUNBOOK_TEXT = "Says what to press until runbooks come with a later release."
_PLANNED_TEXT = "Say that the rise is meant: it ends, and is not learnt as usual."

ACTIONS: tuple[Action, ...] = (
    Action("burn", ("b", "1"), "Burn", "What burns now, against what is usual.", "app", LOOK),
    Action("triage", ("t", "2"), "Triage", _TRIAGE_TEXT, "app", LOOK),
    Action("alerts", ("a", "3"), "Alerts", "What fires, who has taken it, what is muted.", "app", LOOK),
    Action("actions", ("x", "4"), "Actions", _ACTIONS_TEXT, "app", LOOK),
    Action("allocations", ("5",), "Allocations", _ALLOCATIONS_TEXT, "app", LOOK),
    Action("audit", ("6",), "Audit", _AUDIT_TEXT, "app", LOOK),
    Action("incident", ("i",), "Incident", _INCIDENT_TEXT, "app", LOOK),
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
    Action("runbook", ("r",), "Runbook", _RUNBOOK_TEXT, "alerts", ACT),
    Action("throttle", ("t",), "Throttle", _THROTTLE_TEXT, "acting", HOLD, Danger.REVERSIBLE, writes=True),
    Action("block", ("b",), "Block", _BLOCK_TEXT, "acting", HOLD, Danger.REVERSIBLE, writes=True),
    Action("cap", ("c",), "Cap", _CAP_TEXT, "acting", HOLD, Danger.GRAVE, writes=True),
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
        ("u",),
        "Undo all",
        _UNDO_INCIDENT_TEXT,
        "incident",
        HOLD,
        Danger.GRAVE,
        writes=True,
    ),
    Action("propose", ("p",), "Propose", _PROPOSE_TEXT, "allocations", CAPS, Danger.REVERSIBLE, writes=True),
    Action("top_up", ("+",), "Top up", _TOP_UP_TEXT, "allocations", CAPS, Danger.REVERSIBLE, writes=True),
    Action("verify", ("v",), "Verify", _VERIFY_TEXT, "audit", CAPS),
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
    Action("cancel", ("escape",), "Cancel", "Leave the form; nothing happens.", "form", FORM, palette=False),
    Action("filter", ("/",), "Filter", _FILTER_TEXT, "live", TABLE, at_once=True),
    Action("sort", ("s",), "Sort", _SORT_TEXT, "table", TABLE),
    Action("reverse", ("S",), "Reverse", "Turn the sorting round.", "table", TABLE),
    Action("copy", ("y",), "Copy", "Copy the row to the clipboard, also over SSH.", "live", TABLE),
    Action("close", _CLOSE_KEYS, "Close", "Close this page.", "panel", LOOK, palette=False),
)

HINTS: dict[str, tuple[tuple[str, str], ...]] = {
    "burn": (
        ("triage", "triage"),
        ("alerts", "alerts"),
        ("actions", "actions"),
        ("choose", "drill"),
        ("next_table", "table"),
        ("sort", "sort"),
        ("filter", "filter"),
        ("earlier", "back"),
        ("pause", "pause"),
        ("copy", "copy"),
        ("help", "help"),
        ("quit", "quit"),
    ),
    "triage": (
        ("choose", "drill"),
        ("throttle", "throttle"),
        ("block", "block"),
        ("cap", "cap"),
        ("next_dimension", "by"),
        ("window", "window"),
        ("sort", "sort"),
        ("filter", "filter"),
        ("earlier", "back"),
        ("pause", "pause"),
        ("help", "help"),
        ("quit", "quit"),
    ),
    "alerts": (
        ("choose", "all of it"),
        ("next_list", "list"),
        ("acknowledge", "ack"),
        ("incident", "incident"),
        ("silence", "silence"),
        ("triage", "triage"),
        ("lift", "lift"),
        ("planned", "planned"),
        ("filter", "filter"),
        ("help", "help"),
        ("quit", "quit"),
    ),
    "alert": (
        ("back", "back"),
        ("acknowledge", "ack"),
        ("incident", "incident"),
        ("throttle", "throttle"),
        ("block", "block"),
        ("triage", "triage"),
        ("silence", "silence"),
        ("cap", "cap"),
        ("lift", "lift"),
        ("planned", "planned"),
        ("help", "help"),
        ("quit", "quit"),
    ),
    "actions": (
        ("choose", "all of it"),
        ("next_part", "list"),
        ("undo", "undo"),
        ("renew", "renew"),
        ("approve", "approve"),
        ("deny", "deny"),
        ("occasion", "alert"),
        ("incident", "incident"),
        ("undo_all", "undo incident"),
        ("filter", "filter"),
        ("help", "help"),
        ("quit", "quit"),
    ),
    "incident": (
        ("back", "back"),
        ("choose", "all of it"),
        ("next_stage", "list"),
        ("undo_incident", "undo all"),
        ("earlier", "earlier"),
        ("filter", "filter"),
        ("copy", "copy"),
        ("help", "help"),
        ("quit", "quit"),
    ),
    "allocations": (
        ("choose", "explain"),
        ("propose", "propose"),
        ("top_up", "top up"),
        ("approve", "approve"),
        ("deny", "deny"),
        ("filter", "filter"),
        ("copy", "copy"),
        ("help", "help"),
        ("quit", "quit"),
    ),
    "audit": (
        ("choose", "all of it"),
        ("verify", "verify again"),
        ("filter", "filter"),
        ("copy", "copy"),
        ("sort", "sort"),
        ("help", "help"),
        ("quit", "quit"),
    ),
    "form": (("send", "send"), ("next_field", "next field"), ("cancel", "cancel")),
    "panel": (("close", "close"),),
}
"""What the bottom line of each screen reminds of: (action, word); `alert` is Alerts with one in full."""

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
    "actions": "Actions",
    "deciding": "Actions, Allocations",
    "incident": "Incident",
    "allocations": "Allocations",
    "audit": "Audit",
    "table": "tables",
    "form": "forms",
}

ON: dict[str, tuple[str, ...]] = {
    "triage": ("app", "live", "table", "triage", "acting"),
    "alert": ("app", "live", "table", "alerts", "acting"),
    "actions": ("app", "live", "table", "actions", "deciding"),
    "allocations": ("app", "live", "table", "allocations", "deciding"),
    "form": ("form",),
    "panel": ("app", "panel"),
}
"""Scopes that work on a screen, where they are not the usual ones."""


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
    scopes = ON.get(screen, ("app", "live", "table", screen))
    here = [action for action in ACTIONS if action.scope in scopes]
    acting = {key for action in here if action.scope == "acting" for key in action.keys}
    for action in here:
        if action.scope == "app" and acting.intersection(action.keys):
            yield replace(action, keys=tuple(key for key in action.keys if key not in acting))
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
    taken = {key for each in ACTIONS if each.scope == "acting" for key in each.keys}
    lost = [key_sign(key) for key in action.keys if action.scope == "app" and key in taken]
    but = f"; `{'`, `'.join(lost)}` not on {WHERE['acting']}" if lost else ""
    return f"{WHERE[action.scope]}{but}"


def key_table() -> str:
    """The table of keys in Markdown, as it stands in README."""
    lines = ["| keys | action | where |", "|---|---|---|"]
    for actions in by_group().values():
        for action in actions:
            keys = " ".join(f"`{key_sign(key)}`" for key in action.keys)
            lines.append(f"| {keys} | {action.title}: {action.help} | {where(action)} |")
    return "\n".join(lines) + "\n"
