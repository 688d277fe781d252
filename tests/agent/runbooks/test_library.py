"""The library: shipped runbooks, a person's own over them, and files that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import ConfigError
from agent.runbooks.checking import check
from agent.runbooks.library import library, own_folder
from agent.settings import Settings, parse_settings
from agent.settings_sample import sample_config
from tests.agent.runbooks.texts import FRONT, NOTE, line_with, runbook


def settings(folder: Path, text: str = "") -> Settings:
    return parse_settings(text, folder / "burndeck.toml")


def own(folder: Path, name: str, front: str = FRONT, *blocks: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(runbook(*(blocks or (NOTE,)), front=front))
    return file


def test_the_shipped_ones_are_there_without_any_file() -> None:
    found = library(Settings())

    assert found.problems == ()
    assert all(entry.shipped for entry in found.entries)
    spike = found.find("cost-spike")
    assert spike is not None
    assert spike.source == "runbooks/cost-spike.md"
    assert found.find("nothing") is None


def test_ones_own_are_read_from_beside_the_configuration_and_override_by_id(tmp_path: Path) -> None:
    own(tmp_path / "runbooks", "mine.md")
    file = own(tmp_path / "runbooks", "spike.md", 'id = "cost-spike"\ntitle = "Ours"')
    (tmp_path / "runbooks" / "README.md").write_text("Ours.")
    (tmp_path / "runbooks" / ".hidden.md").write_text("x")

    found = library(settings(tmp_path))

    assert found.problems == ()
    assert len(found.entries) == len(library(Settings()).entries) + 1
    spike = found.entry("cost-spike")
    assert spike is not None
    assert (spike.runbook.title, spike.shipped, spike.overrides) == ("Ours", False, True)
    assert spike.runbook.source == str(file)


def test_the_folder_can_be_named_and_then_has_to_be_there(tmp_path: Path) -> None:
    named = settings(tmp_path, '[runbooks]\nfolder = "ours"\n')
    assert [str(problem) for problem in library(named).problems] == [
        f"{tmp_path}/ours:1: the folder of runbooks cannot be read: No such file or directory"
    ]

    own(tmp_path / "ours", "mine.md")

    assert library(named).find("search-latency") is not None
    assert library(named).problems == ()
    assert library(settings(tmp_path)).find("search-latency") is None
    assert own_folder(settings(tmp_path)) == tmp_path / "runbooks"


def test_the_sample_shows_the_folder() -> None:
    assert "[runbooks]\n" in sample_config()
    assert '#folder = "runbooks"' in sample_config()


def test_a_broken_file_is_named_and_leaves_the_shipped_one_in_force(tmp_path: Path) -> None:
    file = own(tmp_path / "runbooks", "cost-spike.md", 'id = "cost-spike"\ntitle = "x"\nstrange = 1')

    found = library(settings(tmp_path))

    assert [(problem.file, problem.line) for problem in found.problems] == [(str(file), 4)]
    spike = found.entry("cost-spike")
    assert spike is not None
    assert spike.shipped


def test_an_id_that_two_files_have_is_a_problem_of_the_second(tmp_path: Path) -> None:
    first = own(tmp_path / "runbooks", "a.md")
    second = own(tmp_path / "runbooks", "b.md")

    found = library(settings(tmp_path))

    assert [str(problem) for problem in found.problems] == [
        f"{second}:1: the id 'search-latency' is that of {first} already"
    ]


def test_an_alert_is_answered_by_its_rule_before_its_tier_and_by_ones_own_first(tmp_path: Path) -> None:
    for ident, trigger in (("zz-rule", "errors"), ("aa-tier", "hard_cap"), ("mm-other", "drift")):
        own(tmp_path / "runbooks", f"{ident}.md", f'id = "{ident}"\ntitle = "x"\ntrigger = ["{trigger}"]')

    found = [each.id for each in library(settings(tmp_path)).answering("errors", "hard_cap")]

    assert found[0] == "zz-rule"
    assert found.index("provider-outage-retry-storm") < found.index("aa-tier")
    assert found.index("aa-tier") < found.index("hard-cap-override")
    assert "mm-other" not in found


def test_a_rule_with_the_cause_of_an_alert_comes_before_the_rule_alone_and_the_tier(tmp_path: Path) -> None:
    for ident, trigger in (("aa-tier", "critical"), ("mm-cause", "cache/lost_cache"), ("zz-rule", "cache")):
        own(tmp_path / "runbooks", f"{ident}.md", f'id = "{ident}"\ntitle = "x"\ntrigger = ["{trigger}"]')
    known = library(settings(tmp_path))

    found = [each.id for each in known.answering("cache", "critical", "lost_cache")]
    others = [each.id for each in known.answering("cache", "critical", "retry_storm")]

    assert found == ["mm-cause", "zz-rule", "cost-spike", "aa-tier", "throttle-non-prod"]
    assert others == ["zz-rule", "cost-spike", "aa-tier", "throttle-non-prod"]
    assert "mm-cause" not in [each.id for each in known.answering("cache", "critical")]


def test_the_first_is_the_one_that_fits_best_and_nobody_where_two_fit_as_well(tmp_path: Path) -> None:
    best = library(Settings()).first("burn_spike", "critical", "runaway_batch")
    assert best is not None
    assert best.id == "runaway-batch"

    trigger = '["burn_spike/runaway_batch"]'
    own(tmp_path / "runbooks", "mine.md", f'id = "mine"\ntitle = "x"\ntrigger = {trigger}')

    assert library(settings(tmp_path)).first("burn_spike", "critical", "runaway_batch") is None
    assert library(settings(tmp_path)).first("nothing", "nothing") is None


def test_all_that_is_wrong_is_found_by_file_by_id_and_altogether(tmp_path: Path) -> None:
    file = own(tmp_path / "runbooks", "mine.md", FRONT, 'kind = "query"\nreport = "nothing"')
    broken = own(tmp_path / "runbooks", "cost-spike.md", "id = 3")
    given = settings(tmp_path)

    by_file, by_id = check(given, [str(file)]), check(given, ["search-latency"])

    line = line_with(file.read_text(), "report")
    assert [str(problem) for problem in by_file] == [f"{file}:{line}: {by_file[0].message}"]
    assert by_file[0].message.startswith("step 1: report 'nothing' is unknown")
    assert by_id == by_file
    assert {problem.file for problem in check(given, ["cost-spike"])} == {str(broken)}
    assert {problem.file for problem in check(given)} == {str(broken), str(file)}
    assert check(given, ["hard-cap-override"]) == ()
    with pytest.raises(ConfigError, match="did you mean 'hard-cap-override'"):
        check(given, ["hard-cap-overide"])


def test_people_whom_only_a_route_knows_can_be_told(tmp_path: Path) -> None:
    told = 'kind = "notify"\nto = ["night_shift"]\ntext = "x"'
    file = own(tmp_path, "mine.md", FRONT, told)
    route = '[[alerts.channels]]\nname = "pager"\nkind = "pagerduty"\n'
    route += '[[alerts.routes]]\nrecipient = "night_shift"\nsend = ["pager"]\n'

    assert len(check(settings(tmp_path), [str(file)])) == 1
    assert check(settings(tmp_path, route), [str(file)]) == ()


def test_a_broken_runbook_is_told_all_that_is_wrong_with_it_at_once(tmp_path: Path) -> None:
    text = runbook(
        'kind = "query"\nreport = "tpo"',
        'kind = "action"\naction = "throtle"\nwith = { scope = "team:x" }\nthen = "nowhere"',
        'kind = "note"\npromt = "x"',
        'kind = "action"\naction = "throttle"\nwith = { scope = "team:x" }',
    )
    (tmp_path / "broken.md").write_text(text)

    said = "\n".join(problem.message for problem in check(settings(tmp_path), [str(tmp_path / "broken.md")]))

    for each in (
        "report 'tpo' is unknown",
        "action 'throtle' is unknown",
        "then 'nowhere' is no step",
        "a note has no field 'promt'",
        "throttle needs the parameter 'limit'",
    ):
        assert each in said, said


def test_of_what_cannot_be_read_nothing_is_said_to_be_lacking(tmp_path: Path) -> None:
    (tmp_path / "broken.md").write_text(runbook('kind = "action"\nactoin = "throttle"\nwith = "x"'))

    found = check(settings(tmp_path), [str(tmp_path / "broken.md")])

    assert not [problem for problem in found if "throttle needs" in problem.message]
    assert not [problem for problem in found if "''" in problem.message]
