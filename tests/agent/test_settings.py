from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from agent.clock import ScaledClock, SystemClock
from agent.domain.allocation import Scope
from agent.errors import ConfigError
from agent.settings import Settings, load_settings, parse_settings
from agent.settings_sample import sample_config

FILE = Path("/etc/burndeck/burndeck.toml")
WHOLE = '[[allocations]]\nid="org-1"\nscope="organization"\n'
KEY = f"ed25519:{'A' * 43}="


def error_of(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse_settings(text, FILE)
    return caught.value


def test_without_any_file_the_defaults_hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("BURNDECK_CONFIG", raising=False)

    settings = load_settings()

    assert settings == Settings()
    assert settings.default_account == "openai"


def test_the_environment_names_the_file_and_a_file_that_is_not_there_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BURNDECK_CONFIG", str(tmp_path / "missing.toml"))

    with pytest.raises(ConfigError, match=re.escape("missing.toml")):
        load_settings()


def test_values_come_typed_and_paths_are_relative_to_the_file() -> None:
    settings = parse_settings(
        """
        [organization]
        id = "org-7"
        usd_per_credit = "0.02"
        [ledger]
        path = "burn.sqlite"
        [[sources]]
        reread = "2h"
        settle = "30s"
        [[billing_groups]]
        id = "payments"
        usd_per_credit = "0.05"
        [[allocations]]
        id = "org-7-bg-payments"
        scope = "billing_group:payments"
        monthly_credits = "1000.000000001"
        [registry]
        files = ["owners.toml", "/srv/more.csv"]
        """,
        FILE,
    )

    (source,) = settings.sources
    assert (source.name, source.account, source.reread, source.settle) == ("openai", "openai", 7200, 30)
    assert settings.ledger_path == FILE.parent / "burn.sqlite"
    assert settings.registry_files == (FILE.parent / "owners.toml", Path("/srv/more.csv"))
    (allocation,) = settings.allocations
    assert allocation.scope == Scope.parse("billing_group:payments")
    assert allocation.monthly_nano == 1_000_000_000_001
    assert settings.usd_per_credit("payments") == Decimal("0.05")
    assert settings.usd_per_credit("other") == settings.usd_per_credit() == Decimal("0.02")
    assert settings.default_account == "openai"


@pytest.mark.parametrize(
    ("text", "place", "part"),
    [
        ('[organization]\nid = 5\n', ":2", "organization.id"),
        ('[organization]\nusd_per_credit = "0"', ":2", "organization.usd_per_credit: must be more than zero"),
        ('[organization]\nusd_per_credit = "NaN"', ":2", "organization.usd_per_credit"),
        ('[organization]\ntime_zone = "Mars/Base"', ":2", "'Mars/Base'"),
        ('[[sources]]\n[[sources]]\nname="b"\nevery = "soon"', ":4", "sources[2].every"),
        ('[[sources]]\n\n[[sources]]\n', ":3", "sources[2].name: 'openai' is there twice"),
        ('[[sources]]\nkind = "azure"', ":2", "sources[1].kind"),
        ('[[sources]]\naccount="a"\n[[sources]]\nname="b"\naccount="a"', ":5",
         "sources[2].account: 'a' is there twice"),
        ('[[sources]]\nevery = "99 99 * * *"', ":2", "sources[1].every: '99 99 * * *' is neither"),
        ('[[sources]]\nreread = "1s"', ":2", "sources[1].reread: must be 1m or more"),
        ('[agent]\nheartbeat = "0s"', ":2", "agent.heartbeat: must be more than zero"),
        ('[[sources]]\nreread = 90', ":2", "expected text in quotes"),
        ('[[sources]]\nbase_url = "api.openai.com"', ":2", "sources[1].base_url"),
        ('[[allocations]]\nid="org-1"\nscope="team:x"\nmonthly_credits="1"', ":2", "org-1234-team-x"),
        ('[[allocations]]\nid="org-1"\nscope="all"\nmonthly_credits="1"', ":3", "is none of organization"),
        ('[[allocations]]\nid="org-1"\nscope="organization"', ":1", "allocations[1]"),
        (f'{WHOLE}monthly_credits="1e30"', ":4", "allocations[1].monthly_credits: 1E+30 is no amount"),
        (f'{WHOLE}monthly_credits="1e999999"', ":4", "allocations[1].monthly_credits: 1E+999999 is no"),
        (f'{WHOLE}monthly_credits="0.0000000000001"', ":4", "allocations[1].monthly_credits: 1E-13 credits"),
        (f'{WHOLE}monthly_credits="1"\nhard_cap="Infinity"', ":5", "allocations[1].hard_cap: Infinity is no"),
        (f'{WHOLE}monthly_credits="1"\nhard_cap="NaN"', ":5", "allocations[1].hard_cap: NaN is no number"),
        (f'{WHOLE}monthly_credits="1"\nhard_cap="1e30"', ":5", "allocations[1].hard_cap: must be a share"),
        (f'{WHOLE}monthly_credits="1"\noverride_approvers=["admin", "lead"]', ":5",
         "allocations[1].override_approvers: an override of the hard cap takes two roles at least"),
        (f'{WHOLE}monthly_credits="1"\noverride_approvers=["finance", "lead"]', ":5",
         "here engineering is missing"),
        (f'{WHOLE}monthly_credits="1"\nreserve="NaN"', ":5", "allocations[1].reserve: NaN is no number"),
        (f'{WHOLE}monthly_credits="1"\nreserve="Infinity"', ":5", "allocations[1].reserve: Infinity is no"),
        (f'{WHOLE}monthly_credits="1"\nreserve="1e30"', ":5", "allocations[1].reserve: 1E+30 is no"),
        (f'{WHOLE}monthly_credits="1"\nemergency_buffer="-1"', ":5", "allocations[1].emergency_buffer"),
        ('[[releases]]\nid="a"\nday="2026-01-01"\ncredits_per_day="NaN"', ":4", "releases[1].credits_per"),
        ('[[billing_groups]]\nid="a"\n[[allocations]]\nid="org-1-bg-b"\nscope="billing_group:b"\nmonthly_credits="1"',
         ":5", "no billing group 'b'"),
        ('[alerts]\ntiers = [{name="info", at="0.9"}, {name="warning", at="0.7"}]', ":2", "must rise"),
        ('[alerts.spike]\nmin_share="NaN"', ":2", "alerts.spike.min_share: must be a share between 0 and 1"),
        ('[alerts.spike]\nmin_share="1.5"', ":2", "alerts.spike.min_share: must be a share between 0 and 1"),
        ('[alerts.spike]\nmin_share="-0.1"', ":2", "alerts.spike.min_share: must be a share between 0 and 1"),
        ('[alerts.spike]\nmin_credits_per_hour="NaN"', ":2", "alerts.spike.min_credits_per_hour: NaN is no"),
        ('[alerts.spike]\nmin_credits_per_hour=-1', ":2", "alerts.spike.min_credits_per_hour: must not be"),
        ('[alerts.rules.runway]\nmin_credits_per_hour=-1', ":2", "runway.min_credits_per_hour: must not be"),
        ('[alerts.rules.last_month]\nmin_credits="NaN"', ":2", "last_month.min_credits: NaN is no number"),
        ('[alerts.rules.last_month]\nmin_credits=-1', ":2", "last_month.min_credits: must not be negative"),
        ('[alerts.rules.last_month]\nmin_days=-1', ":2", "last_month.min_days: must not be negative"),
        ('[alerts.rules.day_forecast]\nmin_days=-1', ":2", "day_forecast.min_days: must not be negative"),
        ('[alerts.rules.errors]\nmin_requests=-1', ":2", "errors.min_requests: must not be negative"),
        ('[[alerts.tiers]]\nname="info"\nat="0.5"\nrepeat="0s"', ":4", "tiers[1].repeat: must be 1m or more"),
        ('[[alerts.tiers]]\nname="info"\nat="0.5"\nacknowledge_within="59s"', ":4",
         "alerts.tiers[1].acknowledge_within: must be 1m or more"),
        ('[[people]]\nname="two words"\npublic_key="x"\nroles=[]', ":2", "people[1].name: 'two words'"),
        ('[[people]]\nname="ada"\npublic_key="ed25519:QUJD"\nroles=[]', ":3", "people[1].public_key"),
        (f'[[people]]\nname="ada"\npublic_key="{KEY}"\nroles=["boss"]', ":4", "people[1].roles"),
        (f'[[people]]\nname="ada"\npublic_key="{KEY}"\nroles=[]\nscopes=["x"]', ":5", "people[1].scopes"),
        (f'[[people]]\nname="ada"\npublic_key="{KEY}"\nroles=[]\n'
         f'[[people]]\nname="bob"\npublic_key="{KEY}"\nroles=[]', ":7", "people[2].public_key"),
        ('[[releases]]\nid="a"\nday="tomorrow"', ":3", "'tomorrow'"),
        ('[[releases]]\nid="a"\nday="1969-07-20"', ":3", "releases[1].day: '1969-07-20' is not between"),
        ('[[releases]]\nid="a"', ":1", "a release has a day, or a moment"),
        ('[[releases]]\nday="2026-01-01"', ":1", "a release has a title, or an id"),
        ('[[releases]]\nid="a"\nat="noon"', ":3", "'noon' is no time such as"),
        ('[[releases]]\nid="a"\nat=2026-01-01T12:00:00Z\nurl="ftp://x"', ":4", "must begin with https"),
        ('[changes]\ncalendars=["a.ics", "a.ics"]', ":2", "'a.ics' is there twice"),
        ('[changes]\ncalendars=[" "]', ":2", "the name of a file or an address"),
        ('[changes]\nevery="often"', ":2", "'often' is neither"),
        ("[changes]\nwebhook=true", ":2", "no address to post to"),
        ('[clock]\nepoch=1\nstarted=1\nspeed=0', ":4", "must be positive"),
        ('not toml', "", "line 1"),
    ],
)  # fmt: skip
def test_an_error_names_file_line_and_key(text: str, place: str, part: str) -> None:
    error = error_of(text)

    assert error.message.startswith(f"{FILE}{place}")
    assert part in error.message


@pytest.mark.parametrize(
    ("text", "line", "near"),
    [
        ('[[sources]]\nkind = "openai"\nevry = "60s"', 3, "every"),
        ("[organisation]\n", 1, "organization"),
        ("[alerts.spike]\nsensitivty = 1", 2, "sensitivity"),
    ],
)
def test_an_unknown_key_comes_with_a_suggestion(text: str, line: int, near: str) -> None:
    error = error_of(text)

    assert f":{line}: " in error.message
    assert error.hint == f"Did you mean {near!r}?"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[ledger]\npath = "~nosuchuser/l.sqlite"', ":2: ledger.path"),
        ('[rates]\nfile = "~nosuchuser/p.toml"', ":2: rates.file"),
        ('[registry]\nfiles = ["owners.toml", "~nosuchuser/o.toml"]', ":2: registry.files"),
        ('[agent]\nlog_file = "~nosuchuser/agent.log"', ":2: agent.log_file"),
    ],
)
def test_the_home_of_a_user_who_does_not_exist_is_named(text: str, key: str) -> None:
    error = error_of(text)

    assert key in error.message
    assert "~nosuchuser" in error.message


