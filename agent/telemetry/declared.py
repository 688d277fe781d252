"""What the owners registry says of keys now, whether or not they ever burnt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.ledger.rows import DirectoryKey, DirectoryProject
from agent.telemetry.attribution import load_attributor

if TYPE_CHECKING:
    from agent.ledger.key_store import Declared, KeyStore
    from agent.settings import Settings

_LABELS = ("team", "cost_center", "project", "environment", "department", "billing_group", "owner")


def declared(settings: Settings, store: KeyStore) -> Declared:
    """The labels of every key by the registry files and the provider's directory alone; none are left out.

    Raises `ConfigError` naming file, line and key where a registry file makes no sense.
    """
    attributor = load_attributor(settings)
    found: dict[str, dict[str, str]] = {}
    keys = store.known()
    attributor.learn(
        (DirectoryProject(ident, name, "") for ident, name in store.projects().items()),
        (DirectoryKey(key.api_key, key.project, key.name, "") for key in keys),
    )
    for key in keys:
        dimensions = attributor.resolve(key.account, key.api_key, project=key.project)
        labels = {label: str(getattr(dimensions, label)) for label in _LABELS}
        found[key.api_key] = {label: value for label, value in labels.items() if value}
    return found
