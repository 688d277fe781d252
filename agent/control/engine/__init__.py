"""Carries actions out at gateways, confirms them, and undoes them when their time is up."""

from agent.control.engine.desk import Bench
from agent.control.engine.executor import Executor, Pace
from agent.control.engine.polling import Poller

__all__ = ["Bench", "Executor", "Pace", "Poller"]
