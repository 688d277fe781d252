"""People who walk shipped runbooks on a real gateway: by commands, or by a script up to where it waits.

What runbooks prove by minutes of silence is waited for by the clock of the ledger: the agent is killed, and
goes on some minutes later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.control import IntentState, outcome, submit
from agent.control.asking import Ask
from agent.control.identity import read_identity
from agent.ledger import open_reader
from agent.ledger.reader import LedgerReader
from agent.runbooks.library import library
from agent.runbooks.view import RunView, run_view
from agent.settings import Settings, load_settings
from console.runs.answers import answers_of
from console.runs.cast import Cast
from console.runs.drive import Played, StepEnd, play
from tests.labs.acting import PEOPLE, Site, until

WITHIN_S = 45.0
"""Nothing that a script waits for may take longer."""
_READ = """
SELECT 1 WHERE (SELECT min(last_ok) FROM source_status) >= ? AND (SELECT min(ok_at) FROM gateway_status) >= ?
"""


class PausedError(Exception):
    """The run waits at a step where the test wants to do something else first."""


class LaterSite(Site):
    """A site whose ledger can be some minutes ahead of its gateway."""

    def __init__(self, folder: Path, config: str, environ: Mapping[str, str] | None = None) -> None:
        super().__init__(folder, config, environ)
        self._config = (folder / "burndeck.toml").read_text()
        self._ahead_s = 0

    def more(self, tables: str, organization: str = "") -> None:
        """Writes more of burndeck.toml, of its organization too; the agent reads it when it starts anew."""
        self._config = self._config.replace('id = "org-1"\n', f'id = "org-1"\n{organization}', 1) + tables

    def later(self, minutes: int) -> None:
        """Lets time go on while nobody looks, and has the agent read source and gateway again."""
        self.kill()
        self._ahead_s += minutes * 60
        clock = f"\n[clock]\nepoch = {float(self._ahead_s)}\nstarted = 0.0\nspeed = 1.0\n"
        (self.folder / "burndeck.toml").write_text(self._config + clock)
        began = int(time.time()) + self._ahead_s
        self.start()
        until(lambda: self.rows(_READ, began, began), "a reading of source and gateway", why=self.said)

    @property
    def settings(self) -> Settings:
        """What its commands read, too."""
        return load_settings(self.folder / "burndeck.toml")


@dataclass
class Ground:
    """A site as the driver of runs sees it."""

    site: LaterSite
    reader: LedgerReader
    settings: Settings
    cast: Cast
    pause: str  # the id of the step at whose wait the script stops
    run: int
    ends_at: float = field(default_factory=lambda: time.monotonic() + WITHIN_S)
    paused: bool = False

    def now(self) -> float:
        """The time of the ledger."""
        return self.settings.clock().now()

    def tell(self, person: str, ask: Ask) -> str:
        """Signs what somebody wants; returns why the agent refused it, or nothing."""
        identity = self.cast.identities[person]
        receipt = submit(self.settings, ask.kind, ask.subject, ask.payload, self.now(), identity=identity)

        def answered() -> Any:
            found = outcome(self.reader, receipt.id)
            return found if found is not None and found.state is not IntentState.NEW else None

        found = until(answered, f"an answer to {ask.kind}", why=self.site.said)
        return "" if found.state is IntentState.DONE else found.reason or f"it is {found.state.value}"

    def wait(self, so_far_s: float) -> None:
        """Until the agent has written something."""
        view = self.view()
        if view.current is not None and view.current.declared.id == self.pause:
            if self.paused:
                raise PausedError
            self.paused = True  # the driver may not have looked since the step before ended
            return
        waits = view.current.waits if view.current is not None else ""
        assert time.monotonic() < self.ends_at, f"run {self.run} waits: {waits}\n{self.site.said()}"
        time.sleep(0.02)

    def view(self) -> RunView:
        """The run as it stands."""
        found = run_view(self.reader, self.settings, self.run, self.now())
        assert found is not None
        return found


@dataclass
class Walk:
    """A run of a shipped runbook that ada has started and goes on with."""

    site: LaterSite
    runbook: str
    run: int
    ends: list[StepEnd] = field(default_factory=list)

    @classmethod
    def start(cls, site: LaterSite, runbook: str, *words: str, **parameters: str) -> Walk:
        """`burndeck runbook start`, with more words of its command line and with parameters."""
        given = [word for name, text in parameters.items() for word in ("--set", f"{name}={text}")]
        answer = site.burndeck("runbook", "start", runbook, *words, *given, "--wait", "20")
        return cls(site, runbook, answer["run"]["id"])

    def do(self, what: str, *words: str, person: str = "ada", code: int = 0) -> dict[str, Any]:
        """`burndeck runbook WHAT RUN WORDS`; the run as it stands then."""
        answer = self.site.burndeck(
            "runbook", what, str(self.run), *words, "--wait", "20", person=person, code=code
        )
        found: dict[str, Any] = answer["run"]
        return found

    def script(
        self,
        told: Mapping[str, Any],
        *,
        pause: str = "",
        seen: Mapping[str, Callable[[], object]] | None = None,
    ) -> Played | None:
        """Goes on as a script says; None where it stopped at the wait of the step `pause`.

        `seen`: what is looked at when a step has ended.
        """
        found = library(self.site.settings).find(self.runbook)
        assert found is not None
        looks = seen or {}

        def tell(end: str | StepEnd) -> None:
            if not isinstance(end, str):
                self.ends.append(end)
                looks.get(end.id, lambda: None)()

        with open_reader(self.site.ledger) as reader:
            ground = Ground(self.site, reader, self.site.settings, self._cast(), pause, self.run)
            try:
                return play(ground, self.run, answers_of(told, found), tell)
            except PausedError:
                return None

    def at(self, step: str, within_s: float = 30.0) -> dict[str, Any]:
        """The run once it is at a step and waits for a person there; its view."""

        def there() -> dict[str, Any] | None:
            run = self.resume()
            current = next((each for each in run["steps"] if each["step"] == run["at"]), None)
            rests = current is not None and current["id"] == step and current["run"]["state"] != "working"
            return run if rests else None

        found: dict[str, Any] = until(there, f"run {self.run} at {step}", within_s, self.site.said)
        return found

    def resume(self) -> dict[str, Any]:
        """`burndeck runbook resume`."""
        return self.site.burndeck("runbook", "resume", str(self.run))

    def step(self, ident: str) -> dict[str, Any]:
        """A step as `burndeck runbook resume` has it."""
        found: dict[str, Any] = next(each for each in self.resume()["steps"] if each["id"] == ident)
        return found

    def current(self) -> dict[str, Any]:
        """The step that the run is at, as `burndeck runbook resume` has it; empty where it is over."""
        run = self.resume()
        return next((each for each in run["steps"] if each["step"] == run["at"]), {})

    def ended(self, told: Mapping[str, Any]) -> bool:
        """Goes on as a script says; whether the run came to its end, and no step failed."""
        played = self.script(told)
        assert played is not None
        assert played.fine, f"{self.runbook}: {played.stuck or played.failed}"
        return played.fine

    def sentence(self, ident: str) -> str:
        """What came of a step that the script has played."""
        return next((end.sentence for end in reversed(self.ends) if end.id == ident), "")

    def postmortem(self) -> str:
        """`burndeck runbook export`; its Markdown."""
        files = self.site.burndeck("runbook", "export", str(self.run))["files"]
        return (self.site.folder / files[0]).read_text()

    def _cast(self) -> Cast:
        people = self.site.settings.people
        identities = {name: read_identity(self.site.folder / name) for name in PEOPLE}
        return Cast(people, identities)


def lacking(text: str, words: Sequence[str]) -> list[str]:
    """Those of the words that a text has not."""
    return [word for word in words if word not in text]
