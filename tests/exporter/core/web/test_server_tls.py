"""TLS and client certificates, with certificates made here."""

import contextlib
import errno
import socket
import ssl
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from exporter.core.web.certificate import read_validity
from exporter.core.web.refusal import Refusal
from exporter.core.web.server import Request, Response
from exporter.core.web.web_config import WebConfig, load_web_config
from exporter.core.web.web_config_file import WebConfigFile
from tests.exporter.core.web.certificates import Authority, Pair
from tests.exporter.core.web.http_client import ask, connect, exchange, get, read_all, serving
from tests.exporter.core.web.test_server_limits import LIMITS, SHORT, is_closed
from tests.processes import until

BODY = b"x" * 100_000
LARGE = b"x" * 16_000_000


def metrics(_request: Request) -> Response:
    return Response(body=BODY)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    authority = Authority(tmp_path)
    authority.issue("server")
    return authority


def web_config(folder: Path, **more: str) -> WebConfig:
    """Return a web configuration with the server's own pair and these further keys of tls_server_config."""
    lines = [f"  {key}: {value}\n" for key, value in more.items()]
    path = folder / "web.yml"
    path.write_text("tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n" + "".join(lines))
    return load_web_config(path)


def client_context(authority: Authority, pair: Pair | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority.cert))
    if pair is not None:
        context.load_cert_chain(pair.cert, pair.key)
    return context


def test_a_server_tells_when_the_certificate_in_force_is_valid(authority: Authority, tmp_path: Path) -> None:
    with serving({"/metrics": metrics}, web_config=web_config(tmp_path)) as server:
        assert server.certificate is not None and server.certificate == read_validity(tmp_path / "server.crt")
        longer = authority.issue("server", valid=(timedelta(hours=-2), timedelta(days=2)))
        exchange(server, get("/metrics", "Connection: close"), client_context(authority))
        assert server.certificate == read_validity(longer.cert)
    with serving({"/metrics": metrics}) as server:
        assert server.certificate is None


def status(server_config: WebConfig, context: ssl.SSLContext) -> int | None:
    """Return the status of one request, or None where the server refuses this client."""
    with serving({"/metrics": metrics}, web_config=server_config) as server:
        assert server.url.startswith("https://")
        try:
            [reply] = exchange(server, get("/metrics", "Connection: close"), context)
        except (ssl.SSLError, ConnectionResetError, BrokenPipeError, ValueError):
            return None
        return reply.status


def refused(server_config: WebConfig, context: ssl.SSLContext) -> Mapping[Refusal, int]:
    """Return what a server counts of one request."""
    with serving({"/metrics": metrics}, web_config=server_config) as server:
        with contextlib.suppress(ssl.SSLError, ConnectionResetError, BrokenPipeError, ValueError):
            exchange(server, get("/metrics", "Connection: close"), context)
        return server.refused_logins


@pytest.mark.parametrize("version", ["TLS12", "TLS13"])
def test_refused_certificates_are_counted(tmp_path: Path, authority: Authority, version: str) -> None:
    verified = {
        "client_auth_type": "RequireAndVerifyClientCert",
        "client_ca_file": "authority.pem",
        "client_allowed_sans": "[prometheus.example]",
        "min_version": version,
        "max_version": version,
    }
    config = web_config(tmp_path, **verified)
    (tmp_path / "elsewhere").mkdir()
    stranger = Authority(tmp_path / "elsewhere", "stranger").issue("client", san="prometheus.example")
    unlisted = authority.issue("unlisted", san="other.example")
    for context in (
        client_context(authority),
        client_context(authority, stranger),
        client_context(authority, unlisted),
    ):
        assert refused(config, context) == {Refusal.CERTIFICATE: 1}
    listed = client_context(authority, authority.issue("listed", san="prometheus.example"))
    assert refused(config, listed) == {Refusal.CERTIFICATE: 0}
    # A client that trusts another authority ends the handshake itself.
    assert refused(config, ssl.create_default_context()) == {Refusal.CERTIFICATE: 0}
    assert refused(web_config(tmp_path), client_context(authority)) == {}


@pytest.mark.parametrize("version", ["TLS12", "TLS13"])
def test_requests_and_large_responses_go_through_tls(tmp_path: Path, authority: Authority, version: str) -> None:
    config = web_config(tmp_path, min_version=version, max_version=version)
    with (
        serving({"/metrics": metrics, "/large": lambda _: Response(body=LARGE)}, web_config=config) as server,
        connect(server, client_context(authority)) as client,
    ):
        assert isinstance(client, ssl.SSLSocket)
        assert str(client.version()).replace("v1.", "1") == version
        assert [ask(client, get()).body for _ in range(3)] == [BODY] * 3
        assert ask(client, get("/large")).body == LARGE
        assert ask(client, get(method="HEAD")).headers["content-length"] == str(len(BODY))


@pytest.mark.parametrize(
    ("server", "client"),
    [("CurveP256", "prime256v1"), ("CurveP384", "secp384r1"), ("CurveP521", "secp521r1"), ("X25519", "X25519")],
)
def test_a_preferred_curve_is_the_only_one(tmp_path: Path, authority: Authority, server: str, client: str) -> None:
    config = web_config(tmp_path, curve_preferences=f"[{server}]")
    for curve in {client, "prime256v1", "secp384r1"}:
        context = client_context(authority)
        context.set_ecdh_curve(curve)
        assert status(config, context) == (200 if curve == client else None)


