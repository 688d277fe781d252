"""Everything that a step can test. A new condition is one function and one line here."""

from __future__ import annotations

from collections.abc import Mapping

from agent.runbooks.asked import burn_tests, cap_tests, case_tests, data_tests, key_tests, ninety
from agent.runbooks.asking import Condition

CONDITIONS: Mapping[str, Condition] = {
    "incident-open": Condition({"incident": True}, "The incident is open.", case_tests.incident_open),
    "alert-firing": Condition({"alert": True}, "The alert fires.", case_tests.alert_firing),
    "alert-over": Condition({"alert": True}, "The alert has ended.", case_tests.alert_over),
    "burn-below": Condition(
        {"scope": True, "credits": False, "times-usual": False},
        "A scope burns less than a bound.",
        burn_tests.burn_below,
    ),
    "burn-fell": Condition({"of": True}, "The burn fell after a step's action.", burn_tests.burn_fell),
    "usage-threatens": Condition(
        {"scope": True, "share": False, "runway": False},
        "A cap is near, or soon reached.",
        cap_tests.usage_threatens,
    ),
    "at-cap": Condition({"scope": True, "share": False}, "A scope has used its cap.", cap_tests.at_cap),
    "below-cap": Condition({"scope": True, "share": False}, "A scope is below its cap.", cap_tests.below_cap),
    "pool-covers": Condition(
        {"scope": True, "amount": True}, "The pool covers a top-up.", cap_tests.pool_covers
    ),
    "assessed-critical": Condition(
        {"incident": True}, "Somebody assessed it as critical.", case_tests.assessed_critical
    ),
    "keys-silent": Condition(
        {"scope": True, "for": False}, "No key of a scope has called.", burn_tests.keys_silent
    ),
    "key-blocked": Condition({"key": True}, "No gateway lets a key pass.", key_tests.key_blocked),
    "key-known": Condition({"key": True}, "The key is known.", key_tests.key_known),
    "data-fresh": Condition({"source": False, "within": False}, "Data is new enough.", data_tests.data_fresh),
    "layers-agree": Condition(
        {"within": False, "days": False, "month": False}, "Truth layers agree.", data_tests.layers_agree
    ),
    "attributed": Condition({"share": False}, "Enough of the burn has an owner.", data_tests.attributed),
    "priced": Condition({}, "Every model that is called has a price.", data_tests.priced),
    "labels-complete": Condition({}, "Every key has its required labels.", key_tests.labels_complete),
    "keys-younger": Condition({"than": False}, "No key is older than allowed.", key_tests.keys_younger),
    "postmortem-signed": Condition(
        {"incident": True}, "The postmortem is signed.", case_tests.postmortem_signed
    ),
    "caps-reversible": Condition({}, "Every cap says who may lift it.", cap_tests.caps_reversible),
    "ninety-pool": Condition({}, "Pool and allocations exist.", ninety.pool),
    "ninety-labels": Condition({}, "Labels are required and set.", ninety.labels),
    "ninety-streaming": Condition({}, "Events stream in, and exports arrive.", ninety.streaming),
    "ninety-dashboard": Condition({}, "The console's figures are fresh and attributed.", ninety.dashboard),
    "ninety-alerts": Condition({}, "Tiers alert, and a throttle was tried.", ninety.alerts),
    "ninety-forecast": Condition({}, "There is a forecast, and allocations follow it.", ninety.forecast),
    "ninety-chargeback": Condition({}, "Teams are shown or charged what they burn.", ninety.chargeback),
}
"""Name -> condition."""
