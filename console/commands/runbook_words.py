"""A runbook in words, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click

from agent.domain.words import duration

if TYPE_CHECKING:
    from agent.domain.runbook import Parameter, Runbook, Step
    from agent.runbooks.library import Entry


def readable(entry: Entry) -> str:
    """What a runbook is about, who may start it, its parameters, and its steps."""
    runbook = entry.runbook
    origin = "shipped" if entry.shipped else runbook.source
    head = [
        click.style(f"{runbook.title}  ({runbook.id})", bold=True),
        runbook.summary,
        f"from      {origin}" + (", over the shipped one" if entry.overrides else ""),
        f"answers   {', '.join(runbook.triggers) or 'no alert by itself'}",
        f"started   by {', '.join(runbook.roles) or 'everybody on call'}",
    ]
    parts = ["\n".join(line for line in head if line)]
    if runbook.parameters:
        parts.append("\n".join(["Parameters", *(f"  {_parameter(each)}" for each in runbook.parameters)]))
    if runbook.intro:
        parts.append(runbook.intro)
    parts += ["\n".join(_step(runbook, step)) for step in runbook.steps]
    return "\n\n".join(parts)


def _parameter(parameter: Parameter) -> str:
    facts = [
        parameter.kind.value,
        f"from {parameter.source}" if parameter.source else "",
        f"by default {parameter.default}" if parameter.default else "",
        "" if parameter.required else "may be empty",
    ]
    text = f"{parameter.name} ({', '.join(fact for fact in facts if fact)})"
    return f"{text}: {parameter.help}" if parameter.help else text


def _step(runbook: Runbook, step: Step) -> Iterator[str]:
    yield click.style(f"{step.seq}. {step.title}", bold=True)
    if step.prose:
        yield from (f"   {line}".rstrip() for line in step.prose.splitlines())
    yield from (f"   > {line}" for line in (*_does(step), *_leads(runbook, step)))


def _does(step: Step) -> Iterator[str]:
    """The machine's part."""
    for test in step.requires:
        yield f"requires {test.condition}{_with(test.using)}"
    for ask in step.asks:
        kept = ", ".join(f"{name} from {column}" for name, column in ask.keeps.items())
        yield f"query {ask.report}{_with(ask.using)}" + (f", keeps {kept}" if kept else "")
    if step.test:
        yield f"{step.kind.value} {step.test.condition}{_with(step.test.using)}"
    if step.question:
        yield f"decision: {step.question}"
    if step.action:
        of = f" of step {step.of}" if step.of else ""
        yield f"action {step.action}{of}{_with(step.using)}"
    if step.irreversible:
        yield f"cannot be undone: {step.irreversible}"
    if step.kind.value == "approval":
        signs = " and ".join(" or ".join(group) for group in step.roles)
        yield f"approval of step {step.of}" if step.of else f"approval by {signs}"
    if step.to:
        yield f"notify {', '.join(step.to)}{' by itself' if step.auto else ''}: {step.text}"
    if step.prompt:
        yield f"note: {step.prompt}"


def _leads(runbook: Runbook, step: Step) -> Iterator[str]:
    """Who does it, and where it goes on."""
    if step.performers:
        yield f"done by the holder, or by {', '.join(step.performers)}"
    for choice in step.choices:
        where = f" -> {_where(runbook, choice.go)}" if choice.go else ""
        yield f"  {choice.answer}: {choice.label}{where}"
    if step.timeout_s:
        yield f"for {duration(step.timeout_s)} at most"
    if step.then:
        yield f"then -> {_where(runbook, step.then)}"
    if step.otherwise:
        yield f"otherwise -> {_where(runbook, step.otherwise)}"


def _where(runbook: Runbook, ident: str) -> str:
    step = runbook.named(ident)
    return f"step {step.seq}, {step.title}" if step else ident


def _with(using: Mapping[str, str]) -> str:
    return f" ({', '.join(f'{name} {text}' for name, text in using.items())})" if using else ""
