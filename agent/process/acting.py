"""Acting joined with the rest of the agent: who is told of it, and what the agent does by itself at a cap."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agent.alerts.post import Post
from agent.allocations import settings_now
from agent.control.backstop import only_raises, raises, without_lower
from agent.control.caps import decide as decide_caps
from agent.control.engine.owning import Owning
from agent.control.occasion import Occasion, record
from agent.control.planning import books_of, plan
from agent.control.planning.drafts import HeldAlreadyError
from agent.control.proposing import begin
from agent.control.tags import decide as decide_tags
from agent.domain.action import LONGEST_S, ActionKind, ActionState
from agent.domain.alert import CRITICAL, HARD_CAP, INFO, WARNING
from agent.domain.allocation import ScopeKind
from agent.domain.intent import Refused
from agent.domain.notice import Notice, NoticeKind
from agent.domain.person import AGENT
from agent.errors import BurndeckError
from agent.process.turns import Turns
from agent.process.unenforced import say_failing, say_of_cap
from agent.telemetry.declared import declared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.control.planning.books import Books
    from agent.control.proposal import Proposal
    from agent.domain.action import Action
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

_TIERS = {
    "failed": CRITICAL,
    "no_effect": CRITICAL,
    "not_done": CRITICAL,
    "not_undone": CRITICAL,
    "drifted": CRITICAL,
    "doubted": CRITICAL,
    "forged": CRITICAL,
    "requested": WARNING,
}
TAGS_EVERY_S = 300
"""Every key's labels are looked at this often: keys come seldom, and of very many it takes seconds."""
_TOLD_AFTER_S = {ActionKind.BLOCK: 0, ActionKind.THROTTLE: 600}
"""What people count on near a cap: that it cannot be done they are told; of a suggestion once it stays so."""
_FAILING_LOOKS = 3
_MOST_SAID = 1_000
_SEVERITIES = {INFO: "info", WARNING: "warning", CRITICAL: "error", HARD_CAP: "critical"}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Told:
    """Tells people of actions, by the routes that alerts go."""

    settings: Settings

    def __call__(self, writer: LedgerWriter, occasion: Occasion, now: int) -> None:
        if not occasion.recipients and not occasion.loud:
            return
        if _said_before(writer, occasion):
            return
        post, notice = Post(writer, self.settings), notice_of(occasion, now)
        if occasion.loud:
            post.put_everywhere(notice)
            return
        whom = occasion.recipients
        if occasion.informed and post.unreached(notice, whom):
            whom = (*whom, *occasion.informed)  # whoever has no channel is found by those who have one
        told = post.put(notice, whom)
        others = tuple(part for part in occasion.informed if part not in whom)
        if others:
            post.put(_for_information(occasion, notice), others, but=told)


def _said_before(writer: LedgerWriter, occasion: Occasion) -> bool:
    """Whether it is another try of what has failed: only another reason is news."""
    action = occasion.action
    if action.requested_by != AGENT or action.needs or occasion.kind not in ("requested", "failed"):
        return False
    spec = action.spec
    failed = [
        each
        for each in writer.actions.answers(action.requested_at - LONGEST_S)
        if each.state is ActionState.FAILED
        and (each.alert, each.kind, each.non_prod, each.scope)
        == (action.alert, spec.kind, spec.non_prod, spec.scope)
        and each.id != action.id
    ]
    return bool(failed) and (occasion.kind == "requested" or failed[-1].why == action.why)


def notice_of(occasion: Occasion, now: int) -> Notice:
    """The message of an occasion. What is only a drill says so first, as every drill does."""
    action = occasion.action
    spec = action.spec
    asked = action.state is ActionState.STANDBY and bool(occasion.informed)
    tier = HARD_CAP if occasion.loud else WARNING if asked else _TIERS.get(occasion.kind, INFO)
    text = f"{action.id}/{occasion.kind}/{now}/{occasion.text}"
    return Notice(
        id=hashlib.sha256(text.encode()).hexdigest()[:32],
        kind=NoticeKind.DRILL if spec.drill else NoticeKind.ACTION,
        why=f"action {action.id} waits for approvals, and this is for whoever may give one"
        if asked
        else f"action {action.id} is {action.state.value}, and this is for whoever answers for it",
        at=now,
        rule="action",
        tier=tier,
        severity=_SEVERITIES[tier],
        state=action.state.value,
        dedup_key=f"action/{action.id}",
        summary=f"action {action.id}: {occasion.page or occasion.text}",
        alert=action.alert,
        incident=action.incident,
        scope_kind=spec.scope.kind.value,
        scope=spec.scope.value,
        team=_team_of(action),
        next_command=occasion.next_command or f"burndeck actions show {action.id}",
    )


def _for_information(occasion: Occasion, notice: Notice) -> Notice:
    """The same for those who are only to know of it: nobody is called to what others decide."""
    return replace(
        notice,
        id=hashlib.sha256(f"{notice.id}/informed".encode()).hexdigest()[:32],
        why="it waits for the approval of others: nothing is asked of you",
        summary=f"{notice.summary}; nothing is asked of you",
        next_command=f"burndeck actions show {occasion.action.id}",
    )


