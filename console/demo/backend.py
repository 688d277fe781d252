"""The demo's other half, a process of its own: the simulated provider, the agent that reads it, and a pager.

It ends, and takes the temporary folder with it, as soon as standard input closes: so also when the
console is killed.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from console.demo.pager import channels_toml, open_pager
from console.demo.stage import build_stage, keep, throw_away_key, use_only


def main() -> None:
    """Reads one JSON line (what to play, and where), prints one (config, ledger), serves until EOF."""
    order = json.loads(sys.stdin.readline())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=_wait_for_the_end, args=(stop,), daemon=True).start()
    serve(order["scenario"], order["seed"], order["speed"], order["keep"], stop, order.get("folder"))


def serve(
    scenario_name: str,
    seed: int,
    speed: float,
    kept: str | None,
    stop: threading.Event,
    chosen: str | None = None,
) -> None:
    """Runs provider, pager and agent until `stop` is set."""
    from agent.clock import ScaledClock
    from agent.daemon import run_agent
    from agent.settings import load_settings
    from fixtures.organization import build_organization
    from fixtures.provider import SimulatedProvider
    from fixtures.scenario import load_scenario

    now = time.time()
    clock = ScaledClock(epoch=now, started=now, speed=speed)
    organization = build_organization(seed)
    scenario = load_scenario(scenario_name)
    admin_key = throw_away_key()
    use_only(admin_key)
    with (
        _folder(chosen) as folder,
        SimulatedProvider(seed, clock, now, scenario, admin_key) as provider,
        open_pager(folder) as pager,
    ):
        stage = build_stage(
            folder,
            organization,
            provider.base_url,
            clock=(now, now, speed),
            deploys=scenario.deploys(organization, now),
            more=channels_toml(pager),
        )
        print(json.dumps({"config": str(stage.config), "ledger": str(stage.ledger)}), flush=True)
        run_agent(load_settings(stage.config), stop=stop)
        if kept:
            keep(stage, Path(kept))


@contextlib.contextmanager
def _folder(chosen: str | None) -> Iterator[Path]:
    """A temporary folder, or a new one of a chosen name; gone afterwards."""
    if chosen is None:
        with tempfile.TemporaryDirectory(prefix="burndeck-demo-", ignore_cleanup_errors=True) as made:
            yield Path(made)
        return
    folder = Path(chosen)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_the_end(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()


if __name__ == "__main__":
    main()
