"""What is metered: operations, meters, truth layers, usage events and usage buckets."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Layer(enum.IntEnum):
    """Truth layers, lowest to highest: where several cover one account and minute, the highest wins."""

    ESTIMATED = 1  # events seen live, priced by the rate card; seconds old
    METERED = 2  # the provider's usage buckets, priced by the rate card; minutes late, revised
    BILLED = 3  # the provider's costs; daily, revised for days, authoritative

    @property
    def word(self) -> str:
        """`estimated`, `metered` or `billed`: how screens and JSON name the layer."""
        return self.name.lower()


class Operation(enum.StrEnum):
    """What a call does; the canonical `operation_type` of a usage event."""

    COMPLETION = "completion"
    EMBEDDING = "embedding"
    MODERATION = "moderation"
    FINE_TUNE = "fine_tune"
    FILE_UPLOAD = "file_upload"
    IMAGE = "image"
    AUDIO_SPEECH = "audio_speech"
    AUDIO_TRANSCRIPTION = "audio_transcription"
    WEB_SEARCH = "web_search"
    FILE_SEARCH = "file_search"
    VECTOR_STORE = "vector_store"
    CODE_INTERPRETER = "code_interpreter"


class Meter(enum.StrEnum):
    """A usage category with a credits-per-unit rate; the comment names the unit."""

    TOKENS_INPUT = "tokens_input"  # uncached input tokens
    TOKENS_INPUT_CACHED = "tokens_input_cached"  # input tokens read from the cache
    TOKENS_OUTPUT = "tokens_output"
    EMBEDDING_CALLS = "embedding_calls"  # calls, where a provider prices these and not tokens
    FINE_TUNE_HOURS = "fine_tune_hours"
    FILE_UPLOADS = "file_uploads"
    IMAGES = "images"
    CHARACTERS = "characters"
    SECONDS = "seconds"
    WEB_SEARCH_CALLS = "web_search_calls"
    FILE_SEARCH_CALLS = "file_search_calls"
    STORAGE_GIB_HOURS = "storage_gib_hours"
    SESSIONS = "sessions"


QUANTITY_METER: dict[Operation, Meter] = {
    Operation.EMBEDDING: Meter.EMBEDDING_CALLS,
    Operation.FINE_TUNE: Meter.FINE_TUNE_HOURS,
    Operation.FILE_UPLOAD: Meter.FILE_UPLOADS,
    Operation.IMAGE: Meter.IMAGES,
    Operation.AUDIO_SPEECH: Meter.CHARACTERS,
    Operation.AUDIO_TRANSCRIPTION: Meter.SECONDS,
    Operation.WEB_SEARCH: Meter.WEB_SEARCH_CALLS,
    Operation.FILE_SEARCH: Meter.FILE_SEARCH_CALLS,
    Operation.VECTOR_STORE: Meter.STORAGE_GIB_HOURS,
    Operation.CODE_INTERPRETER: Meter.SESSIONS,
}
"""The meter that `quantity_micro` counts for an operation; operations not named have tokens only."""

MICRO = 1_000_000
"""Quantities other than tokens are integers too: millionths of the meter's unit."""


class Pattern(enum.StrEnum):
    """How a row found its team: the attribution patterns of the guide, C over B over A."""

    REGISTRY = "C"  # the owners registry knows the key or project
    GATEWAY = "B"  # a gateway injected the label
    TAG = "A"  # the caller's own label
    NONE = "none"  # nobody knows; shown as unattributed, never dropped


@dataclass(frozen=True, slots=True)
class Dimensions:
    """Who and what a row belongs to, as known at event time; empty text means unattributed."""

    account: str  # the provider account whose layers compete (one source = one account by default)
    api_key: str = ""
    user: str = ""
    project: str = ""
    environment: str = ""
    team: str = ""
    department: str = ""
    billing_group: str = ""
    cost_center: str = ""
    owner: str = ""
    pattern: str = Pattern.NONE.value


@dataclass(frozen=True, slots=True)
class Service:
    """What was called: model, operation, endpoint and service tier (`standard`, `batch`, `flex`, ...)."""

    model: str
    operation: Operation
    endpoint: str
    tier: str = "standard"


@dataclass(frozen=True, slots=True)
class Units:
    """Metered units of one row. `tokens_input` includes `tokens_cached`, as providers report it."""

    tokens_input: int = 0
    tokens_cached: int = 0
    tokens_output: int = 0
    quantity_micro: int = 0
