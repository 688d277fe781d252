"""Keys and teams of a LiteLLM proxy as it lists them, and what usage calls each of them."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.errors import SourceError
from agent.together import together

if TYPE_CHECKING:
    from agent.litellm.client import Proxy

Json = Mapping[str, Any]

KNOWN_LABELS = ("team", "cost_center", "project", "environment", "department", "billing_group")
"""Labels that mean something to attribution; other metadata and tags are the proxy's own business."""

_PAGE = 100  # the most that the proxy gives
_READINGS = 3  # of a list that changes while it is read
_LONGEST = 512


class UnstableError(SourceError):
    """A list that changed every time while it was read."""


@dataclass(frozen=True, slots=True)
class Owner:
    """What the proxy says of a key: the name that usage has for it, and its labels."""

    api_key: str
    team_id: str
    labels: Mapping[str, str]


async def read_all(proxy: Proxy) -> tuple[list[Json], list[Json]]:
    """Every key and every team of the proxy, in its own words."""
    keys, teams = await together(_read_keys(proxy), _read_teams(proxy))
    return keys, teams


async def _read_keys(proxy: Proxy) -> list[Json]:
    async def page(number: int) -> Json:
        answer: Json = await proxy.get(
            "/key/list",
            return_full_object="true",
            sort_by="created_at",
            sort_order="asc",
            page=number,
            size=_PAGE,
        )
        return answer

    return await _pages("/key/list", page, "keys", "total_count", lambda key: str(key["token"]))


async def _read_teams(proxy: Proxy) -> list[Json]:
    # /team/list has every key of every team in it as well; this one has not.
    async def page(number: int) -> Json:
        answer: Json = await proxy.get("/v2/team/list", page=number, page_size=_PAGE)
        return answer

    return await _pages("/v2/team/list", page, "teams", "total", lambda team: str(team["team_id"]))


async def _pages(
    path: str, page: Callable[[int], Any], rows: str, total: str, identity: Callable[[Json], str]
) -> list[Json]:
    """All rows of a list by pages. When rows came or went meanwhile, it is read again."""
    for _ in range(_READINGS):
        first = await page(1)
        others = await together(*(page(number) for number in range(2, int(first["total_pages"] or 1) + 1)))
        answers = [first, *others]
        found = {identity(row): row for answer in answers for row in answer[rows]}
        if {len(found)} == {answer[total] for answer in answers}:
            return list(found.values())
    raise UnstableError(
        f"{path} changed whenever it was read", hint="Nothing to do: it is read again with the next round."
    )


def api_key_name(alias: object, token: str) -> str:
    """What usage calls a key: its alias, which the proxy keeps unique, else the hash of the key."""
    return alias if isinstance(alias, str) and alias else token


def owner_of(key: Json, teams: Mapping[str, Json]) -> Owner:
    """Name and labels of a key: its own metadata counts over its team's, and both over the team's name."""
    team_id = str(key.get("team_id") or "")
    team = teams.get(team_id, {})
    labels = {
        **({"team": str(team.get("team_alias") or team_id)} if team_id else {}),
        **labels_of(team.get("metadata")),
        **labels_of(key.get("metadata")),
    }
    return Owner(api_key_name(key.get("key_alias"), str(key["token"])), team_id, labels)


def labels_of(metadata: object) -> dict[str, str]:
    """The labels in somebody's metadata: fields of that name, over tags such as `project:ranker`."""
    if not isinstance(metadata, dict):
        return {}
    own = {
        name: str(value).strip()
        for name in KNOWN_LABELS
        if isinstance(value := metadata.get(name), str | int) and str(value).strip()
    }
    return {**labels_in(metadata.get("tags")), **own}


def labels_in(tags: object) -> dict[str, str]:
    """The labels among tags; of two with one name the first counts."""
    labels: dict[str, str] = {}
    if isinstance(tags, Sequence) and not isinstance(tags, str):
        for tag in tags:
            name, colon, value = tag.partition(":") if isinstance(tag, str) else ("", "", "")
            if colon and name in KNOWN_LABELS and value.strip():
                labels.setdefault(name, value.strip()[:_LONGEST])
    return labels


def epoch_of(stamp: object) -> float | None:
    """UTC epoch seconds of one of the proxy's times; None where it has none."""
    if not isinstance(stamp, str) or not stamp:
        return None
    try:
        at = datetime.datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=datetime.UTC)).timestamp()


def stamp_of(at: float) -> str:
    """Whole seconds, rounded down, as the proxy's questions have them; UTC."""
    return datetime.datetime.fromtimestamp(int(at), datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
