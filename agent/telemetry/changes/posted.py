"""What a pipeline posts of a change, such as a deploy: one small JSON object, checked field by field."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.domain.change import Change, ChangeKind, Instant, one_line, scope_of, titled

SOURCE = "webhook"
"""The source of whatever is posted."""
_TEXTS = ("title", "actor", "team", "project", "service", "url", "id")
_KNOWN = frozenset({*_TEXTS, "at", "until", "kind"})
_MOST_ID = 200
_MOST_URL = 500


class FieldError(ValueError):
    """A field of a posted change that cannot be taken."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        self.field = field
        self.problem = problem


def posted_change(body: bytes, message_id: str, now: float) -> Change:
    """The change that a body tells of; raises `FieldError`.

    Only a title is needed: what is posted without `at` happens now, without `id` it is called as its message.
    """
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FieldError("", f"the body is no JSON: {error}") from None
    except RecursionError:
        raise FieldError("", "the body is nested too deeply") from None
    if not isinstance(said, dict):
        raise FieldError("", "the body is no JSON object")
    for name in said:
        if name not in _KNOWN:
            raise FieldError(str(name)[:40], f"is not known; known are {', '.join(sorted(_KNOWN))}")
    texts = {name: _text(said, name) for name in _TEXTS}
    if not texts["title"]:
        raise FieldError("title", "is missing: say what was changed")
    at = _instant(said, "at")
    at = int(now) if at is None else at
    until = _instant(said, "until")
    if until is not None and until < at:
        raise FieldError("until", "is before at")
    url = texts["url"]
    if url and (not url.startswith(("https://", "http://")) or len(url) > _MOST_URL):
        raise FieldError("url", f"must begin with https:// or http://, and be no longer than {_MOST_URL}")
    if len(texts["id"]) > _MOST_ID:
        raise FieldError("id", f"is longer than {_MOST_ID} characters")
    scope_kind, scope = scope_of(project=texts["project"], team=texts["team"], service=texts["service"])
    return Change(
        at=at,
        until=until,
        source=SOURCE,
        kind=_kind(said),
        title=one_line(titled(texts["title"], texts["service"])),
        actor=texts["actor"],
        scope_kind=scope_kind,
        scope=scope,
        url=url,
        external_id=texts["id"] or one_line(message_id),
    )


def _text(said: dict[str, Any], name: str) -> str:
    value = said.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FieldError(name, "must be a text")
    if name not in ("id", "url"):
        return one_line(value)
    if not value.isprintable():
        raise FieldError(name, "must be one line of printable characters")
    return value.strip()


def _instant(said: dict[str, Any], name: str) -> int | None:
    value = said.get(name)
    if value is None:
        return None
    try:
        return int(Instant.parse(value))
    except ValueError as error:
        raise FieldError(name, str(error)) from None


def _kind(said: dict[str, Any]) -> ChangeKind:
    value = said.get("kind")
    try:
        return ChangeKind.RELEASE if value is None else ChangeKind(value)
    except ValueError:
        known = ", ".join(kind.value for kind in ChangeKind)
        raise FieldError("kind", f"{str(value)[:40]!r} is none of {known}") from None
