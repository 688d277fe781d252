"""What a person asked for and the agent has not answered yet; signing happens in a worker thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.control import IntentKind, IntentReceipt, Outcome, Standing
    from agent.settings import Settings
    from console.together import Together

WHERE = "console"
"""What a refusal is about where the person was stopped before they said what they aim at."""
NO_IDENTITY = (
    "Read-only: nobody is known here who could sign. Run `burndeck identity create`. "
    "BURNDECK_IDENTITY_FILE names another file."
)


@dataclass(frozen=True, slots=True)
class Want:
    """One thing to ask of the agent, and the words for when it is done."""

    kind: IntentKind
    subject: str
    payload: Mapping[str, Any]
    done: str  # "Alert 7 acknowledged": who did it is added
    then: str = ""  # what follows, said behind it
    refused: Callable[[str], None] | None = None  # told why, where nothing comes of it
    also: tuple[Want, ...] = ()  # signed behind it, each for itself
    together: Together | None = None  # of what is signed together: says what became of all
    name: str = ""  # among those

    def failed(self, reason: str) -> str:
        """Nothing comes of it: what there is to say of that, where not all are answered nothing yet."""
        if self.refused is not None:
            self.refused(reason)
        return _undone(reason) if self.together is None else self.together.refused(self.name, reason)

    def succeeded(self, person: str) -> str:
        """It was carried out: what there is to say of that."""
        said = f"{self.done} by {person}.{self.then}"
        return said if self.together is None else self.together.taken(person)


def send(settings: Settings, want: Want) -> IntentReceipt:
    """Signs and submits; raises `BurndeckError` with what to do next. Waits for the ledger's write lock."""
    from agent.control import submit

    return submit(settings, want.kind, want.subject, want.payload, settings.clock().now())


def put_on_record(settings: Settings, kind: IntentKind, reason: str, subject: str) -> None:
    """Notes for the audit log that the person here was refused what a key or a button asks for."""
    from agent.control.refusing import note

    note(settings, kind, subject or WHERE, {}, reason.removesuffix("."), settings.clock().now())


def who_is_here(settings: Settings) -> Standing:
    """Who would sign here; raises `BurndeckError` for an identity of no use. May ask the keyring."""
    from agent.control import Standing, standing
    from agent.control.identity import NoIdentityError

    try:
        return standing(settings)
    except NoIdentityError:
        return Standing(None, None)


def why_not(found: Standing, kind: IntentKind) -> str:
    """Why this person can ask for nothing of this kind; empty for one who can."""
    if found.identity is None:
        return NO_IDENTITY
    if found.person is None:
        return (
            f"Read-only: burndeck.toml does not know {found.identity.name}. "
            "`burndeck identity show` prints what to add."
        )
    if not found.may(kind):
        from agent.control.roles import deed, takes

        return f"{found.person.name} may not {deed(kind)}: it takes {takes(kind)}."
    return ""


class Wants:
    """What waits for the agent, by the number of its intent."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[Want, IntentReceipt]] = {}

    @property
    def waiting(self) -> tuple[int, ...]:
        """The intents to ask after."""
        return tuple(self._waiting)

    def add(self, want: Want, receipt: IntentReceipt) -> None:
        """It is in the ledger; the agent will answer."""
        self._waiting[receipt.id] = (want, receipt)

    def answered(self, outcomes: Iterable[Outcome]) -> list[str]:
        """A sentence for each that the agent has answered; they wait no longer."""
        from agent.domain.intent import IntentState

        said = []
        for outcome in outcomes:
            found = self._waiting.pop(outcome.id, None)
            if found is None:
                continue
            want, receipt = found
            done = outcome.state is IntentState.DONE
            said.append(want.succeeded(receipt.person) if done else want.failed(outcome.reason))
        return [each for each in said if each]


def _undone(reason: str) -> str:
    """Why nothing comes of a wish: taken back by oneself is no refusal."""
    from agent.control.withdrawing import WITHDRAWN

    return f"{reason[:1].upper()}{reason[1:]}." if reason.startswith(WITHDRAWN) else f"Refused: {reason}."
