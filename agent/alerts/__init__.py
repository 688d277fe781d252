"""Tiers and rules: signals from the ledger, and the life of the alerts that grow out of them."""

from agent.alerts.evaluate import BUDGETS, Evaluation, evaluate
from agent.alerts.memory import BurnMemory

__all__ = ["BUDGETS", "BurnMemory", "Evaluation", "evaluate"]
