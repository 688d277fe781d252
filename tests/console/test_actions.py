"""The registry of actions and what is made of it."""

from __future__ import annotations

import itertools

import pytest

from console.actions import ACTIONS, Danger, available, bindings, key_sign, key_table
from console.deck import BurndeckApp
from console.hints import HINTS
from console.screens.actions.screen import ActionsScreen
from console.screens.alerts.screen import AlertsScreen
from console.screens.allocations.screen import AllocationsScreen
from console.screens.audit.screen import AuditScreen
from console.screens.burn.screen import BurnScreen
from console.screens.forms.form import FormScreen
from console.screens.forms.preview import PreviewScreen
from console.screens.frame import draw_hints
from console.screens.help import HelpScreen
from console.screens.incident.screen import IncidentScreen
from console.screens.runbook.choices import ChoiceScreen
from console.screens.runbook.run_screen import RunScreen
from console.screens.runbook.screen import RunbooksScreen
from console.screens.triage.screen import TriageScreen
from console.widgets.pane import Pane
from console.widgets.table import Table

WHO_DOES_IT = {
    "app": (BurndeckApp,),
    "live": (
        BurnScreen,
        TriageScreen,
        AlertsScreen,
        ActionsScreen,
        AllocationsScreen,
        AuditScreen,
        IncidentScreen,
        RunbooksScreen,
        RunScreen,
    ),
    "burn": (BurnScreen,),
    "triage": (TriageScreen,),
    "alerts": (AlertsScreen,),
    "acting": (TriageScreen, AlertsScreen),
    "answering": (AlertsScreen, IncidentScreen),
    "actions": (ActionsScreen,),
    "deciding": (ActionsScreen, AllocationsScreen),
    "allocations": (AllocationsScreen,),
    "incident": (IncidentScreen,),
    "audit": (AuditScreen,),
    "runbooks": (RunbooksScreen,),
    "run": (RunScreen,),
    "table": (Table, Pane),
    "sorted": (Table,),
    "choice": (ChoiceScreen,),
    "form": (FormScreen, PreviewScreen),
    "panel": (HelpScreen,),
}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_is_done_by_the_scope_that_it_names(action):
    for node in WHO_DOES_IT[action.scope]:
        assert callable(getattr(node, f"action_{action.id}", None))


@pytest.mark.parametrize("screen", sorted({"burn", *HINTS}))
def test_no_key_does_two_things_on_one_screen(screen):
    table = [action for action in available(screen) if action.scope != "app" or screen != "panel"]
    keys = list(itertools.chain.from_iterable(action.keys for action in table))

    assert sorted(keys) == sorted(set(keys))


def test_bindings_carry_every_key_of_their_scope():
    keys = {binding.key for binding in bindings("live")}

    assert {"space", "[", "]", "{", "}", ".", "w", "/", "y", "escape", "backspace"} <= keys


def test_hints_remind_only_of_actions_that_work_on_their_screen():
    for screen, hints in HINTS.items():
        ids = {action.id for action in available(screen)}

        assert {action for action, _ in hints} <= ids


@pytest.mark.parametrize(
    ("screen", "words"),
    [
        ("triage", ("t throttle", "b block", "c cap", "m more")),
        ("alert", ("Esc back", "A ack", "r runbook", "t throttle", "b block", "c cap", "m more")),
        ("actions", ("u undo", "R renew", "A approve", "D deny")),
        ("allocations", ("p propose", "+ top up", "n new", "X retire", "! glass")),
        ("allocations_asked", ("A approve", "D deny", "p propose", "n new")),
        ("allocations_bare", ("n new allocation",)),
        ("runbooks", ("Enter open", "n new run")),
        ("run", ("Enter next", "p approve", "X close")),
    ],
)
def test_a_small_terminal_is_reminded_of_the_keys_that_matter_most(screen, words):
    line = "".join(span.text for span in draw_hints(screen, 80))

    assert len(line) <= 80 and "? help" in line and "q quit" in line
    assert [word for word in words if word not in line] == []


@pytest.mark.parametrize("screen", ["triage", "alert"])
def test_where_keys_act_they_do_not_also_turn_to_other_screens(screen):
    keys = {action.id: action.keys for action in available(screen)}

    assert (keys["throttle"], keys["triage"]) == (("t",), ("2",))
    assert (keys["block"], keys["burn"]) == (("b",), ("1",))


def test_elsewhere_the_letters_turn_to_screens():
    keys = {action.id: action.keys for action in available("alerts")}

    assert "throttle" not in keys and (keys["triage"], keys["burn"]) == (("t", "2"), ("b", "1"))


def test_what_changes_something_says_how_grave_it_is():
    for action in ACTIONS:
        assert action.writes == (action.danger is not Danger.NONE)


def test_the_key_table_has_a_line_for_every_action_outside_panels():
    table = key_table()

    for action in ACTIONS:
        if action.scope != "panel":
            assert f"| {action.title}: {action.help} |" in table


@pytest.mark.parametrize(("key", "sign"), [("ctrl+d", "Ctrl+D"), ("enter", "Enter"), ("?", "?"), ("T", "T")])
def test_keys_are_written_for_people(key, sign):
    assert key_sign(key) == sign
