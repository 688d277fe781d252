"""The menu behind the key `more`: what else can be done to a row, what cannot, and why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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
from console.screens.acting.look import Looked, around_the_key, look_at
from console.screens.forms.preview import PreviewForm, PreviewScreen
from console.screens.runbook.choices import Choice, ChoiceScreen
from console.wants import why_not
from console.widgets.canvas import Canvas
from console.widgets.ink import Line, Span, Tone, wrap
from console.widgets.rows import Column
from console.widgets.table import Table

if TYPE_CHECKING:
    from agent.control.planning import Plan
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings
    from console.deck import BurndeckApp
    from console.screens.live_screen import LiveScreen

TOPIC = "form/more"
SAID_LINES = 4
NOT_HERE = "not here"
HOW = "j and k go through them; all of each is said here."
COLUMNS = (
    Column("", 1, at_right=False, sortable=False),
    Column("what", 19, at_right=False, sortable=False),
    Column("means", 30, at_right=False, grow=True, most=90, sortable=False),
    Column("asks", 10, at_right=False, grow=True, most=24, sortable=False),
)


@dataclass(frozen=True, slots=True)
class Other:
    """One thing that has no key of its own."""

    name: str  # in the menu
    kind: IntentKind
    means: str
    form: Callable[[Settings, Aim], PreviewForm]


OTHERS = (
    Other("models", IntentKind.MODELS, "only some pass, others are refused", others.models),
    Other("hosted tools", IntentKind.TOOLS, "only some stay, such as file_search", others.tools),
    Other("delete the key", IntentKind.REVOKE, "for ever, with two approvals", others.revoke),
    Other("off-board the team", IntentKind.BLOCK, "all its keys, until it is undone", others.off_board),
)


@dataclass(frozen=True, slots=True)
class Found:
    """What gateways make of one of the others."""

    problem: str = ""  # none of them can do it; empty where one can
    nearest: str = ""  # the project that it can be done to instead of the key
    gateways: tuple[str, ...] = ()  # that would be asked


def not_of(other: Other, aim: Aim) -> str:
    """Why something is nothing for what the person stands on, and what is nearest; empty where it is."""
    kind = aim.scope.kind
    if other.kind is IntentKind.REVOKE and kind is not ScopeKind.API_KEY:
        return (
            f"One key at a time: this is {aim.name}. Triage lists its keys (d). "
            "A block (b) stops all of them, and can be undone."
        )
    if other.form is others.off_board and kind is not ScopeKind.TEAM:
        return (
            f"Only a whole team: this is {aim.name}. Triage lists teams (d). "
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
        made = preview(reader, settings, spec, now)
    except HeldAlreadyError:
        return Found()  # what else could be asked for, the form knows
    except BurndeckError as error:
        problem = f"{error.message}. {error.hint}".strip()
    except Refused as refused:
        problem = refused.reason
    else:
        return Found(gateways=_asked(made))
    nearest = around_the_key(reader, settings, Looked(spec, problem=problem), now).nearest
    if nearest is None:
        return Found(problem)
    scope, name = nearest
    wider = look_at(reader, settings, replace(spec, scope=scope), now).plan
    return Found(nearest=name, gateways=_asked(wider) if wider is not None else ())


def _asked(made: Plan) -> tuple[str, ...]:
    return tuple(dict.fromkeys(step.target.gateway for step in made.steps))


class MoreScreen(ChoiceScreen):
    """Ends with the name of one of the others that can be done; at one that cannot it says why."""

    columns = COLUMNS

    def __init__(self, aim: Aim) -> None:
        self._aim = aim
        self._found: Mapping[str, Found] = {}
        self._question = others_question(aim)
        super().__init__("More", aim.name, ())
        self._said = Canvas("form-said")

    def more(self) -> ComposeResult:
        yield self._said

    def on_mount(self) -> None:
        self._choices = self._offered()
        self._said.styles.height = SAID_LINES
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
            self._said.redraw()

    def on_table_moved(self, event: Table.Moved) -> None:
        event.stop()
        self._said.redraw()

    def _offered(self) -> list[Choice]:
        return [self._choice(other) for other in OTHERS]

    def _choice(self, other: Other) -> Choice:
        """A line of few words; what they leave out is said below of the one under the cursor."""
        if why := self.why(other):
            return other.name, why.partition(": ")[0].partition(". ")[0], NOT_HERE
        found = self._found.get(other.name, Found())
        means = f"of all of project {found.nearest}" if found.nearest else other.means
        return other.name, means, ", ".join(found.gateways)

    def _means(self, other: Other) -> str:
        """All of it, in sentences."""
        found = self._found.get(other.name)
        if found is None:
            return f"{other.means.capitalize()}. Asking the ledger which gateways can …"
        whole = f"for all of project {found.nearest}, not for the key alone: " if found.nearest else ""
        text = f"{whole}{other.means}."
        asks = f" It asks {' and '.join(found.gateways)}." if found.gateways else ""
        return f"{text[:1].upper()}{text[1:]}{asks} A preview comes first."

    def why(self, other: Other) -> str:
        """Why it cannot be done here by the person here; empty where it can, as far as that is known."""
        return not_of(other, self._aim) or self._found.get(other.name, Found()).problem or self._barred(other)

    def _barred(self, other: Other) -> str:
        """Why the person here may not ask for it; empty where they may, or are not known yet."""
        who = self.deck.standing
        return why_not(who, other.kind) if who is not None else ""

    def choose(self, name: str) -> None:
        """Ends with it, or says why it is not offered."""
        other = _named(name)
        why = self.why(other)
        if not why:
            self.dismiss(name)
            return
        if why == self._barred(other):
            self.deck.stopped(other.kind, why, str(self._aim.scope))
        self._table.select(name)
        self._said.redraw()

    def _draw_said(self, width: int, height: int) -> list[Line]:
        row = self._table.selected
        if row is None:
            return [[Span(f" {HOW}", Tone.DIM)]]
        other = _named(row.key)
        why = self.why(other)
        lines = wrap(f"▲ {why}" if why else self._means(other), width - 2)
        return [[Span(" "), Span(line, Tone.WARM if why else Tone.PLAIN)] for line in lines]


def _named(name: str) -> Other:
    return next(other for other in OTHERS if other.name == name)


def open_more(screen: LiveScreen, aim: Aim) -> None:
    """Opens the menu on an aim, and then the form of what is chosen."""

    def chosen(name: str | None) -> None:
        other = next((each for each in OTHERS if each.name == name), None)
        if other is not None:
            screen.deck.hold_keys(over=screen)
            screen.call_later(open_other, screen, other, aim)

    screen.deck.push_form(MoreScreen(aim), chosen)


def open_other(screen: LiveScreen, other: Other, aim: Aim) -> None:
    """Opens the form of one of the others, for somebody who may ask for it."""

    def form(settings: Settings) -> PreviewScreen:
        return PreviewScreen(other.form(settings, aim))

    screen.ask_for(other.kind, form)
