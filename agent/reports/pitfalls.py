"""Pitfalls: what burns by the caller's word alone, by an alias, or dearer than the version before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from agent.analytics.regression import Regression, Use, compare
from agent.domain.model_name import split_version, version_order
from agent.domain.money import to_credits
from agent.domain.usage import Pattern
from agent.domain.words import percent, plural
from agent.ledger.key_store import KeyStore
from agent.ledger.kinds import Kind
from agent.reports.audit_finding import (
    AuditFinding,
    AuditReport,
    Stretch,
    empty_report,
    named,
    report_of,
    stretch_of,
)
from agent.reports.cap_coverage import MONTH_S
from agent.reports.figure import change_of

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader

DEARER = Decimal("0.10")
"""A version counts as dearer from this share on."""
_PIN = "Call a dated version, so that its cost can be told from the next one's."


def pitfalls(
    reader: LedgerReader,
    now: float,
    *,
    since_s: int = MONTH_S,
    others: Iterable[AuditFinding] = (),
) -> AuditReport:
    """The pitfalls that usage shows, with `others` that burndeck.toml shows."""
    with reader.snapshot():
        stretch = stretch_of(reader, now, since_s)
        others = list(_together(others))
        if stretch is None:
            return empty_report(now, others)
        found = [
            *_by_tags_alone(stretch),
            *_aliases(stretch),
            *_regressions(stretch),
            *_environments(stretch),
            *others,
        ]
        return report_of(stretch, found)


def _together(findings: Iterable[AuditFinding]) -> Iterator[AuditFinding]:
    """The same thing found in many allocations is one finding, with their names and without places."""
    alike: dict[tuple[str, str, str], list[AuditFinding]] = defaultdict(list)
    for each in findings:
        alike[each.kind, _without_place(each.what), each.fix].append(each)
    for (kind, what, fix), group in alike.items():
        if len(group) == 1:
            yield group[0]
        else:
            names = named(each.subject.partition(":")[2] for each in group)
            yield AuditFinding(kind, plural(len(group), "allocation"), f"{what}: {names}", fix)


def _without_place(what: str) -> str:
    return what.rpartition(" (")[0] if what.endswith(")") and " (" in what else what


def _by_tags_alone(stretch: Stretch) -> Iterator[AuditFinding]:
    counts = stretch.counts(Kind.PATTERN).get(Pattern.TAG.value)
    if counts is None or not (counts.credits_nano or counts.requests):
        return
    burnt = stretch.counts(Kind.API_KEY)
    places = KeyStore(stretch.reader.rows).places()
    mine = {key for key, place in places if place.pattern == Pattern.TAG.value and key in burnt}
    keys = tuple(sorted(mine - {""}, key=lambda key: (-burnt[key].credits_nano, key)))
    yield AuditFinding(
        "tags_alone",
        "",
        "the caller's own tag alone says whose it is" + (f": {named(keys)}" if keys else ""),
        "Name these keys or their projects in the owners registry, or let the gateway set the labels.",
        stretch.figure(counts.credits_nano),
        stretch.share(counts.credits_nano),
        counts.requests,
        keys,
    )


def _aliases(stretch: Stretch) -> Iterator[AuditFinding]:
    for model, counts in stretch.counts(Kind.MODEL).items():
        if model and not split_version(model)[1] and counts.credits_nano:
            yield AuditFinding(
                "model_alias",
                f"model:{model}",
                "is called by a name without date or version: which model it is may change",
                _PIN,
                stretch.figure(counts.credits_nano),
                stretch.share(counts.credits_nano),
                counts.requests,
            )


def _regressions(stretch: Stretch) -> Iterator[AuditFinding]:
    """Each version against the one before it, team by team."""
    uses = _uses(stretch)
    families: dict[str, list[tuple[tuple[int, ...], str]]] = defaultdict(list)
    for model in uses:
        family, version = split_version(model)
        if version:
            families[family].append((version_order(version), model))
    for versions in families.values():
        models = [model for _, model in sorted(versions)]
        for older, newer in pairwise(models):
            found = compare(uses[older], uses[newer])
            change = change_of(found.nano, found.expected_nano) if found else None
            if found is not None and change is not None and change >= DEARER:
                yield _dearer(stretch, older, newer, found, change)


def _dearer(stretch: Stretch, older: str, newer: str, found: Regression, change: Decimal) -> AuditFinding:
    each = to_credits(found.nano // found.requests)
    usual = to_credits(found.expected_nano // found.requests)
    longer = change_of(found.by_tokens_nano, found.expected_nano) or Decimal(0)
    price = change_of(found.nano, found.by_tokens_nano) or Decimal(0)
    return AuditFinding(
        "model_regression",
        f"model:{newer}",
        f"costs {percent(change)} a request against {older} ({each:.4f} for {usual:.4f} credits) in teams "
        f"that use both: {percent(longer)} tokens, {percent(price)} a token; "
        f"{plural(found.requests, 'request')} compared",
        f"Pin {older} until the cause is known, or approve only that in the allocation.",
        stretch.figure(found.above_nano),
        stretch.share(found.above_nano),
        found.requests,
    )


def _uses(stretch: Stretch) -> Mapping[str, dict[str, Use]]:
    """By model and team."""
    pairs = {row["id"]: row for row in stretch.reader.rows("team_models_after", (0,))}
    counts = stretch.rolled.counts(Kind.TEAM_MODEL, stretch.start, stretch.end, days=True)
    used = {ident: each for ident, each in counts.items() if ident in pairs}
    stretch.names.learn(
        stretch.reader, {pairs[ident][column] for ident in used for column in ("team", "model")}
    )
    found: dict[str, dict[str, Use]] = defaultdict(dict)
    for ident, each in used.items():
        team, model = (stretch.names.name(pairs[ident][column]) for column in ("team", "model"))
        found[model][team] = Use(each.requests, each.tokens_input + each.tokens_output, each.credits_nano)
    return found


def _environments(stretch: Stretch) -> Iterator[AuditFinding]:
    burnt = stretch.counts(Kind.API_KEY)
    for key in KeyStore(stretch.reader.rows).known():
        counts = burnt.get(key.api_key)
        if counts is None or len(key.environments) < 2:
            continue
        yield AuditFinding(
            "environments",
            f"api_key:{key.api_key}",
            f"{key.title} burns in {' and '.join(key.environments)}",
            "Make a key for each of them, and move the callers.",
            stretch.figure(counts.credits_nano),
            stretch.share(counts.credits_nano),
            counts.requests,
            (key.api_key,),
        )