def test_cron_expressions_are_schedules_too() -> None:
    settings = parse_settings('[[sources]]\nevery = "*/5 * * * *"', FILE)

    assert settings.sources[0].every == "*/5 * * * *"


def test_a_source_shares_the_key_of_its_kind_with_no_other() -> None:
    alone = parse_settings('[[sources]]\nname = "openai-eu"', FILE)
    two = parse_settings('[[sources]]\n[[sources]]\nname = "openai-eu"', FILE)

    assert alone.secret_names(alone.sources[0]) == ("openai-eu", "openai")
    assert [two.secret_names(source) for source in two.sources] == [("openai",), ("openai-eu",)]


def test_with_several_sources_there_is_no_default_account() -> None:
    settings = parse_settings('[[sources]]\n[[sources]]\nname = "openai-eu"', FILE)

    with pytest.raises(ConfigError, match="several sources") as caught:
        _ = settings.default_account
    assert "--account: openai, openai-eu" in caught.value.hint


def test_the_clock_is_the_wall_clock_unless_the_file_sets_another() -> None:
    scaled = parse_settings("[clock]\nepoch = 100.0\nstarted = 50.0\nspeed = 60.0", FILE)

    assert isinstance(Settings().clock(), SystemClock)
    assert scaled.clock() == ScaledClock(100.0, 50.0, 60.0)


