"""The titles that the operating guide gives to people, as presets of burndeck's roles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.domain.person import Role


@dataclass(frozen=True, slots=True)
class Title:
    """One title. It stands in `roles` of [[people]] beside roles, or in their place."""

    name: str  # as burndeck.toml has it
    words: str
    roles: tuple[Role, ...]
    does: str


TITLES = (
    Title(
        "executive-sponsor",
        "Chief AI Officer / Sponsor",
        (Role.FINANCE,),
        "signs off budgets: the approval of finance",
    ),
    Title(
        "central-finops-lead",
        "Central FinOps Lead",
        (Role.FINANCE,),
        "pools, allocations and top-ups: the approval of finance",
    ),
    Title(
        "ai-platform-owner",
        "AI Platform Owner",
        (Role.ENGINEERING, Role.ADMIN),
        "controls and keys: the approval of engineering",
    ),
    Title(
        "team-lead", "Product / Team Lead", (Role.LEAD,), "asks for credits, holds the team's own calls back"
    ),
    Title(
        "security-compliance",
        "Security & Compliance",
        (Role.VIEWER,),
        "reviews access and the audit log, changes nothing",
    ),
    Title(
        "model-risk-committee", "Model Risk Committee", (Role.VIEWER,), "reads everything, changes nothing"
    ),
)

_BY_NAME = {title.name: title for title in TITLES}
_TWO_APPROVALS = frozenset({Role.FINANCE, Role.ENGINEERING})


def titles_of(names: Iterable[str]) -> tuple[Title, ...]:
    """The titles among names of roles and titles."""
    return tuple(_BY_NAME[name] for name in dict.fromkeys(names) if name in _BY_NAME)


def roles_of(names: Iterable[str]) -> tuple[Role, ...]:
    """The roles that names of roles and titles come to, each once.

    Raises `ValueError` for an unknown name, and for a title that would give one person both approvals.
    """
    names = tuple(names)
    found: list[Role] = []
    for name in names:
        if name in _BY_NAME:
            found += _BY_NAME[name].roles
        elif name in tuple(Role):
            found.append(Role(name))
        else:
            known = ", ".join((*Role, *_BY_NAME))
            raise ValueError(f"{name!r} is none of {known}")
    titles = titles_of(names)
    if titles and set(found) >= _TWO_APPROVALS:
        named = ", ".join(title.name for title in titles)
        raise ValueError(
            f"with {named} one person would give the approval of finance and that of engineering: "
            "these are two people"
        )
    return tuple(dict.fromkeys(found))
