"""Opens the channel of a table in [[alerts.channels]] with its secret."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from agent.alerts.channels.base import Channel, DeliveryFailed
from agent.errors import ConfigError
from agent.secrets import Secret, find_secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.settings_channels import Channel as Table


def open_channel(table: Table) -> Channel:
    """The channel, whose file is imported now; raises `DeliveryFailed` where its secret is missing or wrong.

    Asks the keyring, which may take a while: run it in a thread.
    """
    try:
        secret = find_secret(table.secret).secret if table.secret else Secret("")
    except ConfigError as error:
        raise DeliveryFailed(error.message, hint=error.hint, slow=True) from None
    module = import_module(f"agent.alerts.channels.{table.kind}")
    opened = cast("Callable[[Table, Secret], Channel]", module.open_channel)
    return opened(table, secret)
