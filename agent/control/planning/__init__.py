"""What an action would hit and save, by the ledger alone: for consoles, which decide, and for the agent."""

from agent.control.planning.books import Books, books_of
from agent.control.planning.drafts import NothingToDoError
from agent.control.planning.keys import PlannedKey
from agent.control.planning.plan import Plan, plan

__all__ = ["Books", "NothingToDoError", "Plan", "PlannedKey", "books_of", "plan"]
