"""Every error that burndeck raises on purpose.

BurndeckError               what happened, and what to do next; exit code 1
├── ConfigError             burndeck.toml, registry, prices or arguments; exit code 2
├── SourceError             a provider or gateway cannot be read; exit code 3
└── LedgerError             the ledger cannot be opened, is locked or too new; exit code 2
"""

from __future__ import annotations


class BurndeckError(Exception):
    """An error for the person who reads it: `message` says what happened, `hint` what to do next."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(BurndeckError):
    """A file or argument that a person wrote is wrong; the message names file, line and key."""

    exit_code = 2


class SourceError(BurndeckError):
    """A source or target outside cannot be reached or refuses us."""

    exit_code = 3


class LedgerError(BurndeckError):
    """The ledger file cannot be used."""

    exit_code = 2
