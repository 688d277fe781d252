"""A ledger for audits: who burnt what in one day, the directory, and what gateways serve."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from agent.domain.gateway import GatewayKey, Inventory
from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger import open_writer
from agent.ledger.rows import BucketRow, DirectoryKey, DirectoryPerson, DirectoryProject
from agent.reports.audit_finding import AuditFinding, AuditReport

NANO = 10**9
DAY = 1_795_003_200 // 86_400 * 86_400  # 2026-11-18 00:00 UTC
NOW = DAY + 86_400
GPT = Service("gpt-5-2025-08-07", Operation.COMPLETION, "completions")
SEARCH = Dimensions(
    "openai",
    api_key="key_search",
    project="proj_search",
    environment="prod",
    team="search",
    department="engineering",
    billing_group="product",
    cost_center="CC-1",
    owner="ada@example.com",
    pattern="C",
)
NOBODY = replace(
    SEARCH,
    api_key="key_nobody",
    team="",
    department="",
    billing_group="",
    cost_center="",
    pattern="none",
)


def use(
    who: Dimensions,
    credits_: int,
    *,
    service: Service = GPT,
    requests: int = 100,
    tokens: int = 1_000,
    priced: bool = True,
    hour: int = 0,
) -> BucketRow:
    """What somebody burnt in an hour of the day."""
    nano = credits_ * NANO if priced else None
    return BucketRow(DAY + hour * 3_600, 3_600, who, service, requests, tokens, 0, tokens, 0, nano)


def burn(path: Path, *rows: BucketRow) -> Path:
    """Everything that burnt in the day."""
    with open_writer(path) as writer:
        writer.write_usage_window("openai", DAY, NOW, {"completions": rows}, read_at=NOW)
    return path


def serve(path: Path, *keys: GatewayKey, gateway: str = "litellm") -> None:
    """A gateway serves these keys and no others."""
    with open_writer(path) as writer:
        writer.actions.save_inventory(gateway, Inventory(keys=keys), NOW)


def direct(
    path: Path,
    *keys: DirectoryKey,
    projects: Iterable[DirectoryProject] = (),
    people: Iterable[DirectoryPerson] = (),
    at: int = NOW,
) -> None:
    """The provider's directory has these and no others."""
    with open_writer(path) as writer:
        writer.save_directory("openai", list(projects), list(keys), list(people), at)


def of_kind(found: AuditReport, kind: str) -> list[AuditFinding]:
    """The findings of a kind."""
    return [each for each in found.findings if each.kind == kind]


def burnt(finding: AuditFinding) -> Decimal | None:
    """The credits of a finding."""
    assert finding.amount is not None
    return finding.amount.value
