"""The undo of all of an incident: what becomes of each of its actions is shown in the form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.intent import IntentKind
from console.live import Answer, Question
from console.screens.actions import wishes
from console.screens.forms.form import FormScreen

if TYPE_CHECKING:
    from agent.control.undoing import Fate
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings
    from console.screens.detail_screen import DetailScreen


def undo_question(topic: str, incident: int, person: str) -> Question:
    """What becomes of the actions of an incident when this person undoes it, the newest first."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> tuple[Fate, ...]:
        from agent.control.undoing import fates
        from agent.domain.unseen import untold

        who = next((each for each in settings.people if each.name == person), None)
        if who is None:
            return ()
        with reader.snapshot():
            blind = untold(reader.rows("gateways_seen"))
            return tuple(fates(reader.action_store(), reader.alert_store(), incident, who, blind))

    return Question(f"{topic}/undo", ask, (incident, person))


class Undoing:
    """Opens the form on a screen, for a person who may ask for it, with the newest question's answer."""

    def __init__(self, screen: DetailScreen) -> None:
        self._screen = screen
        self._asked: Question | None = None

    def begin(self, incident: int) -> None:
        """Asks what would become of the incident's actions."""
        self._screen.may(IntentKind.RELEASE, lambda: self._ask(incident), for_form=True)

    def _ask(self, incident: int) -> None:
        deck = self._screen.deck
        person = deck.standing.person if deck.standing is not None else None
        if person is not None:
            self._asked = self._screen.ask_first(undo_question(self._screen.topic, incident, person.name))

    def takes(self, answer: Answer) -> bool:
        """Opens the form with an answer that is its own; whether it was."""
        if not answer.question.topic.endswith("/undo"):
            return False
        if answer.question is self._asked:
            self._open(answer.question, answer.value)  # type: ignore[arg-type]
        return True

    def _open(self, question: Question, found: tuple[Fate, ...]) -> None:
        incident, self._asked = int(str(question.about[0])), None
        self._screen.ask_for(
            IntentKind.RELEASE, lambda settings: FormScreen(wishes.undo_incident(incident, found))
        )
