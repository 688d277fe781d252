"""Named reports of how far the figures can be trusted: layers, attribution, prices, refused rows."""

from __future__ import annotations

import datetime
from decimal import Decimal

from agent.domain.money import to_credits
from agent.domain.usage import Layer, Pattern
from agent.domain.words import instant, plural
from agent.ledger.kinds import Kind
from agent.reports.figure import share_of
from agent.reports.named_scope import Ask
from agent.reports.table import Table

_MOST = 200
_OWNED_LEVELS = (
    Kind.TEAM,
    Kind.PROJECT,
    Kind.ENVIRONMENT,
    Kind.COST_CENTER,
    Kind.BILLING_GROUP,
    Kind.API_KEY,
)


def drift(ask: Ask) -> Table:
    """What each layer alone says. Hours or days that a layer does not cover make a difference too."""
    span = ask.whole_days(30)
    days: dict[tuple[str, int], dict[int, int]] = {}
    for row in ask.reader.rows("report_layers", span):
        days.setdefault((row["account"], row["day"]), {})[row["layer"]] = row["credits_nano"]
    rows = []
    for (account, day), layers in sorted(days.items()):
        estimated, metered, billed = (layers.get(layer) for layer in Layer)
        rows.append(
            (
                account,
                datetime.datetime.fromtimestamp(day, datetime.UTC).date().isoformat(),
                _credits(estimated),
                _credits(metered),
                _credits(billed),
                _difference(metered, estimated),
                _difference(billed, metered),
            )
        )
    columns = (
        "account",
        "day",
        "estimated_credits",
        "metered_credits",
        "billed_credits",
        "metered_over_estimated",
        "billed_over_metered",
    )
    return ask.table(columns, rows, start=span["start"], note="differences as fractions of the lower layer")


def _credits(nano: int | None) -> Decimal | None:
    return None if nano is None else to_credits(nano)


def _difference(higher: int | None, lower: int | None) -> Decimal | None:
    if higher is None or not lower or lower < 0:
        return None
    return share_of(higher - lower, lower)


def attribution(ask: Ask) -> Table:
    """Patterns A (caller's tag), B (gateway), C (registry), none."""
    span = ask.whole_days(30)
    found = ask.reader.rows("report_patterns", span)
    whole = sum(row["credits_nano"] for row in found)
    rows = [
        (
            row["pattern"],
            row["requests"],
            to_credits(row["credits_nano"]),
            share_of(row["credits_nano"], whole),
        )
        for row in found
    ]
    return ask.table(("pattern", "request_count", "credits", "share"), rows, start=span["start"])


_SET_BY = {
    Pattern.REGISTRY: "the owners registry",
    Pattern.GATEWAY: "a gateway",
    Pattern.TAG: "the caller's own tag",
    Pattern.NONE: "nobody",
}


def attribution_patterns(ask: Ask) -> Table:
    """Every pattern, the strongest first; what the caller alone or nobody attributes is a finding."""
    span = ask.whole_days(30)
    found = {row["pattern"]: row for row in ask.reader.rows("report_patterns", span)}
    whole = sum(row["credits_nano"] for row in found.values())
    rows = []
    for pattern, set_by in _SET_BY.items() if found else ():
        row = found.get(pattern.value)
        requests, nano = (row["requests"], row["credits_nano"]) if row else (0, 0)
        rows.append((pattern.value, set_by, requests, to_credits(nano), share_of(nano, whole)))
    asked = {"kind": "attribution_conflict", "start": span["start"], "end": span["end"]}
    conflicts = ask.reader.rows("findings_of_kind", asked)[0]["count"]
    note = "C counts over B over A" + (
        f"; {plural(conflicts, 'conflict')}, see `burndeck report findings`" if conflicts else ""
    )
    weak = any(pattern in ("A", "none") and requests for pattern, _, requests, *_ in rows)
    columns = ("pattern", "set_by", "request_count", "credits", "share")
    return ask.table(columns, rows, start=span["start"], note=note, finding=weak)


def unattributed(ask: Ask) -> Table:
    """The unnamed part of each level."""
    span = ask.whole_days(30)
    asked = {**span, "kinds": [int(kind) for kind in _OWNED_LEVELS]}
    rows = [
        (
            Kind(row["kind"]).name.lower(),
            row["requests"],
            to_credits(row["credits_nano"]),
            share_of(row["credits_nano"], row["whole_nano"] or 0),
        )
        for row in ask.reader.rows("report_unattributed", asked)
        if row["requests"] or row["credits_nano"]
    ]
    columns = ("level", "request_count", "credits", "share")
    note = "name owners in the registry files of burndeck.toml" if rows else ""
    return ask.table(columns, rows, start=span["start"], note=note, finding=bool(rows))


def unpriced(ask: Ask) -> Table:
    """Models that are counted but have no rate."""
    span = ask.whole_days(30)
    rows = [tuple(row) for row in ask.reader.rows("report_unpriced", span)]
    columns = ("model_name", "unpriced_requests", "request_count", "tokens_input", "tokens_output")
    note = "give them a price in the file named by [rates] in burndeck.toml" if rows else ""
    return ask.table(columns, rows, start=span["start"], note=note, finding=bool(rows))


def quarantine(ask: Ask) -> Table:
    """Refused rows."""
    found = ask.reader.rows("report_quarantine", {"most": _MOST})
    rows = [(instant(row["at"]), row["source"], row["location"], row["reason"], row["raw"]) for row in found]
    return ask.table(("at", "source", "location", "reason", "raw"), rows, finding=bool(rows))


def findings(ask: Ask) -> Table:
    """Things worth an eye that are no alert."""
    found = ask.reader.rows("report_findings", {"most": _MOST})
    rows = [(instant(row["at"]), row["kind"], row["subject"], row["detail"]) for row in found]
    return ask.table(("at", "kind", "subject", "detail"), rows, finding=bool(rows))
