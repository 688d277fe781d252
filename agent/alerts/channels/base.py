"""What a channel is: it delivers a message and says what the receiver called it, or why it could not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from agent.domain.notice import Notice
from agent.errors import SourceError


class DeliveryFailed(SourceError):  # noqa: N818 - what happened, not whose fault
    """A message that was not taken. Without `permanent` and `gone` it is worth another attempt.

    `message` and `hint` never hold a secret: they go to the ledger, the log and the screen.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        retry_after: float | None = None,  # real seconds that the receiver wants to be left alone
        permanent: bool = False,  # no attempt would do better
        gone: bool = False,  # the receiver wants no more messages at all
        slow: bool = False,  # somebody has to do something first; trying often helps nobody
        status: int = 0,  # of an HTTP answer
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        self.permanent = permanent
        self.gone = gone
        self.slow = slow
        self.status = status


@dataclass(frozen=True, slots=True)
class Message:
    """One notice for one target. `now` is the ledger's time at this attempt."""

    notice: Notice
    now: float
    target: str = ""  # #room or address, where the channel has several
    receipt: str = ""  # what the receiver called an earlier message of the episode
    organization: str = ""  # whose burn it is, as its allocations' ids begin
    console_url: str = ""  # address of the console in a browser


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the receiver calls the message, such as a ticket's number; empty where it calls it nothing."""

    reference: str = ""


class Channel(Protocol):
    """One table of [[alerts.channels]], ready to send."""

    async def deliver(self, message: Message) -> Receipt:
        """Delivers once; raises `DeliveryFailed`. A repeated message carries the same id as before.

        Cut off after the channel's time-out, unless its kind ends itself: then it raises `TimeoutError`.
        """
        ...

    async def close(self) -> None:
        """Closes connections."""
        ...
