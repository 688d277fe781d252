"""The usage kinds of the OpenAI Administration API: what each counts and can be grouped by."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from agent.domain.usage import MICRO, Operation, Units

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.telemetry.sources.openai.wire import Usage

_WHO = ("project_id", "user_id", "api_key_id")
_GIB_SECONDS_PER_HOUR = 2**30 * 3600


@dataclass(frozen=True, slots=True)
class UsageKind:
    """One endpoint below `/organization/usage/`."""

    name: str
    operation: Operation
    group_by: tuple[str, ...]
    requests: Callable[[Usage], int]
    quantity: Callable[[Usage, int], int]  # (row, bucket width in seconds) -> millionths of the meter's unit

    @property
    def path(self) -> str:
        """The endpoint below the API's base."""
        return f"organization/usage/{self.name}"

    def units(self, row: Usage, width: int) -> Units:
        """The metered units of one row of a bucket of `width` seconds."""
        tokens_input, tokens_cached = row.input_tokens or 0, row.input_cached_tokens or 0
        return Units(
            tokens_input,
            min(tokens_cached, tokens_input),
            row.output_tokens or 0,
            self.quantity(row, width),
        )


def _model_requests(row: Usage) -> int:
    return row.num_model_requests or 0


def _calls(row: Usage) -> int:
    return row.num_requests or 0


def _none(row: Usage, width: int) -> int:
    return 0


def _gib_hours(row: Usage, width: int) -> int:
    return round(Decimal((row.usage_bytes or 0) * width * MICRO) / _GIB_SECONDS_PER_HOUR)


def _seconds(row: Usage, width: int) -> int:
    return int(((row.seconds or Decimal(0)) * MICRO).to_integral_value(ROUND_HALF_EVEN))


USAGE_KINDS: tuple[UsageKind, ...] = (
    UsageKind(
        "completions", Operation.COMPLETION, (*_WHO, "model", "batch", "service_tier"), _model_requests, _none
    ),
    UsageKind(
        "embeddings",
        Operation.EMBEDDING,
        (*_WHO, "model"),
        _model_requests,
        lambda row, width: _model_requests(row) * MICRO,
    ),
    UsageKind(
        "images",
        Operation.IMAGE,
        (*_WHO, "model"),
        _model_requests,
        lambda row, width: (row.images or 0) * MICRO,
    ),
    UsageKind("moderations", Operation.MODERATION, (*_WHO, "model"), _model_requests, _none),
    UsageKind(
        "audio_speeches",
        Operation.AUDIO_SPEECH,
        (*_WHO, "model"),
        _model_requests,
        lambda row, width: (row.characters or 0) * MICRO,
    ),
    UsageKind(
        "audio_transcriptions", Operation.AUDIO_TRANSCRIPTION, (*_WHO, "model"), _model_requests, _seconds
    ),
    UsageKind(
        "web_search_calls",
        Operation.WEB_SEARCH,
        (*_WHO, "model"),
        _calls,
        lambda row, width: _calls(row) * MICRO,
    ),
    UsageKind(
        "file_search_calls", Operation.FILE_SEARCH, _WHO, _calls, lambda row, width: _calls(row) * MICRO
    ),
    UsageKind("vector_stores", Operation.VECTOR_STORE, ("project_id",), lambda row: 0, _gib_hours),
    UsageKind(
        "code_interpreter_sessions",
        Operation.CODE_INTERPRETER,
        ("project_id",),
        lambda row: row.num_sessions or 0,
        lambda row, width: (row.num_sessions or 0) * MICRO,
    ),
    UsageKind(
        "decisions", Operation.COMPLETION, (*_WHO, "model", "batch", "service_tier"), _model_requests, _none
    ),
)
"""Every kind that is read, the one with most money first."""
