"""What people want, signed, and the log that proves what was done.

A console or a command calls `submit` and asks `outcome`; the agent calls `take` with a handler a kind.
Nothing here loads the cryptography library before a signature is made or looked at.
"""

from agent.control.inbox import Handled, take
from agent.control.intents import IntentReceipt, Outcome, outcome, submit
from agent.control.standing import Standing, standing
from agent.domain.intent import Intent, IntentKind, IntentState, Refused
from agent.ledger.control_store import IntentHandler

__all__ = [
    "Handled",
    "Intent",
    "IntentHandler",
    "IntentKind",
    "IntentReceipt",
    "IntentState",
    "Outcome",
    "Refused",
    "Standing",
    "outcome",
    "standing",
    "submit",
    "take",
]
