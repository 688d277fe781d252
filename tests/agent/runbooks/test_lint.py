"""Lint of runbooks: what it finds, at which line, and that it leaves sound ones alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from agent.runbooks.format import Problem, parse
from agent.runbooks.lint import lint
from tests.agent.runbooks.texts import FRONT, NOTE, line_with, runbook


@dataclass(frozen=True)
class Asked:
    """A query or condition, as far as lint looks."""

    parameters: Mapping[str, bool]
    columns: tuple[str, ...] = ()


QUERIES = {
    "top": Asked({"by": False, "window": False, "scope": False}),
    "owner": Asked({"scope": True}, ("key", "team")),
}
CONDITIONS = {"burn-fell": Asked({"of": True}), "incident-open": Asked({"incident": True})}
SCOPE = f'{FRONT}\n[parameters.scope]\nkind = "scope"'

QUERY = 'kind = "query"\nreport = "top"\nwith = { scope = "{scope}", window = "15m" }'
THROTTLE = """kind = "action"
id = "throttle"
action = "throttle"
with = { scope = "{scope}", limit = "10 rps", for = "2h", non-prod = true }"""
FELL = """kind = "wait-for"
condition = "burn-fell"
with = { of = "throttle" }
timeout = "15m\""""
TOP_UP = 'kind = "action"\nid = "top-up"\naction = "top-up"\nwith = { scope = "{scope}", amount = "25,000" }'
CHECK = 'kind = "check"\ncondition = "incident-open"\nwith = { incident = "{incident}" }'


def found(*blocks: str, front: str = SCOPE) -> list[str]:
    text = runbook(*blocks, front=front)
    return [problem.message for problem in lint(parse(text), QUERIES, CONDITIONS, {"finance", "lead"})]


def test_a_sound_runbook_leaves_nothing_to_say() -> None:
    told = 'kind = "notify"\nto = ["finance", "ada@example.com", "#ops"]\ntext = "Run {run}: {scope}."'
    release = 'kind = "action"\naction = "release"\nof = "throttle"'

    assert found(QUERY, CHECK, THROTTLE, FELL, told, release, NOTE) == []


