"""Keys and audits of them: age, use and labels, traffic without a cap, known pitfalls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agent.domain.known_key import KnownKey
from agent.domain.run import Evidence
from agent.domain.words import plural
from agent.ledger.key_store import KeyStore
from agent.ledger.kinds import SCOPE_KINDS, Kind
from agent.reports.audit_finding import AuditFinding, AuditReport, stretch_of
from agent.reports.cap_coverage import cap_coverage
from agent.reports.cells import is_service, read_names
from agent.reports.key_audit import key_audit
from agent.reports.moment import DAY, HOUR, moment
from agent.reports.pitfalls import pitfalls as pitfalls_of
from agent.runbooks.asked.answer import UNKNOWN, age, credits_exactly, evidence, share
from agent.runbooks.asked.burning import burnt_in
from agent.runbooks.asked.capped import around
from agent.runbooks.asked.given import Part, part

if TYPE_CHECKING:
    from agent.alerts.lint.finding import Finding
    from agent.reports.layers import Truth
    from agent.runbooks.asking import Context, Given

_NOT_ASKED = "the registry was not read"


def keys_within(context: Context, about: Part) -> list[KnownKey]:
    """The keys of a part, by where each burnt last, else by its labels; of a model, those that call it."""
    known = KeyStore(context.reader.rows).known()
    if is_service(about.kind):
        callers = _callers(context, about)
        return [key for key in known if key.api_key in callers]
    return [key for key in known if _lies(key, about)]


def _callers(context: Context, about: Part) -> set[str]:
    """The keys that called a model or endpoint in the last hour."""
    at = moment(context.reader, context.now).at
    _, cells = burnt_in(context, about, at - HOUR, at)
    names = read_names(context.reader)
    found = names.sums(Kind.API_KEY, cells)
    names.learn(context.reader, found)
    return {names.name(ident) for ident in found}


def _lies(key: KnownKey, about: Part) -> bool:
    if about.whole:
        return True
    if about.kind is Kind.API_KEY:
        return key.api_key == about.value
    if about.scope is None:
        return key.labels.get(about.kind.name.lower(), "") == about.value
    if key.places:
        return key.places[-1].within(about.scope, key.api_key)
    return key.labels.get(SCOPE_KINDS[about.scope.kind].name.lower(), "") == about.value


def burnt_by_key(context: Context, since_s: int) -> tuple[Mapping[str, int], Truth | None]:
    """Nano-credits by key of whole UTC days and today, and what they rest on."""
    with context.reader.snapshot():
        stretch = stretch_of(context.reader, context.now, since_s)
        if stretch is None:
            return {}, None
        burnt = {key: each.credits_nano for key, each in stretch.counts(Kind.API_KEY).items()}
    return burnt, stretch.truth


KEY_COLUMNS = (
    "key",
    "name",
    "age",
    "last use",
    "owner",
    "service account",
    "team",
    "environment",
    "missing labels",
    "state",
)


def keys(context: Context, given: Given) -> Evidence:
    """Keys with their age, last use, owner and labels, the oldest first."""
    about = part(context, given)
    title = f"Keys of {about}"
    mine = [key for key in keys_within(context, about) if key.alive or about.kind is Kind.API_KEY]
    if not mine:
        return evidence("keys", title, given, f"No key of {about} is known.")
    now = context.now
    mine.sort(key=lambda key: (key.created_at is None, key.created_at or 0, key.api_key))
    limit = int(context.settings.acting.key_age)
    old = sum(key.created_at is not None and now - key.created_at > limit for key in mine)
    accounts = sum(key.of_service_account for key in mine)
    return evidence(
        "keys",
        title,
        given,
        f"{plural(len(mine), 'key')}: {old} older than {limit // DAY} days, {accounts} of service accounts.",
        KEY_COLUMNS,
        [_key(key, context) for key in mine],
        note="ages and last uses are the provider's or the gateway's word",
        as_of=int(now),
    )


def _key(key: KnownKey, context: Context) -> tuple[str, ...]:
    missing = key.missing(context.settings.acting.required_labels)
    state = "removed" if not key.alive else "blocked" if key.blocked else "in use"
    return (
        key.api_key,
        key.title,
        age(key.created_at, context.now),
        UNKNOWN if key.last_used_at is None else f"{age(key.last_used_at, context.now)} ago",
        key.owner_name or key.owner_id or key.labels.get("owner", "") or UNKNOWN,
        "yes" if key.of_service_account else "no",
        key.labels.get("team", UNKNOWN),
        key.labels.get("environment", UNKNOWN),
        ", ".join(missing) or "none",
        state,
    )


def owner(context: Context, given: Given) -> Evidence:
    """Whose a scope is: owner, team, cost center, environment and project of its keys, and its caps."""
    about = part(context, given, required=True)
    title = f"Whose {about} is"
    first = {Kind.API_KEY: "key", Kind.TOTAL: "organization"}.get(about.kind, about.kind.name.lower())
    burnt, truth = burnt_by_key(context, DAY)
    caps = ", ".join(f"{each.id} ({each.scope})" for each in around(context, about)) or "no cap"
    found: dict[tuple[str, ...], int] = {}
    for key in keys_within(context, about):
        said, *words = (key.labels.get(name, "") for name in _OWNED)
        whose = (said or key.owner_name or key.owner_id, *words)
        found[whose] = found.get(whose, 0) + burnt.get(key.api_key, 0)
    if not found:
        return evidence("owner", title, given, f"Nobody knows whose {about} is: no key of it is known.")
    ordered = sorted(found, key=lambda whose: (-found[whose], whose))
    team, center = (word or "nobody knows which" for word in ordered[0][1:3])
    sentence = f"{about} is owned by {ordered[0][0] or 'nobody that is known'}: "
    sentence += f"team {team}, cost center {center}"
    if len(ordered) > 1:
        sentence += f"; {plural(len(ordered) - 1, 'other owner')} beside, who burnt less"
    # A team's own column would be there twice.
    about_first = [] if first in OWNER_COLUMNS else [first]
    return evidence(
        "owner",
        title,
        given,
        f"{sentence}.",
        (*about_first, *OWNER_COLUMNS),
        [(*((about.value or "organization",) if about_first else ()), *whose, caps) for whose in ordered],
        note="who burnt most since yesterday comes first",
        truth=truth,
    )


_OWNED = ("owner", "team", "cost_center", "environment", "project")
OWNER_COLUMNS = ("owner", "team", "cost center", "environment", "project", "caps")
"""Behind the scope that was asked for, unless it is one of them."""
ANY_OWNER = ("key", "organization", "billing_group", "department", "model", "endpoint", *OWNER_COLUMNS)


def coverage(context: Context, given: Given) -> Evidence:
    """Traffic that no cap counts, the dearest first."""
    found = cap_coverage(context.reader, context.settings, context.now)
    return audit("coverage", "Traffic that no cap counts", given, found, "Every credit is under a cap.")


def labels(context: Context, given: Given) -> Evidence:
    """Keys without required labels."""
    found, note = key_findings(context)
    mine = [each for each in found.findings if each.kind == "missing_labels"]
    report = AuditReport(found.start, found.end, found.whole, tuple(mine), found.keys, found.empty)
    fine = (
        f"All {plural(found.keys, 'key')} have the labels that are required."
        if found.keys
        else "No key is known."
    )
    return audit("labels", "Keys without required labels", given, report, fine, note)


def key_findings(context: Context) -> tuple[AuditReport, str]:
    """Keys that need care, by the owners registry where it can be read; and what to know about that."""
    from agent.errors import BurndeckError
    from agent.telemetry.declared import declared

    try:
        said, note = declared(context.settings, KeyStore(context.reader.rows)), ""
    except BurndeckError as error:
        said, note = None, f"{_NOT_ASKED}: {error.message}"
    return key_audit(context.reader, context.settings, context.now, declared=said), note


def pitfalls(context: Context, given: Given) -> Evidence:
    """Spend by tags alone, models by alias, dearer versions, keys of several environments, unsafe caps."""
    others = [
        AuditFinding(
            "unsafe_cap", f"allocation:{each.allocations[0]}", f"{each.what} ({each.place})", each.fix
        )
        for each in unsafe_caps(context)
    ]
    found = pitfalls_of(context.reader, context.now, others=others)
    return audit("pitfalls", "Known pitfalls", given, found, "No known pitfall.")


def unsafe_caps(context: Context) -> list[Finding]:
    """Hard caps without override, way back or buffer."""
    from agent.alerts.lint import Case, Past
    from agent.alerts.lint.caps import check_caps
    from agent.ledger.history_store import HistoryStore
    from agent.toml_file import read_text

    settings = context.settings
    text = read_text(settings.file, "configuration") if settings.file else ""
    with context.reader.snapshot():
        history = HistoryStore(context.reader.rows)
        past = Past(history, tuple(history.places()), int(context.now))
        return check_caps(Case(settings, text, past))


def audit(name: str, title: str, given: Given, found: AuditReport, fine: str, note: str = "") -> Evidence:
    """The findings of an audit as evidence."""
    if found.findings:
        first = found.findings[0]
        subject = f"{first.subject} " if first.subject else ""
        sentence = f"{plural(len(found.findings), 'finding')}, the dearest: {subject}{first.what}."
    else:
        sentence = found.empty or fine
    return evidence(
        name,
        title,
        given,
        sentence,
        ("finding", "subject", "burnt", "share", "what", "what mends it"),
        [
            (
                each.kind.replace("_", " "),
                each.subject or UNKNOWN,
                f"{'at most ' if each.at_most else ''}{credits_exactly(each.amount)}"
                if each.amount
                else UNKNOWN,
                share(each.share),
                each.what,
                each.fix,
            )
            for each in found.findings
        ],
        note=note,
        truth=found.whole,
    )
