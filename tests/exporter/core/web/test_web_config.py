"""The content of a web configuration, and the refusal of a wrong one."""

import os
import ssl
import time
from datetime import timedelta
from pathlib import Path

import bcrypt
import pytest

from exporter.core.web.certificate import read_validity
from exporter.core.web.tls_context import CIPHER_SUITES
from exporter.core.web.web_config import WebConfigError, load_web_config
from exporter.core.web.web_config_file import WebConfigFile
from tests.exporter.core.web.certificates import Authority, Pair

HASH = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the certificates that the configurations below name."""
    folder = tmp_path_factory.mktemp("web")
    authority = Authority(folder)
    authority.issue("server")
    authority.issue("other")
    authority.issue("locked", password=b"x")
    (folder / "empty.pem").touch()
    return folder


def write(folder: Path, text: str) -> Path:
    path = folder / "web.yml"
    path.write_text(text)
    return path


def test_an_empty_file_asks_for_nothing(folder: Path) -> None:
    config = load_web_config(write(folder, ""))
    assert (config.tls, config.users, config.headers) == (None, {}, {})


def test_every_key_of_the_format_that_is_supported(folder: Path) -> None:
    config = load_web_config(
        write(
            folder,
            f"""
            tls_server_config:
              cert_file: server.crt
              key_file: {folder}/server.key
              client_auth_type: RequireAndVerifyClientCert
              client_ca_file: authority.pem
              client_allowed_sans: [prometheus]
              min_version: TLS12
              max_version: TLS13
              cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]
              prefer_server_cipher_suites: false
            http_server_config:
              http2: false
              headers: {{X-Frame-Options: deny}}
            basic_auth_users: {{alice: "{HASH}"}}
            """,
        )
    )
    assert config.tls is not None and config.tls.verify_mode is ssl.CERT_REQUIRED
    tls12 = {suite["name"] for suite in config.tls.get_ciphers() if suite["protocol"] != "TLSv1.3"}
    assert tls12 == {"ECDHE-RSA-AES128-GCM-SHA256"}
    assert config.headers == {"x-frame-options": "deny"}
    assert config.users == {"alice": HASH.encode()}
    assert config.client_allowed_sans == {"prometheus"}
    assert HASH not in repr(config)


def test_openssl_knows_every_suite_by_the_name_given() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(":".join(CIPHER_SUITES.values()))
    assert set(CIPHER_SUITES.values()) <= {suite["name"] for suite in context.get_ciphers()}


PAIR = "cert_file: server.crt, key_file: server.key"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tls_server_config: {cert_file: server.crt}", "tls_server_config.key_file: expected the name of a PEM file"),
        ("tls_server_config: {key_file: server.key}", "tls_server_config.cert_file: expected the name of a PEM file"),
        ("tls_server_config: {cert: x}", "tls_server_config.cert: unknown key; known here: cert_file"),
        ("tls_server_config: {cert_file: 1}", "tls_server_config.cert_file: expected text, got 1"),
        ("tls_server_config: {cert_file: no.crt, key_file: server.key}", "cert_file: expected a readable file"),
        ("tls_server_config: {cert_file: empty.pem, key_file: server.key}", "expected a certificate in"),
        ("tls_server_config: {cert_file: other.crt, key_file: server.key}", "KEY_VALUES_MISMATCH"),
        ("tls_server_config: {cert_file: locked.crt, key_file: locked.key}", "its unencrypted key"),
        (f"tls_server_config: {{{PAIR}, client_auth_type: RequireAnyClientCert}}", "is not possible with Python's TLS"),
        (
            f"tls_server_config: {{{PAIR}, client_auth_type: Require}}",
            "client_auth_type: expected one of NoClientCert,",
        ),
        (
            f"tls_server_config: {{{PAIR}, client_auth_type: RequireAndVerifyClientCert}}",
            "client_ca_file: expected a PEM",
        ),
        (f"tls_server_config: {{{PAIR}, client_ca_file: authority.pem}}", "client_auth_type: expected Verify"),
        (
            f"tls_server_config: {{{PAIR}, client_auth_type: VerifyClientCertIfGiven, client_ca_file: empty.pem}}",
            "client_ca_file: expected PEM certificates in",
        ),
        (
            f"tls_server_config: {{{PAIR}, min_version: TLS10}}",
            'min_version: expected one of TLS12, TLS13; got "TLS10"',
        ),
        (f"tls_server_config: {{{PAIR}, min_version: TLS13, max_version: TLS12}}", "min_version: expected at most"),
        (f"tls_server_config: {{{PAIR}, cipher_suites: [RC4]}}", "cipher_suites: expected one of TLS_ECDHE_"),
        (f"tls_server_config: {{{PAIR}, curve_preferences: [P256]}}", "curve_preferences: expected one of CurveP256, "),
        (
            f"tls_server_config: {{{PAIR}, curve_preferences: [X25519, CurveP256]}}",
            "curve_preferences: expected one curve, or none for OpenSSL's own choice; Python's TLS takes no list",
        ),
        ("http_server_config: {headers: {Server: x}}", "http_server_config.headers.Server: expected one of"),
        ('http_server_config: {headers: {X-Frame-Options: "a\\nb"}}', "X-Frame-Options: expected printable ASCII"),
        ("basic_auth_user: {}", "basic_auth_user: unknown key; known here: tls_server_config"),
        ("basic_auth_users: [hunter2]", "basic_auth_users: expected a mapping"),
        ("basic_auth_users: {alice: hunter2}", "basic_auth_users.alice: expected a bcrypt hash"),
        (f"basic_auth_users: {{alice: $2b$10${'x' * 53}}}", "basic_auth_users.alice: expected a bcrypt hash"),
        ("basic_auth_users: {1: hunter2}", "basic_auth_users: expected user names"),
        ('basic_auth_users: {"a:b": hunter2}', "basic_auth_users: expected user names"),
        ("basic_auth_users: {a: hunter2, a: hunter2}", "the key 'a' appears twice"),
        ("basic_auth_users: {a: hunter2", "is not valid YAML"),
        ("- hunter2", "expected a mapping"),
    ],
)
def test_a_mistake_is_one_line_with_file_key_and_expectation(folder: Path, text: str, expected: str) -> None:
    path = write(folder, text)
    with pytest.raises(WebConfigError) as caught:
        load_web_config(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and expected in message
    assert "\n" not in message and "hunter2" not in message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WebConfigError, match=r"none\.yml: cannot be read: No such file or directory"):
        load_web_config(tmp_path / "none.yml")


def touch_later(path: Path) -> None:
    """Make sure that the file's time differs, however coarse the file system's clock is."""
    later = path.stat().st_mtime_ns + 10**9
    os.utime(path, ns=(later, later))


def test_a_changed_file_takes_effect_and_a_bad_one_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path, "")
    file = WebConfigFile(load_web_config(path))
    first = file.current()
    assert file.current() is first
    write(tmp_path, f'basic_auth_users: {{alice: "{HASH}"}}')
    good = file.current()
    assert good.users == {"alice": HASH.encode()}
    write(tmp_path, "basic_auth_users: {alice: hunter2}")
    assert [file.current() for _ in range(3)] == [good] * 3
    write(tmp_path, "")
    assert file.current() is good
    path.unlink()
    assert file.current() is good
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 3
    assert "bcrypt hash" in messages[0] and "needs a restart" in messages[1] and "cannot be read" in messages[2]
    assert "hunter2" not in caplog.text
    write(tmp_path, f'basic_auth_users: {{bob: "{HASH}"}}')
    assert file.current().users == {"bob": HASH.encode()}


def test_certificate_and_key_may_be_replaced_one_after_the_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    authority = Authority(tmp_path)
    old, new = authority.issue("server"), authority.issue("new")
    path = write(tmp_path, "tls_server_config: {cert_file: server.crt, key_file: server.key}")
    file = WebConfigFile(load_web_config(path))
    before = file.current()
    _replace(old, new, "cert")
    assert file.current() is before
    _replace(old, new, "key")
    assert file.current() is not before
    assert len(caplog.records) == 1


def _replace(old: Pair, new: Pair, part: str) -> None:
    target: Path = getattr(old, part)
    target.write_bytes(getattr(new, part).read_bytes())
    touch_later(target)


@pytest.mark.parametrize(
    ("valid", "told"),
    [
        ((timedelta(days=-9), timedelta(days=-2)), "expired on "),
        ((timedelta(days=2), timedelta(days=9)), "is not valid before "),
        ((timedelta(days=-351), timedelta(days=13, hours=12)), "expires on "),
    ],
)
def test_a_certificate_out_of_date_is_told_by_a_check_and_once_by_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, valid: tuple[timedelta, timedelta], told: str
) -> None:
    caplog.set_level("INFO")
    authority = Authority(tmp_path)
    pair, good = authority.issue("server", valid=valid), authority.issue("good")
    path = write(tmp_path, "tls_server_config: {cert_file: server.crt, key_file: server.key}")
    config = load_web_config(path)
    expected = f"the certificate in {pair.cert} {told}"
    assert config.verdict(time.time()).startswith(f"{path}: can be used, but {expected}")
    file = WebConfigFile(config)
    assert [file.current() for _ in range(3)] == [config] * 3
    [record] = caplog.records
    assert record.levelname == "WARNING" and record.getMessage().startswith(expected)
    _replace(pair, good, "cert")
    _replace(pair, good, "key")
    assert file.current().verdict(time.time()) == f"{path}: good"
    assert file.validity == read_validity(good.cert)
    assert [record.getMessage() for record in caplog.records[1:]] == [f"{path}: web configuration reloaded"]


@pytest.mark.parametrize("starts_with_tls", [True, False])
def test_tls_cannot_come_or_go_without_a_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, starts_with_tls: bool
) -> None:
    Authority(tmp_path).issue("server")
    texts = ["tls_server_config: {cert_file: server.crt, key_file: server.key}", ""]
    before, after = texts if starts_with_tls else reversed(texts)
    file = WebConfigFile(load_web_config(write(tmp_path, before)))
    write(tmp_path, after)
    assert (file.current().tls is not None) is starts_with_tls
    assert "needs a restart" in caplog.text
