"""What commands say, in a form: a sentence that names a command names the screen in its place, or goes."""

from __future__ import annotations

import re

_SCREENS = {
    "actions": "Actions (4)",
    "allocations": "Allocations (5)",
    "alerts": "Alerts (3)",
    "audit": "Audit (6)",
    "triage": "Triage (2)",
}
_BARE = re.compile(r"`burndeck (\w+)`")
_SENTENCE = re.compile(r"(?:`[^`]*`|[^`.]|\.(?!\s|$))+(?:\.|$)\s*")


def in_console(text: str) -> str:
    """`burndeck actions` as `Actions (4)`; sentences with what only a shell can do are left out."""

    def screen(found: re.Match[str]) -> str:
        return _SCREENS.get(found[1], found[0])

    text = _BARE.sub(screen, text)
    kept = [each for each in _SENTENCE.findall(text) if "`burndeck " not in each]
    return "".join(kept).strip() or text.strip()
