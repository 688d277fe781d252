"""E-mail by SMTP, always encrypted unless the url says `smtp+plain`; one thread an episode."""

from __future__ import annotations

import hashlib
import html
import re
import smtplib
import socket
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agent.alerts.channels.base import DeliveryFailed, Message, Receipt
from agent.alerts.channels.hand_over import HandOver, in_thread
from agent.alerts.channels.words import DRILL, commands, cut, facts, headline, plain
from agent.domain.words import plain_line

if TYPE_CHECKING:
    from agent.secrets import Secret
    from agent.settings_channels import Channel as Table

_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
_MOST_SUBJECT = 200
_LAST_ANSWER_S = 600.0
"""What RFC 5321 (4.5.3.2.6) grants a server that has the whole mail: whoever leaves sooner sends it twice."""


def open_channel(table: Table, secret: Secret) -> Email:
    """The channel of a table; `secret` is the password, empty where the table names no user."""
    return Email(table, secret)


class Email:
    """One mail server and sender."""

    def __init__(self, table: Table, secret: Secret) -> None:
        self._table = table
        self._secret = secret
        url = urlsplit(table.url)
        self._scheme, self._host = url.scheme, url.hostname or ""
        self._port = url.port or _PORTS[url.scheme]
        self._tls: ssl.SSLContext | None = None

    async def deliver(self, message: Message) -> Receipt:
        """Sends one mail to one address."""
        mail = render(message, self._table.sender)
        timeout = float(self._table.timeout)
        longest = _LAST_ANSWER_S + 3 * timeout  # the command DATA, the mail itself, and QUIT
        await in_thread(lambda hand: self._send(mail, message.target, hand), timeout, longest)
        return Receipt(str(mail["Message-ID"]))

    async def close(self) -> None:
        """Nothing is kept open between mails."""

    def _send(self, mail: EmailMessage, address: str, hand_over: HandOver) -> None:
        try:
            server = self._connected()
            server.hand_over = hand_over
            try:
                if self._table.user:
                    self._log_in(server)
                server.send_message(mail, self._table.sender, [address])
                with suppress(smtplib.SMTPException, OSError):  # the mail is taken, whatever it says to this
                    server.quit()
            finally:
                server.close()
        except DeliveryFailed:
            raise
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise self._refused(f"refuses {address}", code, said) from None
        except smtplib.SMTPNotSupportedError as error:
            raise DeliveryFailed(f"{self._name}: {plain_line(str(error))}", permanent=True) from None
        except smtplib.SMTPResponseException as error:
            raise self._refused("refuses the mail", error.smtp_code, error.smtp_error) from None
        except ssl.SSLCertVerificationError as error:
            raise DeliveryFailed(
                f"{self._name}: its certificate is not trusted: {error.verify_message}",
                hint="Set SSL_CERT_FILE for the agent to the certificate of whoever signed it.",
                slow=True,
            ) from None
        except (smtplib.SMTPException, OSError) as error:
            detail = cut(plain_line(str(error)) or type(error).__name__, 200)
            raise DeliveryFailed(f"{self._name}: cannot be reached: {detail}") from None

    def _connected(self) -> _Server:
        timeout, name = float(self._table.timeout), _own_name(self._table.sender)
        if self._scheme == "smtps":
            context = self._trusted()
            return _TlsServer(self._host, self._port, local_hostname=name, timeout=timeout, context=context)
        server = _Server(self._host, self._port, local_hostname=name, timeout=timeout)
        if self._scheme == "smtp":
            try:
                server.starttls(context=self._trusted())
            except smtplib.SMTPNotSupportedError:
                server.close()
                raise DeliveryFailed(
                    f"{self._name}: offers no encryption (STARTTLS)",
                    hint="Use its smtps:// port; smtp+plain:// sends in the clear, without a password.",
                    slow=True,
                ) from None
            except BaseException:
                server.close()
                raise
        return server

    def _log_in(self, server: smtplib.SMTP) -> None:
        if self._scheme == "smtp+plain":
            raise DeliveryFailed(
                f"{self._name}: a password is never sent in the clear",
                hint="Take user out of the channel's table, or use smtp:// or smtps://.",
                slow=True,
            )
        try:
            server.login(self._table.user, self._secret.reveal())
        except smtplib.SMTPAuthenticationError as error:
            raise DeliveryFailed(
                f"{self._name}: does not accept the password of {self._table.user} ({error.smtp_code})",
                hint=f"`burndeck login {self._table.name}`; then it is tried again.",
                slow=True,
            ) from None

    def _trusted(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()  # honours SSL_CERT_FILE
        return self._tls

    @property
    def _name(self) -> str:
        return f"{self._table.name}: {self._host}:{self._port}"

    def _refused(self, what: str, code: int, said: bytes | str) -> DeliveryFailed:
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        password = self._secret.reveal()
        text = text.replace(password, "***") if password else text
        detail = cut(plain_line(text), 200)
        return DeliveryFailed(f"{self._name}: {what}: {code} {detail}", permanent=500 <= code < 600)


class _Server(smtplib.SMTP):
    """A dialogue that begins to hand the mail over only where it is still wanted, and then has patience."""

    hand_over: HandOver

    def data(self, msg: Any) -> tuple[int, bytes]:
        self.hand_over.begin()
        assert self.sock is not None
        before = self.sock.gettimeout()
        self.sock.settimeout(_LAST_ANSWER_S)
        try:
            return super().data(msg)
        finally:
            if self.sock is not None:
                self.sock.settimeout(before)


class _TlsServer(_Server, smtplib.SMTP_SSL):
    """The same, encrypted from the start."""


def render(message: Message, sender: str) -> EmailMessage:
    """The mail: text and HTML with the same content, and headers that keep an episode in one thread."""
    notice = message.notice
    domain = f"burndeck.{sender.rpartition('@')[2]}"
    thread = f"<thread.{_word(notice.dedup_key)}@{domain}>"
    mail = EmailMessage(policy=SMTP)
    headers = {
        "From": sender,
        "To": message.target,
        "Subject": cut(f"[burndeck] {headline(notice)}", _MOST_SUBJECT),
        "Date": formatdate(message.now, usegmt=True),
        "Message-ID": f"<{_word(notice.id)}@{domain}>",
        "In-Reply-To": thread,
        "References": thread,
        "Auto-Submitted": "auto-generated",  # asks absence notes not to answer
        "X-Burndeck-Notice": notice.id,
        "X-Burndeck-Kind": notice.kind.value,
        "X-Burndeck-Tier": notice.tier,
        "X-Burndeck-Rule": notice.rule,
        "X-Burndeck-Dedup-Key": notice.dedup_key,
    }
    if notice.drill:
        headers["X-Burndeck-Drill"] = "yes"
    for name, value in headers.items():
        if text := plain_line(value):
            mail[name] = text
    mail.set_content(plain(message))
    mail.add_alternative(_html(message), subtype="html")
    return mail


def _html(message: Message) -> str:
    notice = message.notice
    rows = "".join(
        f"<tr><th align=left valign=top>{html.escape(fact.name)}</th><td>{html.escape(fact.text)}</td></tr>\n"
        for fact in facts(message)
    )
    run = "\n".join(html.escape(text) for text in commands(notice))
    drill = f"<p><b>{html.escape(DRILL)}</b></p>\n" if notice.drill else ""
    return (
        f"<!doctype html>\n<html><body>\n<h2>{html.escape(headline(notice))}</h2>\n{drill}"
        f"<table cellpadding=3>\n{rows}</table>\n"
        + (f"<pre>{run}</pre>\n" if run else "")
        + "</body></html>\n"
    )


def _word(text: str) -> str:
    """A text as part of a Message-ID: itself where it is one plain word, else its hash."""
    if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text):
        return text
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _own_name(sender: str) -> str:
    """What we call ourselves: asking the resolver for it may take longer than the whole mail."""
    host = socket.gethostname()
    return host if "." in host else f"{host}.{sender.rpartition('@')[2]}"
