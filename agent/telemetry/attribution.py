"""Attribution: whose a row is, from the registry (C), over gateway labels (B), over the caller's own (A).

Nothing is dropped: what nobody says stays '' and is shown as unattributed. Where the registry and a label
disagree the registry wins and a finding is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.domain.labels import LABELS, label_problem
from agent.domain.usage import Dimensions, Pattern
from agent.telemetry.registry import KeyEntry, ProjectEntry, Registry, TeamEntry, load_registry

if TYPE_CHECKING:
    from agent.ledger.rows import DirectoryKey, DirectoryProject
    from agent.settings import Settings

_NO_LABELS: Mapping[str, str] = {}
_NO_KEY = KeyEntry()
_NO_PROJECT = ProjectEntry()
_NO_TEAM = TeamEntry()
# Words in a key's name that tell its environment, where the registry says nothing: `search-prod-2`.
_ENVIRONMENTS = {
    "prod": "prod",
    "production": "prod",
    "staging": "staging",
    "stage": "staging",
    "dev": "dev",
    "development": "dev",
    "test": "test",
}
_MOST_REMEMBERED = 200_000


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about attribution that is worth a person's eye."""

    kind: str  # attribution_conflict | label_shape
    subject: str
    detail: str


class Attributor:
    """Resolves rows to dimensions. Remembers its answers, so that a row costs one look-up."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._project_ids = {entry.name: name for name, entry in registry.projects.items() if entry.name}
        self._projects: dict[str, str] = {}  # directory: project id -> name
        self._keys: dict[str, tuple[str, str]] = {}  # directory: key id -> (name, project id)
        self._answers: dict[tuple[object, ...], Dimensions] = {}
        self._findings: dict[Finding, None] = {}

    def learn(self, projects: Iterable[DirectoryProject] = (), keys: Iterable[DirectoryKey] = ()) -> bool:
        """Takes in the provider's directory: a key's project and name, a project's name; True for news."""
        before = dict(self._projects), dict(self._keys)
        self._projects.update((project.id, project.name) for project in projects)
        self._keys.update((key.id, (key.name, key.project)) for key in keys)
        if (self._projects, self._keys) == before:
            return False
        self._answers.clear()
        return True

    def resolve(
        self,
        account: str,
        api_key: str = "",
        user: str = "",
        project: str = "",
        labels: Mapping[str, str] = _NO_LABELS,
        pattern: Pattern = Pattern.TAG,
        tags: Mapping[str, str] = _NO_LABELS,
    ) -> Dimensions:
        """The dimensions of a row. `labels` are the usage labels on it, `pattern` says who set them.

        `tags` are the caller's own where a gateway set the labels: they count where it says nothing.
        """
        question = (account, api_key, user, project, pattern, *labels.items(), *tags.items(), len(tags))
        answer = self._answers.get(question)
        if answer is None:
            if len(self._answers) >= _MOST_REMEMBERED:
                self._answers.clear()
            said = labels
            if tags:
                said = self._over_tags(
                    f"api_key:{api_key}" if api_key else f"project:{project}", labels, tags
                )
                pattern = pattern if labels.get("team") else Pattern.TAG
            answer = self._answers[question] = self._resolve(account, api_key, user, project, said, pattern)
        return answer

    def _over_tags(
        self, subject: str, labels: Mapping[str, str], tags: Mapping[str, str]
    ) -> Mapping[str, str]:
        """A gateway's labels over the caller's tags; where they differ, a finding."""
        for label, tag in tags.items():
            said = labels.get(label, "")
            if said and tag and _same(label, said) != _same(label, tag):
                detail = f"{label}: the gateway says {said!r}, the caller's tag {tag!r}; the gateway counts"
                self._findings[Finding("attribution_conflict", subject, detail)] = None
        return {**tags, **{label: value for label, value in labels.items() if value}}

    def take_findings(self) -> list[Finding]:
        """Conflicts and ill-shaped labels met since the last call, each once."""
        taken = list(self._findings)
        self._findings.clear()
        return taken

    def _resolve(
        self,
        account: str,
        api_key: str,
        user: str,
        project: str,
        labels: Mapping[str, str],
        pattern: Pattern,
    ) -> Dimensions:
        self._lint(labels)
        key_name, key_project = self._keys.get(api_key, ("", ""))
        key = self._registry.keys.get(api_key) or self._registry.keys.get(key_name) or _NO_KEY
        project = self._project_id(project or key_project or key.project or labels.get("project", ""))
        owned = self._registry.projects.get(project, _NO_PROJECT)
        subject = f"api_key:{api_key}" if api_key else f"project:{project}"

        registered_team = key.team or owned.team
        team = self._pick(subject, "team", registered_team, labels)
        home = self._registry.teams.get(team, _NO_TEAM)
        cost_center = key.cost_center or owned.cost_center or home.cost_center
        return Dimensions(
            account=account,
            api_key=api_key,
            user=user,
            project=project,
            environment=self._pick(subject, "environment", key.environment or owned.environment, labels)
            or environment_in(key_name),
            team=team,
            department=self._pick(subject, "department", home.department, labels),
            billing_group=self._pick(subject, "billing_group", home.billing_group, labels),
            cost_center=self._pick(subject, "cost_center", cost_center, labels),
            owner=key.owner or owned.owner,
            pattern=(Pattern.REGISTRY if registered_team else pattern if team else Pattern.NONE).value,
        )

    def _project_id(self, project: str) -> str:
        """The provider's id of a project that a label or a row may call by its name."""
        if project in self._registry.projects:
            return project
        return self._project_ids.get(self._projects.get(project, project), project)

    def _pick(self, subject: str, label: str, registered: str, labels: Mapping[str, str]) -> str:
        """The registry's word, else the label's; where they differ, a finding."""
        said = labels.get(label, "")
        if registered and said and _same(label, registered) != _same(label, said):
            detail = f"{label}: the registry says {registered!r}, the label {said!r}; the registry counts"
            self._findings[Finding("attribution_conflict", subject, detail)] = None
        return registered or said

    def _lint(self, labels: Mapping[str, str]) -> None:
        for label in LABELS:
            value = labels.get(label, "")
            if value and (problem := label_problem(label, value)):
                self._findings[Finding("label_shape", f"{label}:{value}", problem)] = None


def load_attributor(settings: Settings) -> Attributor:
    """An attributor on the registry files of the configuration; `ConfigError` names file, line and key."""
    return Attributor(load_registry(settings.registry_files))


def environment_in(name: str) -> str:
    """The environment that a key's name tells, as `prod` in `search-prod-2`, or ''."""
    words = re.split(r"[^a-z0-9]+", name.lower())
    return next((_ENVIRONMENTS[word] for word in words if word in _ENVIRONMENTS), "")


def _same(label: str, value: str) -> str:
    """`prod` and `production` are no conflict."""
    return _ENVIRONMENTS.get(value, value) if label == "environment" else value
