"""The connection to the Administration API: reads everything that can be set, sets it, and takes it back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent.control.gateways.base import GatewayError, GoneError
from agent.control.gateways.openai import names
from agent.control.gateways.openai.asking import Asker
from agent.control.gateways.openai.key_log import KeyLog
from agent.control.gateways.openai.scopes import ALL, as_sent, calls_models
from agent.control.gateways.openai.wire import (
    ModelPermissions,
    RateLimit,
    SpendLimit,
    switches,
)
from agent.domain.gateway import Fields, GatewayKey, Inventory, Target, TargetKind, TargetState, Traffic
from agent.errors import ConfigError
from agent.provider_directory import ApiKey, Project
from agent.provider_http import ApiClient, RetryPolicy
from agent.secrets import find_secret
from agent.together import together

if TYPE_CHECKING:
    from agent.settings import Settings
    from agent.settings_gateways import Gateway
    from agent.settings_schema import Source

_AT_ONCE = 5
_PROJECTS = "organization/projects"
_FEW = ("limit", "100")
_MANY = ("limit", "1000")  # rate limits: one row a model


def connect(settings: Settings, gateway: Gateway) -> OpenAILink:
    """A link by the address, headers and admin key of the gateway's source; raises `ConfigError`."""
    source = _source(settings, gateway)
    secret = find_secret(*settings.secret_names(source)).secret
    policy = RetryPolicy(
        attempts=2, first_wait_s=0.2, longest_wait_s=2.0, obeyed_wait_s=5.0, timeout_s=gateway.timeout
    )
    client = ApiClient(source.base_url, secret, headers=source.headers, policy=policy, at_once=_AT_ONCE)
    assumed = ALL if gateway.unknown_key_scopes == "all" else None
    return OpenAILink(gateway.name, Asker(gateway.name, client), assumed)


def _source(settings: Settings, gateway: Gateway) -> Source:
    found = [
        source
        for source in settings.sources
        if source.kind == "openai" and gateway.source in ("", source.name)
    ]
    if len(found) == 1:
        return found[0]
    raise ConfigError(
        f"gateway {gateway.name}: it is not clear which source's admin key it uses",
        hint='Write source = "NAME" of an openai table of [[sources]] into its [[gateways]] table.',
    )


