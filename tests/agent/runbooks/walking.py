"""Runs of a person's own runbooks on a ledger with an allocation at its hard cap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.allocations import settings_now
from agent.control.asking import preview
from agent.domain.run import Run
from agent.ledger.reader import LedgerReader
from agent.runbooks import asks, records
from agent.runbooks.library import library
from agent.runbooks.machine import keep, look
from agent.runbooks.specs import spec_of
from agent.runbooks.view import RunView, run_view
from tests.agent.process.override import Override


def markdown(ident: str, *steps: str, front: str = "") -> str:
    """A runbook of machine parts, one a step."""
    head = f'+++\nid = "{ident}"\ntitle = "{ident.title()}"\n{front}\n+++\n\n# {ident.title()}\n'
    blocks = (
        f"\n## {place}. Step {place}\n\nWhat to look for.\n\n```toml burndeck\n{block.strip()}\n```\n"
        for place, block in enumerate(steps, 1)
    )
    return head + "".join(blocks)


class Walking(Override):
    """The agent with its conductor, all in the caller's thread."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.folder = path.parent / "own"
        self.folder.mkdir()
        self.office.settings = replace(self.office.settings, own_runbooks=self.folder)
        for part in (self.watch, self.executor._bench):
            part.settings = self.office.settings  # type: ignore[misc]
        self.renew()

    def renew(self) -> None:
        """The agent begins anew, as after a restart."""
        from agent.process.watch import Watch

        self.watch = Watch(self.office.settings, lambda: None, monotonic=self.clock.now)

    def write(self, ident: str, *steps: str, front: str = "") -> None:
        """Puts a runbook into the folder."""
        (self.folder / f"{ident}.md").write_text(markdown(ident, *steps, front=front))

    def go_on(self, seconds: int = 60) -> None:
        super().go_on(seconds)
        self.conduct()

    def conduct(self) -> None:
        """The agent's part of every run, as far as it goes."""
        while True:
            with LedgerReader(self.office.path) as reader:
                found = look(reader, self.office.settings, self.clock.now())
            if not [
                each
                for each in found
                if keep(self.office.writer, self.office.settings, each, self.clock.now())
            ]:
                return

    def start(
        self,
        ident: str,
        who: str = "ada",
        *,
        alert: int | None = None,
        incident: int | None = None,
        drill: bool = False,
        **parameters: str,
    ) -> str:
        """Somebody starts a run; why it was refused, or nothing."""
        found = library(self.office.settings).find(ident)
        assert found is not None, library(self.office.settings).problems
        ask = asks.start_of(found, parameters, alert=alert, incident=incident, drill=drill)
        return self.ask(who, ask)

    def run(self, ident: int = 1) -> Run:
        """A run as it is now."""
        found = records.load(self.office.writer.runs, ident)
        assert found is not None
        return found

    def view(self, ident: int = 1) -> RunView:
        """A run as a screen shows it."""
        with LedgerReader(self.office.path) as reader:
            found = run_view(reader, self.office.settings, ident, self.clock.now())
        assert found is not None
        return found

    def do(self, what: str, who: str = "ada", step: int | None = None, **said: Any) -> str:
        """Somebody does something about the step that run 1 is at, or about another."""
        run = self.run()
        return self.ask(who, asks.step_of(run, run.at if step is None else step, what, **said))

    def act(self, who: str = "ada", changed: Mapping[str, str] | None = None) -> str:
        """Somebody asks for the action of the step that run 1 is at."""
        run = self.run()
        assert run.declared is not None
        with LedgerReader(self.office.path) as reader:
            now = self.clock.now()
            settings = settings_now(self.office.settings, reader.action_store(), now)
            spec = spec_of(settings, run, run.declared, changed)
            made = preview(reader, self.office.settings, spec, now)
        return self.ask(who, asks.action_of(run, run.at, made, "by the runbook"))

    def states(self) -> list[str]:
        """Where every step of run 1 stands."""
        return [step.state.value for step in self.run().steps]

    def events(self) -> list[tuple[str, str]]:
        """Kind and actor of every line of run 1's timeline."""
        return [(event.kind, event.actor) for event in self.office.writer.runs.events(1)]
