"""Conditions on keys: known, blocked, labelled, young enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.words import plural
from agent.ledger.key_store import KeyStore
from agent.reports.moment import DAY
from agent.runbooks.asked.answer import age
from agent.runbooks.asked.gates import unasked
from agent.runbooks.asked.given import key_of, seconds
from agent.runbooks.asked.known import key_findings
from agent.runbooks.asked.verdicts import drilled, verdict
from agent.runbooks.asking import Verdict

if TYPE_CHECKING:
    from agent.domain.known_key import KnownKey
    from agent.runbooks.asking import Context, Given


def key_known(context: Context, given: Given) -> Verdict:
    """The key has burnt, or the provider or a gateway lists it."""
    key = key_of(context, given)
    found = _known(context, key)
    if found is None:
        sentence = f"Nobody knows a key {key!r}: it never burnt, and neither provider nor gateway lists it."
        return verdict(False, "key-known", given, sentence)
    places = ", ".join(found.gateways) or "no gateway"
    listed = "the provider lists it" if found.in_directory else "the provider does not list it"
    team = found.labels.get("team", "") or "nobody"
    sentence = f"{found.title} ({key}) belongs to {team}; {listed}, served by {places}."
    return verdict(True, "key-known", given, sentence, as_of=int(context.now))


def key_blocked(context: Context, given: Given) -> Verdict:
    """No gateway lets the key pass, or the provider has deleted it."""
    key = key_of(context, given)
    return drilled(context, _blocked(context, given, key, _known(context, key)))


def _blocked(context: Context, given: Given, key: str, found: KnownKey | None) -> Verdict:
    if found is None:
        sentence = f"Nobody knows a key {key!r}, so nobody can say that it is blocked."
        return verdict(False, "key-blocked", given, sentence)
    now = int(context.now)
    if found.blocked or not found.alive:
        unknown, as_of = unasked(context, found)
        so = f"{found.title} is deleted: the provider no longer lists it, and no gateway serves it"
        if found.blocked:
            so = f"{found.title} is blocked at every gateway that serves it: {', '.join(found.gateways)}"
        sentence = f"As far as is known, {so}; but {unknown}." if unknown else f"{so}."
        return verdict(not unknown, "key-blocked", given, sentence, as_of=as_of)
    passes = ", ".join(found.gateways)
    what = f"{passes} let it pass" if passes else "no gateway serves it, so nothing blocks it"
    return verdict(False, "key-blocked", given, f"{found.title} is not blocked: {what}.", as_of=now)


def _known(context: Context, key: str) -> KnownKey | None:
    found = KeyStore(context.reader.rows).known()
    return next((each for each in found if each.api_key == key), None)


def labels_complete(context: Context, given: Given) -> Verdict:
    """Every key that is let in has the labels that burndeck.toml requires."""
    found, note = key_findings(context)
    mine = [each for each in found.findings if each.kind == "missing_labels"]
    if not any(key.alive for key in KeyStore(context.reader.rows).known()):
        sentence = "No key is known, so none can be seen to have its labels."
        return verdict(False, "labels-complete", given, sentence, as_of=int(context.now))
    required = ", ".join(context.settings.acting.required_labels) or "none"
    tail = f" ({note})" if note else ""
    if not mine:
        sentence = f"No key lacks a required label; required are {required}{tail}."
        return verdict(True, "labels-complete", given, sentence, as_of=int(context.now))
    more = f" and {len(mine) - 1} more" if len(mine) > 1 else ""
    return verdict(
        False,
        "labels-complete",
        given,
        f"{plural(len(mine), 'key')} without required labels: {mine[0].what}{more}{tail}.",
        ("key", "what", "what mends it"),
        [(each.subject, each.what, each.fix) for each in mine],
        as_of=int(context.now),
    )


def keys_younger(context: Context, given: Given) -> Verdict:
    """No key that is let in is older than so long; a key of unknown age may be."""
    limit_s, now = seconds(given, "than", "90d"), int(context.now)
    alive = [key for key in KeyStore(context.reader.rows).known() if key.alive and not key.blocked]
    known = [key for key in alive if key.created_at is not None]
    old = sorted(
        (key for key in known if now - (key.created_at or now) > limit_s),
        key=lambda key: (key.created_at or 0, key.api_key),
    )
    unknown = len(alive) - len(known)
    rest = f"; the age of {plural(unknown, 'key')} is not known" if unknown else ""
    days = f"{limit_s // DAY} days" if limit_s >= DAY else f"{limit_s} s"
    if not old:
        sentence = f"None of {plural(len(known), 'key')} is older than {days}{rest}."
        if not known:
            sentence = f"The age of no key is known: {unknown} are let in." if unknown else "No key is known."
        return verdict(bool(known) and not unknown, "keys-younger", given, sentence, as_of=now)
    return verdict(
        False,
        "keys-younger",
        given,
        f"{len(old)} of {plural(len(known), 'key')} are older than {days}, the oldest {old[0].title} with "
        f"{age(old[0].created_at, now)}{rest}.",
        ("key", "name", "age", "owner"),
        [(key.api_key, key.title, age(key.created_at, now), key.owner_name or key.owner_id) for key in old],
        as_of=now,
    )
