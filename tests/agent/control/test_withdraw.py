"""Who signed an intent takes it back while no agent has taken it: nobody else, and not too late."""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agent.control.audit import verify
from agent.control.identity import new_identity, write_identity
from agent.control.queued import queued, waiting
from agent.domain.intent import IntentKind
from agent.errors import BurndeckError
from agent.ledger import open_reader, open_writer
from tests.agent.control.court import THROTTLE, Court, ask
from tests.agent.ledger.look import rows


def take_back(court: Court, name: str, ident: int) -> int:
    """Somebody signs the withdrawal of an intent, whosever it is."""
    with open_reader(court.writer.path) as reader:
        (found,) = [each for each in queued(reader, court.settings, court.now) if each.id == ident]
    return court.put(name, found.withdrawal)


def states(court: Court) -> list[tuple[int, str, str]]:
    return rows(court.writer.path, "SELECT id, state, reason FROM intent ORDER BY id")


def test_what_is_withdrawn_in_time_is_never_done_and_what_lies_between_is(court: Court) -> None:
    first = court.put("olga", court.asking(THROTTLE))
    between = court.put("eve", court.asking(replace(THROTTLE, expires_s=1_800)))
    back = take_back(court, "olga", first)

    court.hear_all()

    assert states(court) == [
        (first, "refused", "withdrawn by olga before an agent took it"),
        (between, "done", ""),
        (back, "done", ""),
    ]
    assert [each.requested_by for each in court.writer.actions.open_actions()] == ["eve"]
    audited = rows(court.writer.path, "SELECT actor, subject FROM audit WHERE kind = 'withdraw'")
    assert audited == [("olga", f"intent:{first}")]


@pytest.mark.parametrize("name", ["omar", "root", "vera"])
def test_somebody_elses_withdrawal_does_nothing(court: Court, name: str) -> None:
    first = court.put("olga", court.asking(THROTTLE))
    take_back(court, name, first)

    court.hear_all()

    assert states(court)[0] == (first, "done", "")
    refused = "olga signed intent 1, so only they" if name != "vera" else "vera may not withdraw"
    assert refused in states(court)[1][2]


def test_a_withdrawal_signed_by_another_in_her_name_does_nothing(court: Court) -> None:
    first = court.put("olga", court.asking(THROTTLE))
    court.identities["olga"] = court.identities["omar"]
    take_back(court, "olga", first)

    court.hear_all()

    assert [state for _, state, _ in states(court)] == ["done", "refused"]
    assert "the signature is not that of olga" in states(court)[1][2]


@pytest.mark.parametrize("change", [{"body_sha256": "0" * 64}, {}])
def test_it_takes_back_the_text_that_was_looked_at_alone(court: Court, change: dict[str, str]) -> None:
    first = court.put("olga", court.asking(THROTTLE))
    court.put("olga", ask(IntentKind.WITHDRAW, f"intent:{first}", **change))

    court.hear_all()

    assert [state for _, state, _ in states(court)] == ["done", "refused"]


def test_too_late_says_what_undoes_it(court: Court) -> None:
    first = court.put("olga", court.asking(THROTTLE))
    with open_reader(court.writer.path) as reader:
        (found,) = queued(reader, court.settings, court.now)
    assert court.hear() == ""

    assert court.say("olga", found.withdrawal) == (
        f"intent {first} is done already: undo it with `burndeck release {court.action().id}`"
    )
    with open_reader(court.writer.path) as reader, pytest.raises(BurndeckError, match="burndeck release"):
        waiting(reader, court.settings, first, "olga", court.now)


def test_a_withdrawal_is_heard_once_also_where_its_row_is_made_new_again(court: Court) -> None:
    first = court.put("olga", court.asking(THROTTLE))
    back = take_back(court, "olga", first)
    court.hear_all()
    with court.writer.transaction() as conn:
        conn.execute("UPDATE intent SET state = 'new' WHERE id = ?", (back,))

    assert "replayed" in court.hear()


def test_people_see_what_waits_and_that_it_is_withdrawn(court: Court) -> None:
    first = court.put("olga", court.asking(THROTTLE))
    take_back(court, "olga", first)

    with open_reader(court.writer.path) as reader:
        (found,) = queued(reader, court.settings, court.now)
        late = queued(reader, court.settings, court.now + 86_400)

    assert (found.title, found.person, found.withdrawn) == (
        "throttle non-prod of team:search to 10 rpm for 1 h",
        "olga",
        True,
    )
    assert late == []