@pytest.mark.parametrize(
    ("block", "piece", "message"),
    [
        ('kind = "query"\nreport = "tpo"', "report", "report 'tpo' is unknown; did you mean 'top'?"),
        (QUERY.replace("window", "windw"), "with",
         "report top has no parameter 'windw'; did you mean 'window'?"),
        (QUERY.replace("15m", "quarter"), "with",
         "window: 'quarter' is not a stretch of time such as '90s', '15m', '6h' or '4d'"),
        ('kind = "query"\n[[ask]]\nreport = "owner"', "[[ask]]", "report owner needs the parameter 'scope'"),
        ('kind = "query"\n[[ask]]\nreport = "top"\n[[ask]]\nreport = "owner"\nwith.scope = "organization"\n'
         'keep = { team = "taem" }', "keep", "report owner has no column 'taem'; did you mean 'team'?"),
        (CHECK.replace("incident-open", "incident-opn"), "condition",
         "condition 'incident-opn' is unknown; did you mean 'incident-open'?"),
        (NOTE + '\nrequires = [{ condition = "incident-open" }]', "requires",
         "condition incident-open needs the parameter 'incident'"),
        (THROTTLE.replace('"throttle"', '"throtle"'), "action = ",
         "action 'throtle' is unknown; did you mean 'throttle'?"),
        (THROTTLE.replace("limit", "limt"), "with", "throttle needs the parameter 'limit'"),
        (THROTTLE.replace("10 rps", "fast"), "with",
         "limit: fast is none such as 10 rps, 60 rpm, 5000 tpm or 4 parallel"),
        (THROTTLE.replace("{scope}", "teem:{scope}"), "with",
         "scope: scope 'teem:x' is none of organization, billing_group:NAME, department:NAME, team:NAME, "
         "project:NAME, api_key:NAME"),
        ('kind = "action"\naction = "revoke"\nwith = { scope = "{scope}" }', "action = ",
         'revoke has no undo: say why it is here all the same, as irreversible = "..."'),
        (THROTTLE + '\nirreversible = "x"', "irreversible", "throttle can be undone: leave irreversible out"),
        (FELL.replace('timeout = "15m"', ""), "## 1.",
         'it waits for ever: give it a timeout, as in timeout = "15m"'),
        (FELL, "with", "of 'throttle' is no action's step"),
        (TOP_UP, "action = ", "a top-up needs an approval of finance and engineering: a step of its own"),
        ('kind = "notify"\nto = ["finanze"]\ntext = "x"', "to = ",
         "to 'finanze' is nobody whom routes know; did you mean 'finance'?"),
        ('kind = "note"\nprompt = "{scop}?"', "prompt",
         "nobody fills {scop} before it is used; did you mean 'scope'?"),
        (NOTE + '\nneeds = ["1"]', "needs", "needs '1' is never done before it"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_step_is_said_at_its_line(block: str, piece: str, message: str) -> None:
    text = runbook(block, front=SCOPE)
    heading = line_with(text, "## 1.")

    problems = lint(parse(text), QUERIES, CONDITIONS, {"finance", "lead"})

    line = heading - 1 + line_with(text[text.index("## 1.") :], piece)
    assert Problem(line, f"step 1: {message}") in problems


def test_roles_that_are_none_or_may_not_act_are_named() -> None:
    front = f'{FRONT}\nroles = ["viewer"]'
    signed = 'kind = "approval"\nsign = [["finanse"]]'
    text = runbook(NOTE + '\nroles = ["lad"]', signed, front=front)

    problems = lint(parse(text), QUERIES, CONDITIONS)

    assert [(problem.line, problem.message.split(";")[0]) for problem in problems] == [
        (4, "'viewer' is no role that acts"),
        (line_with(text, '["lad"]'), "'lad' is no role that acts"),
        (line_with(text, "finanse"), "'finanse' is no role that acts"),
    ]


def test_a_step_that_nothing_reaches_is_named() -> None:
    assert found(NOTE + '\nthen = "3"', NOTE, NOTE) == ["step 2: no way from step 1 leads here"]


def test_both_ways_of_a_decision_and_of_a_check_are_ways() -> None:
    decision = """kind = "decision"
question = "Which?"
[[choice]]
answer = "a"
go = "3"
[[choice]]
answer = "b\""""

    assert found(decision, NOTE + '\nthen = "end"', NOTE) == []
    assert found(CHECK + '\nthen = "end"\notherwise = "2"', NOTE) == []
    assert found(decision + '\ngo = "3"', NOTE, NOTE) == ["step 2: no way from step 1 leads here"]


def test_a_loop_needs_a_person_or_a_wait() -> None:
    back = CHECK + '\nthen = "end"\notherwise = "1"'

    assert found(QUERY, back) == ["steps 1, 2 go round for ever: nobody is asked, and nothing is waited for"]
    assert found(THROTTLE, FELL, CHECK + '\nthen = "end"\notherwise = "2"') == []
    assert found(NOTE, CHECK + '\nthen = "end"\notherwise = "1"') == []


def test_a_kept_value_is_known_only_where_every_way_has_kept_it() -> None:
    keeps = 'kind = "query"\nreport = "top"\nkeep = { key = "key" }'
    uses = 'kind = "note"\nprompt = "Whose is {key}?"'
    both = f"""kind = "query"
[[ask]]
{keeps.partition(chr(10))[2]}
[[ask]]
report = "owner"
with = {{ scope = "api_key:{{key}}" }}"""
    unfilled = "nobody fills {key} before it is used"

    assert found(keeps, uses) == []
    assert found(both) == []
    assert [message.split(";")[0] for message in found(uses, keeps, NOTE)] == [f"step 1: {unfilled}"]
    past = CHECK + '\notherwise = "3"'
    assert [message.split(";")[0] for message in found(past, keeps, uses)] == [f"step 3: {unfilled}"]


def test_a_top_up_takes_an_approval_of_its_own_or_signatures_of_both_before_it() -> None:
    of = 'kind = "approval"\nof = "top-up"'
    both = 'kind = "approval"\nsign = [["finance"], ["engineering", "lead"]]'
    one = 'kind = "approval"\nsign = [["finance", "engineering"]]'
    emergency = TOP_UP.replace("25,000", '25,000", emergency = "yes')

    assert found(TOP_UP, of) == []
    assert found(both, TOP_UP) == []
    assert found(emergency) == []
    assert len(found(one, TOP_UP)) == 1
    assert len(found(TOP_UP, both)) == 1
    assert len(found(TOP_UP + '\nthen = "end"', of)) == 3  # nothing leads to the approval
