"""What a person asks for on the Alerts screen: signed, taken by the real agent's desk, and answered."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from agent.alerts.handlers import handlers
from agent.control import take
from agent.domain.alert import Alert, AlertRule, AlertState, Signal
from agent.domain.incident import Incident
from agent.domain.person import Person, Role
from agent.domain.silence import Silence
from agent.ledger import open_reader, open_writer
from agent.ledger.writer import LedgerWriter
from agent.settings import Settings
from console import live as live_link
from console.live import Live
from console.questions import burn_question
from console.screens.alerts import wishes
from console.screens.forms.form import FieldError
from console.view import View
from tests.agent.reports.world import NANO, NOW, SETTINGS, fill
from tests.clocks import standing
from tests.console import samples
from tests.console.alert_samples import BOARD, BUDGET, SPIKE
from tests.console.harness import ADA, Console, console, piloted, taken

SUMMARY = "retry storm: search-prod (team search) burns 31.0 credits/min, 6.0x the usual 5.0"


def alert(tier: str = "critical", **changes: object) -> Alert:
    signal = Signal(
        fingerprint=f"burn_spike:{tier}",
        rule=AlertRule.BURN_SPIKE,
        tier=tier,
        at=NOW,
        scope_kind="api_key",
        scope="key_search",
        current_nano=31 * NANO,
        expected_nano=5 * NANO,
        threshold=Decimal("0.5"),
        api_key="key_search",
        team="search",
        environment="prod",
        cause="retry_storm",
        summary=SUMMARY,
    )
    base = Alert(signal, AlertState.FIRING, NOW - 600, fired_at=NOW - 540, told_at=NOW - 540, told=1)
    return replace(base, **changes)


@dataclass
class Desk:
    """An agent's side: the ledger that a console looks at."""

    writer: LedgerWriter
    settings: Settings

    def take(self) -> list[str]:
        """What the agent does with what waits: why it was refused, or nothing, each."""
        taken = take(self.writer, self.settings, NOW + 60, handlers(self.settings))
        return [handled.reason for handled in taken]

    def alert(self) -> Alert:
        """The first alert."""
        found = self.writer.alerts.alert(1)
        assert found is not None
        return found

    def timeline(self) -> list[tuple[str, str, str]]:
        """Kind, actor and text of every line."""
        with sqlite3.connect(self.writer.path) as conn:
            return conn.execute("SELECT kind, actor, text FROM timeline ORDER BY id").fetchall()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wishes") / "ledger.sqlite"
    fill(path, days=1)
    return path


@pytest.fixture
def desk(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live_link, "BETWEEN_S", 0.05)  # a person does not wait for half a second here
    path = Path(shutil.copy(filled, tmp_path / "ledger.sqlite"))
    people = (Person(ADA.name, ADA.public_key, (Role.OPERATOR,)),)
    settings = replace(SETTINGS, ledger_path=path, people=people, scaled_clock=standing(NOW + 60))
    with open_writer(path) as writer:
        incident = writer.incidents.add_incident(
            Incident(SUMMARY, "team:search", "critical", "retry_storm", NOW - 540)
        )
        writer.alerts.save([alert(incident=incident.id)])
        yield Desk(writer, settings)


@contextlib.asynccontextmanager
async def alerts_of(desk: Desk, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Console]:
    """The console on Alerts, on the desk's ledger, as soon as the alert is shown."""
    live = Live(lambda: (desk.settings, open_reader(desk.settings.ledger_path)))
    live.watch(burn_question(View()))
    live.start()
    async with console(size, live=live) as running:
        await running.until("BURN NOW")
        await running.press("a")
        await running.until("critical firing for")
        await running.known()
        yield running


async def signed(running: Console, desk: Desk) -> list[str]:
    """What the agent makes of the wish, as soon as it is in the ledger."""
    await running.until("Signed by ada")
    return desk.take()


@pytest.mark.usefixtures("ada")
@piloted
async def test_acknowledge_with_a_note(desk):
    async with alerts_of(desk) as running:
        await running.press("A", *"rolling", "space", *"back", "enter")
        assert await signed(running, desk) == [""]
        await running.until("Alert 1 acknowledged by ada.", "active 0  acknowledged 1")

    assert desk.alert().state is AlertState.ACKNOWLEDGED and desk.alert().acknowledged_by == "ada"
    assert desk.timeline() == [("acknowledged", "ada", "rolling back")]


@pytest.mark.usefixtures("ada")
@piloted
async def test_a_form_that_is_left_asks_for_nothing(desk):
    async with alerts_of(desk) as running:
        await running.press("A", *"note", "escape")

        assert running.app.screen.has_class("on-alerts")
    assert desk.take() == []


@pytest.mark.usefixtures("ada")
@piloted
async def test_silence_is_filled_in_from_the_alert_and_says_what_goes_unheard(desk):
    async with alerts_of(desk) as running:
        await running.press("z")
        text = await running.until("Mutes 1 alert that fires now: 26.0 credits/min above what is usual")
        assert "rule=burn_spike, api_key=key_search" in text and "the credits end it in 38 min" in " ".join(
            text.split()
        )

        await running.press("enter")
        assert "▲ reason: everybody sees it" in running.text

        await running.press(*"load", "space", *"test", "enter")
        assert await signed(running, desk) == [""]
        await running.until("Silenced for 2h by ada.")

    (silence,) = desk.writer.incidents.open_silences()
    assert (silence.author, silence.reason, silence.limit_nano) == ("ada", "load test", 1_000 * NANO)
    assert silence.matchers == {"rule": "burn_spike", "api_key": "key_search"}
    assert silence.matches(desk.alert()) and silence.ends_at - silence.starts_at == 7_200


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"matches": "team"}, "is not FIELD=PATTERN"),
        ({"matches": " , "}, "without any it would mute everything"),
        ({"matches": "tier=hard_cap"}, "a hard cap is never silenced"),
        ({"for": "9d"}, "no longer than 7d"),
        ({"for": "soon"}, "is not a stretch of time"),
        ({"credits": "0"}, "0 is no amount above zero"),
        ({"credits": "nan"}, "nan is no amount above zero"),
        ({"reason": ""}, "it cannot stay empty"),
    ],
)
def test_a_silence_that_cannot_be_says_what_is_wrong(typed, problem):
    form = wishes.silence(SETTINGS, SPIKE, BOARD, samples.NOW)
    values = {field.name: field.value for field in form.fields} | {"reason": "load test"}
    assert form.want(values).subject == "silence"

    with pytest.raises(FieldError, match=re.escape(problem)):
        form.want(values | typed)


