"""`make bench`: runs every benchmark and prints its ratios beside their goals. Never fails.

Each `bench_*.py` has `run() -> list[Result]`; names on the command line choose some of them.
Those that end in `_large` take minutes: they run only when they are named.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import traceback

import tests.bench
from tests.bench.result import Result

_ASKED_FOR = "_large"


def main(chosen: list[str]) -> None:
    """Prints one line a figure."""
    names = [
        module.name
        for module in pkgutil.iter_modules(tests.bench.__path__)
        if module.name.startswith("bench_")
    ]
    for name in names:
        if not (any(word in name for word in chosen) if chosen else not name.endswith(_ASKED_FOR)):
            continue
        print(f"{name.removeprefix('bench_')}", flush=True)
        try:
            results: list[Result] = importlib.import_module(f"tests.bench.{name}").run()
        except Exception:  # noqa: BLE001 - one broken benchmark must not hide the others
            traceback.print_exc()
            continue
        for result in results:
            print(f"  {result}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
