"""Which scope lies within which, as of now."""

from __future__ import annotations

from agent.domain.allocation import Scope
from agent.ledger.alert_store import Whose
from agent.ledger.lineage import Belonging

OLD, NEW = Scope.parse("billing_group:old"), Scope.parse("billing_group:new")
WALLET, CARDS = Scope.parse("team:wallet"), Scope.parse("team:cards")


def whose(key: str, team: str, group: str) -> Whose:
    return Whose(abs(hash(key)), key, abs(hash(team)), team, "prod", billing_group=group)


def belonging(*oldest_first: Whose) -> Belonging:
    return Belonging(lambda: oldest_first)


def test_a_team_belongs_where_its_keys_are_now() -> None:
    now = belonging(whose("a", "wallet", "old"), whose("b", "cards", "old"), whose("a", "wallet", "new"))

    assert now.within(WALLET, NEW)
    assert not now.within(WALLET, OLD)
    assert now.within(CARDS, OLD)


def test_a_key_that_changed_hands_belongs_to_its_new_team_only() -> None:
    now = belonging(whose("a", "wallet", "old"), whose("a", "cards", "old"))
    key = Scope.parse("api_key:a")

    assert now.within(key, CARDS)
    assert not now.within(key, WALLET)


def test_teams_that_share_a_key_or_have_none_belong_where_they_were_seen_last() -> None:
    shared = belonging(whose("a", "wallet", "new"), whose("a", "cards", "old"))
    keyless = belonging(whose("", "wallet", "old"), whose("", "wallet", "new"), whose("", "cards", "old"))

    for now in (shared, keyless):
        assert now.within(WALLET, NEW)
        assert not now.within(WALLET, OLD)
        assert now.within(CARDS, OLD)


def test_everything_lies_within_the_organization_and_nothing_in_what_is_narrower() -> None:
    now = belonging(whose("a", "wallet", "old"))

    assert now.within(WALLET, Scope.parse("organization"))
    assert not now.within(OLD, WALLET)
    assert not now.within(WALLET, WALLET)
