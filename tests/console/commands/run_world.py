"""The world of acting commands with a runbook of its own, and the whole agent for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from agent.daemon import run_agent
from agent.settings import load_settings
from tests.console.commands.acting_world import World

QUIET = """+++
id = "quiet"
title = "Make it quiet"
summary = "Hold search back, and let it go again."

[parameters.scope]
kind = "scope"
help = "What burns."
default = "team:search"

[parameters.key]
kind = "key"
help = "Who burns most. Step 1 finds it."
required = false
+++

# Make it quiet

## 1. Who is it?

The first row is the one.

```toml burndeck
kind = "query"
id = "who"
report = "top"
with = { by = "key", scope = "{scope}" }
keep = { key = "key" }
```

## 2. How hard?

The mildest that helps.

```toml burndeck
kind = "decision"
id = "how"
question = "How hard is {key} held back?"

[[choice]]
answer = "hard"
label = "throttle what is not production"
go = "throttle"

[[choice]]
answer = "not"
label = "not at all"
go = "close"
```

## 3. Throttle

It undoes itself.

```toml burndeck
kind = "action"
id = "throttle"
action = "throttle"
with = { scope = "{scope}", limit = "60 rpm", for = "1h", non-prod = "yes" }
```

## 4. Is the key known?

A key that nobody knows is another matter.

```toml burndeck
kind = "check"
id = "known"
condition = "key-known"
with = { key = "key_of_nobody" }
```

## 5. Tell finance

They ask later.

```toml burndeck
kind = "notify"
id = "tell"
to = ["central_finance"]
text = "{scope} was held back"
```

## 6. Let it go

All of it.

```toml burndeck
kind = "action"
id = "release"
action = "release"
```

## 7. Do the others agree?

Two people.

```toml burndeck
kind = "approval"
id = "agree"
sign = [["finance"], ["engineering", "lead"]]
```

## 8. What was it?

One sentence.

```toml burndeck
kind = "note"
id = "close"
prompt = "What was it?"
```
"""


@dataclass
class RunWorld(World):
    """Its people run the runbook `quiet`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        folder = self.folder / "runbooks"
        folder.mkdir()
        (folder / "quiet.md").write_text(QUIET)

    @contextmanager
    def agent(self) -> Iterator[None]:
        """The whole agent on a thread."""
        stop = threading.Event()
        settings = load_settings(self.config).with_ledger(self.ledger)
        thread = threading.Thread(target=run_agent, args=(settings,), kwargs={"stop": stop})
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def runbook(self, *words: str) -> int:
        """The exit code of `burndeck runbook WORDS`, with patience where it moves a run."""
        waits = ("--wait", "30") if words[0] not in _LOOKS else ()
        return self.run("runbook", *words, *waits)

    def moved(self, capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, Any]:
        """What `burndeck runbook WORDS --json` prints; it must end with this exit code."""
        capsys.readouterr()
        ended = self.runbook(*words, "--json")
        said = capsys.readouterr()
        assert ended == code, said.out + said.err
        found: dict[str, Any] = json.loads(said.out)
        return found

    def at(self, capsys: pytest.CaptureFixture[str]) -> int:
        """The step that run 1 is at."""
        capsys.readouterr()
        self.runbook("resume", "1", "--json")
        return int(json.loads(capsys.readouterr().out)["at"])


_LOOKS = ("runs", "resume", "timeline", "export", "drill")
