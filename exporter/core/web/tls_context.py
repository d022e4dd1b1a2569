"""An ssl.SSLContext from the `tls_server_config` section of a web configuration."""

import ssl
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

from exporter.core.regular_file import open_file

CIPHER_SUITES = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
}
"""Go's names of the TLS 1.2 suites with forward secrecy and AEAD, as OpenSSL calls them. TLS 1.3's own are always
on."""

_TLS13_SUITES = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")

_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    "RequestClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
"""The behaviour of Python's ssl for each of Go's policies. Nothing here would use a certificate that is requested but
not verified, so RequestClientCert asks for none. RequireAnyClientCert has no counterpart."""


_CURVES = {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1", "X25519": "X25519"}
"""Go's names of the curves, as OpenSSL calls them."""


class TlsServerConfig(msgspec.Struct, forbid_unknown_fields=True):
    """Keys of the section; file names are relative to the web configuration's folder."""

    cert_file: str = ""
    key_file: str = ""
    client_auth_type: str = "NoClientCert"
    client_ca_file: str = ""
    client_allowed_sans: list[str] = []
    min_version: str = "TLS12"
    max_version: str = "TLS13"
    cipher_suites: list[str] = []
    prefer_server_cipher_suites: bool = True
    curve_preferences: list[str] = []

    def files(self) -> Iterator[str]:
        """Return the names of the files to read."""
        return (name for name in (self.cert_file, self.key_file, self.client_ca_file) if name)


def server_context(config: TlsServerConfig, folder: Path) -> ssl.SSLContext:
    """Build the context for new connections; read its files now.

    Raises ValueError: `tls_server_config.KEY: expected ...`.
    """
    _check(config)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[config.min_version]
    context.maximum_version = _VERSIONS[config.max_version]
    context.options |= ssl.OP_NO_RENEGOTIATION
    if not config.prefer_server_cipher_suites:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if tls12 := [CIPHER_SUITES[name] for name in config.cipher_suites if name in CIPHER_SUITES]:
        context.set_ciphers(":".join(tls12))
    for curve in config.curve_preferences:
        context.set_ecdh_curve(_CURVES[curve])
    _load_certificate(context, folder / config.cert_file, folder / config.key_file)
    context.verify_mode = _CLIENT_AUTH[config.client_auth_type]
    if context.verify_mode is not ssl.CERT_NONE:
        _load_client_ca(context, folder / config.client_ca_file)
    return context


def _check(config: TlsServerConfig) -> None:
    """Refuse keys that do not fit together."""
    for key, name in (("cert_file", config.cert_file), ("key_file", config.key_file)):
        if not name:
            raise ValueError(f"tls_server_config.{key}: expected the name of a PEM file")
    if config.client_auth_type == "RequireAnyClientCert":
        raise ValueError(
            "tls_server_config.client_auth_type: expected RequireAndVerifyClientCert with client_ca_file;"
            " RequireAnyClientCert, a certificate that nobody verifies, is not possible with Python's TLS"
        )
    _check_known("client_auth_type", config.client_auth_type, _CLIENT_AUTH)
    _check_known("min_version", config.min_version, _VERSIONS)
    _check_known("max_version", config.max_version, _VERSIONS)
    for suite in config.cipher_suites:
        _check_known("cipher_suites", suite, (*CIPHER_SUITES, *_TLS13_SUITES))
    for curve in config.curve_preferences:
        _check_known("curve_preferences", curve, _CURVES)
    if len(config.curve_preferences) > 1:
        raise ValueError(
            "tls_server_config.curve_preferences: expected one curve, or none for OpenSSL's own choice;"
            " Python's TLS takes no list"
        )
    verifies = _CLIENT_AUTH[config.client_auth_type] is not ssl.CERT_NONE
    if verifies and not config.client_ca_file:
        raise ValueError(f"tls_server_config.client_ca_file: expected a PEM file, for {config.client_auth_type}")
    if not verifies and (config.client_ca_file or config.client_allowed_sans):
        raise ValueError(
            "tls_server_config.client_auth_type: expected VerifyClientCertIfGiven or RequireAndVerifyClientCert,"
            " since client_ca_file or client_allowed_sans is given"
        )
    if config.min_version > config.max_version:
        raise ValueError(f"tls_server_config.min_version: expected at most max_version ({config.max_version})")


def _check_known(key: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        raise ValueError(f'tls_server_config.{key}: expected one of {", ".join(known)}; got "{value}"')


def _load_certificate(context: ssl.SSLContext, cert_file: Path, key_file: Path) -> None:
    _check_readable("cert_file", cert_file)
    _check_readable("key_file", key_file)
    try:
        # Without a password given here, an encrypted key would be asked for on the terminal.
        context.load_cert_chain(cert_file, key_file, password="")
    except ssl.SSLError as error:
        wrong = error.reason or "not PEM, or encrypted"
        raise ValueError(
            f"tls_server_config.cert_file, key_file: expected a certificate in {cert_file} and its unencrypted key"
            f" in {key_file} ({wrong})"
        ) from error


def _load_client_ca(context: ssl.SSLContext, ca_file: Path) -> None:
    _check_readable("client_ca_file", ca_file)
    try:
        context.load_verify_locations(ca_file)
    except ssl.SSLError as error:
        raise ValueError(f"tls_server_config.client_ca_file: expected PEM certificates in {ca_file}") from error


def _check_readable(key: str, path: Path) -> None:
    try:
        open_file(path).close()
    except OSError as error:
        raise ValueError(f"tls_server_config.{key}: expected a readable file: {path}: {error.strerror}") from error
