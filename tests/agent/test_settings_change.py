"""Changes that are tried: what they make of the settings, and the TOML that saves them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from agent.errors import ConfigError
from agent.settings import Settings, load_settings, parse_settings
from agent.settings_change import assigned, changed, changes_of, to_toml


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "burndeck.toml"
    file.write_text('[organization]\nid = "org-7"\n[alerts.spike]\nhold = "2m"\nmin_share = "0.1"\n')
    return load_settings(file)


def test_a_key_is_set_and_everything_else_stays(settings: Settings) -> None:
    after = changed(settings, assigned(["alerts.spike.sensitivity=2"], settings))

    assert after.alerts.spike.sensitivity == 2
    assert (after.alerts.spike.hold, after.alerts.spike.min_share) == (120, Decimal("0.1"))
    assert after.organization.id == "org-7"
    assert after.file == settings.file


def test_values_are_written_as_in_the_file_and_stretches_of_time_without_quotes(settings: Settings) -> None:
    made = ["alerts.rules.runway.warning=48h", 'alerts.rules.pace.tickets=["2x over 3d and 6h"]',
            "alerts.rules.cache.enabled=false", "alerts.spike.min_share=0.2"]  # fmt: skip

    after = changed(settings, assigned(made, settings)).alerts

    assert after.rules.runway.warning == 172_800
    assert after.rules.pace.tickets == ("2x over 3d and 6h",)
    assert not after.rules.cache.enabled
    assert after.spike.min_share == Decimal("0.2")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("alerts.rules.burn_spike.x=3", "They live under alerts.spike, as in alerts.spike.sensitivity=2."),
        ("alerts.rules.burn_spike=3", "They live under alerts.spike, as in alerts.spike.sensitivity=2."),
        ("alerts.rules.budget.at=1", "They live under alerts.tiers, as in alerts.tiers.critical.at=0.85."),
    ],
)
def test_keys_of_a_rule_that_lie_elsewhere_are_shown_the_way(
    settings: Settings, text: str, hint: str
) -> None:
    with pytest.raises(ConfigError, match=r"alerts\.rules has no keys of") as raised:
        assigned([text], settings)

    assert raised.value.hint == hint
    assert changed(settings, assigned([hint.split()[-1].rstrip(".")], settings)) != settings


def test_a_tier_is_reached_by_its_name_or_number_and_the_shipped_ones_stay(settings: Settings) -> None:
    made = assigned(["alerts.tiers.critical.at=0.85", "alerts.tiers.2.at=0.6"], settings)

    before, after = settings.alerts.tiers, changed(settings, made).alerts.tiers

    assert [tier.at for tier in after] == [Decimal("0.5"), Decimal("0.6"), Decimal("0.85"), Decimal(1)]
    assert [tier.notify for tier in after] == [tier.notify for tier in before]
    assert after[2].over_last_month == Decimal("0.20")
    assert after[3] == before[3]


def test_what_is_printed_to_save_loads_as_the_same_settings() -> None:
    settings = Settings()
    made = ["alerts.tiers.critical.at=0.85", "alerts.spike.hold=5m", 'alerts.console_url=a"b\\c']
    change = assigned(made, settings)

    text = to_toml(change)

    assert '[alerts]\nconsole_url = "a\\"b\\\\c"' in text
    assert '[alerts.spike]\nhold = "5m"' in text
    assert parse_settings(text, Path("burndeck.toml")).alerts == changed(settings, change).alerts


def test_a_file_changes_the_same_keys(settings: Settings, tmp_path: Path) -> None:
    other = tmp_path / "try.toml"
    other.write_text('[alerts.spike]\nhold = "9m"\n')

    assert changed(settings, changes_of(other)).alerts.spike.hold == 540


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("alerts.spike.sensitivity=0", "alerts.spike.sensitivity: must be more than zero"),
        ("alerts.spike.sensitivty=2", "alerts.spike.sensitivty: unknown key"),
        ("alerts.tiers.critical.at=0.6", "alerts.tiers: must rise"),
        ("alerts.spike.hold=soon", "alerts.spike.hold"),
        ("alerts.spike.nothing.here=1", "alerts.spike.nothing: unknown key"),
    ],
)
def test_a_wrong_value_is_an_error_with_file_and_key(settings: Settings, text: str, part: str) -> None:
    with pytest.raises(ConfigError) as caught:
        changed(settings, assigned([text], settings))

    assert caught.value.message.startswith(str(settings.file))
    assert part in caught.value.message


@pytest.mark.parametrize(
    "text", ["alerts.spike.sensitivity", "organization.id=org-1", "alerts=1", "=1", "alerts.tiers.loud.at=1"]
)
def test_what_cannot_be_tried_is_an_error_that_says_so(settings: Settings, text: str) -> None:
    with pytest.raises(ConfigError, match="--set"):
        assigned([text], settings)


@pytest.mark.parametrize(
    ("texts", "part"),
    [
        (["alerts.tiers.critical.at.x=3"], "alerts.tiers.critical.at has no keys"),
        (["alerts.tiers.critical=3"], "alerts.tiers.critical is a whole table"),
        (["alerts.spike=3", "alerts.spike.hold=0s"], "something without keys of alerts.spike"),
        (["alerts.tiers=3", "alerts.tiers.warning.at=0.6"], "something without keys of alerts.tiers"),
        (["alerts.tiers=[3]", "alerts.tiers.warning.at=0.6"], "something without keys of alerts.tiers"),
        (["alerts.tiers=[]", "alerts.tiers.warning.at=0.6"], "there is no 'warning'"),
        (["alerts.tiers.².at=0.6"], "there is no '²'"),
        (["alerts.nothing=3", "alerts.nothing.here=4"], "something without keys of alerts.nothing"),
        (["alerts.channels.ops.timeout=9s"], "alerts.channels has no keys"),
    ],
)
def test_keys_of_what_has_none_are_refused_in_a_sentence(
    settings: Settings, texts: list[str], part: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        assigned(texts, settings)

    assert caught.value.message.startswith(f"--set {texts[-1]}: ")
    assert part in caught.value.message


def test_a_row_that_is_tried_beyond_those_there_are_can_be_changed_too(settings: Settings) -> None:
    rows = ", ".join(f'{{send=["hook"], recipient="{name}"}}' for name in "ab")
    made = ['alerts.channels=[{name="hook", kind="webhook", url="https://x.example"}]']
    one = changed(settings, assigned([*made, 'alerts.routes=[{send=["hook"]}]'], settings))

    after = changed(settings, assigned([*made, f"alerts.routes=[{rows}]", "alerts.routes.2.hours="], one))

    assert [route.recipient for route in after.alerts.routes] == ["a", "b"]


def test_a_file_that_changes_more_than_alerts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text('[agent]\nheartbeat = "1s"\n')
    (tmp_path / "u.toml").write_text("[alerts\n")

    with pytest.raises(ConfigError, match=r"t\.toml: agent: only \[alerts\]"):
        changes_of(tmp_path / "t.toml")
    with pytest.raises(ConfigError, match=r"u\.toml: not valid TOML"):
        changes_of(tmp_path / "u.toml")


def test_without_a_file_the_defaults_are_changed() -> None:
    settings = Settings()

    assert changed(settings, assigned(["alerts.spike.hold=5m"], settings)).alerts.spike.hold == 300
