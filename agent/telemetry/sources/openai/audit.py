"""Entries of the provider's audit log as changes: what happened to which key, project, limit or person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from agent.domain.change import Change, ChangeKind, Instant, one_line
from agent.ledger.rows import QuarantineRow

_KINDS = {
    "api_key": ChangeKind.KEY,
    "service_account": ChangeKind.KEY,
    "project": ChangeKind.PROJECT,
    "rate_limit": ChangeKind.LIMIT,
    "user": ChangeKind.PERSON,
    "invite": ChangeKind.PERSON,
    "group": ChangeKind.PERSON,
    "role": ChangeKind.PERSON,
    "scim": ChangeKind.PERSON,
    "organization": ChangeKind.CONFIG,
    "ip_allowlist": ChangeKind.CONFIG,
    "certificate": ChangeKind.CONFIG,
    "certificates": ChangeKind.CONFIG,
    "checkpoint": ChangeKind.CONFIG,
    "external_key": ChangeKind.CONFIG,
    "workload_identity_provider": ChangeKind.CONFIG,
    "workload_identity_provider_mapping": ChangeKind.CONFIG,
}
"""What the first word of an event's type is about; another is `other`."""
_OF_THE_TENANT = {
    "admin_api_key": ChangeKind.KEY,
    "billing": ChangeKind.LIMIT,
    "usage_limit": ChangeKind.LIMIT,
}
"""The same for the second word of types that begin with `tenant`."""
_NO_CHANGE = ("login", "logout")
_MOST_DETAIL = 90
_NAMES = ("name", "title", "role", "email", "group_name", "role_name")


class Entry(Struct):
    """An entry: fields that every one has. What happened stands under the name of its type."""

    id: str
    type: str
    effective_at: int
    project: _Project | None = None
    actor: _Actor | None = None


class _Project(Struct):
    id: str = ""
    name: str = ""


class _User(Struct):
    id: str = ""
    email: str = ""


class _Account(Struct):
    id: str = ""


class _ApiKey(Struct):
    id: str = ""
    user: _User | None = None
    service_account: _Account | None = None


class _Session(Struct):
    user: _User | None = None


class _Actor(Struct):
    api_key: _ApiKey | None = None
    session: _Session | None = None

    @property
    def name(self) -> str:
        """Who did it, as far as the log says."""
        for holder in (self.session, self.api_key):
            if holder is not None and holder.user is not None:
                return holder.user.email or holder.user.id
        if self.api_key is None:
            return ""
        account = self.api_key.service_account
        return account.id if account is not None and account.id else self.api_key.id


def changes_in(source: str, entries: Iterable[Mapping[str, Any]]) -> tuple[list[Change], list[QuarantineRow]]:
    """Changes, and the entries that cannot be read. Logins change nothing and are left out."""
    found: list[Change] = []
    refused: list[QuarantineRow] = []
    for raw in entries:
        try:
            found += _changes(source, raw)
        except (msgspec.ValidationError, ValueError) as error:
            place = f"audit log: {str(raw.get('id', 'an entry without id'))[:80]}"
            refused.append(QuarantineRow(source, place, str(error), msgspec.json.encode(raw).decode()))
    return found, refused


def _changes(source: str, raw: Mapping[str, Any]) -> Iterator[Change]:
    entry = msgspec.convert(raw, Entry)
    subject = entry.type.partition(".")[0]
    if subject in _NO_CHANGE:
        return
    about = raw.get(entry.type)
    detail = about if isinstance(about, dict) else {}
    scope_kind, scope = _scope(entry, subject, detail)
    yield Change(
        at=int(Instant.parse(entry.effective_at)),
        until=None,
        source=f"{source} audit log",
        kind=_kind(entry.type),
        title=_title(entry, detail),
        actor=one_line(entry.actor.name) if entry.actor else "",
        scope_kind=scope_kind,
        scope=scope,
        external_id=entry.id,
    )


def _kind(type_: str) -> ChangeKind:
    first, second, *_ = *type_.split("."), ""
    if first == "tenant":
        return _OF_THE_TENANT.get(second, ChangeKind.OTHER)
    return _KINDS.get(first, ChangeKind.OTHER)


def _scope(entry: Entry, subject: str, detail: Mapping[str, Any]) -> tuple[str, str]:
    """A key is about itself, a project too; anything else about the project that it stands in."""
    ident = detail.get("id")
    if subject in ("api_key", "project") and isinstance(ident, str) and ident:
        return subject, ident
    return ("project", entry.project.id) if entry.project and entry.project.id else ("", "")


def _title(entry: Entry, detail: Mapping[str, Any]) -> str:
    """`rate limit updated: rl-gpt-5, max_requests_per_1_minute 60 (Search)`."""
    words = entry.type.replace(".", " ").replace("_", " ")
    words = words.replace("api key", "API key")
    said = [str(detail["id"])] if detail.get("id") else []
    said += list(_said(detail))
    title = f"{words}: {', '.join(said)}" if said else words
    where = f" ({entry.project.name})" if entry.project and entry.project.name else ""
    return one_line(one_line(title, _MOST_DETAIL) + where)


def _said(detail: Mapping[str, Any]) -> Iterator[str]:
    """What was asked for or given, as `name value`."""
    for group in ("changes_requested", "data"):
        values = detail.get(group)
        if not isinstance(values, dict):
            continue
        for name, value in values.items():
            if isinstance(value, list):
                value = "+".join(map(str, value)) or "none"
            if isinstance(value, str | int | float):
                yield str(value) if name in _NAMES else f"{name} {value}"
    yield from (str(detail[name]) for name in _NAMES if isinstance(detail.get(name), str))