def _team_of(action: Action) -> str:
    """The one team that it bears on, by which routes choose; empty where there are several."""
    scope, teams = action.spec.scope, action.preview.get("teams", ())
    if scope.kind is ScopeKind.TEAM:
        return scope.value
    return str(teams[0]) if len(teams) == 1 else ""


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at the ledger, by which everything is planned that is called for in it."""

    books: Books
    settings: Settings  # with the allocations that hold now
    open: Sequence[Action]
    now: int
    begun: list[Action] = field(default_factory=list)


@dataclass
class Enforcer:
    """Does or proposes what caps and tags call for. All calls are made on the writer's thread."""

    settings: Settings
    tell: Told
    _tags_at: int = -TAGS_EVERY_S
    _owning: Owning = field(default_factory=Owning)
    _failing: int = 0  # looks in a row at which it could not be decided what caps call for
    _said: dict[tuple[object, ...], int] = field(default_factory=dict)
    _of_caps: Turns = field(default_factory=Turns)
    _of_tags: Turns = field(default_factory=Turns)

    @property
    def left(self) -> bool:
        """Whether caps call for more than the last look has taken."""
        return self._of_caps.left

    def enforce(self, writer: LedgerWriter, now: int) -> int:
        """After every judgement; returns how many actions it has begun, renewed or ended."""
        done = 0
        try:
            done += self._caps(writer, now)
            self._failing = 0
        except Exception as error:  # noqa: BLE001 - labels are looked at all the same, and people are told
            _log.exception("caps could not be enforced; it is tried again with the next judgement")
            self._failing += 1
            if self._failing == _FAILING_LOOKS:
                say_failing(writer, self.settings, f"{type(error).__name__}: {error}"[:300], now)
        if not self._tags_at <= now < self._tags_at + TAGS_EVERY_S:
            self._tags_at = now
            try:
                done += self._tags(writer, now)
            except Exception:  # noqa: BLE001 - whatever a registry says, caps are enforced
                _log.exception("keys without labels could not be looked at; it is tried again later")
        return done

    def _caps(self, writer: LedgerWriter, now: int) -> int:
        look = self._look(writer, now)
        alerts = writer.alerts.open_alerts()
        proposals = decide_caps(look.books, look.settings, alerts, look.open, now)
        return self._carry_out(writer, look, self._of_caps, proposals)

    def _tags(self, writer: LedgerWriter, now: int) -> int:
        look = self._look(writer, now)
        labels = declared(look.settings, look.books.keys)
        proposals = decide_tags(look.books, look.settings, look.open, now, labels)
        return self._carry_out(writer, look, self._of_tags, proposals)

    def _look(self, writer: LedgerWriter, now: int) -> _Look:
        settings = settings_now(self.settings, writer.actions, now)
        return _Look(books_of(writer), settings, self._owning.open_actions(writer, now, self.tell), now)

    def _carry_out(
        self, writer: LedgerWriter, look: _Look, turns: Turns, proposals: Sequence[Proposal]
    ) -> int:
        """Of how many something came. One proposal that cannot be done never stops the others."""
        done = 0
        for proposal in turns.take(proposals, look.now):
            if proposal.tells:
                text = f"{proposal.reason}. {proposal.hint}."
                say_of_cap(writer, self.settings, proposal, text, look.now)
            elif self._tried(writer, look, proposal):
                done += 1
            else:
                turns.in_vain(proposal, look.now)
        return done

    def _tried(self, writer: LedgerWriter, look: _Look, proposal: Proposal) -> bool:
        now = look.now
        try:
            with writer.transaction(), writer.control.attempt():
                if proposal.renew is not None:
                    return self._renew(writer, proposal, proposal.renew, now)
                if proposal.release is not None:
                    return self._release(writer, proposal, proposal.release, now)
                self._begin(writer, look, proposal)
        except HeldAlreadyError:
            pass
        except Refused as refused:
            self._cannot(writer, proposal, refused.reason, now)
        except BurndeckError as error:
            self._cannot(writer, proposal, f"{error.message}. {error.hint}".strip(), now)
        except Exception as error:  # noqa: BLE001 - it never stops the others
            _log.exception("%s: nothing could be done", proposal.reason)
            self._cannot(writer, proposal, f"{type(error).__name__}: {error}"[:300], now)
        else:
            return True
        return False

    def _begin(self, writer: LedgerWriter, look: _Look, proposal: Proposal) -> None:
        settings, now = look.settings, look.now
        made = plan(look.books, settings, proposal.spec, now, proposed=True, only=proposal.only)
        # Production is a person's to decide, also where it only shares a target with what is meant.
        free = proposal.automatic and not (made.production and not proposal.production)
        if proposal.spec.kind is ActionKind.CAP:
            made = without_lower(made, [*look.open, *look.begun])
            if proposal.covered and only_raises(made):
                # People have given it already, whatever policy says of what would refuse calls.
                free = settings.acting.automatic
            free = free and (proposal.covered or not raises(made))
        wanted = () if free else made.needs
        action = begin(
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
        look.begun.append(action)

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

    def _cannot(self, writer: LedgerWriter, proposal: Proposal, why: str, now: int) -> None:
        text = f"{proposal.reason}: nothing could be done: {why}"
        spec = proposal.spec
        what = (spec.scope, spec.kind, why)
        if what not in self._said:
            self._said[what] = now
            if len(self._said) > _MOST_SAID:
                self._said.pop(next(iter(self._said)))
            _log.warning("%s", text)
        patience = _TOLD_AFTER_S.get(spec.kind)
        due = patience is not None and now - self._said[what] >= patience
        if due and proposal.alert is not None and proposal.release is None:
            say_of_cap(writer, self.settings, proposal, text, now)
