"""What the text of a postmortem has to say before it counts as one."""

from __future__ import annotations

import itertools
import re

LONGEST_TEXT = 8_000
SHAPE = '"Cause: ... Follow-up: ..."'
"""How a text names its parts, in one line or as the headings of a Markdown file."""

_FEWEST_WORDS = 4
_PARTS = {"cause": "its cause", "follow": "what follows from it"}
_LABEL = re.compile(
    r"\b(cause|follow)(?:s|[- ]?ups?)?\**:|^#+ *(?:root |what )?(cause|follow)(?:s|[- ]?ups?)?:? *$",
    re.IGNORECASE | re.MULTILINE,
)


def unsaid(text: str) -> str:
    """Why a text is no postmortem yet; empty where it states a cause and what follows from it.

    Words are counted, not judged: whoever reads it does that. One word is a box that was ticked.
    """
    if not 0 < len(text) <= LONGEST_TEXT:
        return f"a postmortem has 1 to {LONGEST_TEXT} characters"
    found = [*_LABEL.finditer(text), None]
    said: dict[str, set[str]] = {name: set() for name in _PARTS}
    for label, after in itertools.pairwise(found):
        assert label is not None
        part = text[label.end() : after.start() if after else None]
        said[(label[1] or label[2]).lower()].update(re.findall(r"\w+", part.lower()))
    missing = [_PARTS[name] for name, words in said.items() if len(words) < _FEWEST_WORDS]
    if not missing:
        return ""
    return f"a postmortem states {' and '.join(missing)}, in at least {_FEWEST_WORDS} words: {SHAPE}"