def test_releases_are_changes_of_their_narrowest_scope_with_a_day_or_a_moment() -> None:
    text = """
        [[releases]]
        id = "search-v2"
        day = "2026-03-01"
        team = "search"
        [[releases]]
        at = 2026-03-01T15:02:00+01:00
        title = "2.4.1"
        service = "search-api"
        project = "proj_search"
        url = "https://git.example.com/7"
        [[releases]]
        at = "2026-03-01 14:02"
        title = "flags"
    """

    day, moment, text_moment = parse_settings(text, FILE).declared_changes

    start = 1_772_323_200
    assert (day.at, day.until, day.title) == (start, start + 86_400, "search-v2")
    assert (day.scope_kind, day.scope, day.external_id) == ("team", "search", "search-v2")
    assert (moment.at, moment.until, moment.title) == (start + 50_520, None, "search-api 2.4.1")
    assert (moment.scope_kind, moment.scope, moment.url) == (
        "project",
        "proj_search",
        "https://git.example.com/7",
    )
    assert text_moment.at == moment.at
    assert [row.day for row in parse_settings(text, FILE).releases] == [start] * 3


def test_calendars_are_files_beside_the_configuration_or_addresses() -> None:
    text = '[changes]\ncalendars = ["r.ics", "https://x/r.ics", "webcal://x/r.ics"]'

    calendars = parse_settings(text, FILE).changes.calendars

    assert calendars == (str(FILE.resolve().parent / "r.ics"), "https://x/r.ics", "webcal://x/r.ics")


