"""Everything that a step can test. A new condition is one function and one line here."""

from __future__ import annotations

from collections.abc import Mapping

from agent.errors import BurndeckError
from agent.runbooks.asking import Condition, Context, Given, Verdict


def _later(context: Context, given: Given) -> Verdict:
    raise BurndeckError("this condition is not tested yet")


CONDITIONS: Mapping[str, Condition] = {
    "incident-open": Condition({"incident": True}, "The incident is open.", _later),
    "alert-firing": Condition({"alert": True}, "The alert fires.", _later),
    "alert-over": Condition({"alert": True}, "The alert has ended.", _later),
    "burn-below": Condition(
        {"scope": True, "credits": False, "times-usual": False}, "A scope burns less than a bound.", _later
    ),
    "burn-fell": Condition({"of": True}, "The burn fell after a step's action.", _later),
    "usage-threatens": Condition(
        {"scope": True, "share": False, "runway": False}, "A cap is near, or soon reached.", _later
    ),
    "at-cap": Condition({"scope": True, "share": False}, "A scope has used its cap.", _later),
    "below-cap": Condition({"scope": True, "share": False}, "A scope is below its cap.", _later),
    "pool-covers": Condition({"scope": True, "amount": True}, "The pool covers a top-up.", _later),
    "assessed-critical": Condition({"incident": True}, "Somebody assessed it as critical.", _later),
    "keys-silent": Condition({"scope": True, "for": False}, "No key of a scope has called.", _later),
    "key-blocked": Condition({"key": True}, "No gateway lets a key pass.", _later),
    "key-known": Condition({"key": True}, "The key is known.", _later),
    "data-fresh": Condition({"source": False, "within": False}, "Data is new enough.", _later),
    "layers-agree": Condition({"within": False, "days": False}, "Truth layers agree.", _later),
    "attributed": Condition({"share": False}, "Enough of the burn has an owner.", _later),
    "priced": Condition({}, "Every model that is called has a price.", _later),
    "labels-complete": Condition({}, "Every key has its required labels.", _later),
    "keys-younger": Condition({"than": False}, "No key is older than allowed.", _later),
    "postmortem-signed": Condition({"incident": True}, "The postmortem is signed.", _later),
    "caps-reversible": Condition({}, "Every cap says who may lift it.", _later),
    "ninety-pool": Condition({}, "Pool and allocations exist.", _later),
    "ninety-labels": Condition({}, "Labels are required and set.", _later),
    "ninety-streaming": Condition({}, "Events stream in, and exports arrive.", _later),
    "ninety-dashboard": Condition({}, "The console's figures are fresh and attributed.", _later),
    "ninety-alerts": Condition({}, "Tiers alert, and a throttle was tried.", _later),
    "ninety-forecast": Condition({}, "There is a forecast, and allocations follow it.", _later),
    "ninety-chargeback": Condition({}, "Teams are shown or charged what they burn.", _later),
}
"""Name -> condition."""
