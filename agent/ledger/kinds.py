"""Dimension kinds: what a row of `dim` names, and which kinds each rollup level keeps."""

from __future__ import annotations

import enum

from agent.domain.allocation import ScopeKind


class Kind(enum.IntEnum):
    """A dimension. The numbers are stored: never reuse or renumber one."""

    TOTAL = 0  # the whole organization; its only id is 0
    TEAM = 1
    MODEL = 2
    ENDPOINT = 3
    ENVIRONMENT = 4
    OPERATION = 5
    BILLING_GROUP = 6
    DEPARTMENT = 7
    API_KEY = 8
    PROJECT = 9
    COST_CENTER = 10
    USER = 11
    ACCOUNT = 12
    OWNER = 13
    TIER = 14
    PATTERN = 15
    ERROR = 16
    USAGE_KIND = 17
    LINE_ITEM = 18
    TEAM_MODEL = 20  # ids are team_model.id, not dim.id


MINUTE_KINDS = (Kind.TOTAL, Kind.TEAM, Kind.MODEL, Kind.ENDPOINT, Kind.ENVIRONMENT)
"""Kinds with few values, kept by minute; keys and projects by minute come from events and buckets."""

ROLLUP_KINDS = (
    *MINUTE_KINDS,
    Kind.OPERATION,
    Kind.BILLING_GROUP,
    Kind.DEPARTMENT,
    Kind.API_KEY,
    Kind.PROJECT,
    Kind.COST_CENTER,
    Kind.USER,
    Kind.ACCOUNT,
    Kind.PATTERN,
    Kind.TEAM_MODEL,
)
"""Kinds kept by hour and by day."""

SCOPE_KINDS = {
    ScopeKind.ORGANIZATION: Kind.TOTAL,
    ScopeKind.BILLING_GROUP: Kind.BILLING_GROUP,
    ScopeKind.DEPARTMENT: Kind.DEPARTMENT,
    ScopeKind.TEAM: Kind.TEAM,
    ScopeKind.PROJECT: Kind.PROJECT,
    ScopeKind.API_KEY: Kind.API_KEY,
}
"""Which rollup knows the burn of an allocation's scope."""

Series = tuple[Kind, int]
"""What rollups keep a row of: a kind and the id of one of its values. The whole is (TOTAL, 0)."""