def test_the_sample_loads_as_it_is_and_with_every_key_set() -> None:
    sample = sample_config()
    everything = re.sub(r"(?m)^#(?=\S)", "", sample)

    assert parse_settings(sample, FILE).sources
    full = parse_settings(everything, FILE)
    assert full.allocations
    assert full.releases
    assert full.alerts.spike == parse_settings(sample, FILE).alerts.spike
    assert (full.alerts.tiers[0].name, full.alerts.channels[0].kind) == ("warning", "slack")
    assert full.alerts.routes[0].send == ("#payments-ops",)


@pytest.mark.parametrize(
    ("channel", "part"),
    [
        ('kind = "slak"', "kind: 'slak' is none of slack, pagerduty"),
        ('kind = "email"', "url: a channel of kind email needs it"),
        (
            'kind = "email"\nurl = "smtp://m:587"\nsender = "Ada <a@b.c>"',
            "sender: 'Ada <a@b.c>' is no e-mail",
        ),
        ('kind = "webhook"\nurl = "hook.example"', "url: must begin with https:// or http://"),
        ('kind = "webhook"\nurl = "https://u:p@hook.example"', "url: a user belongs into user"),
        ('kind = "slack"\nurl = "https://hooks.slack.com/services/T/B/x"', "address is its secret"),
        ('kind = "github"\nproject = "ops"', "project: 'ops' is not written owner/name"),
        ('kind = "jira"\nurl = "http://jira.example"\nuser = "a"\nproject = "OPS"', "url: must be https://"),
        ('kind = "slack"\ntimeout = "0s"', "timeout: must be more than zero"),
    ],
)
def test_a_channel_that_cannot_work_is_an_error_at_its_key(channel: str, part: str) -> None:
    error = error_of(f'[[alerts.channels]]\nname = "c"\n{channel}')

    assert "alerts.channels[1]." in error.message
    assert part in error.message


@pytest.mark.parametrize(
    ("send", "part"),
    [
        ("#ops", "'#ops' may go by several channels of kind slack: write one:#ops or two:#ops"),
        ("ada@example.com", "'ada@example.com' needs a channel of kind email"),
        ("pager:ada", "a channel of kind pagerduty has no targets"),
        ("nobody", "'nobody' names no channel; known: one, two, pager"),
    ],
)
def test_a_route_that_leads_nowhere_is_an_error(send: str, part: str) -> None:
    channels = "".join(
        f'[[alerts.channels]]\nname = "{name}"\nkind = "{kind}"\n'
        for name, kind in (("one", "slack"), ("two", "slack"), ("pager", "pagerduty"))
    )
    error = error_of(f'{channels}[[alerts.routes]]\nsend = ["{send}"]')

    assert "in the send of route 1" in error.message
    assert part in error.message


def test_the_names_of_two_channels_never_mean_one_secret() -> None:
    error = error_of(
        '[[alerts.channels]]\nname = "a-b"\nkind = "slack"\n[[alerts.channels]]\nname = "a.b"\nkind = "slack"'
    )

    assert "must differ" in error.message


@pytest.mark.parametrize(
    ("table", "every"),
    [
        ('kind = "openai"', "2m"),  # a provider counts requests
        ('kind = "litellm"\nbase_url = "http://127.0.0.1:4000"', "30s"),
        ('kind = "openai"\nevery = "45s"', "45s"),
    ],
)
def test_how_often_a_gateway_is_read_depends_on_its_kind(table: str, every: str) -> None:
    settings = parse_settings(f"[[sources]]\n[[gateways]]\n{table}", FILE)

    assert [gateway.every for gateway in settings.gateways] == [every]
