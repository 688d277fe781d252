"""kill -9 anywhere leaves either nothing or everything of one intent."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from agent.control.audit import verify
from agent.control.identity import new_identity, read_identity, write_identity
from agent.ledger import open_reader, open_writer
from tests.agent.control.build import Desk
from tests.agent.ledger.look import rows

SUBMIT_AND_TAKE_UNTIL_KILLED = """
import sys
from pathlib import Path
from agent.control.identity import read_identity
from agent.ledger import open_writer
from tests.agent.control.build import Desk
desk = Desk(open_writer(Path(sys.argv[1])), read_identity(Path(sys.argv[2])))
while True:
    for subject in ("a", "b", "c"):
        desk.submit(subject)
    for handled in desk.take(most=2):
        print(handled.id, flush=True)
"""


def test_an_agent_killed_at_any_instant_has_done_each_intent_wholly_or_not_at_all(tmp_path: Path) -> None:
    ledger, key = tmp_path / "ledger.sqlite", tmp_path / "key"
    write_identity(new_identity("ada"), key)
    open_writer(ledger).close()
    chance = random.Random(3)
    told: list[int] = []

    for _ in range(4):
        command = [sys.executable, "-c", SUBMIT_AND_TAKE_UNTIL_KILLED, str(ledger), str(key)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            told += [int(process.stdout.readline()) for _ in range(chance.randint(1, 40))]
            process.kill()
            told += [int(line) for line in process.stdout.read().splitlines()]

        done = rows(ledger, "SELECT id FROM intent WHERE state = 'done' ORDER BY id")
        assert len(done) == rows(ledger, "SELECT count(*) FROM source_cursor")[0][0]
        audited = rows(ledger, "SELECT json_extract(detail, '$.intent') FROM audit ORDER BY seq")
        assert audited == done
        assert {(each,) for each in told} <= set(done)

    with open_writer(ledger) as writer, open_reader(ledger) as reader:
        desk = Desk(writer, read_identity(key))
        while desk.take():
            pass
        assert {state for _, state, _ in desk.states()} == {"done"}
        assert verify(reader).intact


DIE_IN_THE_HANDLER = """
import os, signal, sys
from pathlib import Path
from agent.control.identity import read_identity
from agent.ledger import open_writer
from tests.agent.control.build import Desk, remember
def apply(writer, intent, now):
    remember(writer, intent, now)
    if intent.subject == "b":
        os.kill(os.getpid(), signal.SIGKILL)
desk = Desk(open_writer(Path(sys.argv[1])), read_identity(Path(sys.argv[2])))
for subject in ("a", "b", "c"):
    desk.submit(subject)
desk.take(apply=apply)
"""


def test_an_agent_killed_between_the_work_and_its_record_does_it_when_it_comes_back(tmp_path: Path) -> None:
    ledger, key = tmp_path / "ledger.sqlite", tmp_path / "key"
    write_identity(new_identity("ada"), key)

    subprocess.run([sys.executable, "-c", DIE_IN_THE_HANDLER, str(ledger), str(key)], check=False)

    with open_writer(ledger) as writer, open_reader(ledger) as reader:
        desk = Desk(writer, read_identity(key))
        assert desk.done() == ["a"]
        assert [state for _, state, _ in desk.states()] == ["done", "new", "new"]
        assert verify(reader).rows == 1
        desk.take()
        assert desk.done() == ["a", "b", "c"]
        assert verify(reader).rows == 3