@pytest.mark.parametrize(
    ("policy", "none", "good", "strange"),
    [
        ("NoClientCert", 200, 200, 200),
        ("RequestClientCert", 200, 200, 200),
        ("VerifyClientCertIfGiven", 200, 200, None),
        ("RequireAndVerifyClientCert", None, 200, None),
    ],
)
def test_client_certificates(  # one row of the table in the exporter-toolkit's documentation
    tmp_path: Path, authority: Authority, policy: str, none: int | None, good: int | None, strange: int | None
) -> None:
    verifies = policy.startswith(("Verify", "RequireAnd"))
    config = web_config(tmp_path, client_auth_type=policy, **({"client_ca_file": "authority.pem"} if verifies else {}))
    assert status(config, client_context(authority)) == none
    assert status(config, client_context(authority, authority.issue("client"))) == good
    (tmp_path / "elsewhere").mkdir()
    other = Authority(tmp_path / "elsewhere", "stranger").issue("client")
    assert status(config, client_context(authority, other)) == strange


def test_only_listed_names_are_accepted_in_a_client_certificate(tmp_path: Path, authority: Authority) -> None:
    config = web_config(
        tmp_path,
        client_auth_type="RequireAndVerifyClientCert",
        client_ca_file="authority.pem",
        client_allowed_sans="[prometheus.example]",
    )
    listed = authority.issue("listed", san="prometheus.example")
    assert status(config, client_context(authority, listed)) == 200
    assert status(config, client_context(authority, authority.issue("unlisted", san="other.example"))) is None


def test_a_new_certificate_is_served_without_a_restart(tmp_path: Path, authority: Authority) -> None:
    with serving({"/metrics": metrics}, web_config=web_config(tmp_path)) as server:
        context = client_context(authority)
        with connect(server, context) as old:
            assert ask(old, get()).status == 200
            first = _served(old)
            authority.issue("server")
            with connect(server, context) as new:
                assert ask(new, get()).status == 200
                assert _served(new) != first
            assert ask(old, get()).status == 200


def _served(client: socket.socket) -> bytes:
    assert isinstance(client, ssl.SSLSocket)
    certificate = client.getpeercert(binary_form=True)
    assert certificate is not None
    return certificate


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00\x01\x00"])
def test_the_handshake_is_part_of_the_time_to_a_head(tmp_path: Path, authority: Authority, sent: bytes) -> None:
    limits = replace(LIMITS, head_seconds=SHORT)
    with serving({"/metrics": metrics}, web_config=web_config(tmp_path), limits=limits) as server:
        with connect(server) as client:
            client.sendall(sent)
            assert is_closed(client)
        with connect(server, client_context(authority)) as client:
            assert is_closed(client)
        assert status_of(server.url, authority) == 200


def status_of(url: str, authority: Authority) -> int:
    """Return the status that another client than this test's own gets."""
    return requests.get(f"{url}/metrics", verify=str(authority.cert), timeout=240).status_code


def test_half_handshakes_do_not_delay_a_scrape(tmp_path: Path, authority: Authority) -> None:
    with serving({"/metrics": metrics}, web_config=web_config(tmp_path)) as server:
        clients = [connect(server) for _ in range(100)]
        for client in clients:
            client.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
        assert status_of(server.url, authority) == 200
        for client in clients:
            client.close()


def test_plain_http_is_told_to_use_https(tmp_path: Path, authority: Authority) -> None:
    with serving({"/metrics": metrics}, web_config=web_config(tmp_path)) as server, connect(server) as client:
        client.sendall(get())
        answer = read_all(client)
    assert answer.startswith(b"HTTP/1.0 400 ") and answer.endswith(b"use https.\n")


def test_noise_in_place_of_records_ends_the_connection_only(tmp_path: Path, authority: Authority) -> None:
    with serving({"/metrics": metrics}, web_config=web_config(tmp_path)) as server:
        for noise in (b"\0" * 100, b"\xff" * 20_000, b"\x16\x03\x01\x00\x05hello", b"\x17\x03\x03\x00\x05hello"):
            with connect(server) as client:
                client.sendall(noise)
                assert is_closed(client)
        assert status_of(server.url, authority) == 200


@pytest.mark.parametrize("is_cut_off", [False, True])
def test_a_slow_reader_of_a_tls_response_is_in_flight_until_it_is_cut_off(
    tmp_path: Path, authority: Authority, is_cut_off: bool
) -> None:
    limits = replace(LIMITS, requests=1, response_seconds=SHORT) if is_cut_off else replace(LIMITS, requests=1)
    routes = {"/metrics": metrics, "/large": lambda _: Response(body=LARGE)}
    with serving(routes, web_config=web_config(tmp_path), limits=limits) as server:
        context = client_context(authority)
        with connect(server, context) as slow, connect(server, context) as other:
            slow.sendall(get("/large"))
            if not is_cut_off:
                slow.recv(1)
                assert ask(other, get()).status == 503
                return
            until(lambda: ask(other, get()).status == 200, "the place of the slow reader")
            with pytest.raises((ssl.SSLError, AssertionError, ConnectionResetError)):
                assert len(read_all(slow)) >= len(LARGE)


def test_a_connection_whose_tls_cannot_be_set_up_is_closed_and_never_plain(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_self: WebConfigFile) -> WebConfig:
        raise OSError(errno.EMFILE, "Too many open files")

    with serving({"/metrics": metrics}, web_config=web_config(tmp_path)) as server:
        with monkeypatch.context() as patched:
            patched.setattr(WebConfigFile, "current", fail)
            with connect(server) as client:
                client.sendall(get())
                assert read_all(client) == b""
        [reply] = exchange(server, get("/metrics", "Connection: close"), client_context(authority))
        assert reply.body == BODY
    assert [record.getMessage() for record in caplog.records] == ["a client is not served: Too many open files"]
