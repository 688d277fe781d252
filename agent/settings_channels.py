"""Channels and routes in burndeck.toml: how people are reached, and who is told of what."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated
from urllib.parse import urlsplit

from agent.channel_kinds import KINDS, ChannelKind
from agent.domain.duration import Duration
from agent.secrets import SecretName, plain_name
from agent.settings_section import Section, positive, says

_ADDRESS = re.compile(r"[^\s@,;:<>()\"\\]+@[^\s@,;:<>()\"\\]+")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SCHEMES = ("https", "http")
_MAIL_SCHEMES = ("smtp", "smtps", "smtp+plain")


class Channel(Section, frozen=True):
    """A way to reach people or machines. One [[alerts.channels]] table each.

    Secrets (webhook addresses, routing keys, tokens, passwords) stay out of this file: `burndeck login NAME`.
    """

    name: Annotated[str, says("How routes call it.", "payments-slack")]
    kind: Annotated[
        str,
        says("slack, pagerduty, email, webhook, github, jira, servicenow or apprise.", "slack"),
    ]
    url: Annotated[
        str,
        says("Where it is, when that is no secret: an API's base, smtp://HOST:587, smtps://HOST:465.", ""),
    ] = ""
    sender: Annotated[str, says("From-address of e-mail.", "burndeck@example.com")] = ""
    user: Annotated[str, says("Account name for SMTP, Jira or ServiceNow.", "burndeck")] = ""
    project: Annotated[
        str, says("Repository (owner/name), Jira project or ServiceNow group.", "ACME/ops")
    ] = ""
    timeout: Annotated[Duration, says("An attempt to deliver ends after this long.")] = Duration(10)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", self.name):
            raise ValueError(f"name: {self.name!r} may have small letters, digits, '-', '_' and '.' only")
        if self.kind not in KINDS:
            raise ValueError(f"kind: {self.kind!r} is none of {', '.join(KINDS)}")
        for key in self.of_kind.needs:
            if not getattr(self, key):
                raise ValueError(f"{key}: a channel of kind {self.kind} needs it")
        if self.url:
            self._check_url()
        if self.sender and not is_address(self.sender):
            raise ValueError(f"sender: {self.sender!r} is no e-mail address")
        if self.kind == "github" and self.project.count("/") != 1:
            raise ValueError(f"project: {self.project!r} is not written owner/name")
        positive("timeout", self.timeout)

    @property
    def of_kind(self) -> ChannelKind:
        """What its kind needs and allows."""
        return KINDS[self.kind]

    @property
    def base_url(self) -> str:
        """Where it is, without a slash at the end: as configured, else where its kind usually is."""
        return (self.url or self.of_kind.url).rstrip("/")

    @property
    def secret(self) -> SecretName | None:
        """The secret that it needs; None where it needs none, as a mail server without accounts."""
        if self.kind == "email" and not self.user:
            return None
        part = self.of_kind.secret
        return SecretName(f"burndeck_{plain_name(self.name)}_{part.key}", part.what, self.name, part.phrase)

    def _check_url(self) -> None:
        schemes = _MAIL_SCHEMES if self.kind == "email" else _SCHEMES
        try:
            url = urlsplit(self.url)
            host, _ = url.hostname, url.port
        except ValueError as error:
            raise ValueError(f"url: {error}") from None
        if url.scheme not in schemes or not host:
            raise ValueError(f"url: must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        if url.username or url.password:
            raise ValueError("url: a user belongs into user, a password is a secret (`burndeck login`)")
        if host.endswith("hooks.slack.com"):
            raise ValueError(
                "url: a Slack webhook's address is its secret: `burndeck login NAME` asks for it"
            )
        if url.scheme == "http" and self.of_kind.secure and host not in _LOOPBACK:
            raise ValueError("url: must be https://, since every message carries a secret")


class Route(Section, frozen=True):
    """Who is told where. One [[alerts.routes]] table each; every route that fits counts."""

    send: Annotated[
        tuple[str, ...],
        says("Destinations: #channel, e-mail address, channel name, or CHANNEL:target.", '["#payments-ops"]'),
    ]
    recipient: Annotated[
        str, says("The part of the tier's notify list that it reaches; empty: whatever happens.", "team_lead")
    ] = ""
    tiers: Annotated[tuple[str, ...], says("Only these tiers.", '["critical", "hard_cap"]')] = ()
    rules: Annotated[tuple[str, ...], says("Only these rules.", '["budget"]')] = ()
    teams: Annotated[tuple[str, ...], says("Only these teams.", '["payments"]')] = ()
    allocations: Annotated[tuple[str, ...], says("Only these allocations.", '["org-1234-bg-payments"]')] = ()
    environments: Annotated[
        tuple[str, ...], says("Only these environments; burn of several or unknown ones fits.", '["prod"]')
    ] = ()
    hours: Annotated[str, says("Only then, in the organization's time zone.", "mon-fri 08:00-18:00")] = ""

    def __post_init__(self) -> None:
        from agent.domain.hours import Hours

        if not self.send:
            raise ValueError("send: names no destination")
        if self.hours:
            try:
                Hours.parse(self.hours)
            except ValueError as error:
                raise ValueError(f"hours: {error}") from None


def is_address(text: str) -> bool:
    """Whether a text is one e-mail address, without a name or a second one."""
    return _ADDRESS.fullmatch(text) is not None


def resolve(text: str, channels: Iterable[Channel]) -> tuple[str, str]:
    """The channel and target that a destination means; `ValueError` saying why it means none.

    `#room` is the Slack channel of that name, else the only one there is; an address goes by the only channel
    of kind email; anything else names a channel, or a channel and what it reaches, with a colon between.
    """
    known = {channel.name: channel for channel in channels}
    name, colon, target = text.partition(":")
    if name in known:
        return _checked(text, known[name], target if colon else "")
    if text.startswith("#") and len(text) > 1:
        named = known.get(text[1:])
        if named is not None and named.kind == "slack":
            return named.name, ""
        return _only(text, "slack", known.values()).name, text
    if "@" in text and not colon:
        return _checked(text, _only(text, "email", known.values()), text)
    raise ValueError(f"{text!r} names no channel; known: {', '.join(known) or 'none'}")


def _checked(text: str, channel: Channel, target: str) -> tuple[str, str]:
    if target and not channel.of_kind.targets:
        raise ValueError(f"{text!r}: a channel of kind {channel.kind} has no targets")
    if channel.kind == "email" and not is_address(target):
        raise ValueError(
            f"{text!r}: {channel.name} needs one e-mail address, as in {channel.name}:ada@example.com"
        )
    if channel.kind == "slack" and target == f"#{channel.name}":
        target = ""
    return channel.name, target


def _only(text: str, kind: str, channels: Iterable[Channel]) -> Channel:
    found = [channel for channel in channels if channel.kind == kind]
    if len(found) == 1:
        return found[0]
    if found:
        names = " or ".join(f"{channel.name}:{text}" for channel in found)
        raise ValueError(f"{text!r} may go by several channels of kind {kind}: write {names}")
    raise ValueError(f"{text!r} needs a channel of kind {kind} in [[alerts.channels]]")
