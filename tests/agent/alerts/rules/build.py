"""A ledger in which a few flows burn as a test says, and rules judged on it at any instant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent.alerts.context import Rule, RuleContext
from agent.alerts.lifecycle import Judged
from agent.alerts.watermark import complete_until
from agent.domain.alert import Alert, AlertState, Signal
from agent.domain.allocation import Allocation, Scope
from agent.domain.planned import Planned
from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger import open_writer
from agent.ledger.rows import BucketRow
from agent.settings import Settings, parse_settings

NANO = 10**9
HOUR = 3_600
DAY = 86_400
NOON = 1_795_003_200  # Wednesday 2026-11-18 12:00 UTC

Amount = Callable[[int], float]
"""Credits, requests or a share at an epoch second; amounts are per hour."""


def steady(amount: float) -> Amount:
    """The same at any time."""
    return lambda _: amount


def from_then(at: int, before: float, after: float) -> Amount:
    """One amount until an instant, another from then on."""
    return lambda now: after if now >= at else before


_USUALLY = steady(6_000)
_NEVER = steady(0.0)


@dataclass(frozen=True)
class Flow:
    """What one key burns. Amounts are credits and requests an hour."""

    credits: Amount
    key: str = "key_a"
    team: str = "search"
    group: str = "product"
    model: str = "gpt-5"
    requests: Amount = _USUALLY
    tokens: int = 1_000  # of input, a request
    cached: Amount = _NEVER
    account: str = "openai"

    @property
    def who(self) -> Dimensions:
        return Dimensions(
            self.account, api_key=self.key, team=self.team, billing_group=self.group, environment="prod"
        )

    def bucket(self, start: int, width: int) -> BucketRow:
        """What the provider says of a stretch."""
        requests = round(self.requests(start) * width / HOUR)
        return BucketRow(
            start=start,
            width=width,
            dimensions=self.who,
            service=Service(self.model, Operation.COMPLETION, "/v1/chat/completions"),
            requests=requests,
            tokens_input=requests * self.tokens,
            tokens_cached=round(requests * self.tokens * self.cached(start)),
            tokens_output=requests * 100,
            quantity_micro=0,
            credits_nano=round(self.credits(start) * NANO * width / HOUR),
        )


class Ledger:
    """Hours of the past and minutes of the last hours, moved on by hand."""

    def __init__(
        self,
        path: Path,
        flows: Sequence[Flow],
        *,
        now: int = NOON,
        days: float = 12,
        detail_h: int = 8,
        settings: Settings | None = None,
    ) -> None:
        self.writer = open_writer(path)
        self.flows = flows
        self.settings = settings or Settings()
        self.covered_to = (now - int(days * DAY)) // HOUR * HOUR
        self.write(max(self.covered_to, now // HOUR * HOUR - detail_h * HOUR), HOUR)
        self.write(now // 60 * 60, 60)

    def write(self, end: int, width: int = 60) -> None:
        """Everything up to `end` is metered, in buckets of a width."""
        for account in {flow.account for flow in self.flows}:
            rows = [
                row
                for start in range(self.covered_to, end, width)
                for flow in self.flows
                if flow.account == account and (row := flow.bucket(start, width)).requests
            ]
            self.writer.write_usage_window(account, self.covered_to, end, {"completions": rows}, read_at=end)
        self.covered_to = max(end, self.covered_to)

    def judged(
        self,
        rule: Rule,
        *,
        now: float | None = None,
        known: Sequence[Alert] = (),
        planned: Sequence[Planned] = (),
    ) -> Judged | None:
        """What a rule says as of `now`, by default where the data ends."""
        alerts = self.writer.alerts
        now = self.covered_to if now is None else now
        with alerts.snapshot():
            at = complete_until(alerts.covered_to(), alerts.newest_event(), now)
            context = RuleContext(alerts, self.writer.rules, self.settings, now, at, known, planned)
            return rule(context)

    def signals(self, rule: Rule, **about: object) -> list[Signal]:
        """The signals of a rule that breach."""
        judged = self.judged(rule, **about)  # type: ignore[arg-type]
        assert judged is not None
        return [signal for signal in judged.signals if signal.breach]

    def set_rule(self, toml: str) -> None:
        """Settings of rules, as burndeck.toml says them."""
        alerts = parse_settings(toml, Path("/etc/burndeck.toml")).alerts
        self.settings = replace(self.settings, alerts=alerts)

    def close(self) -> None:
        self.writer.close()


def allocation(credits_: float, scope: str = "team:search", name: str = "org-1-team-search") -> Allocation:
    """An allocation of so many credits a month."""
    return Allocation(name, Scope.parse(scope), round(credits_ * NANO))


def open_alert(signal: Signal) -> Alert:
    """An alert that fires because of a signal."""
    return Alert(signal, AlertState.FIRING, started_at=signal.at, fired_at=signal.at)
