"""Texts as runbooks: what each part means, and what is said of texts that are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.runbook import END, Ask, Choice, Parameter, ParameterKind, Remedy, StepKind
from agent.domain.runbook import Test as Condition
from agent.runbooks.format import LARGEST, Problem, RunbookError, decode, parse, read
from tests.agent.runbooks.texts import FRONT, NOTE, line_with, runbook, step


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(RunbookError) as raised:
        parse(text, "search.md")
    return raised.value.problems


def only(text: str) -> Problem:
    (problem,) = problems(text)
    return problem


def test_front_matter_prose_and_steps_are_read() -> None:
    front = f"""{FRONT}
summary = "When search answers late."
trigger = ["burn_spike", "critical"]
roles = ["operator"]
[parameters.scope]
kind = "scope"
help = "What burns."
from = "alert.scope"
default = "organization"
[parameters.ticket]
required = false"""
    text = runbook(NOTE, NOTE, front=front) + "\n## Afterwards\n\nNot a step.\n"

    found = parse(text, "search.md")

    assert (found.id, found.title, found.source, found.text) == (
        "search-latency",
        "Search is slow",
        "search.md",
        text,
    )
    assert found.summary == "When search answers late."
    assert found.triggers == ("burn_spike", "critical")
    assert found.roles == ("operator",)
    assert found.parameters == (
        Parameter("scope", ParameterKind.SCOPE, "What burns.", "alert.scope", "organization"),
        Parameter("ticket", required=False),
    )
    assert found.intro == "Read this first."
    first, second = found.steps
    assert (first.seq, first.id, first.title, first.prose) == (1, "1", "Look", "What to look for.")
    assert first.line == line_with(text, "## 1. Look")
    assert second.prose == "What to look for."  # not what stands under `## Afterwards`


def test_a_query_has_one_report_or_several() -> None:
    one = 'kind = "query"\nreport = "top"\nwith = { by = "key", days = 7, share = 0.90, all = true }'
    several = """kind = "query"
[[ask]]
report = "burn"
[[ask]]
report = "top"
keep = { key = "key" }"""

    alone, many = parse(runbook(one, several)).steps

    assert alone.asks == (Ask("top", {"by": "key", "days": "7", "share": "0.90", "all": "yes"}),)
    assert many.asks == (Ask("burn"), Ask("top", {}, {"key": "key"}))


def test_a_step_says_what_must_be_so_before_and_where_it_goes() -> None:
    block = """kind = "wait-for"
id = "fell"
condition = "burn-fell"
with = { of = "throttle" }
timeout = "15m"
otherwise = "note"
then = "end"
needs = ["note"]
on-failure = ["retry"]
roles = ["lead"]
optional = true
requires = [{ condition = "incident-open", with = { incident = "{incident}" } }]"""

    found = parse(runbook('id = "note"\n' + NOTE, block)).steps[1]

    assert found.kind is StepKind.WAIT_FOR
    assert found.test == Condition("burn-fell", {"of": "throttle"})
    assert found.requires == (Condition("incident-open", {"incident": "{incident}"}),)
    assert (found.timeout_s, found.otherwise, found.then) == (900, "note", END)
    assert (found.needs, found.performers, found.optional) == (("note",), ("lead",), True)
    assert found.remedies == (Remedy.RETRY,)


def test_decisions_actions_approvals_and_messages_are_read() -> None:
    decision = """kind = "decision"
question = "Is production affected?"
records = "criticality"
[[choice]]
answer = "critical"
label = "it is"
go = "top-up"
[[choice]]
answer = "not-critical"
go = "end\""""
    action = (
        'kind = "action"\nid = "top-up"\naction = "top-up"\nwith = { scope = "{scope}", amount = "25,000" }'
    )
    approval = 'kind = "approval"\nsign = [["finance"], ["engineering", "lead"]]\ntimeout = "1h"'
    message = 'kind = "notify"\nto = ["central_finance"]\ntext = "Run {run}."\nauto = true'

    asked, done, agreed, told = parse(runbook(decision, action, approval, message)).steps

    assert asked.choices == (
        Choice("critical", "it is", "top-up"),
        Choice("not-critical", "not-critical", END),
    )
    assert asked.records == "criticality"
    assert (done.action, done.using) == ("top-up", {"scope": "{scope}", "amount": "25,000"})
    assert (agreed.roles, agreed.timeout_s) == ((("finance",), ("engineering", "lead")), 3_600)
    assert (told.to, told.text, told.auto) == (("central_finance",), "Run {run}.", True)


def test_blocks_within_other_blocks_and_comments_are_prose() -> None:
    prose = "````text\n```toml burndeck\nkind = 'nothing'\n```\n## 7. Not a step\n````\n"
    prose += "<!--\n## 8. Neither\n-->\n"
    text = runbook(NOTE).replace("What to look for.\n", prose)

    (found,) = parse(text).steps

    assert "## 7. Not a step" in found.prose
    assert found.prompt == "What happened?"


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    text = runbook(NOTE)

    found = parse("\ufeff" + text.replace("\n", "\r\n"))

    assert found.steps == parse(text).steps


