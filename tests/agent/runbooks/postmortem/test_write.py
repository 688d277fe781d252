"""Files of a postmortem, and the command that writes them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import cairosvg
import pytest

from agent.errors import BurndeckError, ConfigError
from agent.ledger.reader import LedgerReader
from agent.runbooks.postmortem.write import ExistsError, export, export_run, of_incident
from console.cli import run
from tests.agent.runbooks.postmortem.storm import World


def test_the_text_and_its_plots_are_written_and_nothing_else_is_left(
    world: World, reader: LedgerReader, tmp_path: Path
) -> None:
    made = of_incident(reader, world.settings, world.incident, world.now)

    written = export(made, tmp_path / "a" / "b")

    assert written[0].name == "postmortem.md"
    assert sorted(written) == sorted((tmp_path / "a" / "b").iterdir())
    text = written[0].read_text()
    for path in written[1:]:
        assert f"]({path.name})" in text
        ElementTree.fromstring(path.read_text())
        assert cairosvg.svg2png(url=str(path))[:4] == b"\x89PNG"


def test_it_is_written_again_as_long_as_nobody_has_edited_it(
    world: World, reader: LedgerReader, tmp_path: Path
) -> None:
    made = of_incident(reader, world.settings, world.incident, world.now)
    later = of_incident(reader, world.settings, world.incident, world.now + 60)
    (path, *_) = export(made, tmp_path / "out")

    export(later, tmp_path / "out")
    path.write_text(path.read_text() + "\nand what we think of it\n")

    with pytest.raises(ExistsError, match="edited"):
        export(later, tmp_path / "out")
    assert "what we think" in path.read_text()
    export(later, tmp_path / "out", force=True)
    assert "what we think" not in path.read_text()


def test_another_postmortem_is_never_written_over_without_force(
    world: World, reader: LedgerReader, tmp_path: Path
) -> None:
    made = of_incident(reader, world.settings, world.incident, world.now)
    (tmp_path / "postmortem.md").write_text("# Incident 7: something else\n")

    with pytest.raises(ExistsError, match="something else"):
        export(made, tmp_path)

    assert not list(tmp_path.glob("*.svg"))


def test_the_same_incident_of_another_ledger_is_something_else(
    world: World, reader: LedgerReader, tmp_path: Path
) -> None:
    made = of_incident(reader, world.settings, world.incident, world.now)
    export(replace(made, ledger="another"), tmp_path)

    with pytest.raises(ExistsError, match="something else"):
        export(made, tmp_path)
    assert made.ledger


def test_a_folder_that_cannot_be_written_to_is_told_with_a_way_out(
    world: World, reader: LedgerReader, tmp_path: Path
) -> None:
    made = of_incident(reader, world.settings, world.incident, world.now)
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match="cannot be written"):
        export(made, tmp_path / "file" / "out")


def test_a_run_is_exported_with_its_incident(world: World, reader: LedgerReader, tmp_path: Path) -> None:
    (path, *_) = export_run(reader, world.settings, world.run, tmp_path / "out", world.now)

    assert "# Incident 1" in path.read_text()
    with pytest.raises(BurndeckError, match="no run 9"):
        export_run(reader, world.settings, 9, tmp_path, world.now)


def test_the_command_writes_files_and_prints_their_names(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"

    code = run(["incident", "export", "1", "-o", str(folder), "--db", str(world.path)])

    assert code == 0
    assert sorted(capsys.readouterr().out.split()) == sorted(str(path) for path in folder.iterdir())


def test_the_command_prints_one_document_and_writes_nothing_that_was_not_asked_for(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    code = run(["incident", "export", "1", "--json", "--db", str(world.path)])

    document = json.loads(capsys.readouterr().out)
    assert code == 0
    assert document["incident"] == 1 and document["files"] == []
    assert not list(Path().iterdir())


def test_an_incident_that_nobody_knows_is_an_error(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["incident", "export", "9", "--db", str(world.path)]) == 1
    assert "there is no incident 9" in capsys.readouterr().err
