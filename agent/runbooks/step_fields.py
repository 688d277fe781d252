"""The machine's part of a step, kind by kind, as a `Step`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from agent.domain.runbook import Ask, Choice, Remedy, Step, StepKind, Test
from agent.runbooks.blocks import Section
from agent.runbooks.fields import Fields
from agent.runbooks.filling import NAME
from agent.runbooks.problem import near, quoted

CRITICALITY = "criticality"
ASSESSMENTS = ("critical", "not-critical")
"""The answers of a decision that records how critical an incident is."""
POSTMORTEM = "postmortem"
_ARTICLES = {StepKind.ACTION: "an", StepKind.APPROVAL: "an"}

FIELDS: Mapping[StepKind, tuple[str, ...]] = {
    StepKind.QUERY: ("ask", "report", "with", "keep"),
    StepKind.CHECK: ("condition", "with", "otherwise"),
    StepKind.WAIT_FOR: ("condition", "with", "timeout", "otherwise"),
    StepKind.DECISION: ("question", "choice", "records"),
    StepKind.ACTION: ("action", "with", "irreversible", "of"),
    StepKind.APPROVAL: ("of", "sign", "timeout", "otherwise"),
    StepKind.NOTIFY: ("to", "text", "auto"),
    StepKind.NOTE: ("prompt", "records", "fills"),
}
"""What a kind of step has beside the fields that every step has."""


def read_step(section: Section, fields: Fields) -> Step:
    """The step of a section; problems are noted with their lines."""
    kind = fields.one_of("kind", StepKind, required=True)
    ident = fields.text("id", plain=True) or str(section.seq)
    if not NAME.fullmatch(f"_{ident}"):
        fields.wrong(f"the id {quoted(ident)} is no name of letters, digits, - and _", "id")
    elif ident == "end":
        fields.wrong("the id 'end' is the end of every runbook: call the step otherwise", "id")
    base = Step(section.seq, ident, section.title, section.prose, kind or StepKind.NOTE, line=section.line)
    if kind is None:  # what its fields may be depends on it
        return base
    fields.what = _a(kind)
    own = _READERS[kind](fields)
    common = _common(fields, kind)
    fields.finish(_elsewhere)
    return dataclasses.replace(base, **common, **own)


def _a(kind: StepKind) -> str:
    return f"{_ARTICLES.get(kind, 'a')} {kind.value}"


def _elsewhere(name: str) -> str:
    """The kinds that have a field of this name."""
    return " or ".join(_a(kind) for kind, names in FIELDS.items() if name in names)


def _common(fields: Fields, kind: StepKind) -> dict[str, Any]:
    found: dict[str, Any] = {
        "needs": fields.texts("needs"),
        "requires": tuple(_test(each) for each in fields.tables("requires", "a precondition")),
        "then": fields.text("then", plain=True),
        "optional": fields.flag("optional"),
    }
    if kind is not StepKind.APPROVAL:  # who gives an approval is its `sign`
        found["performers"] = fields.texts("roles")
    remedies = fields.texts("on-failure")
    for name in remedies:
        if name not in tuple(Remedy):
            fields.wrong(f"on-failure {quoted(name)} is unknown{near(name, Remedy)}", "on-failure")
    if fields.has("on-failure"):
        found["remedies"] = tuple(Remedy(name) for name in remedies if name in tuple(Remedy))
    return found


def _query(fields: Fields) -> dict[str, Any]:
    alone = fields.has("report") or not fields.has("ask")
    asks = [_ask(each, alone=False) for each in fields.tables("ask", "a question")]
    if alone:
        if asks:
            fields.wrong("a query has a report of its own or [[ask]] tables, not both", "report")
        asks.insert(0, _ask(fields, alone=True))
    return {"asks": tuple(asks)}


def _ask(fields: Fields, *, alone: bool) -> Ask:
    ask = Ask(
        fields.text("report", required=True, plain=True),
        fields.mapping("with"),
        fields.mapping("keep", plain=True),
    )
    for name in ask.keeps:
        if not NAME.fullmatch(name):
            fields.wrong(f"keep: {quoted(name)} is no parameter's name", "keep", name)
    if not alone:
        fields.finish()
    return ask


def _test(fields: Fields) -> Test:
    test = Test(fields.text("condition", required=True, plain=True), fields.mapping("with"))
    if fields.what == "a precondition":
        fields.finish()
    return test


def _check(fields: Fields) -> dict[str, Any]:
    return {"test": _test(fields), "otherwise": fields.text("otherwise", plain=True)}


def _wait_for(fields: Fields) -> dict[str, Any]:
    return {**_check(fields), "timeout_s": fields.span("timeout")}


def _decision(fields: Fields) -> dict[str, Any]:
    choices = tuple(_choice(each) for each in fields.tables("choice", "a choice"))
    answers = [choice.answer for choice in choices]
    if not choices:
        fields.wrong("a decision needs choices: a [[choice]] table for each answer")
    for index, answer in enumerate(answers):
        if answer and answer in answers[:index]:
            fields.wrong(f"the answer {quoted(answer)} is there twice", "choice", index, "answer")
    records = _records(fields, CRITICALITY)
    if records and set(answers) != set(ASSESSMENTS):
        fields.wrong(
            f"a decision that records {records} has the answers {' and '.join(ASSESSMENTS)}", "records"
        )
    return {"question": fields.text("question", required=True), "choices": choices, "records": records}


def _choice(fields: Fields) -> Choice:
    answer = fields.text("answer", required=True, plain=True)
    choice = Choice(answer, fields.text("label") or answer, fields.text("go", plain=True))
    fields.finish()
    return choice


def _records(fields: Fields, only: str) -> str:
    records = fields.text("records", plain=True)
    if records and records != only:
        fields.wrong(f"{fields.what} records {only!r} or nothing, not {quoted(records)}", "records")
        return ""
    return records


def _action(fields: Fields) -> dict[str, Any]:
    return {
        "action": fields.text("action", required=True, plain=True),
        "using": fields.mapping("with"),
        "irreversible": fields.text("irreversible"),
        "of": fields.text("of", plain=True),
    }


def _approval(fields: Fields) -> dict[str, Any]:
    if fields.has("of") == fields.has("sign"):
        fields.wrong("an approval has either `of`, an action's step, or `sign`, the roles that sign")
    return {
        "of": fields.text("of", plain=True),
        "roles": fields.groups("sign"),
        "timeout_s": fields.span("timeout"),
        "otherwise": fields.text("otherwise", plain=True),
    }


def _notify(fields: Fields) -> dict[str, Any]:
    to = fields.texts("to", plain=False)
    if not to and not fields.has("to"):
        fields.wrong("a notify needs 'to': who is told")
    return {"to": to, "text": fields.text("text", required=True), "auto": fields.flag("auto")}


def _note(fields: Fields) -> dict[str, Any]:
    fills = fields.text("fills", plain=True)
    if fills and not NAME.fullmatch(fills):
        fields.wrong(f"fills: {quoted(fills)} is no parameter's name", "fills")
    return {
        "prompt": fields.text("prompt", required=True),
        "records": _records(fields, POSTMORTEM),
        "fills": fills,
    }


_READERS: Mapping[StepKind, Callable[[Fields], dict[str, Any]]] = {
    StepKind.QUERY: _query,
    StepKind.CHECK: _check,
    StepKind.WAIT_FOR: _wait_for,
    StepKind.DECISION: _decision,
    StepKind.ACTION: _action,
    StepKind.APPROVAL: _approval,
    StepKind.NOTIFY: _notify,
    StepKind.NOTE: _note,
}
