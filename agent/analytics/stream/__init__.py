"""The streaming anomaly detector for burn series."""

from agent.analytics.stream.panel import StreamPanel
from agent.analytics.stream.series import judge_series
from agent.analytics.stream.verdict import THRESHOLD, Reason, Verdicts

__all__ = ["THRESHOLD", "Reason", "StreamPanel", "Verdicts", "judge_series"]
