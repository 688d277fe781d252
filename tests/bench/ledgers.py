"""Ledgers to measure on: an organization's events, with a day and week rhythm, at any size."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from agent.domain.usage import Dimensions, Operation, Pattern, Service
from agent.ledger import open_writer
from agent.ledger.rows import EventBatch

END = 1_772_366_400  # 2026-03-01 12:00 UTC, a Sunday
TEAMS, PROJECTS, KEYS = 24, 80, 400
MODELS = ("gpt-5", "gpt-5-mini", "gpt-4.1", "gpt-4o-mini", "o3", "o4-mini")
BATCH = 50_000


def fill_with_events(
    path: Path,
    events: int,
    days: int,
    *,
    end: int = END,
    seed: int = 1,
    keys: int = KEYS,
    projects: int = PROJECTS,
    teams: int = TEAMS,
) -> None:
    """Write a ledger of `events` requests over the `days` before `end`."""
    random = np.random.default_rng(seed)
    at = _times(random, events, end - days * 86_400, end)
    dimensions = [_dimensions(key, projects, teams) for key in range(keys)]
    services = [Service(model, Operation.COMPLETION, "chat.completions") for model in MODELS]
    services.append(Service("text-embedding-3-large", Operation.EMBEDDING, "embeddings"))
    popularity = 1 / np.arange(1, keys + 1)
    with open_writer(path) as writer:
        for first in range(0, events, BATCH):
            times = at[first : first + BATCH]
            size = len(times)
            service = random.integers(0, len(services), size)
            tokens = np.exp(random.normal(6.5, 0.8, size)).astype(np.int64)
            answers = np.where(service == len(services) - 1, 0, tokens // 3)
            writer.write_events(
                EventBatch(
                    at=times,
                    request_id=[f"req_{first + place:012d}" for place in range(size)],
                    dimensions=dimensions,
                    context=random.choice(keys, size, p=popularity / popularity.sum()),
                    services=services,
                    service=service,
                    tokens_input=tokens,
                    tokens_cached=tokens // 4,
                    tokens_output=answers,
                    quantity_micro=np.zeros(size, np.int64),
                    credits_nano=(tokens * 25_000 + answers * 150_000) * (1 + service),
                    priced=np.ones(size, np.bool_),
                    latency_ms=random.integers(200, 4_000, size),
                    error_code=[
                        "rate_limit" if draw < 0.01 else None for draw in random.random(size).tolist()
                    ],
                )
            )


def _dimensions(key: int, projects: int, teams: int) -> Dimensions:
    project = key % projects
    team = project % teams
    return Dimensions(
        account="openai",
        api_key=f"key_{key:04d}",
        project=f"proj_{project:03d}",
        environment=("prod", "staging", "dev")[key % 3],
        team=f"team-{team:02d}" if team else "",
        department=f"department-{team % 6}",
        billing_group=f"group-{team % 4}",
        cost_center=f"CC-{400 + team}",
        owner=f"owner-{key % 50}@example.com",
        pattern=(Pattern.REGISTRY if team else Pattern.NONE).value,
    )


def _times(random: np.random.Generator, events: int, start: int, end: int) -> np.ndarray:
    """Sorted times: busy at midday, quiet at night and at the weekend."""
    hours = np.arange(start, end, 3_600)
    of_day, of_week = hours % 86_400 / 86_400, (hours // 86_400 + 3) % 7
    weight = (1.3 - np.cos(2 * np.pi * of_day)) * np.where(of_week >= 5, 0.4, 1.0)
    hour = random.choice(hours, events, p=weight / weight.sum())
    return np.sort(hour + random.integers(0, 3_600, events)).astype(np.int64)
