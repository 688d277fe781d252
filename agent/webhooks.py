"""What every signed webhook of burndeck shares, sent or received: Standard Webhooks and exact numbers."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from agent.errors import ConfigError

if TYPE_CHECKING:
    from standardwebhooks import Webhook as Signer

    from agent.secrets import Secret

EVENT = "spend.alert"
"""The event that automation acts on. Whatever nobody should act on has more behind it."""
TOLERANCE_S = 300
"""A message that is signed for a time further away is refused, by the library too."""
_SECRET = re.compile(r"(?:whsec_)?(?:[A-Za-z0-9+/]{4})*[A-Za-z0-9+/]{2,4}={0,2}")


def signers_of(name: str, secret: Secret) -> list[Signer]:
    """A signer for each secret: two with a comma between while one is changed. Raises `ConfigError`."""
    from standardwebhooks import Webhook as Signer

    parts = secret.reveal().split(",")
    # The library skips what is no base64 and would sign with what is left.
    if not all(_SECRET.fullmatch(part) for part in parts):
        raise ConfigError(
            f"{name}: its signing secret is not written in base64",
            hint=f"`burndeck login {name}` takes one such as whsec_..., or two with a comma between.",
        )
    return [Signer(part) for part in parts]


def signature_headers(signers: Sequence[Signer], ident: str, at: float, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks, with one signature for each secret."""
    stamp = datetime.datetime.fromtimestamp(int(at), datetime.UTC)
    text = body.decode()
    return {
        "webhook-id": ident,
        "webhook-timestamp": str(int(at)),
        "webhook-signature": " ".join(signer.sign(ident, stamp, text) for signer in signers),
    }


def signed_by(signers: Sequence[Signer], headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a message that came in is signed with one of the secrets, and for a time near now."""
    from standardwebhooks import WebhookVerificationError

    for signer in signers:
        try:
            signer.verify(body, dict(headers), json_parse=False)
        except (WebhookVerificationError, ValueError):  # ValueError: headers or a body that are no such thing
            continue
        return True
    return False


def exact(value: Decimal) -> int | msgspec.Raw:
    """A whole number as such, any other with all its decimals; never by way of a float."""
    if value == value.to_integral_value():
        return int(value)
    return msgspec.Raw(format(value.normalize(), "f").encode())
