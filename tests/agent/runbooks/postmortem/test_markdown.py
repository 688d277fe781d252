"""What is written reads as it was meant, whatever people wrote into the ledger."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from agent.ledger.reader import LedgerReader
from agent.runbooks.postmortem.forge import block, code_cell, line, quote, table, text
from agent.runbooks.postmortem.markdown import markdown
from agent.runbooks.postmortem.model import FollowUp, Happened, Involved, Postmortem
from agent.runbooks.postmortem.write import of_incident
from tests.agent.runbooks.postmortem.storm import World

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
HEADINGS = [
    "Summary",
    "Cost above expected",
    "Impact",
    "Burn",
    "Timeline",
    "Alerts",
    "Run",
    "Evidence",
    "Actions",
    "What would have caught it earlier",
    "Follow-ups",
    "People",
]
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("|`*_[]<>#\\\n-+1.~!&$=>:"))
PLAIN = ("text", "softbreak", "code_inline")


@pytest.fixture(scope="module")
def storm(played: World) -> Postmortem:
    with LedgerReader(played.path) as reader:
        return of_incident(reader, played.settings, played.incident, played.now)


def headings(tokens: list[Token], tag: str) -> list[str]:
    pairs = pairwise(tokens)
    return [inner.content for opened, inner in pairs if opened.type == "heading_open" and opened.tag == tag]


def cells(tokens: list[Token]) -> list[list[str]]:
    """The tables' rows, each cell as a reader sees it."""
    rows: list[list[str]] = []
    for token, following in pairwise(tokens):
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("td_open", "th_open"):
            rows[-1].append(shown(following))
    return rows


def shown(inline: Token) -> str:
    return "".join("\n" if each.type == "softbreak" else each.content for each in inline.children or ())


def squeezed(value: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", value).split())


def test_it_has_its_headings_tables_and_pictures(storm: Postmortem) -> None:
    written = markdown(storm, {each.name: f"{each.name}.svg" for each in storm.plots})
    tokens = PARSER.parse(written)

    assert headings(tokens, "h1") == ["Incident 1: team:search"]
    assert headings(tokens, "h2") == HEADINGS
    assert sum(token.type == "table_open" for token in tokens) == 8
    rows = cells(tokens)
    assert ["key_b", "<script>"] in rows and ["key_a", "a | b"] in rows
    pictures = [each for token in tokens for each in token.children or () if each.type == "image"]
    assert [each.attrs["src"] for each in pictures] == [f"{each.name}.svg" for each in storm.plots]
    assert not [token for token in tokens if token.type.startswith("html")]


def test_what_is_said_again_and_again_is_one_line(storm: Postmortem) -> None:
    again = tuple(Happened(at, "incident", "told", "agent", "repeated") for at in range(0, 300, 60))

    written = markdown(replace(storm, timeline=again), {})

    assert written.count("repeated") == 1
    assert "(5 times until 1970-01-01 00:04:00)" in written


@settings(deadline=None)
@given(ANYTHING)
def test_any_text_stays_text(value: str) -> None:
    (paragraph,) = (token for token in PARSER.parse(f"- {line(value)} end") if token.type == "inline")

    assert all(each.type in PLAIN or each.type == "text_special" for each in paragraph.children or ())
    assert shown(paragraph) == f"{squeezed(value)} end".lstrip()


@settings(deadline=None)
@given(st.lists(st.tuples(ANYTHING, ANYTHING), min_size=1, max_size=3))
def test_any_text_keeps_a_table_whole(rows: list[tuple[str, str]]) -> None:
    lines = table(("one", "two"), [(text(one), text(two)) for one, two in rows])

    tokens = PARSER.parse("\n".join(lines))

    assert cells(tokens) == [["one", "two"], *([squeezed(one), squeezed(two)] for one, two in rows)]
    assert {each.type for token in tokens for each in token.children or ()} <= {*PLAIN, "text_special"}


@settings(deadline=None)
@given(ANYTHING)
@example("\\|")
def test_code_in_a_table_stays_code(value: str) -> None:
    tokens = PARSER.parse("\n".join(table(("one", "two"), [(code_cell(value), "end")])))

    assert [len(row) for row in cells(tokens)] == [2, 2]
    assert cells(tokens)[1] == [squeezed(value), "end"]


@settings(deadline=None)
@given(ANYTHING)
def test_a_block_and_a_quote_end_where_they_should(value: str) -> None:
    tokens = PARSER.parse("\n".join([*block(value), "", *quote(value), "", "# after"]))

    assert [token.type for token in tokens[:1]] == ["fence"]
    assert headings(tokens, "h1") == ["after"]
    assert sum(token.type == "heading_open" for token in tokens) == 1


@settings(deadline=None, max_examples=50)
@given(ANYTHING)
def test_nothing_that_people_write_breaks_the_document(storm: Postmortem, value: str) -> None:
    wild = replace(
        storm,
        first_said=value,
        learnt=value,
        timeline=(Happened(0, "run", "noted", value, value),),
        follow_ups=(FollowUp(value, value),),
        people=(Involved(value, (value,)),),
        evidence=tuple(
            replace(each, heading=value, sentence=value, columns=(value, value), rows=((value, value),))
            for each in storm.evidence
        ),
        measures=tuple(replace(each, title=value, reason=value, effect=value) for each in storm.measures),
    )

    tokens = PARSER.parse(markdown(wild, {}))

    expected = [each for each in HEADINGS if each != "Burn"] + (["What was learnt"] if value else [])
    assert headings(tokens, "h2") == expected
    assert not [token for token in tokens if token.type.startswith("html")]
    assert not [
        each for token in tokens for each in token.children or () if each.type in ("html_inline", "image")
    ]
