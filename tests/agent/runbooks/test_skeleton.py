"""The skeleton of a runbook: it passes its own check, whatever it is called."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import ConfigError
from agent.runbooks.conditions import CONDITIONS
from agent.runbooks.format import parse
from agent.runbooks.lint import lint
from agent.runbooks.queries import QUERIES
from agent.runbooks.skeleton import skeleton


@settings(max_examples=25)
@given(
    st.from_regex(r"[a-z0-9]{1,9}(-[a-z0-9]{1,9}){0,4}", fullmatch=True),
    st.text(alphabet=st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=60).filter(
        str.isprintable
    ),
)
def test_a_skeleton_is_a_runbook_of_its_id_and_title(ident: str, title: str) -> None:
    found = parse(skeleton(ident, title))

    assert found.id == ident
    assert found.title == (title.strip() or ident.replace("-", " ").capitalize())
    assert lint(found, QUERIES, CONDITIONS) == ()


@pytest.mark.parametrize(
    ("ident", "title"), [("Search", ""), ("../x", ""), ("x", "two\nlines"), ("x", "y" * 999)]
)
def test_what_no_runbook_can_be_called_is_refused(ident: str, title: str) -> None:
    with pytest.raises(ConfigError):
        skeleton(ident, title)
