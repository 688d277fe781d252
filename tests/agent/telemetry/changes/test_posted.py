"""What pipelines post: a title is enough, and a wrong field is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.domain.change import Change, ChangeKind
from agent.telemetry.changes.posted import FieldError, posted_change

NOW = 1_790_000_000.5


def posted(**said: Any) -> Change:
    return posted_change(json.dumps(said).encode(), "msg-1", NOW)


def test_a_title_is_enough() -> None:
    assert posted(title="search-api 2.4.1") == Change(
        1_790_000_000, None, "webhook", ChangeKind.RELEASE, "search-api 2.4.1", external_id="msg-1"
    )


def test_everything_that_is_said_is_kept() -> None:
    said = {
        "id": "deploy-7",
        "at": "2026-09-21T16:13:20+02:00",
        "until": 1_790_000_060,
        "kind": "config",
        "title": "2.4.1",
        "actor": "ci",
        "team": "search",
        "service": "search-api",
        "url": "https://ci.example.com/7",
    }

    assert posted(**said) == Change(
        1_790_000_000,
        1_790_000_060,
        "webhook",
        ChangeKind.CONFIG,
        "search-api 2.4.1",
        "ci",
        "team",
        "search",
        "https://ci.example.com/7",
        "deploy-7",
    )


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "title"),
        ({"title": "  \n"}, "title"),
        ({"title": 7}, "title"),
        ({"title": "x", "at": "soon"}, "at"),
        ({"title": "x", "at": True}, "at"),
        ({"title": "x", "at": "2026-03-01", "until": "2026-02-01"}, "until"),
        ({"title": "x", "kind": "deploy"}, "kind"),
        ({"title": "x", "kind": ["release"]}, "kind"),
        ({"title": "x", "url": "javascript:alert(1)"}, "url"),
        ({"title": "x", "url": "https://x/\n"}, "url"),
        ({"title": "x", "id": "i" * 201}, "id"),
        ({"title": "x", "id": "a\x00b"}, "id"),
        ({"title": "x", "titel": "y"}, "titel"),
    ],
)
def test_a_wrong_field_is_named(said: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldError) as caught:
        posted(**said)
    assert caught.value.field == field


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"{", b'"x"'])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(FieldError, match="the body is no JSON"):
        posted_change(body, "msg-1", NOW)
