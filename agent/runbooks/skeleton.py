"""A runbook to begin with: a few steps that work, and what else a step can be."""

from __future__ import annotations

import json

from agent.errors import ConfigError
from agent.runbooks.format import LARGEST, id_problem


def skeleton(ident: str, title: str = "") -> str:
    """The text of a new runbook, which `check` has nothing to say against.

    Raises `ConfigError` for an id or title that no runbook can have.
    """
    if problem := id_problem(ident):
        raise ConfigError(problem, hint="Call it as in search-latency.")
    shown = title.strip() or ident.replace("-", " ").capitalize()
    if not shown.isprintable() or len(shown) > LARGEST // 1024:
        raise ConfigError(
            f"the title {shown[:40]!r} does not fit a line", hint="Printable characters, 256 at most."
        )
    quoted = json.dumps(shown, ensure_ascii=False)  # a basic string of TOML is written like one of JSON
    return _TEXT.replace("@ID@", ident).replace("@QUOTED@", quoted).replace("@TITLE@", shown)


_TEXT = """\
+++
id = "@ID@"
title = @QUOTED@
summary = "One sentence: when it is opened, and what it is good for."

# Alerts that it answers: rules, a rule with its cause, tiers; such as "burn_spike", "hard_cap",
# "burn_spike/retry_storm".
trigger = []
# Who may start it; without this line everybody on call.
# roles = ["operator", "engineering", "lead", "admin"]

# What a run is about. {scope} in the steps stands for its value.
# kind: text, scope, key, team, model, allocation, rate, credits, duration, instant, number, person.
# from: alert.scope, alert.key, alert.team, alert.model, alert.allocation, alert.environment, alert.id,
#       incident.id.
# Every run also has {alert}, {incident}, {run} and {started}.
[parameters.scope]
kind = "scope"
help = "What it is about, such as team:search."
from = "alert.scope"
default = "organization"

[parameters.limit]
kind = "rate"
help = "How much passes while it is held back."
default = "10 rps"

# A step can find a value: see `keep` below.
[parameters.key]
kind = "key"
help = "The key behind it. Step 1 finds it."
from = "alert.key"
required = false
+++

# @TITLE@

For whom this is, and what must not be done meanwhile. This prose is for people; write it for somebody
who has just been woken up.

## 1. Look: what burns?

What to look for, and what a bad sign is. The agent answers queries at once and keeps the answer as
evidence; `keep` fills a parameter that is still empty from the first row.

```toml burndeck
kind = "query"
id = "look"

[[ask]]
report = "top"
with = { by = "key", window = "15m", scope = "{scope}" }
keep = { key = "key" }

[[ask]]
report = "burn"
with = { scope = "{scope}" }
```

## 2. Decide: how hard?

A decision branches: `go` names a step, or "end"; without it the next step follows.

```toml burndeck
kind = "decision"
id = "decide"
question = "Hold it back?"

[[choice]]
answer = "yes"
label = "yes, it is not production"

[[choice]]
answer = "no"
label = "no, it is meant to burn"
go = "learn"
```

## 3. Act: throttle

What it hits. An action is previewed, confirmed by a person, and undone when its time is up. Others:
block, models, tools, cap, top-up, allocate, release; and revoke, which needs `irreversible = "why"`.

```toml burndeck
kind = "action"
id = "throttle"
action = "throttle"
with = { scope = "{scope}", limit = "{limit}", for = "1h", non-prod = "yes" }
# What must be so before, decided by the agent and shown before the step:
# requires = [{ condition = "alert-firing", with = { alert = "{alert}" } }]
# What a person may do where it fails; without this line all three:
# on-failure = ["retry", "skip", "roll-back"]
```

## 4. Act: did it help?

A wait ends as soon as its condition is met; `otherwise` says where it goes when time is up.

```toml burndeck
kind = "wait-for"
id = "helped"
condition = "burn-fell"
with = { of = "throttle" }
timeout = "15m"
otherwise = "tell"
```

## 5. Act: undo it

`release` undoes the action of one step, or without `of` all that the run has done.

```toml burndeck
kind = "action"
id = "release"
action = "release"
of = "throttle"
then = "learn"
```

## 6. Tell: it did not help

`auto = true` tells them as soon as the step is reached. A step with kind = "approval" asks people
for their word: of = "throttle" for an action, or sign = [["finance"], ["engineering", "lead"]].

```toml burndeck
kind = "notify"
id = "tell"
to = ["ops_on_call"]
text = "{scope} still burns after the throttle. Run {run}."
```

## 7. Learn

A check is decided by the agent: kind = "check" with `condition`, `with` and `otherwise`. A note is
written by a person; one that records the postmortem goes into it.

```toml burndeck
kind = "note"
id = "learn"
prompt = "What happened, and what keeps it from happening again?"
records = "postmortem"
```
"""
