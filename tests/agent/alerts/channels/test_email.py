from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.alerts.channels import DeliveryFailed
from agent.alerts.channels.email import render
from agent.domain.duration import Duration
from agent.domain.notice import NoticeKind
from agent.settings_channels import Channel
from tests.agent.alerts.channels.channels import a_message, deliver, deliver_in_time, failure
from tests.agent.alerts.notices import a_notice
from tests.servers.certificate import Certificate, make_certificate
from tests.servers.mail import PASSWORD, MailServer

TO_ADA = replace(a_message(), target="ada@example.com")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusting(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))
    monkeypatch.setenv("BURNDECK_MAIL_PASSWORD", PASSWORD)


@pytest.fixture(scope="module")
def starttls(certificate: Certificate) -> Iterator[MailServer]:
    with MailServer("starttls", certificate.server_context()) as running:
        yield running


@pytest.fixture
def server(starttls: MailServer) -> MailServer:
    for kept in (starttls.mails, starttls.to, starttls.replies, starttls.logins):
        kept.clear()  # type: ignore[attr-defined]
    return starttls


def table(server: MailServer, user: str = "burndeck") -> Channel:
    return Channel(name="mail", kind="email", url=server.url, sender="burndeck@example.com", user=user)


@pytest.mark.usefixtures("trusting")
def test_a_mail_goes_encrypted_and_logged_in_with_text_and_html(server: MailServer) -> None:
    (receipt,) = deliver(table(server), TO_ADA)

    (mail,) = server.mails
    assert (server.to, server.logins) == (["ada@example.com"], ["burndeck"])
    assert mail["Subject"] == "[burndeck] CRITICAL: payments has burnt 90.24 % of its month"
    assert (mail["From"], mail["To"]) == ("burndeck@example.com", "ada@example.com")
    assert receipt.reference == mail["Message-ID"] == "<notice-1@burndeck.example.com>"
    text, page = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert page is not None
    assert "Runway: 3 h 10 min until the cap" in text.get_content()
    assert "burndeck alerts ack 17" in page.get_content()


@pytest.mark.usefixtures("trusting")
def test_a_port_that_is_encrypted_from_the_start_works_too(certificate: Certificate) -> None:
    with MailServer("tls", certificate.server_context()) as server:
        deliver(table(server), TO_ADA)

        assert server.to == ["ada@example.com"]


def test_a_server_that_nobody_vouches_for_gets_neither_mail_nor_password(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BURNDECK_MAIL_PASSWORD", PASSWORD)

    error = failure(table(server), TO_ADA)

    assert "not trusted" in error.message
    assert "SSL_CERT_FILE" in error.hint
    assert (server.mails, server.logins) == ([], [])


@pytest.mark.usefixtures("trusting")
def test_a_server_without_encryption_gets_nothing_unless_the_url_says_so() -> None:
    with MailServer("plain") as server:
        plain = table(server, user="")
        hidden = Channel(
            name="mail", kind="email", url=server.url.replace("smtp+plain", "smtp"), sender="b@example.com"
        )

        assert "no encryption" in failure(hidden, TO_ADA).message
        assert "never sent in the clear" in failure(table(server), TO_ADA).message
        assert server.mails == []
        deliver(plain, TO_ADA)
        assert len(server.mails) == 1


@pytest.mark.usefixtures("trusting")
def test_a_wrong_password_waits_for_somebody_and_is_not_shown(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BURNDECK_MAIL_PASSWORD", "wrong-and-secret")

    error = failure(table(server), TO_ADA)

    assert error.slow
    assert "burndeck login mail" in error.hint
    assert "wrong-and-secret" not in f"{error.message}{error.hint}"


@pytest.mark.usefixtures("trusting")
def test_an_address_that_is_not_there_is_permanent_and_a_full_one_is_not(server: MailServer) -> None:
    nobody = failure(table(server), replace(TO_ADA, target="nobody@example.com"))
    server.replies[:] = ["452 4.2.2 mailbox full"]
    full = failure(table(server), TO_ADA)
    server.replies[:] = ["554 5.7.1 looks like spam"]
    spam = failure(table(server), TO_ADA)

    assert nobody.permanent
    assert "no such user" in nobody.message
    assert not full.permanent
    assert spam.permanent


def test_a_server_that_is_not_there_is_tried_again() -> None:
    gone = Channel(name="mail", kind="email", url="smtp+plain://127.0.0.1:9", sender="b@example.com")

    error = failure(gone, TO_ADA)

    assert not error.permanent
    assert "127.0.0.1:9: cannot be reached" in error.message


def brisk(server: MailServer) -> Channel:
    return Channel(name="mail", kind="email", url=server.url, sender="b@example.com", timeout=Duration(1))


def test_a_mail_that_is_handed_over_is_waited_for_however_slow_the_server_is() -> None:
    with MailServer("plain") as server:
        server.takes_s = 1.5

        receipt = deliver_in_time(brisk(server), TO_ADA)

        assert receipt.reference == "<notice-1@burndeck.example.com>"
        assert len(server.mails) == 1


def test_a_mail_that_was_given_up_before_it_was_handed_over_never_goes_out() -> None:
    with MailServer("plain") as server:
        server.hesitates_s = 0.6
        with pytest.raises(DeliveryFailed, match="no answer within 1s"):
            deliver_in_time(brisk(server), TO_ADA)
        for thread in threading.enumerate():
            if thread.name == "delivery":
                thread.join(20)

        assert server.mails == []


def test_an_episode_is_one_thread_and_every_attempt_one_mail() -> None:
    fired, again = render(TO_ADA, "b@example.com"), render(TO_ADA, "b@example.com")
    resolved = render(
        replace(TO_ADA, notice=a_notice(id="notice-2", kind=NoticeKind.RESOLVED)), "b@example.com"
    )
    other = render(replace(TO_ADA, notice=a_notice(dedup_key="another")), "b@example.com")

    assert fired["Message-ID"] == again["Message-ID"] != resolved["Message-ID"]
    assert fired["References"] == resolved["References"] != other["References"]
    assert fired["In-Reply-To"] == fired["References"]
    assert fired["Auto-Submitted"] == "auto-generated"
    assert fired["X-Burndeck-Tier"] == "critical"


def test_a_drill_cannot_be_taken_for_real() -> None:
    mail = render(replace(TO_ADA, notice=a_notice(kind=NoticeKind.DRILL)), "b@example.com")

    assert str(mail["Subject"]).startswith("[burndeck] DRILL, not real: ")
    assert mail["X-Burndeck-Drill"] == "yes"
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        assert "Nothing has happened" in body.get_content()


@settings(max_examples=40)
@given(st.text(max_size=300), st.text(max_size=300))
def test_no_name_adds_a_header_or_markup(name: str, summary: str) -> None:
    evil = f"{name}\r\nBcc: eve@evil.example\r\n\r\n<script>{summary}"
    notice = a_notice(
        summary=evil, dedup_key=evil, id=evil, rule=evil, tier=evil, scope=evil, next_command=evil
    )

    mail = render(replace(TO_ADA, notice=notice), "b@example.com")

    head = mail.as_bytes().partition(b"\r\n\r\n")[0]
    assert b"\nBcc" not in head
    assert mail["Bcc"] is None
    assert len(mail.get_all("To", [])) == 1
    page = mail.get_body(("html",))
    assert page is not None
    assert "<script>" not in page.get_content()
