"""What callers write as an operation, endpoint or service tier, in burndeck's words."""

from __future__ import annotations

from agent.domain.usage import Operation

_WORDS: dict[Operation, tuple[str, ...]] = {
    Operation.COMPLETION: (
        "completions",
        "chat",
        "chat_completion",
        "chat_completions",
        "response",
        "responses",
        "text_completion",
    ),
    Operation.EMBEDDING: ("embeddings", "embed"),
    Operation.MODERATION: ("moderations",),
    Operation.FINE_TUNE: ("fine_tunes", "fine_tuning", "finetune", "fine_tuning_job"),
    Operation.FILE_UPLOAD: ("file", "files", "file_uploads", "upload"),
    Operation.IMAGE: ("images", "image_generation", "image_edit"),
    Operation.AUDIO_SPEECH: ("audio_speeches", "speech", "tts"),
    Operation.AUDIO_TRANSCRIPTION: ("audio_transcriptions", "transcription", "transcriptions"),
    Operation.WEB_SEARCH: ("web_searches", "web_search_call", "web_search_calls"),
    Operation.FILE_SEARCH: ("file_searches", "file_search_call", "file_search_calls"),
    Operation.VECTOR_STORE: ("vector_stores",),
    Operation.CODE_INTERPRETER: ("code_interpreter_session", "code_interpreter_sessions"),
}
_OPERATIONS = {word: operation for operation, words in _WORDS.items() for word in (operation.value, *words)}

# As the metered usage of the same calls names it, so that both layers meet in one row.
_ENDPOINTS: dict[Operation, str] = {
    Operation.COMPLETION: "completions",
    Operation.EMBEDDING: "embeddings",
    Operation.MODERATION: "moderations",
    Operation.FINE_TUNE: "fine_tuning",
    Operation.FILE_UPLOAD: "files",
    Operation.IMAGE: "images",
    Operation.AUDIO_SPEECH: "audio_speeches",
    Operation.AUDIO_TRANSCRIPTION: "audio_transcriptions",
    Operation.WEB_SEARCH: "web_search_calls",
    Operation.FILE_SEARCH: "file_search_calls",
    Operation.VECTOR_STORE: "vector_stores",
    Operation.CODE_INTERPRETER: "code_interpreter_sessions",
}
_STANDARD_TIERS = frozenset({"", "default", "auto", "on_demand"})


def operation_of(text: str) -> Operation | None:
    """The operation that a caller's word means (`chat`, `fine-tuning`, ...), or None."""
    return _OPERATIONS.get(text.strip().lower().replace("-", "_").replace(".", "_"))


def endpoint_of(operation: Operation) -> str:
    """The endpoint of a row that names none."""
    return _ENDPOINTS[operation]


def tier_of(text: str) -> str:
    """The service tier; the provider's words for its ordinary one are `standard`."""
    tier = text.strip().lower()
    return "standard" if tier in _STANDARD_TIERS else tier
