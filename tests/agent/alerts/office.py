"""A ledger whose scopes burn what a test says, people to tell, and a clock that a test moves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from agent.alerts import evaluate
from agent.alerts.evaluate import Evaluation
from agent.alerts.handlers import handlers
from agent.domain.alert import Alert
from agent.domain.allocation import Allocation, Scope
from agent.domain.intent import Intent, IntentKind, Refused
from agent.domain.money import NANO
from agent.domain.notice import Notice
from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger import open_writer
from agent.ledger.reader import LedgerReader
from agent.ledger.rows import BucketRow
from agent.settings import Settings
from agent.settings_alerts import Alerts
from agent.settings_channels import Channel, Route
from agent.settings_rules import Rules

HOUR = 3_600
DAY = 86_400
NOVEMBER = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())
NOW = NOVEMBER + 10 * DAY
MONTHLY = 1_000_000 * NANO
CHANNELS = (Channel(name="hook", kind="webhook", url="http://127.0.0.1:9/"),)

BUDGETS_ALONE = Rules(
    **{name: type(getattr(Rules(), name))(enabled=False) for name in Rules.__struct_fields__}
)


def reaching(*recipients: str) -> tuple[Route, ...]:
    """Routes that bring everything for these recipients to the one channel."""
    return tuple(Route(recipient=recipient, send=("hook",)) for recipient in recipients)


EVERYBODY = reaching(
    "team_channel",
    "team_lead",
    "bu_finance",
    "ops_on_call",
    "bu_head",
    "central_finance",
    "exec_sponsor",
    "silence_author",
)


@dataclass(frozen=True)
class Member:
    """A team with its billing group and its one key."""

    team: str
    group: str = "payments"


class Office:
    """Allocations, the agent's evaluations, and what was put into the outbox."""

    def __init__(self, path: Path, *allocations: Allocation, routes: Iterable[Route] = EVERYBODY) -> None:
        self.path = path
        self.writer = open_writer(path)
        self.now = NOW
        self.settings = Settings(
            ledger_path=path,
            allocations=allocations or (PAYMENTS,),
            alerts=Alerts(channels=CHANNELS, routes=tuple(routes), rules=BUDGETS_ALONE),
        )

    def burnt(self, credits_: str, member: Member | None = None, hour: int = NOVEMBER + DAY) -> None:
        """A member's burn of one hour is this from now on, however often it is said."""
        member = member or Member("wallet")
        row = BucketRow(
            start=hour,
            width=HOUR,
            dimensions=Dimensions(
                "openai", api_key=f"key_{member.team}", team=member.team, billing_group=member.group
            ),
            service=Service("gpt-5", Operation.COMPLETION, "/v1/chat/completions"),
            requests=1,
            tokens_input=1,
            tokens_cached=0,
            tokens_output=1,
            quantity_micro=0,
            credits_nano=int(Decimal(credits_) * NANO),
        )
        account = f"openai-{member.team}"
        row = replace(row, dimensions=replace(row.dimensions, account=account))
        self.writer.write_usage_window(account, hour, hour + HOUR, {"completions": [row]}, read_at=self.now)

    def judge(self, after: int = 0) -> Evaluation:
        """Time goes on, and everything is judged."""
        self.now += after
        return evaluate(self.writer, self.settings, self.now)

    def want(self, kind: IntentKind, subject: str, person: str = "ada", **payload: object) -> str:
        """Somebody wants something; returns why it was refused, or nothing."""
        intent = Intent("0" * 32, 1, kind, subject, payload, person, self.now, self.now + 60, "0" * 32)
        handler = handlers(self.settings)[kind]
        try:
            with self.writer.transaction(), self.writer.control.attempt():
                handler.apply(self.writer, intent, self.now)
        except Refused as refused:
            return refused.reason
        return ""

    def tell(self, **changes: object) -> None:
        """Other settings of alerts from now on."""
        values = {name: getattr(self.settings.alerts, name) for name in Alerts.__struct_fields__}
        self.settings = replace(self.settings, alerts=Alerts(**(values | changes)))

    def notices(self) -> list[Notice]:
        """Everything that was ever put into the outbox, oldest first."""
        ids = [each.id for each in self.writer.outbox.waiting(1_000)]
        return [self.writer.outbox.notices([ident])[ident] for ident in ids]

    def told(self) -> list[str]:
        """What was told, as `kind tier`."""
        return [f"{notice.kind.value} {notice.tier}" for notice in self.notices()]

    def alert(self, tier: str) -> Alert:
        """The open alert of a tier."""
        (found,) = (each for each in self.writer.alerts.open_alerts() if each.signal.tier == tier)
        return found

    def timeline(self) -> list[tuple[str, str]]:
        """Kind and text of every line of every timeline."""
        with LedgerReader(self.path) as reader:
            return [(row["kind"], row["text"]) for row in reader.rows("timelines")]


PAYMENTS = Allocation("org-1234-bg-payments", Scope.parse("billing_group:payments"), MONTHLY)
WALLET = Allocation("org-1234-team-wallet", Scope.parse("team:wallet"), MONTHLY)

__all__ = ["DAY", "HOUR", "MONTHLY", "NOVEMBER", "NOW", "PAYMENTS", "WALLET", "Member", "Office"]
