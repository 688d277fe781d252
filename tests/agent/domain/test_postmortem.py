from __future__ import annotations

import pytest

from agent.domain.postmortem import unsaid


@pytest.mark.parametrize(
    "text",
    [
        "Cause: the cap was set before the launch. Follow-up: fin raises it by Monday.",
        "root cause: nobody had seen the launch coming\nfollow-ups: raised from December on, by fin",
        "# Incident 3\n## Root cause\nA loop that never ended.\n## What follows\n- bound retries by Friday",
        "**Cause:** a loop that never ended. **Follow up:** omar bounds it by Friday.",
    ],
)
def test_a_text_that_states_cause_and_what_follows_is_enough(text: str) -> None:
    assert unsaid(text) == ""


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("", "1 to 8000 characters"),
        ("x" * 8_001, "1 to 8000 characters"),
        ("learnt", "its cause and what follows from it"),
        ("It was slow because: nobody looked at it. We follow it up by Monday.", "its cause and what"),
        ("Cause: x x x x x. Follow-up: fin raises it by Monday.", "states its cause, in"),
        ("Cause: nobody had seen the launch coming. Follow-up: none.", "states what follows from it, in"),
    ],
)
def test_a_text_that_says_too_little_is_told_what_it_lacks(text: str, lacks: str) -> None:
    assert lacks in unsaid(text)
