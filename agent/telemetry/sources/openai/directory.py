"""Reads the provider's directory: projects (also archived), their keys and service accounts, users."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from agent.ledger.rows import DirectoryKey, DirectoryPerson, DirectoryProject
from agent.provider_directory import ApiKey, Person, Project
from agent.provider_http import HttpError
from agent.telemetry.pages import Tally
from agent.telemetry.sources.openai.pages import read_listing
from agent.together import together

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.provider_http import ApiClient
    from agent.telemetry.attribution import Attributor
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
        self.tallies = {path: Tally() for path in (PROJECTS, KEYS, SERVICE_ACCOUNTS, USERS)}

    async def run(self, now: float) -> None:
        """Reads all of it; what vanished since the last reading gets a tombstone."""
        for tally in self.tallies.values():
            tally.trouble = ""
        found, complete = await self._list(PROJECTS, PROJECTS, Project, ("include_archived", "true"))
        projects = [_project(project) for project in found]
        ids = list(dict.fromkeys(project.id for project in projects))
        # One after the other: each alone asks more at once than the client lets through.
        keys, all_keys = await self._keys(ids)
        people, all_people = await self._people(ids)

        def write(writer: LedgerWriter) -> bool:
            writer.save_directory(
                self._account,
                projects if complete else None,
                keys if complete and all_keys else None,
                people if complete and all_people else None,
                seen_at=int(now),
            )
            return self._attributor.learn(projects, keys)

        if await self._desk.write(write):
            self._on_change()

    async def backlog(self, now: float) -> bool:
        """The directory has no past."""
        return False

    async def _keys(self, projects: list[str]) -> tuple[list[DirectoryKey], bool]:
        # Without owner_project_access the provider hides enabled keys of people who left the project.
        lists = await together(
            *(
                self._list(KEYS, KEYS.format(project_id=project), ApiKey, ("owner_project_access", "any"))
                for project in projects
            )
        )
        keys = [
            _key(key, project) for project, (keys, _) in zip(projects, lists, strict=True) for key in keys
        ]
        return keys, all(complete for _, complete in lists)

    async def _people(self, projects: list[str]) -> tuple[list[DirectoryPerson], bool]:
        (users, all_users), *lists = await together(
            self._list(USERS, USERS, Person),
            *(
                self._list(SERVICE_ACCOUNTS, SERVICE_ACCOUNTS.format(project_id=project), Person)
                for project in projects
            ),
        )
        people = [_person(user, "user", "") for user in users]
        for project, (accounts, _) in zip(projects, lists, strict=True):
            people += [_person(account, "service_account", project) for account in accounts]
        return people, all_users and all(complete for _, complete in lists)

    async def _list(
        self, name: str, path: str, item: type[R], *params: tuple[str, str]
    ) -> tuple[list[R], bool]:
        """A list and whether it is complete; that of a project which is gone meanwhile is empty."""
        try:
            return await read_listing(self._client, path, [_LIMIT, *params], item, self.tallies[name])
        except HttpError as error:
            if error.status == 404 and path != name:
                return [], True
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
