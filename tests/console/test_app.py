"""Opening and ending the console."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_without_a_terminal_the_console_says_what_to_use_instead(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "console.cli", "--db", str(tmp_path / "none.sqlite")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert "burndeck burn --json" in done.stderr
    assert done.stdout == ""