class OpenAILink:
    """One organization."""

    def __init__(self, name: str, asker: Asker, assumed: Any = None) -> None:
        self._name = name
        self._ask = asker
        self._log = KeyLog(asker, assumed)
        self._limit_ids: dict[str, str] = {}  # by the target's id

    async def inventory(self) -> Inventory:
        """Projects that are not archived, with their keys, and all that can be set."""
        projects = await self._ask.listed(_PROJECTS, Project, _FEW, ("include_archived", "false"))
        await self._log.refresh()
        own, *parts = await together(
            self._whole(), *(self._project(each.id) for each in projects if not each.archived)
        )
        found = [own, *parts]
        return Inventory(
            keys=[key for part in found for key in part.keys],
            states=[state for part in found for state in part.states],
            untold=self._log.refused,
        )

    async def read(self, target: Target) -> TargetState:
        """What holds for a target now; a key that is gone reads as deleted."""
        match target.kind:
            case TargetKind.PROJECT_MODEL:
                return await self._read_model(target)
            case TargetKind.PROJECT:
                await self._there(target)
                return await self._read_project(target)
            case TargetKind.ORGANIZATION:
                return names.state_of(target, {names.SPEND: await self._spend_limit("organization")})
            case TargetKind.KEY:
                key = await self._ask.found(_key_path(target), ApiKey)
                if key is None:
                    await self._there(target)
                return names.state_of(target, {names.DELETED: key is None})
            case TargetKind.KEY_SCOPES:
                return await self._read_scopes(target)
        raise self._strange(target)

    async def write(self, target: Target, fields: Fields, *, action: int, seq: int) -> None:
        """Sets fields; what is None is taken away. The same a second time changes nothing."""
        match target.kind:
            case TargetKind.PROJECT_MODEL:
                await self._write_model(target, fields)
            case TargetKind.PROJECT:
                await self._write_project(target, fields)
            case TargetKind.ORGANIZATION:
                await self._write_spend_limit("organization", fields[names.SPEND])
            case TargetKind.KEY:
                await self._write_key(target, fields)
            case TargetKind.KEY_SCOPES:
                await self._write_scopes(target, fields[names.SCOPES])
            case _:
                raise self._strange(target)

    async def traffic(self, target: Target, fields: Fields, since: float, now: float) -> Traffic | None:
        """Nothing: usage comes minutes late and tells no refused call."""
        return None

    async def close(self) -> None:
        """Closes the connections."""
        await self._ask.close()

    async def _whole(self) -> Inventory:
        return Inventory(states=[await self.read(names.of_organization(self._name))])

    async def _project(self, project: str) -> Inventory:
        """Keys and states of a project; nothing where it is gone meanwhile."""
        path = f"{_PROJECTS}/{project}"
        try:
            # Without owner_project_access the API hides enabled keys of people who left the project.
            keys = await self._ask.listed(f"{path}/api_keys", ApiKey, _FEW, ("owner_project_access", "any"))
            rates = await self._ask.listed(f"{path}/rate_limits", RateLimit, _MANY)
            states = [await self._read_project(names.of_project(self._name, project))]
        except GoneError:
            return Inventory()
        states += [self._rate(project, rate) for rate in rates]
        states += [
            names.state_of(names.of_key(self._name, project, key.id), {names.DELETED: False}) for key in keys
        ]
        found = {key.id: self._log.assumed(key.id) for key in keys}
        for key, now in found.items():
            target = names.of_scopes(self._name, project, key)
            if now is not None:
                states.append(self._scopes(target, now))
            elif not self._log.heard:  # what was known of it, nobody has taken back
                states.append(TargetState(target, {}, assumed=True))
        return Inventory([_key(key, project, found[key.id]) for key in keys], states)

    def _rate(self, project: str, rate: RateLimit) -> TargetState:
        target = names.of_model(self._name, project, rate.model)
        self._limit_ids[target.id] = rate.id
        limits = {
            names.RPM: rate.max_requests_per_1_minute,
            names.TPM: rate.max_tokens_per_1_minute,
        }
        return names.state_of(target, limits)

    async def _read_model(self, target: Target) -> TargetState:
        project, model = names.project_of(target), names.within_project(target)
        async for page in self._ask.pages(f"{_PROJECTS}/{project}/rate_limits", RateLimit, _MANY):
            for rate in page:
                if rate.model == model:
                    return self._rate(project, rate)
        raise GoneError(
            f"{self._name}: project {project} has no rate limit for {model}",
            hint="The provider lists a limit for every model that the project may call.",
            refused=True,
        )

    async def _there(self, target: Target) -> None:
        """A 404 for a part of a project says something only where the project itself answers."""
        ident = names.project_of(target)
        project = await self._ask.get(f"{_PROJECTS}/{ident}", Project)
        if project.archived and target.kind is TargetKind.PROJECT:
            raise GoneError(
                f"{self._name}: project {ident} is archived",
                hint="Nothing is to be done: an archived project calls no model.",
                refused=True,
            )

    async def _read_project(self, target: Target) -> TargetState:
        path = f"{_PROJECTS}/{target.id}"
        models = await self._ask.found(f"{path}/model_permissions", ModelPermissions)
        tools = await self._ask.found(f"{path}/hosted_tool_permissions", dict[str, Any], unknown=True)
        fields = {
            names.SPEND: await self._spend_limit(path),
            names.MODELS: None if models is None else models.fields(),
            names.TOOLS: None if tools is None else switches(tools),
        }
        return names.state_of(target, fields)

    async def _spend_limit(self, path: str) -> int | None:
        limit = await self._ask.found(f"{path}/spend_limit", SpendLimit)
        return None if limit is None else limit.threshold_amount

    async def _write_model(self, target: Target, fields: Fields) -> None:
        if target.id not in self._limit_ids:
            await self._read_model(target)
        path = f"{_PROJECTS}/{names.project_of(target)}/rate_limits/{self._limit_ids[target.id]}"
        try:
            await self._ask.post(
                path, {name: fields[name] for name in (names.RPM, names.TPM) if name in fields}
            )
        except GoneError:
            self._limit_ids.pop(target.id, None)
            raise

    async def _write_project(self, target: Target, fields: Fields) -> None:
        path = f"{_PROJECTS}/{target.id}"
        if names.SPEND in fields:
            await self._write_spend_limit(path, fields[names.SPEND])
        if names.MODELS in fields:
            rule = fields[names.MODELS]
            models = f"{path}/model_permissions"
            await (self._ask.delete(models) if rule is None else self._ask.post(models, rule))
        if tools := fields.get(names.TOOLS):
            switched = {tool: {"enabled": on} for tool, on in tools.items()}
            await self._ask.post(f"{path}/hosted_tool_permissions", switched)

    async def _write_spend_limit(self, path: str, cents: int | None) -> None:
        path = f"{path}/spend_limit"
        if cents is None:
            await self._ask.delete(path)
        else:
            await self._ask.post(path, {"threshold_amount": cents, "currency": "USD", "interval": "month"})

    async def _write_key(self, target: Target, fields: Fields) -> None:
        if not fields[names.DELETED]:
            raise GatewayError(
                f"{self._name}: a deleted key does not come back",
                hint="Make a new key for whoever needs one.",
                refused=True,
            )
        await self._ask.delete(_key_path(target))

    async def _read_scopes(self, target: Target) -> TargetState:
        """By the log, or by what was set on this connection; nothing where neither tells."""
        await self._ask.get(_key_path(target), ApiKey)
        key = names.within_project(target)
        await self._log.look(key)
        now, refused = self._log.scopes(key), self._log.refused
        state = TargetState(target, {}) if now is None else self._scopes(target, now)
        return replace(state, unseen=refused)

    def _scopes(self, target: Target, now: Any) -> TargetState:
        key = names.within_project(target)
        state = names.state_of(target, {names.SCOPES: now})
        assumed = self._log.scopes(key) is None
        return replace(state, late=self._log.late(key), told_at=self._log.told_at(key), assumed=assumed)

    async def _write_scopes(self, target: Target, wanted: Any) -> None:
        try:
            sent = as_sent(wanted)
        except ValueError as error:
            raise GatewayError(
                f"{self._name}: nobody knows the permissions that {target.id} is to have",
                hint="Set them at the provider, under API keys.",
                refused=True,
            ) from error
        try:
            await self._ask.post(_key_path(target), {"scopes": sent})
        except GatewayError as error:
            cause = error.__cause__
            if getattr(cause, "status", 0) == 400 and "expired" in error.message:  # a 401: the admin key
                hint = "Nothing is to be done: an expired key calls no model, and takes no change."
                raise GoneError(error.message, hint=hint, refused=True) from cause
            raise
        self._log.tell(names.within_project(target), wanted)

    def _strange(self, target: Target) -> GatewayError:
        return GatewayError(
            f"{self._name}: nothing is set for a {target.kind.value}",
            hint="openai has projects, their models and keys, and the organization.",
            refused=True,
        )


def _key_path(target: Target) -> str:
    return f"{_PROJECTS}/{names.project_of(target)}/api_keys/{names.within_project(target)}"


def _key(key: ApiKey, project: str, scopes: Any) -> GatewayKey:
    return GatewayKey(
        id=key.id,
        api_key=key.id,
        name=key.name or "",
        project=project,
        labels=key.holders,
        created_at=key.created_at,
        blocked=scopes is not None and not calls_models(scopes),
    )
