from __future__ import annotations

from agent.domain.allocation import ScopeKind
from agent.domain.levels import LEVELS, level_of


def test_every_kind_of_scope_is_in_one_level_widest_first() -> None:
    assert [kind for level in LEVELS for kind in level.scopes] == list(ScopeKind)
    assert len(LEVELS) == 5


def test_a_team_is_controlled_by_its_lead_and_a_key_by_its_developer() -> None:
    assert level_of(ScopeKind.TEAM).owner == "Team Lead / Engineering Manager"
    assert level_of(ScopeKind.API_KEY).enforcement == "Immediate throttle / block"
    assert level_of(ScopeKind.ORGANIZATION).policies == "Pool size, rollover policy, default hard cap"
