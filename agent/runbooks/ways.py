"""The ways through a runbook: which step can follow which, and what is known on arrival."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agent.domain.runbook import Runbook, Step, StepKind

Graph = Mapping[int, frozenset[int]]
"""Steps by their number, each with those that can follow."""


def graph_of(runbook: Runbook) -> Graph:
    """What can follow what, in every outcome of every step."""
    return {step.seq: frozenset(_followers(runbook, step)) for step in runbook.steps}


def _followers(runbook: Runbook, step: Step) -> Iterable[int]:
    goes = [choice.go for choice in step.choices] if step.kind is StepKind.DECISION else [""]
    if step.otherwise:
        goes.append(step.otherwise)
    return {found for go in goes if (found := runbook.after(step, go)) is not None}


def reached(graph: Graph, start: int) -> frozenset[int]:
    """The steps that a way from `start` leads to, with `start` only where one leads back."""
    found: set[int] = set()
    ahead = [*graph.get(start, ())]
    while ahead:
        seq = ahead.pop()
        if seq not in found:
            found.add(seq)
            ahead.extend(graph.get(seq, ()))
    return frozenset(found)


def restless(runbook: Runbook, graph: Graph) -> tuple[tuple[int, ...], ...]:
    """Loops in which nobody is asked and nothing is waited for, each as the numbers of its steps."""
    busy = {step.seq for step in runbook.steps if _at_once(step)}
    within: Graph = {seq: graph[seq] & busy for seq in busy}
    reach = {seq: reached(within, seq) for seq in busy}
    round_ = sorted(seq for seq in busy if seq in reach[seq])
    loops = {
        tuple(other for other in round_ if other in reach[seq] and seq in reach[other]) for seq in round_
    }
    return tuple(sorted(loops))


def _at_once(step: Step) -> bool:
    return step.kind in (StepKind.QUERY, StepKind.CHECK) or (step.kind is StepKind.NOTIFY and step.auto)


def known_on_arrival(runbook: Runbook, graph: Graph) -> Mapping[int, frozenset[str]]:
    """The parameters that were kept on every way to a step; a step that nothing reaches knows them all."""
    keeps = {step.seq: frozenset(name for ask in step.asks for name in ask.keeps) for step in runbook.steps}
    everything = frozenset(name for names in keeps.values() for name in names)
    known = dict.fromkeys(graph, everything)
    if runbook.steps:
        known[runbook.steps[0].seq] = frozenset()
    before: Mapping[int, frozenset[str]] = {}
    while before != known:
        before = dict(known)
        for seq, followers in graph.items():
            for follower in followers:
                known[follower] &= known[seq] | keeps[seq]
    return known