@pytest.mark.usefixtures("ada")
@piloted
async def test_lift_a_silence(desk):
    silence = desk.writer.incidents.add_silence(
        Silence("bo", "load test", {"team": "search"}, NOW - 60, NOW + 3_600, 500 * NANO)
    )
    desk.writer.alerts.save([replace(desk.alert(), muted_by=f"silence:{silence.id}")])
    async with alerts_of_muted(desk) as running:
        await running.press("Z")
        await running.until("By bo: load test.", "0 of 500 credits burnt")
        await running.press("enter")
        assert await signed(running, desk) == [""]
        await running.until("Silence 1 lifted by ada.")

    assert desk.writer.incidents.silence(1).ended_why == "lifted"


@contextlib.asynccontextmanager
async def alerts_of_muted(desk: Desk) -> AsyncIterator[Console]:
    live = Live(lambda: (desk.settings, open_reader(desk.settings.ledger_path)))
    live.watch(burn_question(View()))
    live.start()
    async with console(live=live) as running:
        await running.until("BURN NOW")
        await running.press("a", "l", "l")
        await running.until("muted 1", "silence 1")
        await running.known()
        yield running


@pytest.mark.usefixtures("ada")
@piloted
async def test_planned_activity_ends_the_alert(desk):
    async with alerts_of(desk) as running:
        await running.press("p", *"re-index", "enter")
        assert await signed(running, desk) == [""]
        await running.until("Alert 1 marked as planned by ada.", "history 1")

    assert desk.alert().state is AlertState.RESOLVED
    (planned,) = desk.writer.incidents.planned(NOW)
    assert (planned.scope, planned.start, planned.reason) == ("key_search", NOW - 600, "re-index")


@pytest.mark.usefixtures("ada")
@piloted
async def test_a_refusal_says_why(desk):
    async with alerts_of(desk) as running:
        await running.press("A")
        desk.writer.alerts.save(
            [replace(desk.alert(), state=AlertState.ACKNOWLEDGED, acknowledged_by="bo", acknowledged_at=NOW)]
        )
        await running.press("enter")
        assert await signed(running, desk) == ["bo has acknowledged it already"]

        await running.until("Refused: bo has acknowledged it already.")


@pytest.mark.usefixtures("nobody")
@piloted
async def test_without_an_identity_the_console_only_reads(desk):
    async with alerts_of(desk) as running:
        await running.until("READ-ONLY")
        await running.press("A")

        await running.until("Run `burndeck identity create`.")
        assert running.app.screen.has_class("on-alerts")
    assert desk.take() == []


@pytest.mark.usefixtures("ada")
@piloted
async def test_somebody_whom_burndeck_toml_does_not_know_is_told_so(desk):
    desk.settings = replace(desk.settings, people=())
    async with alerts_of(desk) as running:
        await running.until("READ-ONLY")
        await running.press("z")

        await running.until("burndeck.toml does not know ada.")


@pytest.mark.usefixtures("ada")
@piloted
async def test_a_role_that_only_looks_is_told_so_before_a_form_opens(desk):
    viewer = Person(ADA.name, ADA.public_key, (Role.VIEWER,))
    desk.settings = replace(desk.settings, people=(viewer,))
    async with alerts_of(desk) as running:
        await running.press("p")

        await running.until("ada may not plan an activity")
        (told,) = await taken(desk)

    assert told.startswith("ada may not plan an activity: it takes")
    with sqlite3.connect(desk.writer.path) as conn:
        assert conn.execute("SELECT actor, kind FROM audit").fetchall()[-1] == ("ada", "intent_refused")


@pytest.mark.usefixtures("ada")
@piloted
async def test_a_new_alert_reaches_the_screen_from_its_commit(desk):
    async with alerts_of(desk) as running:
        await running.press("b")
        await running.until("BURN NOW")
        start = time.monotonic()
        desk.writer.alerts.save([alert("hard_cap")])

        await running.until("new hard cap", "■ 1 hard cap ▲ 1 critical")
        assert time.monotonic() - start < 5 and len(running.rung) == 1


def test_the_matchers_of_a_silence_are_the_rule_and_what_the_alert_is_about():
    assert wishes.matchers_of(SPIKE) == {"rule": "burn_spike", "api_key": "key_search_prod_3"}
    assert wishes.matchers_of(BUDGET) == {"rule": "budget", "allocation": "team-search", "tier": "warning"}


def test_a_silence_tells_how_long_its_credits_last():
    form = wishes.silence(SETTINGS, SPIKE, BOARD, samples.NOW)
    (said,) = form.judge({"matches": "team=search, rule=burn_spike", "credits": "446.6"})

    assert said.startswith("Mutes 1 alert that fires now: 223.3 credits/min") and "in 2 min" in said
