"""Keys of projects behind one gateway, and the provider's limits that the agent sets there."""

from __future__ import annotations

from decimal import Decimal

from agent.allocations import settings_now
from agent.control.backstops import backstops
from agent.domain.action import Action, ActionKind
from agent.domain.allocation import Allocation, Scope
from agent.domain.backstop import Backstop
from agent.domain.gateway import GatewayKey, Target, TargetKind
from agent.domain.money import NANO
from agent.domain.usage import Dimensions, Operation, Service
from agent.ledger.reader import LedgerReader
from agent.ledger.rows import BucketRow
from tests.agent.alerts.office import DAY, HOUR, NOVEMBER
from tests.agent.process.test_enforcing import Enforced

WALLET = Allocation("org-1234-team-wallet", Scope.parse("team:wallet"), 1_000 * NANO)
GROUP = Allocation("org-1234-bg-payments", Scope.parse("billing_group:payments"), 5_000 * NANO)
WHOLE = Allocation("org-1234", Scope.parse("organization"), 9_000 * NANO)
END = NOVEMBER + 30 * DAY


class Projects(Enforced):
    """Keys of projects: `("dev_1", "p1", "wallet")`, each with its burn."""

    environment = "dev"

    def burn(self, credits_: str, *keys: tuple[str, str, str], **cents: int | None) -> None:
        hour = (self.office.now - HOUR) // HOUR * HOUR
        chat = Service("gpt-5", Operation.COMPLETION, "/v1/chat/completions")
        for key, project, team in keys:
            account = f"openai-{key}"
            who = Dimensions(
                account,
                api_key=key,
                team=team,
                project=project,
                billing_group="payments",
                environment=self.environment,
            )
            nano = int(Decimal(credits_) * NANO)
            row = BucketRow(hour, HOUR, who, chat, 1, 1, 0, 1, 0, nano)
            rows = {"completions": [row]}
            self.office.writer.write_usage_window(account, hour, hour + HOUR, rows, read_at=self.office.now)
        held = {project_target(name): {"spend_limit_cents": each} for name, each in cents.items()}
        self.serves(*(GatewayKey(key, key, project=name) for key, name, _ in keys), held=held)

    def limits(self, *, take: bool = True) -> list[tuple[str, int, str]]:
        """The provider's limits that are begun by now, as scope, credits and state; they are taken."""
        found = [each for each in self.enforce() if each.spec.kind is ActionKind.CAP]
        for each in found if take else ():
            self.take(each)
        return [_as_tuple(each) for each in found]

    def told(self) -> dict[str, Backstop]:
        """What is said of each hard cap."""
        with LedgerReader(self.office.path) as reader:
            settings = settings_now(self.office.settings, reader.action_store(), self.office.now)
            return backstops(reader, settings, self.office.now)


def _as_tuple(action: Action) -> tuple[str, int, str]:
    return str(action.spec.scope), action.spec.amount_nano // NANO, action.state.value


def project_target(name: str) -> Target:
    return Target("oa", TargetKind.PROJECT, name)


MINE = (("dev_1", "p1", "wallet"), ("dev_2", "p2", "wallet"))
