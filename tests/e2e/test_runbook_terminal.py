"""A person at the keyboard, from the alert to the postmortem, in a real terminal on the real demo."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.test_console_terminal import Tmux

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.scenarios,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux to have a real terminal"),
]
PERSON_S = 90.0
"""The walk may take so long of a person's time, from the alert on."""
STORM_S = 130.0  # until the demo's storm has begun and is found


class Person:
    """Somebody who presses keys and reads before the next one."""

    def __init__(self, terminal: Tmux) -> None:
        self.terminal = terminal

    def press(self, *keys: str, until: tuple[str, ...]) -> str:
        """Presses keys, and reads until the screen shows all of these."""
        self.terminal.press(*keys)
        return self.terminal.until(*until)

    def write(self, text: str, until: tuple[str, ...]) -> str:
        """Types a text and sends it."""
        self.terminal.press("-l", text)
        return self.press("Enter", until=until)


def storm(terminal: Tmux) -> None:
    """Waits until the console tells of the alert."""
    terminal.until("BURN NOW")
    deadline = time.monotonic() + STORM_S
    while "new critical" not in terminal.screen:
        assert time.monotonic() < deadline, terminal.screen
        time.sleep(0.2)


def start_cost_spike(person: Person) -> None:
    """Starts `cost-spike` for the alert that is looked at; its first three steps are answered then.

    Where the alert names a cause that has a runbook of its own, that one starts first, and this is another.
    """
    person.terminal.press("r")
    while not re.search(r"run 1 .* step \d+ of", screen := person.terminal.screen):
        time.sleep(0.05)
    if "run 1  Cost spike" not in screen:
        person.press("7", until=("Open runs", "Enter opens it"))
        person.press("n", until=("Choose a runbook for alert",))
        person.terminal.press("/")
        person.write("^cost-spike", until=("/^cost-spike  1 of",))
        person.press("Enter", until=("Start cost-spike",))
        person.terminal.press("Enter")
    person.terminal.until("Cost spike", "step 4 of 24", "waits for")


def wait_for_the_fall(person: Person) -> None:
    """Until the burn has fallen; a busy machine may bring its usage late, and the runbook waits once more."""
    for _ in range(2):
        while "step 9 of 24" in (screen := person.terminal.screen):
            time.sleep(0.1)
        if "step 10 of 24" not in screen:
            return
        person.press("Enter", until=("wait once more, the data is late", "Esc leave"))
        person.press("b", until=("step 9 of 24",))


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    # Slower than people watch it: a busy machine must not be too late for what a runbook waits for.
    command = (
        f"cd {tmp_path} && exec {sys.executable} -m console.cli demo --speed 40 --folder {tmp_path}/deck"
    )
    root = Path(__file__).parents[2]
    variables = [
        f"PYTHONPATH={root}",
        f"HOME={tmp_path}",
        "PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring",
    ]
    terminal = Tmux(["env", *variables, "sh", "-c", command], 80, 24)
    yield Person(terminal)
    terminal.close()


def test_a_spike_is_walked_from_the_alert_to_its_postmortem_by_keys_alone(
    person: Person, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storm(person.terminal)
    began = time.monotonic()

    person.press("a", until=("firing for", "credits/min"))  # to the new alert, whichever row was looked at
    start_cost_spike(person)
    person.press("Enter", until=("throttle everything",))
    person.press("b", until=("step 8 of 24", "waits for"))
    preview = person.press("Enter", until=("goes on to the confirmation",))
    assert re.search(r"burn +\d", preview)
    person.press("Enter", until=("Enter again",))
    person.press("Enter", until=("step 9 of 24",))
    wait_for_the_fall(person)
    person.terminal.until("step 16 of 24", "waits for")  # 13 to 15 are answered
    person.press("Enter", until=("Esc cancel",))
    person.write("the client lost its back-off", until=("step 17 of 24", "waits for"))
    person.press("Enter", until=("Is the cause gone", "Esc leave"))
    person.press("a", until=("step 19 of 24", "waits for"))
    person.press("Enter", until=("may stay empty",))
    person.press("Enter", until=("step 20 of 24",))
    person.press("s", until=("Esc cancel",))
    person.write("the owner watches it", until=("step 22 of 24", "waits for"))
    person.press("Enter", until=("Esc cancel",))
    person.write("a standing limit on the key", until=("step 24 of 24", "waits for"))
    person.press("Enter", until=("Esc cancel",))
    person.write("retro on Monday", until=("✓ done · held by you",))
    person.press("e", until=("postmortem is in",))

    took = time.monotonic() - began
    (file,) = tmp_path.glob("run-*/postmortem.md")
    text = file.read_text()
    assert re.search(r"burn fell from|credits/min before action \d+ .*\(-\d\d %\)", text)
    assert "the client lost its back-off" in text
    assert "| 8 | Mitigate: throttle the key | undone |" in text
    with capsys.disabled():
        print(f"\nfrom the alert to the postmortem: {took:.0f} s")
    assert took < PERSON_S
