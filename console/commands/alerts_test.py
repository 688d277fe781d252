"""`burndeck alerts test RULE`: the ledger's past through a rule, before the rule is changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console.commands.common import common_options, print_json, reader_for, settings_for
from console.commands.progress import Progress
from console.commands.tables import table, when
from console.commands.times import Instant, Stretch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.alerts.replay import Replay
    from agent.domain.alert import Alert

_EPILOG = """\b
Examples:
  burndeck alerts test budget
  burndeck alerts test budget --since 90d --set alerts.tiers.critical.at=0.85
  burndeck alerts test pace --set 'alerts.rules.pace.tickets=["2x over 3d and 6h"]'
  burndeck alerts test burn_spike --with try.toml --json
"""
_MOST = 20


@click.command("test", epilog=_EPILOG)
@common_options
@click.argument("rule")
@click.option("--since", type=Stretch(), default="90d", show_default=True, help="How much of the past.")
@click.option("--until", type=Instant(), help="Where the past ends (UTC); by default now.")
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Try a key under [alerts].")
@click.option("--with", "file", type=click.Path(dir_okay=False), help="Try the keys of a TOML file.")
def test_rule(
    config: str | None,
    db: str | None,
    as_json: bool,
    rule: str,
    since: int,
    until: float | None,
    assignments: tuple[str, ...],
    file: str | None,
) -> None:
    """What RULE would have told of, as it is and as --set or --with would change it.

    Pages and tickets a week, how long before each reached share of an allocation somebody heard of it, what
    only one of the two tells of, and what neither saw. Nothing is written; the TOML to save comes last.
    """
    from agent.alerts.replay import replay
    from agent.settings_change import assigned, changed, changes_of, to_toml
    from agent.toml_file import overlaid

    settings = settings_for(config, db)
    given = changes_of(Path(file)) if file else {}
    given = overlaid(given, assigned(assignments, changed(settings, given) if given else settings))
    tried = changed(settings, given) if given else None
    end = int(settings.clock().now() if until is None else until)
    with reader_for(settings) as reader, Progress(f"replaying {rule}") as progress:
        found = replay(reader, settings, tried, rule, end - since, end, progress.at)
    save = to_toml(given)
    if as_json:
        print_json({**_document(found), "save": save})
    else:
        _show(found, save)


def _document(found: Replay) -> dict[str, Any]:
    sides = {"now": found.now, "changed": found.changed}
    return {
        "rule": found.rule,
        "since": found.start,
        "until": found.end,
        "sides": {
            name: None
            if side is None
            else {
                "loudness": side.loudness,
                "caps_without_a_page": [_cap(each) for each in side.capped_unpaged],
                "rises_without_an_alert": [_rise(each) for each in side.rises_missed],
                "unjudged_hours": side.unjudged_hours,
            }
            for name, side in sides.items()
        },
        "leads": [
            {
                **_cap(reached),
                **{name: side.leads[place] if side else None for name, side in sides.items()},
            }
            for place, reached in enumerate(found.reached)
        ],
        "largest_rises": [_rise(each) for each in found.rises],
        "gone": [_episode(alert) for alert in found.gone],
        "new": [_episode(alert) for alert in found.new],
        "notes": found.notes,
    }


def _cap(reached: Any) -> dict[str, Any]:
    return {
        "allocation_id": reached.allocation.id,
        "period": reached.period,
        "level": reached.level,
        "reached_at": reached.at,
    }


def _rise(rise: Any) -> dict[str, Any]:
    from agent.domain.money import to_credits

    excess = to_credits(rise.excess_nano)
    return {"scope": str(rise.scope), "start": rise.start, "end": rise.end, "credits_above_usual": excess}


def _episode(alert: Alert) -> dict[str, Any]:
    signal = alert.signal
    return {
        "tier": signal.tier,
        "scope_kind": signal.scope_kind,
        "scope": signal.scope,
        "allocation_id": signal.allocation_id,
        "fired_at": alert.fired_at,
        "resolved_at": alert.resolved_at,
        "summary": signal.summary,
    }


def _show(found: Replay, save: str) -> None:
    click.echo(f"{found.rule.value} from {when(found.start)} to {when(found.end)}")
    for note in found.notes:
        click.echo(f"  {note}")
    click.echo(f"\n{_counts(found)}")
    if found.reached:
        click.echo(f"\nlead time: first alert (first page) before a share was reached\n{_leads(found)}")
    _missed(found)
    if found.changed is not None:
        _episodes("told of now, and no longer", found.gone)
        _episodes("told of anew", found.new)
        click.echo(f"\nto save it, put this into burndeck.toml:\n\n{save}")


def _counts(found: Replay) -> str:
    sides = [side for side in (found.now, found.changed) if side is not None]
    rows: list[list[str]] = [
        ["pages a week", *(f"{side.loudness.pages_per_week}" for side in sides)],
        ["tickets a week", *(f"{side.loudness.tickets_per_week}" for side in sides)],
        ["pages", *(f"{side.loudness.pages:,}" for side in sides)],
        ["tickets", *(f"{side.loudness.tickets:,}" for side in sides)],
        ["digest lines", *(f"{side.loudness.digests:,}" for side in sides)],
        ["hard caps reached without a page", *(f"{len(side.capped_unpaged):,}" for side in sides)],
        [
            f"of the {len(found.rises)} largest rises untold",
            *(f"{len(side.rises_missed):,}" for side in sides),
        ],
    ]
    if any(side.unjudged_hours for side in sides):
        rows.append(["hours not judged", *(f"{side.unjudged_hours:,}" for side in sides)])
    return table(["", "now", "changed"][: len(sides) + 1], rows, right=(1, 2)[: len(sides)])


def _leads(found: Replay) -> str:
    sides = [side for side in (found.now, found.changed) if side is not None]
    rows = [
        [
            reached.allocation.id,
            reached.period,
            reached.level,
            when(reached.at),
            *(f"{_ahead(side.leads[place].alert_s)} ({_ahead(side.leads[place].page_s)})" for side in sides),
        ]
        for place, reached in sorted(enumerate(found.reached), key=lambda pair: not pair[1].hard)
    ]
    columns = ["allocation", "month", "share", "reached", "now", "changed"][: 4 + len(sides)]
    return table(columns, _cut(rows), right=(4, 5)[: len(sides)]) + _more(rows)


def _ahead(seconds: int | None) -> str:
    from agent.domain.words import duration

    return "never" if seconds is None else duration(seconds) if seconds else "at it"


def _missed(found: Replay) -> None:
    from agent.domain.money import to_credits
    from console.commands.tables import amount

    told_by = {"now": found.now, "changed": found.changed}
    rows = [
        [
            str(rise.scope),
            when(rise.start),
            f"{(rise.end - rise.start) // 3_600} h",
            amount(to_credits(rise.excess_nano)),
            *("no" if rise in side.rises_missed else "yes" for side in told_by.values() if side is not None),
        ]
        for rise in found.rises
    ]
    if rows:
        columns = ["who", "since", "for", "above usual", "now", "changed"][: len(rows[0])]
        click.echo(f"\nlargest rises, and whether this rule told of them\n{table(columns, rows, right=(3,))}")


def _episodes(title: str, alerts: Sequence[Alert]) -> None:
    if not alerts:
        click.echo(f"\n{title}: nothing")
        return
    rows = [[when(alert.fired_at), alert.signal.tier, alert.signal.summary] for alert in alerts]
    click.echo(f"\n{title}: {len(rows)}\n{table(('fired', 'tier', 'summary'), _cut(rows))}{_more(rows)}")


def _cut(rows: Sequence[list[str]]) -> Sequence[list[str]]:
    return rows[:_MOST]


def _more(rows: Sequence[list[str]]) -> str:
    return f"\nand {len(rows) - _MOST} more; --json has all" if len(rows) > _MOST else ""
