"""What targets and fields of the Administration API are called; ids of targets begin with their project."""

from __future__ import annotations

import hashlib
from typing import Any

from agent.domain.canonical import canonical
from agent.domain.gateway import Fields, Target, TargetKind, TargetState

RPM = "max_requests_per_1_minute"
TPM = "max_tokens_per_1_minute"
SPEND = "spend_limit_cents"  # a calendar month (UTC); None: no limit
MODELS = "model_permissions"  # {"mode", "model_ids"}; None: every model
TOOLS = "hosted_tools"  # {"web_search": true, ...}; None: the API does not know them
DELETED = "deleted"  # of a key
SCOPES = "scopes"  # of a key: names, or "all"

ORGANIZATION = "organization"
"""Id of the one target of its kind."""


def of_model(gateway: str, project: str, model: str) -> Target:
    """The rate limits of a model in a project."""
    return Target(gateway, TargetKind.PROJECT_MODEL, f"{project}/{model}")


def of_project(gateway: str, project: str) -> Target:
    """The spend limit and permissions of a project."""
    return Target(gateway, TargetKind.PROJECT, project)


def of_key(gateway: str, project: str, key: str) -> Target:
    """A key; the API finds it by its project only."""
    return Target(gateway, TargetKind.KEY, f"{project}/{key}")


def of_scopes(gateway: str, project: str, key: str) -> Target:
    """What a key may do, which is told apart from whether it is there."""
    return Target(gateway, TargetKind.KEY_SCOPES, f"{project}/{key}")


def of_organization(gateway: str) -> Target:
    """The organization's spend limit."""
    return Target(gateway, TargetKind.ORGANIZATION, ORGANIZATION)


def project_of(target: Target) -> str:
    """The project that a target belongs to; empty for the organization."""
    return "" if target.kind is TargetKind.ORGANIZATION else target.id.partition("/")[0]


def within_project(target: Target) -> str:
    """The model or key that a target is about; empty where it is about a whole project."""
    return target.id.partition("/")[2]


def state_of(target: Target, fields: dict[str, Any]) -> TargetState:
    """What was read; its version is its content, since the API has none of its own."""
    return TargetState(target, fields, version_of(fields))


def version_of(fields: Fields) -> str:
    """Moves with every change of a field, and with nothing else."""
    return hashlib.sha256(canonical(dict(fields)).encode()).hexdigest()[:16]
