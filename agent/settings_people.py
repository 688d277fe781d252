"""People in burndeck.toml: whose signature the agent accepts, and for what."""

from __future__ import annotations

from typing import Annotated

from agent.domain.allocation import Scope
from agent.domain.person import Person, name_problem, parse_public_key
from agent.domain.title import roles_of, titles_of
from agent.settings_section import Section, says


class PersonTable(Section, frozen=True):
    """A person who may act. One [[people]] table each."""

    name: Annotated[str, says("Who it is, without blanks.", "ada")]
    public_key: Annotated[
        str,
        says(
            "As `burndeck identity create` prints it.", "ed25519:+jF3yMraUqBwYKZcg2dri66ydv7AbnB8MYfjQKGa/mU="
        ),
    ]
    roles: Annotated[
        tuple[str, ...],
        says(
            "Of viewer, operator, finance, engineering, lead, admin, or titles: `burndeck identity titles`.",
            '["operator"]',
        ),
    ]
    scopes: Annotated[
        tuple[str, ...], says('Only these parts of the organization, as in ["team:search"]; empty for all.')
    ] = ()

    def __post_init__(self) -> None:
        if problem := name_problem(self.name):
            raise ValueError(f"name: {problem}")
        try:
            parse_public_key(self.public_key)
        except ValueError as error:
            raise ValueError(f"public_key: {error}") from None
        try:
            roles_of(self.roles)
        except ValueError as error:
            raise ValueError(f"roles: {error}") from None
        for scope in self.scopes:
            try:
                Scope.parse(scope)
            except ValueError as error:
                raise ValueError(f"scopes: {error}") from None

    def person(self) -> Person:
        """The table as the agent uses it."""
        scopes = tuple(Scope.parse(scope) for scope in self.scopes)
        titles = tuple(title.name for title in titles_of(self.roles))
        return Person(self.name, parse_public_key(self.public_key), roles_of(self.roles), scopes, titles)
