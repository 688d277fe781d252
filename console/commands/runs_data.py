"""Runs of runbooks for `--json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from console.commands.runs_text import next_commands

if TYPE_CHECKING:
    from agent.domain.run import KeptEvidence
    from agent.runbooks.view import RunView, StepView


def run_data(view: RunView) -> dict[str, Any]:
    """A run for `--json`: all of it but the runbook's text, and what can be done next."""
    run = view.run
    return {
        "id": run.id,
        "runbook": run.runbook.id,
        "title": run.runbook.title,
        "sha256": run.runbook.sha256,
        "state": run.state,
        "at": run.at,
        "holder": run.holder,
        "started_by": run.started_by,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "ended_by": run.ended_by,
        "outcome": run.outcome,
        "alert": run.alert,
        "incident": run.incident,
        "drill": run.drill,
        "parameters": run.parameters,
        "steps": [_step_data(each) for each in view.steps],
        "actions": view.actions,
        "changed_evidence": view.changed_evidence,
        "next": [{"command": command, "what": what} for command, what in next_commands(view)],
    }


def _step_data(found: StepView) -> dict[str, Any]:
    step = found.declared
    return {
        "step": step.seq,
        "id": step.id,
        "title": step.title,
        "kind": step.kind,
        "run": found.state,
        "can": found.can,
        "requires": found.requires,
        "waits": found.waits,
        "choices": step.choices,
        "sign_offs": found.sign_offs,
        "action": found.action and found.action.id,
        "evidence": [_evidence_data(each) for each in found.evidence],
    }


def _evidence_data(kept: KeptEvidence) -> dict[str, Any]:
    return {
        "id": kept.id,
        "attempt": kept.attempt,
        "at": kept.at,
        "actor": kept.actor,
        "sha256": kept.sha256,
        **kept.evidence.fields(),
    }
