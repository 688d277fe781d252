"""Gateways in burndeck.toml, and the rules under which anything is changed there."""

from __future__ import annotations

import re
from typing import Annotated, Literal, get_args

import msgspec

from agent.domain.duration import Duration
from agent.secrets import SecretName, plain_name
from agent.settings_section import Section, address, positive, says, schedule

GatewayKind = Literal["openai", "litellm", "haproxy", "webhook"]
GATEWAY_KINDS: tuple[str, ...] = get_args(GatewayKind)
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_SECRETS = {"litellm": ("master_key", "master key"), "webhook": ("webhook_secret", "webhook secret")}


class Gateway(Section, frozen=True):
    """Where limits and blocks are set. One [[gateways]] table each; without any: every openai source."""

    kind: Annotated[GatewayKind, says("What it is: openai, litellm, haproxy or webhook.", "litellm")]
    name: Annotated[str, says("How burndeck calls it; by default its kind.", "litellm")] = ""
    base_url: Annotated[
        str, says("litellm: where the proxy is. webhook: where to post.", "http://127.0.0.1:4000")
    ] = ""
    source: Annotated[
        str,
        says("openai: the source whose address and admin key it uses; by default the only one.", "openai"),
    ] = ""
    socket: Annotated[str, says("haproxy: its admin socket.", "/run/haproxy/admin.sock")] = ""
    maps: Annotated[
        str, says("haproxy: folder of keys.map, rps.map, rpm.map and block.map.", "/etc/haproxy/maps")
    ] = ""
    log: Annotated[
        str, says("haproxy: its JSON access log, by which a change is confirmed.", "/var/log/haproxy-llm.log")
    ] = ""
    unknown_key_scopes: Annotated[
        Literal["refuse", "all"],
        says(
            "openai: what a key may do of which the audit log does not tell. refuse: it is not blocked "
            "alone, for nobody knows what to give back; all: no key was ever restricted."
        ),
    ] = "refuse"
    serves: Annotated[
        tuple[str, ...],
        says('webhook: the scopes that it can act on, as in ["team:search"]; empty for all.'),
    ] = ()
    every: Annotated[
        str, says("What it holds is read this often; by default 30s, of an openai gateway 2m.", "30s")
    ] = ""
    timeout: Annotated[Duration, says("An attempt ends after this long.")] = Duration(10)

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "name", self.name or self.kind)
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"name: {self.name!r} may have small letters, digits, '-', '_' and '.' only")
        for key in {"litellm": ("base_url",), "webhook": ("base_url",), "haproxy": ("socket", "maps")}.get(
            self.kind, ()
        ):
            if not getattr(self, key):
                raise ValueError(f"{key}: a gateway of kind {self.kind} needs it")
        if self.base_url and not self.base_url.startswith(("http://", "https://")):
            raise ValueError(f"base_url: {self.base_url!r} must begin with https:// or http://")
        usual = "2m" if self.kind == "openai" else "30s"  # a provider counts requests, a gateway is ours
        msgspec.structs.force_setattr(self, "every", self.every or usual)
        schedule("every", self.every)
        positive("timeout", self.timeout)

    @property
    def secret(self) -> SecretName | None:
        """The secret that it needs of its own; an openai gateway has its source's, haproxy has none."""
        found = _SECRETS.get(self.kind)
        if found is None:
            return None
        key, what = found
        return SecretName(f"{plain_name(self.name)}_{key}", what, self.name)


class Acting(Section, frozen=True):
    """How burndeck changes anything."""

    production: Annotated[
        tuple[str, ...], says("Environments that are production: spared by whatever says non-prod.")
    ] = ("prod", "production")
    automatic: Annotated[
        bool, says("The agent carries out what allocations call automatic; false: it only proposes.")
    ] = True
    approval_valid: Annotated[Duration, says("A request that is not approved by then is declined.")] = (
        Duration(14_400)
    )
    throttle_expires: Annotated[
        Duration, says("A throttle undoes itself after this long unless it is renewed.")
    ] = Duration(3_600)
    block_expires: Annotated[Duration, says("So does a block.")] = Duration(3_600)
    no_effect_after: Annotated[
        Duration, says("An action that shows no effect by then is said to have none, with the reason.")
    ] = Duration(300)
    postmortem_within: Annotated[Duration, says("A broken glass wants its postmortem by then.")] = Duration(
        432_000
    )
    listen: Annotated[
        str, says("Where signed callbacks of webhook gateways arrive; empty: nowhere.", "127.0.0.1:8787")
    ] = ""
    callback_url: Annotated[
        str, says("The same address as the automation engine sees it.", "https://burndeck.example.com")
    ] = ""
    required_labels: Annotated[tuple[str, ...], says("Labels that every key must have.")] = (
        "team",
        "cost_center",
        "project",
        "environment",
    )
    untagged_keys: Annotated[
        Literal["report", "propose", "block"],
        says("What becomes of keys without them: report, propose a block, or block."),
    ] = "report"
    key_age: Annotated[Duration, says("A key older than this is overdue for rotation.")] = Duration(
        90 * 86_400
    )
    keys_per_account: Annotated[int, says("Most keys that one service account may have in a project.")] = 2

    def __post_init__(self) -> None:
        for key in ("approval_valid", "throttle_expires", "block_expires", "no_effect_after", "key_age"):
            positive(key, getattr(self, key))
        positive("postmortem_within", self.postmortem_within)
        positive("keys_per_account", self.keys_per_account)
        known = {"team", "cost_center", "project", "environment", "department", "billing_group", "owner"}
        if unknown := set(self.required_labels) - known:
            raise ValueError(
                f"required_labels: {', '.join(sorted(unknown))}: known are {', '.join(sorted(known))}"
            )
        if self.listen:
            address("listen", self.listen)
