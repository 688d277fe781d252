"""The Actions screen: lists, countdowns, undo, renewal, approval, on a real ledger with the agent's desk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.control.asking import request_of
from agent.control.identity import Identity
from agent.control.intents import submit
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState, Step, StepState
from agent.domain.allocation import Scope
from agent.domain.gateway import Target, TargetKind
from agent.domain.money import NANO
from agent.domain.person import AGENT, Role
from agent.domain.unseen import UNTOLD
from agent.ledger.gateway_store import GatewayStatus
from console.screens.actions.folded import rows
from console.screens.actions.rows import Part, countdown
from tests.console.acting_world import AT, BO, Desk, block, console_on, open_desk, throttle
from tests.console.harness import ADA, Console, piloted, taken


@pytest.fixture
def desk(template: Path, tmp_path: Path, quick: None, ada: None):
    with open_desk(template, tmp_path, Role.OPERATOR) as made:
        yield made


@pytest.fixture
def finance(template: Path, tmp_path: Path, quick: None, ada: None):
    with open_desk(template, tmp_path, Role.FINANCE) as made:
        yield made


async def signed(running: Console, desk) -> list[str]:
    await running.until("Signed by ada")
    return desk.take()


@piloted
async def test_what_is_in_force_says_its_effect_and_counts_down(desk):
    desk.in_force(throttle(non_prod=True))
    async with console_on(desk, "4", size=(160, 40)) as running:
        await running.until("⊘ confirmed", "throttle non-prod of team:search to 60 rpm", "48:51")
        await running.until(
            "burn fell from 41.2 to 6.3 credits/min, 38 s after", "edge/key/k2", "no limit → 60 rpm"
        )
        await running.until("⊘ 1 in force")
        await running.press("U")
        await running.until("belongs to no incident: u undoes it alone")
        await running.press("o")
        await running.until("No alert stands behind it.")


@piloted
async def test_what_is_in_force_for_some_keys_names_the_others_with_the_reason(desk):
    made = desk.in_force(throttle(non_prod=True))
    kept = {"key_count": 8, "unreached": ["key_ci"], "missed": ["ci (no gateway serves it)"]}
    desk.writer.actions.save(replace(made, preview=kept))
    async with console_on(desk, "4", size=(160, 40)) as running:
        await running.until("in force for 7 of 8 keys; not reached: ci (no gateway serves it)")


@piloted
async def test_what_no_gateway_has_taken_is_listed_with_its_reason_and_not_counted(desk):
    made = desk.asked(throttle(non_prod=True))
    why = "edge cannot be reached: /run/edge.sock: no such file"
    fields = {"begun_at": AT - 9, "expires_at": AT + 1_854, "why": why}
    desk.writer.actions.save(replace(made, state=ActionState.EXECUTING, **fields))
    async with console_on(desk, "4", size=(160, 40)) as running:
        await running.until("… unwritten", "In force 0, 1 not yet written", f"not yet written: {why}"[:50])
        await running.until("… not yet written  action 1", "holds nothing back")
        assert "30:54" not in running.text
        assert "⊘" not in running.text


@pytest.mark.parametrize(
    ("left", "said"), [(59, "0:59"), (3_599, "59:59"), (7_300, "2 h 1 min"), (0.4, "now"), (-5, "now")]
)
def test_the_last_hour_is_counted_in_seconds(left, said):
    assert countdown(left) == said


@piloted
async def test_lists_go_round_and_each_action_is_in_one(desk):
    desk.in_force(throttle())
    desk.asked(block())
    desk.ended(throttle("api_key:key_support", 30))
    async with console_on(desk, "x") as running:
        await running.until("in force 1  waiting 1  history 1")
        await running.press("tab")
        await running.until("? waits", "finance and", "3 h 49 min")
        await running.press("tab")
        await running.until("✓ expired", "38 s after; expired: its")
        await running.press("tab")
        await running.until("⊘ confirmed")


@piloted
async def test_a_drill_that_is_over_says_that_nothing_was_changed(desk):
    made = desk.ended(replace(throttle(), drill=True))
    desk.writer.actions.save(
        replace(made, why="drill over: nothing was changed", effect="", ended_by="agent")
    )
    async with console_on(desk, "4", "l", "l", size=(160, 60)) as running:
        await running.until("✓ drill over", "drill over: nothing was changed")
        assert "expired" not in running.text


@piloted
async def test_undo_says_what_comes_back_and_is_taken(desk):
    made = desk.in_force(throttle(non_prod=True))
    async with console_on(desk, "4") as running:
        await running.until("edge/key/k2")
        await running.press("enter", "G")
        await running.until("burndeck release 1")
        await running.press("escape")
        await running.until("ends in", "edge/key/k2")
        await running.press("u")
        await running.until("edge/key/k2: back to no limit")
        await running.press(*"fixed", "enter")
        assert await signed(running, desk) == [""]
        await running.until("Undo of action 1 asked for by ada.")

    after = desk.writer.actions.action(made.id)
    assert (after.state, after.ended_by, after.why) == (ActionState.REVERSING, "ada", "fixed")


def unseen_scopes(desk: Desk, ident: int | None) -> None:
    """The action took permissions from a key, at a provider that does not tell what others change."""
    assert ident is not None
    target = Target("edge", TargetKind.KEY_SCOPES, "proj_support/key_support")
    step = Step(0, target, {"scopes": ["api.all.read"]}, {"scopes": "all"}, state=StepState.APPLIED)
    desk.writer.actions.save_step(ident, step)
    desk.writer.actions.save_gateway(GatewayStatus("edge", "openai", "ok", f"1 keys; {UNTOLD}", "", AT, AT))


@piloted
async def test_undo_says_first_where_nobody_sees_what_others_have_set_meanwhile(desk):
    made = desk.in_force(block("api_key:key_support"))
    unseen_scopes(desk, made.id)
    async with console_on(desk, "4", size=(120, 40)) as running:
        await running.until("undoes it now. UNSEEN: edge refuses")
        await running.press("u")
        await running.until("▲ UNSEEN: edge refuses its audit log", "overwrites what they have set")


@piloted
async def test_the_undo_of_an_incident_says_first_what_it_overwrites_unseen(desk):
    desk.fires()
    desk.in_force(throttle(), incident=1, alert=1)
    made = desk.in_force(block("api_key:key_support"), incident=1, alert=1)
    unseen_scopes(desk, made.id)
    async with console_on(desk, "4", size=(120, 40)) as running:
        await running.until("incident 1")
        await running.press("U")
        await running.until("▲ action 2: UNSEEN: edge refuses its audit log", "permissions of 1 key")
        await running.until("undoes throttle team:search")
        assert "action 1: UNSEEN" not in running.text


@piloted
async def test_renewal_counts_from_now(desk):
    made = desk.in_force(throttle())
    async with console_on(desk, "4") as running:
        await running.until("edge/key/k1")
        await running.press("R")
        await running.until("It would undo itself in 48 min; renewed, at 18 Nov 13:31 UTC.")
        await running.press("end", "backspace", "backspace", *"2h", "enter")
        await running.until("for: more than nothing, and no longer than 1h, as it was asked for")
        await running.press("end", "backspace", "backspace", *"59m", "enter")
        assert await signed(running, desk) == [""]
        await running.until("Action 1 renewed by ada.")

    assert desk.writer.actions.action(made.id).expires_at == AT + 59 * 60


@piloted
async def test_credits_that_were_given_are_in_force_and_no_brake(desk):
    spec = ActionSpec(ActionKind.TOP_UP, Scope.parse("organization"), amount_nano=10**9)
    action = Action(spec, ActionState.ACCEPTED, "bo", AT - 600, "launch", accepted_at=AT - 60)
    desk.writer.actions.add(replace(action, expires_at=AT + 86_400))
    async with console_on(desk, "4", size=(160, 40)) as running:
        await running.until("in force until 19 Nov 12:31 UTC")
        assert "⊘ 1 in force" not in running.lines[0]
        assert "no traffic has confirmed" not in running.text
        await running.press("R")
        await running.until("A top-up ends with its month: 5, then + asks for another one.")


@piloted
async def test_what_was_undone_says_what_holds_again_and_who_was_hit_counts_bystanders(desk):
    made = desk.ended(throttle())
    seen = {**made.preview, "bystanders": ["key_x", "key_y"]}
    desk.writer.actions.save(replace(made, preview=seen))
    async with console_on(desk, "4", "l", "l", size=(160, 60)) as running:
        await running.until("no limit restored", "keys 4", "2 of them nobody asked for")


@piloted
async def test_all_of_an_incident_is_undone_once_its_number_is_typed(desk):
    desk.fires()
    desk.in_force(throttle(), incident=1, alert=1)
    desk.in_force(throttle("api_key:key_support", 30), incident=1, alert=1)
    async with console_on(desk, "4") as running:
        await running.until("incident 1")
        await running.press("U")
        await running.until("undoes throttle api_key:key_support to 30 rpm", "undoes throttle team:search")
        await running.press("enter")
        await running.until("▲ type: 1, the number of the incident, to confirm")
        await running.press("1", "enter")
        assert await signed(running, desk) == [""]

    assert {each.state for each in desk.writer.actions.open_actions()} == {ActionState.REVERSING}


@piloted
async def test_a_drill_that_waits_is_told_from_what_is_real_also_on_a_small_screen(desk):
    for spec in (throttle(), replace(block(), drill=True)):
        waits = Action(
            spec, ActionState.STANDBY, "bo", AT - 60, "x", needs=(("finance",),), approve_by=AT + 99
        )
        desk.writer.actions.add(waits)
    async with console_on(desk, "4", size=(80, 24)) as running:
        await running.until("? waits  throttle team:search", "? drill  drill: block team:sup")


@piloted
async def test_what_outlasts_the_undo_of_an_incident_is_said_before_it(desk):
    cap = desk.fires()
    top_up = ActionSpec(ActionKind.TOP_UP, Scope.parse("team:search"), amount_nano=100 * NANO)
    desk.in_force(throttle(), incident=1, alert=1)
    desk.writer.actions.add(
        Action(top_up, ActionState.CONFIRMED, "bo", AT - 90, "more", incident=1, alert=1, accepted_at=AT - 80)
    )
    desk.writer.actions.add(
        Action(
            block(), ActionState.STANDBY, AGENT, AT - 60, "cap", incident=1, alert=1, needs=(("finance",),)
        )
    )
    desk.writer.alerts.save([replace(cap, signal=replace(cap.signal, tier="hard_cap"))])
    held = throttle("api_key:key_support", 30)
    desk.writer.actions.add(
        Action(held, ActionState.CONFIRMED, AGENT, AT - 60, "cap", incident=1, alert=1, accepted_at=AT - 50)
    )
    async with console_on(desk, "4", size=(200, 40)) as running:
        await running.until("incident 1")
        await running.press("U")
        await running.until("undoes throttle team:search")
        await running.until("stays: top team:search up by 100 credits: a top-up is taken back by finance")
        await running.until("action 4 holds a hard cap that is still reached")
        await running.until("1 request of the agent still waits: approve or deny it (4: A, D).")
        await running.press(*"1", "enter")
        assert await signed(running, desk) == [""]
        await running.until(
            "Undo of all of incident 1 asked for by ada. 2 actions stay: action 4 holds a hard cap"
        )

    states = {each.id: each.state for each in desk.writer.actions.open_actions()}
    assert [states[ident] is ActionState.REVERSING for ident in (1, 2, 3, 4)] == [True, False, False, False]
    assert states[3] is ActionState.STANDBY


@piloted
async def test_o_goes_to_the_alert(desk):
    desk.fires()
    desk.in_force(throttle(), incident=1, alert=1)
    async with console_on(desk, "4") as running:
        await running.until("⊘ confirmed")
        await running.press("o")

        await running.until("critical firing for")
        assert running.app.screen.has_class("on-alerts")


@piloted
async def test_an_approver_sees_the_exact_change_and_approves_it_by_its_number(finance):
    made = finance.asked(block())
    async with console_on(finance, "4") as running:
        await running.until("? 1 to approve")
        await running.until("still to be given: finance and engineering")
        await running.press("A")
        await running.until("Hits 1 key of support, 100 % production", f"bound to {made.digest[:16]}")
        assert "It takes finance and engineering: production is hit." in running.text
        await running.press("enter")
        await running.until("▲ type: 1, the number of the action")
        await running.press("1", "enter")
        assert await signed(running, finance) == [""]
        await running.until("Action 1 approved by ada.")
        await running.until("yes by ada for finance", "still to be given: engineering")

    (given,) = finance.writer.actions.approvals(made.id)
    assert (given.person, given.role, given.digest) == ("ada", "finance", made.digest)


@piloted
async def test_where_nothing_holds_what_waits_comes_first_and_a_denial_ends_it(finance):
    made = finance.asked(block())
    async with console_on(finance, "4") as running:
        await running.until("Waiting 1", "still to be given: finance and engineering")
        await running.known()
        await running.press("D", *"no", "enter")
        assert await signed(running, finance) == [""]
        await running.until("Action 1 denied by ada.")

    assert finance.writer.actions.action(made.id).state is ActionState.DECLINED


@piloted
async def test_after_an_undo_the_list_stays_and_a_note_says_when_it_is_done(desk):
    made = desk.in_force(throttle(non_prod=True))
    desk.asked(block())
    async with console_on(desk, "4") as running:
        await running.until("in force 1", "waiting 1", "edge/key/k2")
        await running.press("u")
        await running.until("edge/key/k2: back to no limit")
        await running.press(*"fixed", "enter")
        assert await signed(running, desk) == [""]
        await running.until("Undo of action 1 asked for by ada.")
        undoing = desk.writer.actions.action(made.id)
        desk.writer.actions.save(replace(undoing, state=ActionState.REVERSED, ended_at=AT))

        await running.until("Action 1 is undone at 12:31.", "In force 0", "nothing is throttled")
        assert running.names("rows") == []
        await running.press("A")
        await running.until("There is no action under the cursor.")


@piloted
async def test_nobody_approves_what_they_asked_for_themselves(finance):
    finance.asked(block(), by="ada")
    async with console_on(finance, "4") as running:
        await running.until("still to be given", "by ada")
        await running.press("A")
        await running.until("You asked for it yourself, so somebody else approves it.")
        (why,) = await taken(finance)
        assert why.startswith("You asked for it yourself")
        assert "approve" not in running.lines[0] and "?" not in running.lines[0]

        await running.press("u")
        await running.until("the request is taken back")
        await running.press("enter")
        assert await signed(running, finance) == [""]


@piloted
async def test_a_role_that_is_not_asked_is_told_whom_it_waits_for(desk):
    desk.asked(block())
    async with console_on(desk, "4") as running:
        await running.until("still to be given", "▲ no agent")
        await running.known()
        await running.press("A")

        await running.until("It waits for finance and engineering; you are operator.")
        assert await taken(desk) == ["It waits for finance and engineering; you are operator"]


@pytest.mark.usefixtures("nobody")
@piloted
async def test_without_an_identity_nothing_is_undone(template, tmp_path, quick):
    with open_desk(template, tmp_path) as desk:
        desk.in_force(throttle())
        async with console_on(desk, "4") as running:
            await running.until("READ-ONLY", "edge/key/k1")
            await running.press("u")

            await running.until("Run `burndeck identity create`.")
            assert desk.take() == []


@piloted
async def test_the_screen_has_no_past(desk):
    async with console_on(desk, "[", "4") as running:
        await running.until("nothing is throttled, blocked or capped")
        assert "PAST" not in running.lines[0]
        await running.press("[")

        await running.until("This screen shows what is so now")


@piloted
async def test_an_undo_and_a_renewal_of_what_is_over_are_on_record(desk):
    desk.ended(throttle())
    async with console_on(desk, "4") as running:
        await running.until("history 1")
        await running.press("l", "l")
        await running.until("✓ expired")
        await running.press("u")
        await taken(desk)
        await running.press("R")
        await taken(desk)

    over = "Action 1 is expired: there is nothing to"
    assert desk.refusals() == [
        ("release", "action:1", f"{over} undo"),
        ("renew", "action:1", f"{over} renew"),
    ]


@piloted
async def test_an_undo_of_an_incident_of_which_nothing_holds_is_on_record(desk):
    desk.fires()
    desk.ended(throttle(), incident=1, alert=1)
    async with console_on(desk, "4") as running:
        await running.until("history 1")
        await running.press("l", "l")
        await running.until("✓ expired")
        await running.press("U")
        await running.until("Nothing that was done in incident 1 holds or waits")
        (why,) = await taken(desk)

    assert desk.refusals() == [("release", "incident:1", why)]


def signed_by(name: Identity, desk: Desk) -> int:
    """Somebody has asked for a throttle, and no agent has taken it."""
    ask = request_of(desk.plan(throttle(non_prod=True)), "retries")
    return submit(desk.settings, ask.kind, ask.subject, ask.payload, AT, identity=name).id


@piloted
async def test_what_no_agent_has_taken_is_listed_and_taken_back_by_its_signer(desk):
    signed_by(ADA, desk)
    async with console_on(desk, "4") as running:
        await running.until("waiting 1", "… asked", "the agent", "no agent has taken it yet")
        await running.press("R")
        await running.until("No agent has taken it yet: until then u takes it back")
        await running.press("u")
        await running.until("Withdraw intent 1", "Signed by ada: retries", "Enter takes it back.")
        await running.press("enter")
        await running.until("Signed by ada; the agent has it now.", "– withdrawn", "– void")
        await running.press("u")
        await running.until("Intent 1 is withdrawn: no agent will carry it out.")
        assert await taken(desk, 3) == [
            "withdrawn by ada before an agent took it",
            "",
            "Intent 1 is withdrawn: no agent will carry it out",
        ]
        await running.until("Intent 1 withdrawn by ada. Nothing of it was done.", "waiting 0")

    assert list(desk.writer.actions.open_actions()) == []


@piloted
async def test_nobody_takes_back_what_somebody_else_has_signed(desk):
    signed_by(BO, desk)
    async with console_on(desk, "4") as running:
        await running.until("… asked for, and not taken yet", "by bo alone")
        await running.press("u")
        await running.until("Bo signed intent 1, so only they withdraw it.")
        assert await taken(desk, 2) == ["", "Bo signed intent 1, so only they withdraw it"]
        await running.until("waiting 0")


def test_a_failed_target_is_said_in_the_list(desk):
    from agent.reports.actions import entry

    made = desk.in_force(throttle())
    (row,) = rows([replace(entry(made, (), AT), failed=1)], Part.IN_FORCE, AT)

    assert "1 of 2 targets failed" in row.cells[1].text
