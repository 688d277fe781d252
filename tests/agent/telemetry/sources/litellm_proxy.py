"""A LiteLLM proxy with rows that a test says, and one such row."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from typing import Any

from agent.litellm.keys import Owner
from tests.agent.telemetry.answering import Answer, AnsweringServer, Asked

NOW = 1_795_744_800  # 2026-11-27T02:00:00Z
TOKEN = "a" * 64
OWNER = Owner("search-prod", "t1", {"team": "search", "environment": "prod"})


def row(number: int = 0, at: float = NOW - 60, **changes: Any) -> dict[str, Any]:
    stamp = datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat()
    usage = {"prompt_tokens_details": {"cached_tokens": 10}}
    return {
        "request_id": f"chatcmpl-{number}",
        "call_type": "acompletion",
        "api_key": TOKEN,
        "spend": 0.001075,
        "prompt_tokens": 30,
        "completion_tokens": 100,
        "total_tokens": 130,
        "startTime": stamp,
        "model": "openai/gpt-4o",
        "model_group": "gpt-4o",
        "custom_llm_provider": "openai",
        "user": "",
        "team_id": "t1",
        "request_tags": ["team:other", "project:ranker", "User-Agent: curl"],
        "request_duration_ms": 12,
        "status": "success",
        "metadata": {"user_api_key_alias": "search-prod", "usage_object": usage},
        **changes,
    }


def exact(values: dict[str, Any]) -> dict[str, Any]:
    """As the client decodes it."""
    decoded: dict[str, Any] = json.loads(json.dumps(values), parse_float=Decimal)
    return decoded


class Proxy:
    """A log of spend by pages, which counts to `cap` as the real one does to ten thousand."""

    def __init__(self, rows: list[dict[str, Any]], cap: int = 10_000) -> None:
        self.rows = rows
        self.cap = cap
        self.day_usd = 0.0  # what it says of a day, on two pages
        self.lost = 0  # rows that the next answers leave out
        self.server = AnsweringServer(self._answer)

    def _answer(self, asked: Asked) -> Answer:
        if asked.path == "/key/list":
            keys = [{"token": TOKEN, "key_alias": "search-prod", "team_id": "t1", "metadata": {}}]
            return Answer({"keys": keys, "total_count": 1, "total_pages": 1})
        if asked.path == "/v2/team/list":
            teams = [{"team_id": "t1", "team_alias": "search", "metadata": {}}]
            return Answer({"teams": teams, "total": 1, "total_pages": 1})
        if asked.path == "/user/daily/activity":
            days = [{"metrics": {"spend": self.day_usd / 2}}]
            return Answer({"results": days, "metadata": {"total_pages": 2}})
        start, end = (
            datetime.datetime.fromisoformat(f"{asked.one(name)}+00:00") for name in ("start_date", "end_date")
        )
        found = [
            each
            for each in sorted(self.rows, key=lambda row: str(row["startTime"]))
            if start <= datetime.datetime.fromisoformat(each["startTime"]) <= end
        ]
        page, size = int(asked.one("page") or 1), int(asked.one("page_size") or 1)
        total, given = min(len(found), self.cap), found[(page - 1) * size : page * size]
        if self.lost and len(given) > 1:
            self.lost -= 1
            given = given[1:]
        return Answer(
            {
                "data": given,
                "total": total,
                "total_pages": -(-total // size),
                "total_is_capped": len(found) > self.cap,
            }
        )
