"""How a demo with a screen ends, whatever its other half does."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agent.errors import BurndeckError
from console.demo.watch import end, watch
from fixtures.scenario import load_scenario


def test_a_backend_that_does_not_end_is_killed_and_its_folder_removed(tmp_path: Path) -> None:
    folder = tmp_path / "burndeck-demo-x"
    folder.mkdir()
    (folder / "ledger.sqlite").write_bytes(b"SQLite")
    backend = subprocess.Popen(["sleep", "60"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    end(backend, folder, within_s=0.05)

    assert backend.returncode == -9
    assert not folder.exists()


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
def test_a_backend_that_dies_while_it_is_told_what_to_play_is_said_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no room left >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    longer_than_a_pipe = replace(load_scenario("retry-storm"), name="x" * 200_000)

    with pytest.raises(BurndeckError, match="did not start: no room left"):
        watch(longer_than_a_pipe, 1, 60.0, None)
