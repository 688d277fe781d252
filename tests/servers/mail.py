"""A real SMTP server on loopback: with STARTTLS, with TLS from the start, or with neither."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
import threading
from email.message import EmailMessage
from typing import Any, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

PASSWORD = "not to be seen"  # with blanks, as passwords may have


class MailServer:
    """Keeps the mails that it takes; `replies` are given to the next ones instead of taking them."""

    def __init__(
        self, mode: Literal["starttls", "tls", "plain"], context: ssl.SSLContext | None = None
    ) -> None:
        self.mails: list[EmailMessage] = []
        self.to: list[str] = []
        self.replies: list[str] = []
        self.logins: list[str] = []
        self.takes_s = 0.0  # how long it looks at a mail before it says that it took it
        self.hesitates_s = 0.0  # before it answers to sender and address
        self._news = threading.Condition()
        options: dict[str, Any] = {"hostname": "127.0.0.1", "port": 0}
        if mode == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
            options |= {"authenticator": self._check, "auth_required": True}
        elif mode == "tls":
            options |= {"ssl_context": context, "authenticator": self._check, "auth_require_tls": False}
        self._controller = _Controller(self, **options)
        self._scheme = {"starttls": "smtp", "tls": "smtps", "plain": "smtp+plain"}[mode]

    @property
    def url(self) -> str:
        """As a channel's url has it."""
        server: Any = self._controller.server
        return f"{self._scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def __enter__(self) -> MailServer:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    async def handle_MAIL(  # the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Takes every sender."""
        await asyncio.sleep(self.hesitates_s)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Takes every address that does not begin with `nobody`."""
        await asyncio.sleep(self.hesitates_s)
        if address.startswith("nobody"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:  # the library's name
        """Takes the mail, unless a reply is set for it."""
        if self.replies:
            return self.replies.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        with self._news:
            mail = email.message_from_bytes(content, policy=email.policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
            self.to += envelope.rcpt_tos
            self._news.notify_all()
        await asyncio.sleep(self.takes_s)
        return "250 taken"

    def _check(self, server: SMTP, session: Session, envelope: Envelope, how: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login.decode())
        right = data.password.decode() == PASSWORD
        return AuthResult(success=right, handled=right)  # unhandled: the library answers 535


class _Controller(Controller):
    def _trigger_server(self) -> None:
        """The base connects to the port that was asked for, which is 0 here."""
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()
