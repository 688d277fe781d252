"""Acting joined with the rest of the agent: who is told of it, and what the agent does by itself at a cap."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agent.alerts.post import Post
from agent.allocations import settings_now
from agent.control.caps import decide as decide_caps
from agent.control.occasion import Occasion, record
from agent.control.planning import books_of, plan
from agent.control.policy import needs
from agent.control.proposing import begin
from agent.control.tags import decide as decide_tags
from agent.domain.action import ActionState
from agent.domain.alert import CRITICAL, HARD_CAP, INFO, WARNING
from agent.domain.intent import Refused
from agent.domain.notice import Notice, NoticeKind
from agent.domain.person import AGENT
from agent.errors import BurndeckError
from agent.telemetry.declared import declared

if TYPE_CHECKING:
    from agent.control.proposal import Proposal
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

_TIERS = {
    "failed": CRITICAL,
    "no_effect": CRITICAL,
    "not_undone": CRITICAL,
    "drifted": CRITICAL,
    "forged": CRITICAL,
    "requested": WARNING,
}
TAGS_EVERY_S = 300
"""Every key's labels are looked at this often: keys come seldom, and of very many it takes seconds."""
_SEVERITIES = {INFO: "info", WARNING: "warning", CRITICAL: "error", HARD_CAP: "critical"}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Told:
    """Tells people of actions, by the routes that alerts go."""

    settings: Settings

    def __call__(self, writer: LedgerWriter, occasion: Occasion, now: int) -> None:
        if not occasion.recipients and not occasion.loud:
            return
        post, notice = Post(writer, self.settings), notice_of(occasion, now)
        if occasion.loud:
            post.put_everywhere(notice)
        else:
            post.put(notice, occasion.recipients)


def notice_of(occasion: Occasion, now: int) -> Notice:
    """The message of an occasion. What is only a drill says so first, as every drill does."""
    action = occasion.action
    spec = action.spec
    tier = HARD_CAP if occasion.loud else _TIERS.get(occasion.kind, INFO)
    text = f"{action.id}/{occasion.kind}/{now}/{occasion.text}"
    return Notice(
        id=hashlib.sha256(text.encode()).hexdigest()[:32],
        kind=NoticeKind.DRILL if spec.drill else NoticeKind.ACTION,
        why=f"action {action.id} is {action.state.value}, and this is for whoever answers for it",
        at=now,
        rule="action",
        tier=tier,
        severity=_SEVERITIES[tier],
        state=action.state.value,
        dedup_key=f"action/{action.id}",
        summary=f"action {action.id}: {occasion.text}",
        alert=action.alert,
        incident=action.incident,
        scope_kind=spec.scope.kind.value,
        scope=spec.scope.value,
        next_command=occasion.next_command or f"burndeck actions show {action.id}",
    )


@dataclass
class Enforcer:
    """Does or proposes what caps and tags call for. All calls are made on the writer's thread."""

    settings: Settings
    tell: Told
    _tags_at: int = -TAGS_EVERY_S
    _said: set[str] = field(default_factory=set)

    def enforce(self, writer: LedgerWriter, now: int) -> int:
        """After every judgement; returns how many actions it has begun, renewed or ended."""
        settings = settings_now(self.settings, writer.actions, now)
        books = books_of(writer)
        open_ = writer.actions.open_actions()
        proposals = [*decide_caps(books, settings, writer.alerts.open_alerts(), open_, now)]
        if not self._tags_at <= now < self._tags_at + TAGS_EVERY_S:
            self._tags_at = now
            proposals += decide_tags(books, settings, open_, now, declared(settings, books.keys))
        return sum(self._carry_out(writer, settings, proposal, now) for proposal in proposals)

    def _carry_out(self, writer: LedgerWriter, settings: Settings, proposal: Proposal, now: int) -> bool:
        """Whether anything came of it. One proposal that cannot be done never stops the others."""
        try:
            with writer.transaction(), writer.control.attempt():
                if proposal.renew is not None:
                    return self._renew(writer, proposal, proposal.renew, now)
                if proposal.release is not None:
                    return self._release(writer, proposal, proposal.release, now)
                self._begin(writer, settings, proposal, now)
        except Refused as refused:
            self._cannot(proposal, refused.reason)
        except BurndeckError as error:
            self._cannot(proposal, f"{error.message}. {error.hint}".strip())
        else:
            return True
        return False

    def _begin(self, writer: LedgerWriter, settings: Settings, proposal: Proposal, now: int) -> None:
        made = plan(books_of(writer), settings, proposal.spec, now)
        # What was to spare production and cannot, since keys share a target, is for people to decide.
        free = proposal.automatic and not (proposal.spec.non_prod and made.production)
        wanted = () if free else needs(proposal.spec, production=made.production, proposed=True)
        begin(
            writer,
            settings,
            made,
            now,
            by=AGENT,
            reason=proposal.reason,
            incident=proposal.incident,
            alert=proposal.alert,
            needs=wanted,
            tell=self.tell,
        )

    def _renew(self, writer: LedgerWriter, proposal: Proposal, ident: int, now: int) -> bool:
        action = writer.actions.action(ident)
        if action is None or action.expires_at is None or not action.state.active:
            return False
        later = replace(action, expires_at=now + action.spec.expires_s)
        writer.actions.save(later)
        record(writer, Occasion("renewed", later, f"renewed: {proposal.reason}"), now, self.tell)
        return True

    def _release(self, writer: LedgerWriter, proposal: Proposal, ident: int, now: int) -> bool:
        action = writer.actions.action(ident)
        if action is None or action.state.ended or action.state is ActionState.REVERSING:
            return False
        standby = action.state is ActionState.STANDBY
        after = replace(
            action,
            state=ActionState.DECLINED if standby else ActionState.REVERSING,
            ended_at=now if standby else None,
            ended_by=AGENT,
            why=proposal.reason,
        )
        writer.actions.save(after)
        kind = "declined" if standby else "released"
        record(writer, Occasion(kind, after, f"{kind}: {proposal.reason}"), now, self.tell)
        return True

    def _cannot(self, proposal: Proposal, why: str) -> None:
        text = f"{proposal.reason}: nothing could be done: {why}"
        if text not in self._said:
            self._said.add(text)
            _log.warning("%s", text)
