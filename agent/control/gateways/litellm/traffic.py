"""What became of a target's calls, by the proxy's log of spend: refused calls are rows there too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.control.gateways.litellm.fields import COUNTS, MODEL_LIMITS
from agent.domain.gateway import Fields, Target, TargetKind, Traffic
from agent.litellm.client import Proxy
from agent.litellm.keys import Json, epoch_of, stamp_of

_PAGE = 200
_MOST_PAGES = 5  # of refusals; enough to know that there are many

_SCOPES = {TargetKind.KEY: ("api_key", "model_per_key"), TargetKind.TEAM: ("team",)}
"""What the proxy says a call was over the limit of."""
_CAUSES = {
    "requests": {"api_key": "rpm_limit", "team": "rpm_limit", "model_per_key": "model_rpm_limit"},
    "tokens": {"api_key": "tpm_limit", "team": "tpm_limit", "model_per_key": "model_tpm_limit"},
    "concurrent_requests": {"api_key": "max_parallel_requests", "team": "max_parallel_requests"},
}
_EXCEEDED = re.compile(r"Rate limit exceeded for (\w+):")


@dataclass(frozen=True, slots=True)
class Refusals:
    """Which refused calls are the doing of a change, and which models it is about (none: all)."""

    kind: TargetKind
    fields: frozenset[str]
    models: tuple[str, ...] = ()

    @classmethod
    def by(cls, target: Target, fields: Fields) -> Refusals:
        """Those that fields cause which were set at a target."""
        holding = frozenset(name for name, value in fields.items() if value not in (None, False))
        limits: list[Mapping[str, Any]] = [fields[name] for name in MODEL_LIMITS if name in holding]
        only_models = not any(name in holding for name in (*COUNTS, "blocked", "models", "max_budget"))
        models = tuple(sorted({model for limit in limits for model in limit})) if only_models else ()
        return cls(target.kind, holding, models)

    def caused(self, row: Json) -> bool:
        """Whether a failed call was refused by the change: the log names the cause and the scope."""
        error = (row.get("metadata") or {}).get("error_information") or {}
        message, code = str(error.get("error_message") or ""), str(error.get("error_code") or "")
        if "is blocked" in message:
            whose = "Team=" if self.kind is TargetKind.TEAM else "Key is"
            return "blocked" in self.fields and whose in message
        if code == "403":
            whose = "team" if self.kind is TargetKind.TEAM else "key"
            return "models" in self.fields and f"{whose} not allowed to access model" in message
        if "udget has been exceeded" in message:
            whose = "Team=" if self.kind is TargetKind.TEAM else "Key="
            return "max_budget" in self.fields and whose in message
        exceeded = _EXCEEDED.search(message)
        if code != "429" or exceeded is None or exceeded[1] not in _SCOPES[self.kind]:
            return False
        if self.models and str(row.get("model_group") or row.get("model") or "") not in self.models:
            return False
        return _CAUSES.get(str(error.get("error_rate_limit_type")), {}).get(exceeded[1]) in self.fields


async def read_traffic(
    proxy: Proxy, target: Target, refusals: Refusals, since: float, now: float
) -> Traffic | None:
    """Refused and passed calls that began at `since` or later; of very many refusals the first thousand."""
    if target.kind not in _SCOPES:
        return None
    about: dict[str, str | int] = {
        "api_key" if target.kind is TargetKind.KEY else "team_id": target.id,
        "start_date": stamp_of(since),
        "end_date": stamp_of(now + 1),
        "sort_by": "startTime",
        "sort_order": "asc",
    }
    refused: dict[str, float] = {}
    more = False
    for number in range(1, _MOST_PAGES + 1):
        page = await proxy.get(
            "/spend/logs/v2", **about, status_filter="failure", page=number, page_size=_PAGE
        )
        for row in page["data"]:
            at = epoch_of(row["startTime"])
            if at is not None and at >= since and refusals.caused(row):
                refused[str(row["request_id"])] = at
        more = number < int(page["total_pages"])
        if not more:
            break
    passed = 0
    for model in refusals.models or ("",):
        passed += await _passed(proxy, {**about, **({"model_group": model} if model else {})}, since)
    return Traffic(
        refused=len(refused),
        passed=passed,
        first_refused_at=min(refused.values(), default=None),
        asked_at=now,
        note=f"the first {_MOST_PAGES * _PAGE} failed calls were looked at" if more else "",
    )


async def _passed(proxy: Proxy, about: Mapping[str, str | int], since: float) -> int:
    """Successful calls since then: the proxy counts them, from the beginning of the second."""
    page = await proxy.get("/spend/logs/v2", **about, status_filter="success", page=1, page_size=_PAGE)
    early = sum(1 for row in page["data"] if (epoch_of(row["startTime"]) or 0.0) < since)
    return int(page["total"]) - early
