"""What the screen does with rows that stand for several actions: unfolds them, shows all, decides on all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.domain.intent import IntentKind
from console.live import Answer, Question
from console.screens.actions import wishes
from console.screens.actions.asking import FOLDED, folded_question
from console.screens.actions.folded import Fold
from console.screens.actions.several import decide_all, draw_fold
from console.screens.forms.form import FormScreen
from console.widgets.pane import Pane

if TYPE_CHECKING:
    from agent.domain.person import Person
    from agent.reports.action_report import ActionDetail
    from console.screens.detail_screen import DetailScreen


class Folding:
    """Which folds are unfolded on a screen, and the one under the cursor in full."""

    def __init__(self, screen: DetailScreen, pane: Pane) -> None:
        self.unfolded: frozenset[str] = frozenset()
        self._screen = screen
        self._pane = pane
        self._asked: Question | None = None
        self._shown: Fold | None = None
        self._details: tuple[ActionDetail, ...] = ()

    def turn(self, found: Fold) -> None:
        """Unfolds it, or folds it again."""
        self.unfolded ^= {found.source}

    def look(self, found: Fold) -> None:
        """Shows it in full, its amounts as soon as they are read."""
        new = self._shown is None or self._shown.key != found.key
        self._shown = found
        self._pane.show(
            lambda width, height: draw_fold(found, self._of(found), self._screen.now, width, height)
        )
        if new:
            self._pane.rewind()
        self._asked = folded_question(found.ids)
        self._screen.ask_beside(self._asked)

    def leave(self) -> None:
        """Another row is looked at."""
        self._asked = self._shown = None

    def takes(self, answer: Answer) -> bool:
        """Shows the amounts of an answer that is its own; whether it was."""
        if answer.question.topic != FOLDED:
            return False
        if answer.question is self._asked:
            self._details = answer.value  # type: ignore[assignment]
            self._pane.redraw()
        return True

    def _of(self, found: Fold) -> Sequence[ActionDetail]:
        """What is known of exactly these actions; nothing while it is being read."""
        read = tuple(each.entry.id for each in self._details)
        return self._details if read == found.ids else ()

    def decide(self, found: Fold, *, approve: bool) -> None:
        """Opens one form on all of them, for a person who may decide on each as it stands."""
        kind = IntentKind.APPROVE if approve else IntentKind.DENY
        standing = self._screen.deck.standing
        person = standing.person if standing is not None else None
        if person is not None and self._refused(found, person, kind):
            return
        details = self._of(found)
        if not details:
            self._screen.note("They are still being read: press the key again.")
            return
        form = decide_all(found, details, approve=approve)
        self._screen.ask_for(kind, lambda settings: FormScreen(form))

    def _refused(self, found: Fold, person: Person, kind: IntentKind) -> bool:
        """Says why this person decides on none of them: it is the same of each, and on record of each."""
        approve = kind is IntentKind.APPROVE
        reasons = [(entry, wishes.not_decided(entry, person, approve=approve)) for entry in found.entries]
        for entry, reason in reasons:
            if reason:
                self._screen.deck.stopped(kind, reason, f"action:{entry.id}")
        said = next((reason for _, reason in reasons if reason), "")
        if said:
            self._screen.note(said)
        return bool(said)
