"""Ways out: each file speaks to one kind of receiver, and knows nothing of routes, retries or the ledger."""

from agent.alerts.channels.base import Channel, DeliveryFailed, Message, Receipt
from agent.alerts.channels.open import open_channel

__all__ = ["Channel", "DeliveryFailed", "Message", "Receipt", "open_channel"]
