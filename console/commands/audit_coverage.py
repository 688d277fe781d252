"""`burndeck audit caps`, `keys` and `pitfalls`: what no cap counts, and what is known to go wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from console.commands.backstop_text import all_option, backstop_lines
from console.commands.common import common_options, jsonable, print_json, reader_for, settings_for
from console.commands.tables import amount, percent, when
from console.commands.times import Stretch

if TYPE_CHECKING:
    from agent.domain.backstop import Backstop
    from agent.ledger.reader import LedgerReader
    from agent.reports.audit_finding import AuditFinding, AuditReport
    from agent.settings import Settings

_CAPS = """\b
Examples:
  burndeck audit caps
  burndeck audit caps --since 7d --json | jq '.findings[] | {kind, subject, amount: .amount.value}'
"""
_KEYS = """\b
Examples:
  burndeck audit keys
  burndeck audit keys --json | jq -r '.findings[] | select(.kind == "overdue") | .keys[]'
"""
_PITFALLS = """\b
Examples:
  burndeck audit pitfalls
  burndeck audit pitfalls --since 7d --json
"""
_BACK = click.option(
    "--since", type=Stretch(), default="30d", show_default=True, help="How far back, from a UTC day on."
)


@click.command("caps", epilog=_CAPS)
@common_options
@_BACK
@all_option
def caps(config: str | None, db: str | None, as_json: bool, since: int, whole: bool) -> None:
    """Traffic that no cap counts, with its amount, and how it gets under one.

    Untagged, without an allocation, of an unknown model or endpoint, outside of every project, of a key in
    two environments, out of every gateway's reach, or by a model that is not approved. Amounts overlap: the
    same traffic can lack several things. Of every hard cap it says whether a limit of the provider's own
    stands behind it. Exit code 1 when there is a finding; a cap without such a limit is none.
    """
    from agent.allocations import settings_now
    from agent.control.backstops import backstops
    from agent.reports.cap_coverage import cap_coverage

    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        now = settings.clock().now()
        found = cap_coverage(reader, settings, now, since_s=since)
        current = settings_now(settings, reader.action_store(), now)
        behind = tuple(backstops(reader, current, now).values())
    _end(found, as_json, "every credit is counted by a cap", behind, whole=whole)


@click.command("keys", epilog=_KEYS)
@common_options
@_BACK
def keys(config: str | None, db: str | None, as_json: bool, since: int) -> None:
    """Keys that need care, what they burn, and the command that mends each.

    Without the labels of [acting] required_labels, past key_age, never used, in several environments, or
    more of one service account in a project than keys_per_account. Exit code 1 when there is a finding.
    """
    from agent.ledger.key_store import KeyStore
    from agent.reports.key_audit import key_audit
    from agent.telemetry.declared import declared

    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        said = declared(settings, KeyStore(reader.rows))
        found = key_audit(reader, settings, settings.clock().now(), since_s=since, declared=said)
    _end(found, as_json, "every key is in order")


@click.command("pitfalls", epilog=_PITFALLS)
@common_options
@_BACK
def pitfalls(config: str | None, db: str | None, as_json: bool, since: int) -> None:
    """Known pitfalls: spend by tags alone, unsafe hard caps, models by alias, dearer versions, shared keys.

    Exit code 1 when there is a finding.
    """
    from agent.reports.pitfalls import pitfalls as pitfalls_of

    settings = settings_for(config, db)
    with reader_for(settings) as reader:
        others = _unsafe_caps(settings, reader)
        found = pitfalls_of(reader, settings.clock().now(), since_s=since, others=others)
    _end(found, as_json, "no known pitfall")


def _unsafe_caps(settings: Settings, reader: LedgerReader) -> list[AuditFinding]:
    """Hard caps without override, rollback or buffer, as `burndeck alerts check` finds them."""
    from agent.alerts.lint.caps import check_caps
    from agent.reports.audit_finding import AuditFinding
    from console.commands.alerts_check import case_of

    with reader.snapshot():
        found = check_caps(case_of(settings, reader))
    return [
        AuditFinding(
            "unsafe_cap", f"allocation:{each.allocations[0]}", f"{each.what} ({each.place})", each.fix
        )
        for each in found
    ]


def _end(
    found: AuditReport,
    as_json: bool,
    fine: str,
    behind: tuple[Backstop, ...] | None = None,
    *,
    whole: bool = True,
) -> None:
    if as_json:
        print_json(found if behind is None else jsonable(found) | {"backstops": jsonable(behind)})
    else:
        click.echo(_text(found, fine, backstop_lines(behind, whole=whole) if behind else ""))
    click.get_current_context().exit(1 if found.findings else 0)


def _text(found: AuditReport, fine: str, behind: str) -> str:
    from agent.domain.words import plural

    if found.empty:
        head = found.empty
    else:
        looked = f", {plural(found.keys, 'key')}" if found.keys else ""
        head = (
            f"{when(found.start)} to {when(found.end)}: "
            f"{amount(found.whole.value)} credits [{found.whole.tag}]{looked}"
        )
    if not found.findings:
        parts = [head if found.empty else f"{head}\n{fine}", behind]
    else:
        parts = [head, *map(_finding, found.findings), behind, _count(found)]
    return "\n\n".join(part for part in parts if part)


def _finding(finding: AuditFinding) -> str:
    parts = [finding.kind, finding.subject, _burnt(finding)]
    return "\n".join(
        ["  ".join(part for part in parts if part), f"    {finding.what}", f"    -> {finding.fix}"]
    )


def _burnt(finding: AuditFinding) -> str:
    """`at most 1,234 credits [met], 12.0 %`; nothing where a finding is not about burn."""
    if finding.amount is None:
        return ""
    most = "at most " if finding.at_most else ""
    tag = f" [{finding.amount.tag}]" if finding.amount.tag else ""
    return f"{most}{amount(finding.amount.value)} credits{tag}, {percent(finding.share)}"


def _count(found: AuditReport) -> str:
    """`3 findings: 2 overdue, 1 environments`."""
    from collections import Counter

    from agent.domain.words import plural

    kinds = Counter(finding.kind for finding in found.findings)
    parts = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    return f"{plural(len(found.findings), 'finding')}: {parts}"
