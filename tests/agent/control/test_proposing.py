from __future__ import annotations

import pytest

from agent.control.proposing import check_spec
from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Scope
from agent.domain.intent import Refused

TEAM = Scope.parse("team:wallet")


@pytest.mark.parametrize("kind", [ActionKind.ALLOCATE, ActionKind.TOP_UP])
def test_a_change_of_allocations_is_never_asked_for_with_an_end_of_its_own(kind: ActionKind) -> None:
    check_spec(ActionSpec(kind, TEAM, amount_nano=1))

    with pytest.raises(Refused, match="no end of its own"):
        check_spec(ActionSpec(kind, TEAM, amount_nano=1, expires_s=3_600))
