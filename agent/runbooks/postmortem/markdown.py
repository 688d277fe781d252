"""A postmortem as Markdown that reads well on any forge, and as a plain text too."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from itertools import groupby

from agent.domain.words import duration, instant
from agent.reports.figure import Figure
from agent.runbooks.postmortem.forge import block, code, code_cell, line, quote, sentence, table, text
from agent.runbooks.postmortem.markdown_parts import evidence, measures, runs
from agent.runbooks.postmortem.model import Cost, Happened, Postmortem

NOTHING = "–"


def markdown(postmortem: Postmortem, plots: Mapping[str, str]) -> str:
    """The whole document. `plots` gives the link of each plot by its name; what has none is left out."""
    lines = [f"# {line(postmortem.title)}", ""]
    for heading, part in _PARTS:
        found = list(part(postmortem, plots))
        if found:
            lines += [*([f"## {heading}", ""] if heading else []), *found, ""]
    return "\n".join(lines).rstrip("\n") + "\n"


Plots = Mapping[str, str]


def _head(made: Postmortem, plots: Plots) -> Iterator[str]:
    data = "" if made.as_of is None else f", data to {instant(made.as_of)}"
    state = f"{text(made.state).capitalize()}; written" if made.state else "Written"
    yield f"{state} from the ledger at {instant(made.made_at)}{data}. All times are UTC."
    if made.first_said:
        yield ""
        yield f"When it fired it said: {text(made.first_said)}"


def _summary(made: Postmortem, plots: Plots) -> Iterator[str]:
    for each in made.summary:
        yield f"- {line(each)}"


def _cost(made: Postmortem, plots: Plots) -> Iterator[str]:
    cost = made.cost
    if cost is None:
        return
    yield from table(("", "amount", "layer", "data to"), _cost_rows(cost), right=(1,))
    yield ""
    span = f"{instant(cost.start)} to {instant(cost.end)} ({duration(cost.end - cost.start)})"
    yield f"Counted over {span}, of {', '.join(map(code, cost.scopes)) or NOTHING}."
    rate = "several rates" if cost.rate is None else f"{cost.rate:f} {cost.money.unit} a credit"
    yield f"Converted at {rate}. {line(cost.note[:1].upper() + cost.note[1:])}."


def _cost_rows(cost: Cost) -> Iterator[tuple[str, ...]]:
    for name, figure in (
        ("burnt", cost.burnt),
        ("expected", cost.expected),
        ("**above expected**", cost.above),
        ("**as money**", cost.money),
    ):
        yield (
            name,
            _figure(figure),
            _layer(figure),
            NOTHING if figure.as_of is None else instant(figure.as_of),
        )
    if cost.counted:
        yield ("as the alerts counted it", f"{_exact(cost.counted)} credits", "as it arrived", "")


def _figure(figure: Figure) -> str:
    return NOTHING if figure.value is None else f"{_exact(figure.value)} {figure.unit}"


def _exact(value: Decimal) -> str:
    """All decimals that count, and two at least."""
    found = f"{value:,f}"
    whole, _, rest = found.partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')}"


def _layer(figure: Figure) -> str:
    if figure.layer is None:
        return NOTHING
    return f"{figure.layer.word}{' and above' if figure.mixed else ''}"


def _impact(made: Postmortem, plots: Plots) -> Iterator[str]:
    impact = made.impact
    if impact.teams:
        yield f"- Teams: {', '.join(map(text, impact.teams))}"
    if impact.production is not None:
        yield f"- Production was {'' if impact.production else 'not '}affected, said {text(impact.assessed)}"
    elif made.incident is not None:
        yield "- Nobody has assessed whether production was affected"
    for each in impact.held:
        yield f"- {sentence(each)}"
    if not impact.burners:
        return
    yield ""
    rows = (
        (
            code_cell(each.api_key) or "(no key)",
            text(each.name if each.name != each.api_key else ""),
            text(each.team or "(nobody)"),
            text(each.environment),
            text(each.model),
            f"{each.credits:,.2f}",
            NOTHING if each.share is None else f"{each.share * 100:.1f} %",
        )
        for each in impact.burners
    )
    columns = ("key", "name", "team", "environment", "most on", "credits", "share")
    yield from table(columns, rows, right=(5, 6))
    if impact.more_burners:
        yield ""
        yield f"And {impact.more_burners:,} more keys."


def _plots(made: Postmortem, plots: Plots) -> Iterator[str]:
    shown = [each for each in made.plots if each.name in plots and not each.name.startswith("evidence-")]
    for place, plot in enumerate(shown):
        if place:
            yield ""
        yield image(plot.title, plots[plot.name])


def image(title: str, link: str) -> str:
    """A picture that is linked."""
    return f"![{text(title)}](<{link}>)" if " " in link else f"![{text(title)}]({link})"


def _timeline(made: Postmortem, plots: Plots) -> Iterator[str]:
    if not made.timeline:
        return
    yield from table(("time", "who", "of", "what"), _timeline_rows(made.timeline))


def _timeline_rows(timeline: tuple[Happened, ...]) -> Iterator[tuple[str, ...]]:
    """A line each; what is said again and again without anything between is one."""
    for (source, actor, said), group in groupby(timeline, lambda each: (each.source, each.actor, each.text)):
        lines = list(group)
        again = f" ({len(lines)} times until {_second(lines[-1].at)})" if len(lines) > 1 else ""
        yield (_second(lines[0].at), text(actor), source, f"{text(said)}{again}")


def _second(at: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))


def _alerts(made: Postmortem, plots: Plots) -> Iterator[str]:
    if not made.alerts:
        return
    rows = (
        (
            str(each.id),
            code_cell(each.rule),
            text(each.tier),
            code_cell(each.scope),
            instant(each.started_at),
            NOTHING if each.fired_at is None else instant(each.fired_at),
            NOTHING if each.resolved_at is None else instant(each.resolved_at),
        )
        for each in made.alerts
    )
    yield from table(("alert", "rule", "tier", "scope", "seen", "fired", "resolved"), rows)


def _runs(made: Postmortem, plots: Plots) -> Iterator[str]:
    return runs(made)


def _evidence(made: Postmortem, plots: Plots) -> Iterator[str]:
    return evidence(
        made, {each.name: image(each.title, plots[each.name]) for each in made.plots if each.name in plots}
    )


def _measures(made: Postmortem, plots: Plots) -> Iterator[str]:
    return measures(made)


def _earlier(made: Postmortem, plots: Plots) -> Iterator[str]:
    yield sentence(made.earlier.sentence)
    for each in made.earlier.catches:
        yield ""
        price = f" {text(each.price[:1].upper() + each.price[1:])}." if each.price else ""
        yield f"- {sentence(each.sentence)}{price}"
        if each.setting and (each.earlier_s or each.saved):
            yield ""
            yield from (f"  {row}" if row else "" for row in block(each.setting))
    if made.earlier.notes:
        yield ""
        yield f"How it was tried: {text('; '.join(made.earlier.notes))}."


def _follow_ups(made: Postmortem, plots: Plots) -> Iterator[str]:
    if not made.follow_ups:
        yield "Nothing is left to do that the ledger knows of."
    for each in made.follow_ups:
        yield f"- [ ] {sentence(each.text)} ({text(each.source)})"


def _notes(made: Postmortem, plots: Plots) -> Iterator[str]:
    for each in made.notes:
        yield f"- {sentence(each.text)} ({text(each.source)})"


def _people(made: Postmortem, plots: Plots) -> Iterator[str]:
    for each in made.people:
        yield f"- {line(each.name)}: {text(', '.join(each.did))}"


def _learnt(made: Postmortem, plots: Plots) -> Iterator[str]:
    if made.learnt:
        yield from quote(made.learnt)


_PARTS: tuple[tuple[str, Callable[[Postmortem, Plots], Iterator[str]]], ...] = (
    ("", _head),
    ("Summary", _summary),
    ("Cost above expected", _cost),
    ("Impact", _impact),
    ("Burn", _plots),
    ("Timeline", _timeline),
    ("Alerts", _alerts),
    ("Run", _runs),
    ("Evidence", _evidence),
    ("Actions", _measures),
    ("What would have caught it earlier", _earlier),
    ("Follow-ups", _follow_ups),
    ("Notes", _notes),
    ("People", _people),
    ("What was learnt", _learnt),
)
