"""What became of a target's calls, by the proxy's log of spend: refused calls are rows there too."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.control.gateways.litellm.fields import COUNTS, DELETED, MODEL_LIMITS
from agent.domain.gateway import Fields, Target, TargetKind, Traffic
from agent.litellm.client import Proxy
from agent.litellm.keys import Json, epoch_of, stamp_of

_PAGE = 100
_MOST_PAGES = 3  # at one look: the next one goes on where this one stopped
_LATE_S = 60  # rows come so much later than their calls: the proxy writes them some at a time
_MOST_KEPT = 20_000  # some hundred bytes each; who is forgotten is looked through from the change on again

_SCOPES = {TargetKind.KEY: ("api_key", "model_per_key"), TargetKind.TEAM: ("team",)}
"""What the proxy says a call was over the limit of."""
_CAUSES = {
    "requests": {"api_key": "rpm_limit", "team": "rpm_limit", "model_per_key": "model_rpm_limit"},
    "tokens": {"api_key": "tpm_limit", "team": "tpm_limit", "model_per_key": "model_tpm_limit"},
    "concurrent_requests": {"api_key": "max_parallel_requests", "team": "max_parallel_requests"},
}
_NOT_FOUND = "KeyNotFoundError"
"""How the log names a call with a key that the proxy does not have (any more)."""
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
        only_models = not any(
            name in holding for name in (*COUNTS, DELETED, "blocked", "models", "max_budget")
        )
        models = tuple(sorted({model for limit in limits for model in limit})) if only_models else ()
        return cls(target.kind, holding, models)

    def caused(self, row: Json) -> bool:
        """Whether a failed call was refused by the change: the log names the cause and the scope."""
        error = (row.get("metadata") or {}).get("error_information") or {}
        message, code = str(error.get("error_message") or ""), str(error.get("error_code") or "")
        if "is blocked" in message:
            whose = "Team=" if self.kind is TargetKind.TEAM else "Key is"
            return "blocked" in self.fields and whose in message
        if error.get("error_class") == _NOT_FOUND:
            return DELETED in self.fields
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


class Looks:
    """How far failed calls were looked through without one that a change refused."""

    def __init__(self) -> None:
        self._to: OrderedDict[tuple[Target, float], float] = OrderedDict()

    def start(self, target: Target, since: float) -> float:
        """From when on there may be news."""
        return self._to.get((target, since), since)

    def passed(self, target: Target, since: float, to: float) -> None:
        """There was none before `to`, and there comes none any more."""
        self._to[target, since] = max(self.start(target, since), to)
        self._to.move_to_end((target, since))
        if len(self._to) > _MOST_KEPT:
            self._to.popitem(last=False)


async def read_traffic(
    proxy: Proxy, target: Target, refusals: Refusals, since: float, now: float, looks: Looks
) -> Traffic | None:
    """Refused calls that began at `since` or later, of many only the first; with any, what passed too."""
    if target.kind not in _SCOPES:
        return None
    about: dict[str, str | int] = {
        "api_key" if target.kind is TargetKind.KEY else "team_id": target.id,
        "end_date": stamp_of(now + 1),
        "sort_by": "startTime",
        "sort_order": "asc",
    }
    start = to = looks.start(target, since)
    refused: dict[str, float] = {}
    more = True
    for number in range(1, _MOST_PAGES + 1):
        page = await proxy.get(
            "/spend/logs/v2",
            **about,
            start_date=stamp_of(start),
            status_filter="failure",
            page=number,
            page_size=_PAGE,
        )
        for row in page["data"]:
            at = epoch_of(row["startTime"]) or 0.0
            to = max(to, at)
            if at >= since and refusals.caused(row):
                refused[str(row["request_id"])] = at
        more = number < int(page["total_pages"])
        if refused or not more:
            break
    if not refused:
        # Of more failures in one second than are looked at, the others are passed over.
        looks.passed(target, since, max(to, int(start) + 1.0) if more else now - _LATE_S)
        return Traffic(asked_at=now)
    passed = 0
    for model in refusals.models or ("",):
        passed += await _passed(proxy, {**about, **({"model_group": model} if model else {})}, since)
    return Traffic(
        refused=len(refused),
        passed=passed,
        first_refused_at=min(refused.values()),
        asked_at=now,
        note="there are more" if more else "",
    )


async def _passed(proxy: Proxy, about: Mapping[str, str | int], since: float) -> int:
    """Successful calls since then: the proxy counts them, from the beginning of the second."""
    page = await proxy.get(
        "/spend/logs/v2",
        **about,
        start_date=stamp_of(since),
        status_filter="success",
        page=1,
        page_size=_PAGE,
    )
    early = sum(1 for row in page["data"] if (epoch_of(row["startTime"]) or 0.0) < since)
    return int(page["total"]) - early
