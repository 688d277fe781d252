"""Tiers and rules: signals from the ledger, and the life of the alerts that grow out of them."""

from agent.alerts.evaluate import Evaluation, evaluate
from agent.alerts.memory import BurnMemory

__all__ = ["BurnMemory", "Evaluation", "evaluate"]
