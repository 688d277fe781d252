"""The agent's log: one JSON object a line, rotated, with nothing in it that looks like a key."""

from __future__ import annotations

import datetime
import json
import logging
import logging.handlers
from pathlib import Path

from agent.secrets import redact

_MAX_BYTES = 5 * 1024 * 1024
_KEPT_FILES = 3


class JsonLines(logging.Formatter):
    """One JSON object a record: at, level, logger, message, and error with its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if record.exc_info:
            entry["error"] = redact(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False)


def start_log(path: Path, level: str) -> logging.Handler:
    """Sends the log of this process to `path`, rotated at 5 MiB with three older files kept."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=_MAX_BYTES, backupCount=_KEPT_FILES, encoding="utf-8", delay=True
    )
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level.upper())
    # One line a request is the provider's business, not the agent's news.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return handler
