"""Mistakes on the command line are said in JSON, wherever `--json` stands among the words."""

from __future__ import annotations

import json

import pytest

from console.cli import run


@pytest.mark.parametrize(
    ("words", "error", "command"),
    [
        ("--nonsense burn --json", "No such option '--nonsense'.", "burndeck"),
        ("nonsense --json", "no command 'nonsense'.", "burndeck"),
        ("burn --json --nonsense", "No such option '--nonsense'.", "burndeck burn"),
        ("top-up --json team:search", "Missing option '--credits'.", "burndeck top-up"),
        ("alerts ack --json", "Missing argument 'ALERT'.", "burndeck alerts ack"),
    ],
)
def test_a_usage_error_is_one_json_document_where_json_was_asked_for(
    words: str, error: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(words.split())

    said = capsys.readouterr()
    assert code == 2
    assert json.loads(said.out) == {"error": error, "hint": f"`{command} --help` shows how."}
    assert error in said.err


def test_a_usage_error_is_said_to_people_alone_where_nobody_asked_for_json(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = run(["--nonsense", "burn"])

    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert "No such option '--nonsense'." in said.err
