"""A LiteLLM proxy with an agent that reads and rules it, and two keys that burn there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.labs.acting import Site, until
from tests.labs.litellm import Calls, Key, LiteLLMLab

CONFIG = """\
[[sources]]
kind = "litellm"
base_url = "{url}"
every = "1s"
history = "15m"

[[gateways]]
kind = "litellm"
base_url = "{url}"
every = "{every}"
"""
_MANY = 60
"""Calls of a load before anything is done: some minute of them is well above every limit used here."""
_SET = ("rpm_limit", "tpm_limit", "max_parallel_requests", "blocked", "max_budget", "models", "metadata")


class Keys(NamedTuple):
    """A team of the proxy with a key that is no production, and one that is."""

    team: str
    dev: Key
    prod: Key

    @classmethod
    def new(cls, lab: LiteLLMLab) -> Keys:
        """New ones."""
        team = lab.new_team()
        dev = lab.new_key(team_id=team, metadata={"environment": "dev"}, rpm_limit=5_000)
        return cls(team, dev, lab.new_key(team_id=team, metadata={"environment": "prod"}))


class Place:
    """Two keys of the proxy, one of production and one not, and an agent that reads and rules them."""

    def __init__(self, lab: LiteLLMLab, folder: Path, every: str, keys: Keys) -> None:
        self.lab = lab
        self.team, self.dev, self.prod = keys
        config = CONFIG.format(url=lab.url, every=every)
        self.site = Site(folder / "site", config, {"LITELLM_MASTER_KEY": lab.master_key})

    def held(self, key: Key | None = None) -> dict[str, Any]:
        """What the proxy holds a key to: the dev key, unless another one is named."""
        info = self.lab.info(key or self.dev)
        return {name: info[name] for name in _SET}

    def throttle(self, *words: str, key: Key | None = None, code: int = 0) -> dict[str, Any]:
        """What `burndeck throttle` says once the action is accepted or has failed."""
        why = ("--reason", "storm", "--yes")
        return self.site.burndeck("throttle", _scope(key or self.dev), *words, *why, code=code)

    def block(self, key: Key) -> dict[str, Any]:
        """What `burndeck block` says once the action is accepted or waits."""
        entry: dict[str, Any] = self.site.burndeck("block", _scope(key), "--reason", "leaked", "--yes")[
            "action"
        ]
        return entry

    @contextmanager
    def load(self, dev: float = 15, prod: float = 5) -> Iterator[tuple[Calls, Calls]]:
        """Callers on both keys, once the ledger has seen enough calls that a limit is foreseen to bite."""
        with self.lab.load(self.dev, dev) as first, self.lab.load(self.prod, prod) as second:
            until(lambda: self._seen(self.dev) > _MANY and self._seen(self.prod), "burn", 60, self.site.said)
            yield first, second

    def _seen(self, key: Key) -> int:
        return sum(count for (name, _, _), count in self.site.burn().items() if name == key.alias)


def _scope(key: Key) -> str:
    return f"api_key:{key.alias}"
