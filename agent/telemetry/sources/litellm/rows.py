"""Rows of the proxy's log of spend as usage records: exact credits, the key's name, the labels. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from agent.domain.usage import Operation, Pattern
from agent.litellm.keys import Json, Owner, api_key_name, labels_in
from agent.telemetry.decode import Record, RowError, UnitsField, record_of

# Ways to call the same thing: `acompletion`, `completion`, and what streams or speaks another protocol.
_OPERATIONS: tuple[tuple[str, Operation], ...] = (
    ("embedding", Operation.EMBEDDING),
    ("moderation", Operation.MODERATION),
    ("image", Operation.IMAGE),
    ("speech", Operation.AUDIO_SPEECH),
    ("transcription", Operation.AUDIO_TRANSCRIPTION),
    ("fine_tuning", Operation.FINE_TUNE),
)
_COMPLETIONS = ("", "completion", "responses", "anthropic_messages", "generate_content", "chat")
_NOBODY = Owner("", "", {})


@dataclass(slots=True)
class Owners:
    """Keys as the proxy listed them, by the hash that rows have."""

    by_token: dict[str, Owner] = field(default_factory=dict)

    def of(self, row: Json) -> Owner:
        """Whose a row is. A refused caller's made-up key is nobody's: each would else be a new key."""
        token = str(row.get("api_key") or "")
        metadata = row.get("metadata") or {}
        alias, team_id = metadata.get("user_api_key_alias"), str(row.get("team_id") or "")
        listed = self.by_token.get(token)
        if listed is not None:
            return Owner(api_key_name(alias, listed.api_key), listed.team_id, listed.labels)
        if not alias and not team_id and row.get("status") == "failure":
            return _NOBODY
        team = str(metadata.get("user_api_key_team_alias") or team_id)
        return Owner(api_key_name(alias, token), team_id, {"team": team} if team else {})

    def lacks(self, row: Json) -> bool:
        """Whether a row is of a key that has come since the list was read."""
        return str(row.get("api_key") or "") not in self.by_token and self.of(row) is not _NOBODY


def record_of_row(row: Json, owner: Owner, usd_per_credit: Decimal) -> tuple[Record, Pattern]:
    """A row as a record, and who set its team: the gateway, or the caller. Raises `RowError`."""
    metadata = row.get("metadata") or {}
    said = labels_in(row.get("request_tags"))
    operation, endpoint = _called(str(row.get("call_type") or ""))
    values: dict[str, Any] = {
        "timestamp": row.get("startTime"),
        "request_id": row.get("request_id"),
        "model_name": _model(row),
        "operation_type": operation,
        "endpoint": endpoint,
        "api_key_id": owner.api_key,
        "user_id": row.get("user") or row.get("end_user"),
        "usage_labels": {**said, **owner.labels},
        "response_latency_ms": row.get("request_duration_ms"),
        "error_code": _error_code(row, metadata),
    }
    record = record_of({**values, "units_consumed": 0})
    try:
        record.units_consumed = _units(row, metadata)
        record.credits_consumed = Decimal(row.get("spend") or 0) / usd_per_credit
    except (msgspec.ValidationError, ArithmeticError, TypeError, ValueError) as error:
        raise RowError(f"spend or tokens: {error}") from None
    return record, Pattern.GATEWAY if owner.labels.get("team") else Pattern.TAG


def _model(row: Json) -> str:
    """The name that callers use; without it the provider's, without the provider."""
    group = str(row.get("model_group") or "")
    if group:
        return group
    model, provider = str(row.get("model") or ""), str(row.get("custom_llm_provider") or "")
    return (model.removeprefix(f"{provider}/") if provider else model.rpartition("/")[2]) or "unknown"


def _called(call_type: str) -> tuple[str, str | None]:
    """Operation and endpoint; what is not known is a completion at an endpoint of its own name."""
    name = call_type.removesuffix("_call")
    for part, operation in _OPERATIONS:
        if part in name:
            return operation.value, None
    known = any(name in (word, f"a{word}", f"atext_{word}", f"text_{word}") for word in _COMPLETIONS)
    return Operation.COMPLETION.value, None if known or not name else name


def _units(row: Json, metadata: Mapping[str, Any]) -> UnitsField:
    tokens = int(row.get("prompt_tokens") or 0)
    usage = metadata.get("usage_object") or {}
    details = usage.get("prompt_tokens_details") or {}
    cached = int(usage.get("cache_read_input_tokens") or details.get("cached_tokens") or 0)
    units = {"input": tokens, "output": int(row.get("completion_tokens") or 0), "cached": min(cached, tokens)}
    return msgspec.convert(units, UnitsField)


def _error_code(row: Json, metadata: Mapping[str, Any]) -> str | None:
    """The status that the caller got; the log has none for what is blocked."""
    if row.get("status") != "failure":
        return None
    error = metadata.get("error_information") or {}
    if "is blocked" in str(error.get("error_message") or ""):
        return "blocked"
    return str(error.get("error_code") or error.get("error_class") or "error")