def test_the_last_of_very_many_that_wait_is_still_withdrawn_by_its_signer_and_once(court: Court) -> None:
    court.put("olga", court.asking(THROTTLE))
    for number in range(250):
        court.put("olga", ask(IntentKind.RELEASE, f"action:{number}"))
    last = court.put("olga", court.asking(THROTTLE))

    with open_reader(court.writer.path) as reader:
        for ident in (1, last):
            court.put("olga", waiting(reader, court.settings, ident, "olga", court.now).withdrawal)
            with pytest.raises(BurndeckError, match=f"intent {ident} is withdrawn"):
                waiting(reader, court.settings, ident, "olga", court.now)
        assert queued(reader, court.settings, court.now)[0].withdrawn
        with pytest.raises(BurndeckError, match="has lapsed"):
            waiting(reader, court.settings, 2, "olga", court.now + 86_400)


ASK_AND_TAKE_BACK_UNTIL_KILLED = """
import sys
from pathlib import Path
from agent.control import IntentHandler, IntentKind, submit, take
from agent.control.identity import read_identity
from agent.control.queued import queued
from agent.control.withdrawing import handler
from agent.ledger import open_reader, open_writer
from tests.agent.control.build import AROUND, NOW, Desk, remember
desk = Desk(open_writer(Path(sys.argv[1])), read_identity(Path(sys.argv[2])))
handlers = {
    IntentKind.ACKNOWLEDGE: IntentHandler(lambda writer, intent: AROUND, remember),
    IntentKind.WITHDRAW: handler(desk.settings),
}
while True:
    kept, dropped = desk.submit("kept"), desk.submit("dropped")
    with open_reader(desk.path) as reader:
        ask = next(e for e in queued(reader, desk.settings, NOW) if e.id == dropped.id).withdrawal
    submit(desk.settings, ask.kind, ask.subject, ask.payload, NOW, identity=desk.ada)
    for handled in take(desk.writer, desk.settings, NOW, handlers, most=2):
        print(handled.id, flush=True)
"""


def test_an_agent_killed_at_any_instant_settles_an_intent_and_its_withdrawal_together(tmp_path: Path) -> None:
    ledger, key = tmp_path / "ledger.sqlite", tmp_path / "key"
    write_identity(new_identity("ada"), key)
    open_writer(ledger).close()
    chance = random.Random(7)

    for _ in range(3):
        command = [sys.executable, "-c", ASK_AND_TAKE_BACK_UNTIL_KILLED, str(ledger), str(key)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            for _ in range(chance.randint(2, 30)):
                assert process.stdout.readline()
            process.kill()

        found = rows(ledger, "SELECT id, state, body FROM intent")
        withdrawn = {ident for ident, state, body in found if state == "refused"}
        backs = [each for each in found if '"kind":"withdraw"' in each[2]]
        named = {int(body.partition('"intent:')[2].partition('"')[0]): state for _, state, body in backs}
        taken_back = {ident for ident, state in named.items() if state == "done"}
        assert withdrawn and withdrawn == taken_back
        # Killed between asking and taking back, the next life finds nothing that takes it back.
        alone = [ident for ident, state, body in found if state == "done" and '"dropped"' in body]
        done = [value for (value,) in rows(ledger, "SELECT value FROM source_cursor")]
        assert "kept" in done and done.count("dropped") == len(alone) <= 3
        assert not set(alone) & set(named)
    with open_reader(ledger) as reader:
        assert verify(reader).intact


@pytest.mark.parametrize("flood", [60, 120])
def test_in_a_flood_of_intents_each_row_is_read_for_a_withdrawal_once(court: Court, flood: int) -> None:
    asked = [court.put("olga", ask(IntentKind.RELEASE, f"action:{number}")) for number in range(1, flood + 1)]
    backs = [take_back(court, "olga", ident) for ident in asked[:20]]

    while court.hear_all():
        pass

    assert court.writer.withdrawals.looked_at == flood + len(backs)
    withdrawn = [ident for ident, _, reason in states(court) if reason.startswith("withdrawn")]
    assert withdrawn == asked[:20]


def test_a_withdrawal_is_found_that_was_signed_after_others_were_looked_for(court: Court) -> None:
    first, second = (court.put("olga", ask(IntentKind.RELEASE, f"action:{number}")) for number in (1, 2))
    assert court.writer.withdrawals.of(f"intent:{second}", second) == []
    back = take_back(court, "olga", second)

    court.hear_all()

    assert states(court)[0][2] == "there is no action:1"
    assert [state for _, state, _ in states(court)] == ["refused", "refused", "done"]
    assert court.writer.withdrawals.of(f"intent:{first}", back) == []