@pytest.mark.parametrize(
    ("block", "piece", "message"),
    [
        ('kind = "qury"', "kind", "kind 'qury' is unknown; did you mean 'query'?"),
        ("prompt = 3", "```toml", "a step needs 'kind'"),
        (NOTE + '\npromt = "x"', "promt", "a note has no field 'promt'; did you mean 'prompt'?"),
        (NOTE + '\nquestion = "x"', "question", "a note has no field 'question': a decision has it"),
        ('kind = "note"\nprompt = 3', "prompt", "prompt must be text in quotes"),
        ('kind = "note"\nprompt = "{a b}"', "prompt",
         "prompt: {a b} is no parameter's name; write {{ for a brace"),
        ('kind = "note"\nprompt = "{a"', "prompt", "prompt: a { is never closed; write {{ for a brace"),
        ('kind = "note"\nprompt = "\\u001b[2J"', "prompt",
         "prompt: the character U+001B has no place in a text"),
        (NOTE + '\nthen = "nowhere"', "then", "then 'nowhere' is no step; known are 1, end"),
        (NOTE + '\nneeds = ["end"]', "needs", "needs 'end' is no step; known are 1"),
        (NOTE + '\non-failure = ["retri"]', "on-failure",
         "on-failure 'retri' is unknown; did you mean 'retry'?"),
        (NOTE + '\nid = "end"', "id =", "the id 'end' is the end of every runbook: call the step otherwise"),
        ('kind = "wait-for"\ncondition = "x"\ntimeout = "soon"', "timeout",
         "timeout 'soon' is no stretch of time such as 90s, 15m or 6h"),
        ('kind = "query"\n[[ask]]\nreport = "a"\n[[ask]]\nreprt = "b"', "reprt",
         "a question has no field 'reprt'; did you mean 'report'?"),
        ('kind = "approval"', "```toml",
         "an approval has either `of`, an action's step, or `sign`, the roles that sign"),
        ('kind = "approval"\nof = "1"', "of =", "of: step '1' is no action"),
        ('kind = "decision"\nquestion = "x"', "```toml",
         "a decision needs choices: a [[choice]] table for each answer"),
        ("kind = note", "kind", "not valid TOML: invalid value (column 8)"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_line(block: str, piece: str, message: str) -> None:
    found = problems(runbook(block))

    text = runbook(block)
    assert message in [problem.message for problem in found]
    problem = next(problem for problem in found if problem.message == message)
    assert problem.line == line_with(text[text.index("## 1.") :], piece) + line_with(text, "## 1.") - 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('titel = "x"', "a runbook has no field 'titel'; did you mean 'title'?"),
        ('trigger = ["burn_spke"]',
         "trigger: 'burn_spke' is no rule or tier of alerts; did you mean 'burn_spike'?"),
        ('trigger = ["burn_spike/retry_strom"]',
         "trigger: 'retry_strom' in 'burn_spike/retry_strom' is no cause that alerts name; "
         "did you mean 'retry_storm'?"),
        ('trigger = ["burn_spik/retry_storm"]',
         "trigger: 'burn_spik' in 'burn_spik/retry_storm' is no rule of alerts; did you mean 'burn_spike'?"),
        ('parameters.run.kind = "text"', "every run has 'run' by itself: call the parameter otherwise"),
        ('parameters.a.kind = "scop"', "kind 'scop' is unknown; did you mean 'scope'?"),
        ('parameters.a.from = "alert.scop"',
         "from 'alert.scop' is nothing of an alert; did you mean 'alert.scope'?"),
        ('parameters.a = { kind = "rate", default = "fast" }',
         "default: fast is none such as 10 rps, 60 rpm, 5000 tpm or 4 parallel"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_front_matter_is_said_at_its_line(line: str, message: str) -> None:
    assert only(runbook(NOTE, front=f"{FRONT}\n{line}")) == Problem(4, message)


def test_every_problem_is_told_at_once_and_the_error_names_the_first() -> None:
    text = runbook('kind = "qury"', "kind = ", NOTE, front='title = "x"').replace("## 3.", "## 4.")

    with pytest.raises(RunbookError) as raised:
        parse(text, "search.md")

    assert [problem.message.split(";")[0] for problem in raised.value.problems] == [
        "a runbook needs 'id'",
        "kind 'qury' is unknown",
        "not valid TOML: invalid value at its end",
        "this is step 3, but its heading says 4",
    ]
    assert raised.value.message == "search.md:1: a runbook needs 'id' (and 3 further problems)"
    assert raised.value.exit_code == 2


def test_steps_are_numbered_in_order_and_named_once() -> None:
    twice = 'id = "a"\n' + NOTE

    assert only(runbook(NOTE, NOTE).replace("## 2.", "## 3.")).message == (
        "this is step 2, but its heading says 3"
    )
    assert only(runbook(twice, twice)).message == "the id 'a' is that of step 1 already"


def test_what_markdown_has_wrong_is_said() -> None:
    whole = runbook(NOTE)
    stray = whole.replace("## 1. Look", "## Look")
    unclosed = whole.rstrip().removesuffix("```")
    without = whole.replace("```toml burndeck", "```toml")
    quoted = without + "\n> ```toml burndeck\n> ```\n"

    assert "belongs to no step" in problems(stray)[-1].message
    assert only(unclosed) == Problem(
        line_with(whole, "```toml"), "the block never ends: ``` is missing behind it"
    )
    assert only(without).message.startswith("step 1 has no machine's part")
    assert any("within a list or quotation" in problem.message for problem in problems(quoted))
    assert "second machine's part" in only(whole + f"```toml burndeck\n{NOTE}\n```\n").message
    assert only(whole[whole.index("# Search") :]).message.startswith("no front matter")
    assert only("+++\n" + FRONT).message.startswith("the front matter never ends")
    assert only(f"+++\n{FRONT}\n+++\n").message.startswith("there are no steps")


def test_a_line_within_a_long_text_is_taken_for_no_key() -> None:
    block = 'kind = "notify"\ntext = """\nto = 3\n[[choice]]\n"""\nto = 5'
    text = runbook(block)

    assert only(text) == Problem(line_with(text, "to = 5"), "to must be a list of texts in quotes")


@pytest.mark.parametrize(
    "piece", ['kind = "qury"', NOTE + '\nthen = "x"', "kind = ", NOTE + "\nprompt = 3", ""]
)
@given(above=st.integers(1, 40))
def test_blank_lines_above_move_every_problem_by_as_many_lines(piece: str, above: int) -> None:
    text = runbook(NOTE, piece, front=FRONT + "\nstrange = 1")

    before, after = problems(text), problems("\n" * above + text)

    assert [(each.line + above, each.message) for each in before] == [
        (each.line, each.message) for each in after
    ]


_PIECES = st.sampled_from([
    "+++\n", "## 1. A\n", "## 2. B\n", "```toml burndeck\n", "```\n", "<!--\n", "- ", "> ", "    ", "\r",
    "id = 'a'\n", "title = 'b'\n", "[parameters.x]\n", "parameters = [1]\n", "kind = 'query'\n", "[[ask]]\n",
    "kind = 'decision'\n", "[[choice]]\n", "answer = 1\n", "prompt = '''\n", "'''\n", "sign = [['x']]\n",
    "requires = [{ condition = 'x' }]\n", "timeout = 5\n", "with = { a = { b = 1 } }\n", "report = 'x'\n",
    "on-failure = [1]\n", "d = 1979-05-27T07:32:00Z\n", "with = { a = 0x" + "f" * 500 + " }\n", "\ud800",
    "\x00", "\x85", "n = " + "9" * 1_900 + "\n", "x = " + "[" * 1_500 + "\n", "a." * 900 + "b = 1\n",
])  # fmt: skip


@given(st.lists(_PIECES | st.text(max_size=8), max_size=25).map("".join), st.booleans())
def test_no_text_at_all_breaks_the_reader(text: str, begun: bool) -> None:
    if begun:
        text = f"+++\n{FRONT}\n+++\n## 1. A\n```toml burndeck\n{text}"

    try:
        found = parse(text)
    except RunbookError as error:
        lines = text.count("\n") + text.count("\r") + 1
        assert error.problems
        assert all(1 <= problem.line <= lines for problem in error.problems)
    else:
        assert found.steps


@given(st.binary(max_size=60))
def test_no_bytes_at_all_break_the_reader(data: bytes) -> None:
    with pytest.raises(RunbookError):
        decode(runbook(NOTE).encode() + b"\xff" + data)


def test_bytes_that_are_no_text_are_named_by_their_line() -> None:
    with pytest.raises(RunbookError) as raised:
        decode(b"+++\nid = '\xff'\n")

    assert raised.value.problems == (Problem(2, "not UTF-8 text"),)


def test_files_that_are_too_large_or_missing_are_refused(tmp_path: Path) -> None:
    large = tmp_path / "large.md"
    large.write_text(runbook(NOTE) + "x" * LARGEST)

    with pytest.raises(RunbookError, match="larger than 256 KiB"):
        read(large)
    with pytest.raises(RunbookError, match=r"none.md:1: cannot be read: No such file"):
        read(tmp_path / "none.md")
    assert "larger than 256 KiB" in only(runbook(NOTE) + "x" * LARGEST).message


def test_a_runbook_has_a_bounded_number_of_steps() -> None:
    text = runbook() + "".join(step(number, NOTE) for number in range(1, 203))

    assert only(text).message == "more than 200 steps: make several runbooks of it"
