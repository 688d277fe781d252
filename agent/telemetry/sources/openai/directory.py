"""Reads the provider's directory: projects (also archived), their keys and service accounts, users."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from agent.ledger.rows import DirectoryKey, DirectoryPerson, DirectoryProject
from agent.telemetry.http import HttpError
from agent.telemetry.sources.openai.pages import PaginationError, Tally, read_listing
from agent.telemetry.sources.openai.wire import ApiKey, Person, Project

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.telemetry.attribution import Attributor
    from agent.telemetry.http import ApiClient
    from agent.telemetry.sources import Desk

R = TypeVar("R")

PROJECTS = "organization/projects"
USERS = "organization/users"
KEYS = "organization/projects/{project_id}/api_keys"
SERVICE_ACCOUNTS = "organization/projects/{project_id}/service_accounts"
_LIMIT = ("limit", "100")


class DirectoryReader:
    """The directory of one account. Only a complete reading is kept: what is missing in it is gone."""

    def __init__(
        self,
        account: str,
        client: ApiClient,
        desk: Desk,
        attributor: Attributor,
        on_change: Callable[[], None],
    ) -> None:
        self._account = account
        self._client = client
        self._desk = desk
        self._attributor = attributor
        self._on_change = on_change
        self._last: object = None
        self.tallies = {path: Tally() for path in (PROJECTS, KEYS, SERVICE_ACCOUNTS, USERS)}

    async def run(self, now: float) -> None:
        """Reads all of it; what vanished since the last reading gets a tombstone."""
        projects = await self._list(PROJECTS, PROJECTS, Project, ("include_archived", "true"))
        ids = [project.id for project in projects or ()]
        keys, people = await asyncio.gather(self._keys(ids), self._people(ids))
        if projects is None:
            # Without all projects nothing says that a key or service account is gone.
            keys = people = None
        shown = [_project(project) for project in projects or ()]

        def write(writer: LedgerWriter) -> None:
            writer.save_directory(
                self._account, None if projects is None else shown, keys, people, seen_at=int(now)
            )
            self._attributor.learn(shown, keys or ())

        await self._desk.write(write)
        names = (shown, [(key.id, key.project, key.name) for key in keys or ()])
        if names != self._last:
            self._last = names
            self._on_change()

    async def backlog(self, now: float) -> bool:
        """The directory has no past."""
        return False

    async def _keys(self, projects: list[str]) -> list[DirectoryKey] | None:
        # Without owner_project_access the provider hides enabled keys of people who left the project.
        lists = await asyncio.gather(
            *(
                self._list(KEYS, KEYS.format(project_id=project), ApiKey, ("owner_project_access", "any"))
                for project in projects
            )
        )
        if any(found is None for found in lists):
            return None
        return [
            _key(key, project) for project, found in zip(projects, lists, strict=True) for key in found or ()
        ]

    async def _people(self, projects: list[str]) -> list[DirectoryPerson] | None:
        users, *lists = await asyncio.gather(
            self._list(USERS, USERS, Person),
            *(
                self._list(SERVICE_ACCOUNTS, SERVICE_ACCOUNTS.format(project_id=project), Person)
                for project in projects
            ),
        )
        if users is None or any(found is None for found in lists):
            return None
        return [_person(user, "user", "") for user in users] + [
            _person(account, "service_account", project)
            for project, found in zip(projects, lists, strict=True)
            for account in found or ()
        ]

    async def _list(self, name: str, path: str, item: type[R], *params: tuple[str, str]) -> list[R] | None:
        """A list to its end; None where it has none. A project that is gone meanwhile has an empty one."""
        tally = self.tallies[name]
        try:
            return await read_listing(self._client, path, [_LIMIT, *params], item, tally)
        except PaginationError:
            return None
        except HttpError as error:
            if error.status == 404 and path != name:
                return []
            raise


def _project(project: Project) -> DirectoryProject:
    return DirectoryProject(
        id=project.id,
        name=project.name or "",
        status=project.status or "",
        created_at=project.created_at,
        archived_at=project.archived_at,
    )


def _key(key: ApiKey, project: str) -> DirectoryKey:
    owner = key.owner
    person = (owner.user or owner.service_account) if owner else None
    return DirectoryKey(
        id=key.id,
        project=project,
        name=key.name or "",
        redacted=key.redacted_value or "",
        owner_type=(owner.type or "") if owner else "",
        owner_id=person.id if person else "",
        owner_name=(person.email or person.name or "") if person else "",
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        expires_at=key.expires_at,
    )


def _person(person: Person, kind: str, project: str) -> DirectoryPerson:
    return DirectoryPerson(
        id=person.id,
        kind=kind,
        project=project,
        name=person.name or "",
        email=person.email or "",
        role=person.role or "",
        created_at=person.created_at if person.created_at is not None else person.added_at,
    )
