"""Use of models that an allocation does not approve."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent.domain.allocation import ScopeKind
from agent.domain.model_name import listed_name
from agent.ledger.history_store import HistoryStore
from agent.reports.audit_finding import AuditFinding, Stretch

if TYPE_CHECKING:
    from agent.settings import Settings

_EXACT = (ScopeKind.ORGANIZATION, ScopeKind.TEAM)  # whose models rollups know


def unapproved(stretch: Stretch, settings: Settings) -> Iterator[AuditFinding]:
    """A finding for each allocation with a list of models, and each other model that its scope used.

    Below a billing group, department, project or key models are shared out by what its teams or a sample of
    its minutes use, so the amount says that it is at most of that size.
    """
    history = HistoryStore(stretch.reader.rows)
    for allocation in settings.allocations:
        approved = allocation.approved_models
        if not approved:
            continue
        for used in history.models(allocation.scope, stretch.at - 1, stretch.days):
            if not used.model or not (used.requests or used.credits_nano):
                continue
            if listed_name(used.model, approved) is not None:
                continue
            yield AuditFinding(
                "model_not_approved",
                f"model:{used.model}",
                f"{allocation.id} approves {', '.join(approved)}; {allocation.scope} used another",
                "Approve it in the allocation, or move its callers to one that is approved.",
                stretch.figure(used.credits_nano),
                stretch.share(used.credits_nano),
                used.requests,
                at_most=allocation.scope.kind not in _EXACT,
            )
