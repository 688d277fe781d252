"""What every HTTP client shares: whom it trusts, and that nothing leads it elsewhere."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.http import httpx, new_client, retry_after, trusted
from tests.servers.certificate import Certificate, make_certificate
from tests.servers.receiver import Answer, Receiver


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def _trust_anew() -> Iterator[None]:
    trusted.cache_clear()
    yield
    trusted.cache_clear()


def got(url: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with new_client(url, timeout_s=5) as client:
            return await client.get(url)

    return asyncio.run(ask())


@pytest.mark.usefixtures("_trust_anew")
def test_a_certificate_of_the_companys_own_is_trusted_when_the_environment_names_it(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))

    with Receiver(context=certificate.server_context()) as server:
        assert got(server.url).status_code == 200


@pytest.mark.usefixtures("_trust_anew")
def test_a_certificate_that_nobody_vouches_for_is_refused(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)

    with Receiver(context=certificate.server_context()) as server, pytest.raises(httpx.ConnectError):
        got(server.url)

    assert server.got == []


def test_no_answer_leads_a_client_elsewhere() -> None:
    with Receiver() as elsewhere, Receiver(lambda asked: Answer(307, headers={"Location": there})) as server:
        there = elsewhere.url

        assert got(server.url).status_code == 307
        assert elsewhere.got == []


def test_a_client_says_who_it_is() -> None:
    with Receiver() as server:
        got(server.url)

        assert server.got[0].headers["user-agent"].startswith("burndeck/")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_the_wait_that_a_server_asks_for_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_the_clients_library_brings_no_terminal_along() -> None:
    script = "import agent.http, sys; print(bool({'rich', 'textual', 'click'} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )

    assert done.stdout.strip() == "False"
