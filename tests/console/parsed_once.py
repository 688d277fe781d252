"""Styles that each console under test would parse anew, parsed once for all of them.

Textual keeps what it has parsed with the application, and parses all of it anew when a screen brings styles
of its own. Parsed rules are never changed, so applications may share them.
"""

from __future__ import annotations

from typing import Any

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet


def share(patch: pytest.MonkeyPatch) -> None:
    """Lets applications with the same colors share what was parsed."""
    parse = Stylesheet._parse_rules
    parsed: dict[object, list[RuleSet]] = {}

    def parse_once(self: Stylesheet, css: str, *args: Any, **about: Any) -> list[RuleSet]:
        asked = (css, args, *about.items(), *self._variables.items())
        if asked not in parsed:
            parsed[asked] = parse(self, css, *args, **about)
        return parsed[asked]

    patch.setattr(Stylesheet, "_parse_rules", parse_once)
