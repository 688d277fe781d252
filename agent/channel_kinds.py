"""The kinds of channels that alerts go out by; the code of each is `agent/alerts/channels/KIND.py`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SecretPart:
    """A secret that a channel needs."""

    key: str  # `webhook_url`: the channel `ops` has `burndeck_ops_webhook_url`
    what: str  # as a sentence names it
    where: str  # where a person finds it
    phrase: bool = False  # may hold blanks, as passwords do


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """What a kind of channel needs, and how fast it may be used."""

    secret: SecretPart
    needs: tuple[str, ...] = ()  # keys of its table that must be set
    url: str = ""  # where it is unless its table says otherwise
    targets: bool = False  # reaches several people or rooms, named after the colon
    secure: bool = True  # its secret travels with every message, so it must not travel in the clear
    at_once: int = 4  # messages under way at a time
    pause_s: float = 0.0  # least real seconds from one message to the next
    ends_itself: bool = False  # keeps to the time-out by itself, and knows what it cannot take back any more


KINDS: dict[str, ChannelKind] = {
    "slack": ChannelKind(
        SecretPart("webhook_url", "incoming webhook URL", "the Slack app's page, under Incoming Webhooks"),
        targets=True,
        at_once=1,
        pause_s=1.0,  # what Slack allows a webhook
    ),
    "pagerduty": ChannelKind(
        SecretPart("routing_key", "integration key", "the service's Integrations tab, Events API V2"),
        url="https://events.pagerduty.com",
    ),
    "email": ChannelKind(
        SecretPart("password", "password of its mail account", "whoever runs the mail server", phrase=True),
        needs=("url", "sender"),
        targets=True,
        ends_itself=True,
    ),
    "webhook": ChannelKind(
        SecretPart(
            "signing_secret",
            "signing secret",
            "the receiver (whsec_...); while it is changed give both, with a comma between",
        ),
        needs=("url",),
        secure=False,  # the secret signs the message and stays here
    ),
    "github": ChannelKind(
        SecretPart("token", "token that may write issues", "GitHub, under Settings > Developer settings"),
        needs=("project",),
        url="https://api.github.com",
        at_once=1,  # content made concurrently is what GitHub's secondary limits punish
    ),
    "jira": ChannelKind(
        SecretPart("token", "API token of its user", "id.atlassian.com, under Security"),
        needs=("url", "user", "project"),
    ),
    "servicenow": ChannelKind(
        SecretPart("password", "password of its user", "whoever runs ServiceNow", phrase=True),
        needs=("url", "user"),
    ),
    "apprise": ChannelKind(
        SecretPart(
            "service_url", "Apprise URL of the service", "github.com/caronc/apprise/wiki", phrase=True
        ),
        ends_itself=True,
    ),
}
