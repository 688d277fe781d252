"""The menu behind the key `more`: what else can be done to a row, what cannot, and why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import ScopeKind
from agent.domain.intent import IntentKind, Refused
from agent.errors import BurndeckError
from console.live import Answer, News, Question
from console.screens.acting import others
from console.screens.acting.aim import Aim
from console.screens.acting.called import called_models, those_that_stay
from console.screens.acting.look import Looked, around_the_key
from console.screens.forms.preview import PreviewForm, PreviewScreen
from console.screens.runbook.choices import Choice, ChoiceScreen
from console.wants import why_not
from console.widgets.canvas import Canvas
from console.widgets.ink import Line, Span, Tone, wrap

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings
    from console.deck import BurndeckApp
    from console.screens.live_screen import LiveScreen

TOPIC = "form/more"
SAID_LINES = 4
NOT_HERE = "not here"


@dataclass(frozen=True, slots=True)
class Other:
    """One thing that has no key of its own."""

    name: str  # in the menu
    kind: IntentKind
    means: str
    form: Callable[[Settings, Aim], PreviewForm]


OTHERS = (
    Other("models", IntentKind.MODELS, "only some pass, calls to others are refused", others.models),
    Other("hosted tools", IntentKind.TOOLS, "only some stay, such as file_search", others.tools),
    Other("delete the key", IntentKind.REVOKE, "for ever, with two approvals", others.revoke),
    Other("off-board the team", IntentKind.BLOCK, "all its keys, until it is undone", others.off_board),
)


@dataclass(frozen=True, slots=True)
class Found:
    """What gateways make of one of the others."""

    problem: str = ""  # none of them can do it; empty where one can
    nearest: str = ""  # the project that it can be done to instead of the key


def not_of(other: Other, aim: Aim) -> str:
    """Why something is nothing for what the person stands on, and what is nearest; empty where it is."""
    kind = aim.scope.kind
    if other.kind is IntentKind.REVOKE and kind is not ScopeKind.API_KEY:
        return (
            f"One key is deleted at a time, and this is {aim.name}: Triage lists its keys (d). "
            "A block (b) stops all of them, and can be undone."
        )
    if other.form is others.off_board and kind is not ScopeKind.TEAM:
        return (
            f"A team is off-boarded, and this is {aim.name}: Triage lists teams (d). "
            "A block (b) stops what is here, and can be undone."
        )
    return ""


def others_question(aim: Aim) -> Question:
    """Which of the others the gateways that serve a scope can do."""

    def ask(reader: LedgerReader, settings: Settings, now: float) -> Mapping[str, Found]:
        stay = those_that_stay(called_models(reader, settings, aim, now), aim) or ("any",)
        specs = {
            IntentKind.MODELS: ActionSpec(ActionKind.MODELS, aim.scope, models=stay),
            IntentKind.TOOLS: ActionSpec(ActionKind.TOOLS, aim.scope),
            IntentKind.REVOKE: ActionSpec(ActionKind.REVOKE, aim.scope),
            IntentKind.BLOCK: ActionSpec(ActionKind.BLOCK, aim.scope),
        }
        asked = (other for other in OTHERS if not not_of(other, aim))
        return {other.name: _found(reader, settings, specs[other.kind], now) for other in asked}

    return Question(TOPIC, ask, (aim,))


def _found(reader: LedgerReader, settings: Settings, spec: ActionSpec, now: float) -> Found:
    from agent.control.asking import preview
    from agent.control.planning.drafts import HeldAlreadyError

    try:
        preview(reader, settings, spec, now)
    except HeldAlreadyError:
        return Found()  # what else could be asked for, the form knows
    except BurndeckError as error:
        problem = f"{error.message}. {error.hint}".strip()
    except Refused as refused:
        problem = refused.reason
    else:
        return Found()
    nearest = around_the_key(reader, settings, Looked(spec, problem=problem), now).nearest
    return Found("" if nearest else problem, nearest[1] if nearest else "")


class MoreScreen(ChoiceScreen):
    """Ends with the name of one of the others that can be done; at one that cannot it says why."""

    def __init__(self, aim: Aim) -> None:
        self._aim = aim
        self._found: Mapping[str, Found] = {}
        self._question = others_question(aim)
        self._why = ""
        super().__init__("More", aim.name, ())
        self._said = Canvas("form-said")

    def more(self) -> ComposeResult:
        yield self._said

    def on_mount(self) -> None:
        self._choices = self._offered()
        self._said.styles.height = SAID_LINES
        self._said.display = False
        self._said.paint(self._draw_said)
        self.deck.live.ask(self._question)

    @property
    def deck(self) -> BurndeckApp:
        """The application, as the type that it is."""
        from console.deck import BurndeckApp

        assert isinstance(self.app, BurndeckApp)
        return self.app

    def hear(self, news: News) -> None:
        """What gateways can do has been found out."""
        if isinstance(news, Answer) and news.question is self._question:
            self._found = news.value  # type: ignore[assignment]
            self.show_choices(self._offered())

    def _offered(self) -> list[Choice]:
        return [self._choice(other) for other in OTHERS]

    def _choice(self, other: Other) -> Choice:
        why = self.why(other)
        return other.name, why or self._means(other), NOT_HERE if why else ""

    def _means(self, other: Other) -> str:
        nearest = self._found.get(other.name, Found()).nearest
        return f"of all of project {nearest}: {other.means}" if nearest else other.means

    def why(self, other: Other) -> str:
        """Why it cannot be done here by the person here; empty where it can, as far as that is known."""
        return not_of(other, self._aim) or self._found.get(other.name, Found()).problem or self._barred(other)

    def _barred(self, other: Other) -> str:
        """Why the person here may not ask for it; empty where they may, or are not known yet."""
        who = self.deck.standing
        return why_not(who, other.kind) if who is not None else ""

    def choose(self, name: str) -> None:
        """Ends with it, or says why it is not offered."""
        other = next(other for other in OTHERS if other.name == name)
        self._why = self.why(other)
        if not self._why:
            self.dismiss(name)
            return
        if self._why == self._barred(other):
            self.deck.stopped(other.kind, self._why, str(self._aim.scope))
        self._said.display = True
        self._said.redraw()

    def _draw_said(self, width: int, height: int) -> list[Line]:
        lines = wrap(f"▲ {self._why}", width - 2) if self._why else []
        return [[Span(" "), Span(line, Tone.WARM)] for line in lines]


def open_more(screen: LiveScreen, aim: Aim) -> None:
    """Opens the menu on an aim, and then the form of what is chosen."""

    def chosen(name: str | None) -> None:
        other = next((each for each in OTHERS if each.name == name), None)
        if other is not None:
            screen.call_later(open_other, screen, other, aim)

    screen.app.push_screen(MoreScreen(aim), chosen)


def open_other(screen: LiveScreen, other: Other, aim: Aim) -> None:
    """Opens the form of one of the others, for somebody who may ask for it."""

    def form(settings: Settings) -> PreviewScreen:
        return PreviewScreen(other.form(settings, aim))

    screen.ask_for(other.kind, form)
