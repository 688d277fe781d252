"""The desk of acting with runbooks: a folder of them, and the agent's part of every run."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from agent.control.asking import Ask
from agent.control.identity import Identity
from agent.control.intents import submit
from agent.control.occasion import nobody
from agent.domain.action import ActionState
from agent.domain.action import StepState as GatewayState
from agent.domain.intent import IntentKind
from agent.domain.person import Role
from agent.domain.run import Run
from agent.ledger import open_reader
from agent.ledger.control_store import IntentHandler
from agent.runbooks import asks, records
from agent.runbooks import requests as run_requests
from agent.runbooks.library import library
from agent.runbooks.linking import linked
from agent.runbooks.machine import keep, look
from tests.console.acting_world import AT, BO, Desk, open_desk
from tests.console.harness import ADA, PATIENCE_S, Console

FRONT = """+++
id = "walk"
title = "Cost spike, tried out"
summary = "Something burns far above usual: find it and hold it back."
trigger = [{triggers}]

[parameters.scope]
kind = "scope"
help = "What burns."
from = "alert.scope"
default = "team:search"

[parameters.key]
kind = "key"
help = "The key behind the rise."
required = false
+++

# Cost spike, tried out

Look before you act. Everything here is undone with `u`.
"""
QUERY = """
## {place}. Identify: what burns most?

Look at the **share** first:

- one key with most of the rise is a client gone wrong;
- an even rise is `growth`, and no reason to throttle.

```toml burndeck
kind = "query"
id = "identify"

[[ask]]
report = "top"
with = {{ by = "key", window = "15m" }}
keep = {{ key = "key" }}

[[ask]]
report = "burn"
with = {{ scope = "{{scope}}" }}
```
"""
DECISION = """
## {place}. How hard?

Choose the mildest that stops the rise.

```toml burndeck
kind = "decision"
id = "how-hard"
question = "How hard do you hold {{scope}} back?"

[[choice]]
answer = "non-prod"
label = "throttle the team's non-production keys"

[[choice]]
answer = "nothing"
label = "nothing yet"
go = "end"
```
"""
ACTION = """
## {place}. Throttle non-production

Clients see 429 and slow down.

```toml burndeck
kind = "action"
id = "throttle"
action = "throttle"
with = {{ scope = "{{scope}}", limit = "10 rpm", for = "2h", non-prod = "yes" }}
```
"""
CHECK = """
## {place}. Is it below twenty?

```toml burndeck
kind = "check"
id = "below"
condition = "burn-below"
with = {{ scope = "team:search", credits = "2" }}
```
"""
WAIT = """
## {place}. Has the burn fallen?

The agent watches traffic, not the gateway's word.

```toml burndeck
kind = "wait-for"
id = "fell"
condition = "burn-below"
with = {{ scope = "team:search", credits = "2" }}
timeout = "10m"
otherwise = "note"
```
"""
APPROVAL = """
## {place}. Do finance and engineering agree?

```toml burndeck
kind = "approval"
id = "agreed"
sign = [["finance"], ["engineering", "lead"]]
timeout = "1h"
```
"""
NOTE = """
## {place}. What was it?

One sentence, and what proves it.

```toml burndeck
kind = "note"
id = "note"
prompt = "What caused the rise?"
```
"""
NOTIFY = """
## {place}. Tell finance

```toml burndeck
kind = "notify"
id = "tell"
to = ["central_finance"]
text = "{{scope}} burns far above usual: run {{run}}."
```
"""
RELEASE = """
## {place}. Let go

```toml burndeck
kind = "action"
id = "release"
action = "release"
```
"""


def runbook(*steps: str, triggers: str = '"burn_spike"') -> str:
    """A runbook of these steps."""
    body = (step.format(place=place) for place, step in enumerate(steps, 1))
    return FRONT.format(triggers=triggers) + "".join(body)


@dataclass
class RunDesk(Desk):
    """An agent's side that knows runbooks."""

    folder: Path

    def handlers(self) -> Mapping[IntentKind, IntentHandler]:
        acting = linked(self.settings, super().handlers())
        return {**acting, **run_requests.handlers(self.settings, nobody)}

    def work(self) -> list[str]:
        """What the agent does: with what waits, then its own part of every run."""
        said = self.take()
        while True:
            with open_reader(self.settings.ledger_path) as reader:
                found = look(reader, self.settings, AT)
            if not any(keep(self.writer, self.settings, each, AT) for each in found):
                return said

    def write(self, *steps: str, triggers: str = '"burn_spike"') -> None:
        """The runbook `walk`, of these steps."""
        (self.folder / "walk.md").write_text(runbook(*steps, triggers=triggers))

    def start(
        self, *steps: str, by: Identity = ADA, alert: int | None = None, drill: bool = False, **given: str
    ) -> Run:
        """A run of these steps, as far as the agent goes by itself."""
        self.write(*steps)
        found = library(self.settings).find("walk")
        assert found is not None, library(self.settings).problems
        self.sent(asks.start_of(found, given, alert=alert, drill=drill), by)
        return self.run()

    def sent(self, ask: Ask, by: Identity = ADA) -> None:
        """Somebody asks for something elsewhere, and the agent has done it."""
        submit(self.settings, ask.kind, ask.subject, ask.payload, AT, identity=by)
        assert self.work() == [""]

    def run(self, ident: int = 1) -> Run:
        """A run as it is now."""
        found = records.load(self.writer.runs, ident)
        assert found is not None
        return found

    def states(self, ident: int = 1) -> list[str]:
        """Where every step of a run stands."""
        return [step.state.value for step in self.run(ident).steps]

    def ends(self, effect: str = "burn fell from 0.4 to 0.2 credits/min, 38 s after") -> None:
        """Gateways have taken the newest action, and traffic shows it."""
        made = self.newest()
        steps = tuple(replace(step, state=GatewayState.APPLIED, at=AT) for step in made.steps)
        self.writer.actions.save(
            replace(
                made,
                state=ActionState.CONFIRMED,
                begun_at=AT,
                accepted_at=AT,
                confirmed_at=AT,
                expires_at=AT + 7_200,
                effect=effect,
                steps=steps,
            )
        )
        self.work()


async def answered(running: Console, desk: RunDesk) -> None:
    """What was asked for on the screen is in the ledger, and the agent has done it."""
    deadline = time.monotonic() + PATIENCE_S
    while not (said := desk.work()):
        assert time.monotonic() < deadline, f"nothing was asked for:\n{running.text}"
        await running.pilot.pause(0.02)
    assert not any(said), said


def step_text(running: Console) -> str:
    """The step beside the list, as running text."""
    place = running.app.screen.query_one("#detail").region
    lines = running.lines[place.y : place.bottom]
    return " ".join(" ".join(line[place.x : place.right - 1] for line in lines).split())


async def step_shows(running: Console, *texts: str) -> str:
    """The text of the step as soon as all of these stand in it."""
    deadline = time.monotonic() + PATIENCE_S
    while not all(text in (found := step_text(running)) for text in texts):
        assert time.monotonic() < deadline, f"{texts} did not come together:\n{running.text}"
        await running.pilot.pause(0.02)
    return found


@contextlib.contextmanager
def open_run_desk(template: Path, folder: Path, *roles: Role) -> Iterator[RunDesk]:
    """A copy of the ledger of acting, with a folder for runbooks."""
    own = folder / "runbooks"
    own.mkdir()
    with open_desk(template, folder, *roles) as desk:
        yield RunDesk(desk.writer, replace(desk.settings, own_runbooks=own), own)


__all__ = ["AT", "BO", "RunDesk", "answered", "open_run_desk", "runbook", "step_shows"]
