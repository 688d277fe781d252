"""The `[alerts]` part of burndeck.toml: tiers, rules, silences, channels and routes."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from agent.domain.duration import Duration
from agent.secrets import plain_name
from agent.settings_channels import Channel as Channel
from agent.settings_channels import Route as Route
from agent.settings_channels import resolve
from agent.settings_rules import Rules
from agent.settings_section import Section, not_negative, positive, says, schedule, share

Recipient = str
"""A part that somebody plays for an allocation, such as `team_lead`; routes say where it is reached."""

_SOONEST = Duration(60)  # alerts are judged about this often, so nothing sooner could be kept
ActionKind = Literal["none", "ticket", "rate_limit", "block"]


class Tier(Section, frozen=True):
    """A step of the budget alert. One [[alerts.tiers]] table each; naming any replaces the shipped four."""

    name: Annotated[
        Literal["info", "warning", "critical", "hard_cap"], says("Which of the four tiers it is.", "warning")
    ]
    at: Annotated[Decimal, says("Share at which it fires: at it or above.", '"0.70"')]
    of: Annotated[
        Literal["month", "day_forecast"],
        says("Share of what: the allocation's month, or the day's forecast."),
    ] = "month"
    over_last_month: Annotated[
        Decimal | None, says("Fires also this far above last month's same elapsed share.", '"0.20"')
    ] = None
    notify: Annotated[tuple[Recipient, ...], says("Who is told; routes say where.", '["team_lead"]')] = ()
    action: Annotated[
        ActionKind, says("What it asks for: none, ticket, rate_limit (non-production keys) or block.")
    ] = "none"
    max_rps: Annotated[int, says("Requests a second that rate_limit leaves.")] = 10
    suggest: Annotated[bool, says("Adds what would save credits, with amounts.")] = False
    acknowledge_within: Annotated[
        Duration | None, says("Unacknowledged for this long it escalates.", "24h")
    ] = None
    escalate_to: Annotated[tuple[Recipient, ...], says("Who is told then.", '["bu_head"]')] = ()
    repeat: Annotated[Duration | None, says("Told again this often while it fires.", "4h")] = None

    def __post_init__(self) -> None:
        positive("at", self.at)
        if self.over_last_month is not None:
            positive("over_last_month", self.over_last_month)
        positive("max_rps", self.max_rps)
        for key in ("acknowledge_within", "repeat"):
            span: Duration | None = getattr(self, key)
            if span is not None and span < _SOONEST:
                raise ValueError(f"{key}: must be {_SOONEST} or more")


TIERS = (
    Tier(name="info", at=Decimal("0.50"), of="day_forecast", notify=("team_channel",)),
    Tier(
        name="warning",
        at=Decimal("0.70"),
        notify=("team_lead", "bu_finance"),
        action="ticket",
        suggest=True,
        acknowledge_within=Duration(86_400),
        escalate_to=("ops_on_call", "bu_head"),
        repeat=Duration(86_400),
    ),
    Tier(
        name="critical",
        at=Decimal("0.90"),
        over_last_month=Decimal("0.20"),
        notify=("ops_on_call", "bu_head", "central_finance"),
        action="rate_limit",
        suggest=True,
        acknowledge_within=Duration(900),
        escalate_to=("exec_sponsor",),
        repeat=Duration(3_600),
    ),
    Tier(
        name="hard_cap",
        at=Decimal("1.00"),
        notify=("central_finance", "exec_sponsor"),
        action="block",
        acknowledge_within=Duration(900),
        escalate_to=("ops_on_call", "bu_head"),
        repeat=Duration(3_600),
    ),
)
"""The guide's four tiers, with its thresholds, recipients and actions."""


class Spike(Section, frozen=True):
    """When a rise in burn is worth an alert."""

    sensitivity: Annotated[Decimal, says("1 is usual; 2 alerts on rises half as large.")] = Decimal(1)
    min_credits_per_hour: Annotated[Decimal, says("Rises below this never alert.")] = Decimal(100)
    min_share: Annotated[Decimal, says("Nor do rises below this share of the organization's burn.")] = (
        Decimal("0.05")
    )
    hold: Annotated[Duration, says("A rise that could be chance must last this long.")] = Duration(60)
    clear: Annotated[Duration, says("An alert ends when its rise has been gone for this long.")] = Duration(
        600
    )

    def __post_init__(self) -> None:
        positive("sensitivity", self.sensitivity)
        not_negative("min_credits_per_hour", self.min_credits_per_hour)
        share("min_share", self.min_share)


class Silencing(Section, frozen=True):
    """What silences may do. A hard cap is never silenced."""

    longest: Annotated[Duration, says("No silence lasts longer.")] = Duration(7 * 86_400)
    default: Annotated[Duration, says("A silence lasts this long when nobody says otherwise.")] = Duration(
        7_200
    )
    max_credits: Annotated[
        Decimal, says("A silence ends when what it mutes has burnt this much, unless it says otherwise.")
    ] = Decimal(1_000)

    def __post_init__(self) -> None:
        for key in ("longest", "default", "max_credits"):
            positive(key, getattr(self, key))


class Alerts(Section, frozen=True):
    """What is worth an alert, who is told, and how."""

    every: Annotated[str, says("Judge the burn at least this often; new data is judged at once.")] = "60s"
    tiers: Annotated[tuple[Tier, ...], says("Steps of the budget alert, mildest first.")] = TIERS
    console_url: Annotated[str, says("Address of the console in a browser, for links in messages.", "")] = ""
    spike: Spike = Spike()
    rules: Rules = Rules()
    silence: Silencing = Silencing()
    channels: Annotated[tuple[Channel, ...], says("Ways to reach people.")] = ()
    routes: Annotated[tuple[Route, ...], says("Who is told where.")] = ()

    def __post_init__(self) -> None:
        schedule("every", self.every)
        for kind in ("month", "day_forecast"):
            shares = [tier.at for tier in self.tiers if tier.of == kind]
            if shares != sorted(set(shares)):
                raise ValueError("tiers: must rise from tier to tier")
        for key, names in (
            ("tiers", [tier.name for tier in self.tiers]),
            ("channels", [channel.name for channel in self.channels]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"{key}: every name is used once")
        # The names of secrets tell '-', '.' and '_' not apart.
        plain = [plain_name(channel.name) for channel in self.channels]
        if len(set(plain)) != len(plain):
            raise ValueError("channels: names must differ by more than '-', '_' and '.'")
        for number, route in enumerate(self.routes, start=1):
            for text in route.send:
                try:
                    resolve(text, self.channels)
                except ValueError as error:
                    raise ValueError(f"routes: in the send of route {number}: {error}") from None

    def tier(self, name: str) -> Tier | None:
        """The tier of a name."""
        return next((tier for tier in self.tiers if tier.name == name), None)

    def policy(self, name: str) -> Tier:
        """What holds for a tier: as configured, else as shipped, else as for a warning."""
        shipped: dict[str, Tier] = {tier.name: tier for tier in TIERS}
        return self.tier(name) or shipped.get(name) or shipped["warning"]
