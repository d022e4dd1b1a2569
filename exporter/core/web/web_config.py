"""TLS, client certificates and passwords from a file in the exporter-toolkit's format.

Source of the format: https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
"""

import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from exporter.core.config import ConfigError, convert
from exporter.core.web.certificate import read_validity
from exporter.core.web.refusal import Refusal
from exporter.core.web.tls_context import TlsServerConfig, server_context
from exporter.core.web.validity import Validity

Stamp = tuple[int, int, int] | None
"""Modification time in ns, size in bytes and inode of a file; None where it is not there."""

_HEADERS = (
    "Content-Security-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
)

_BCRYPT = re.compile(r"\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")
"""Version, cost, 22 characters of salt and 31 of hash. The salt's last character carries two bits."""


class WebConfigError(ConfigError):
    """Web configuration that cannot be used; each line names file, key and what was expected."""


class _HttpServerConfig(msgspec.Struct, forbid_unknown_fields=True):
    # This server speaks HTTP/1.1, even where the file allows HTTP/2.
    http2: bool = True
    headers: dict[str, str] = {}


class _File(msgspec.Struct, forbid_unknown_fields=True):
    tls_server_config: TlsServerConfig = msgspec.field(default_factory=TlsServerConfig)
    http_server_config: _HttpServerConfig = msgspec.field(default_factory=_HttpServerConfig)
    # Checked by hand: no message may repeat what stands where a hash should be.
    basic_auth_users: Any = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """A checked web configuration.

    `stamps` holds the files it was read from, as they were then. `users` maps names to bcrypt hashes; without one,
    nobody is asked. `headers` (lower-case names) go on every response. `validity` is that of the certificate in
    `cert_file`, where it says.
    """

    path: Path
    stamps: Mapping[Path, Stamp]
    tls: ssl.SSLContext | None
    client_allowed_sans: frozenset[str]
    headers: Mapping[str, str]
    users: Mapping[str, bytes] = field(repr=False)
    cert_file: Path | None
    validity: Validity | None

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """The reasons for which a client may be refused: by its password where there are users, by its certificate."""
        by_password = (Refusal.MISSING, Refusal.WRONG, Refusal.UNCHECKED) if self.users else ()
        is_verified = self.tls is not None and self.tls.verify_mode is not ssl.CERT_NONE
        return (*by_password, Refusal.CERTIFICATE) if is_verified else by_password

    def concern(self, now: float) -> str:
        """Return what somebody has to know of the certificate at a time, in a line; empty for nothing."""
        told = "" if self.validity is None else self.validity.concern(now)
        return told and f"the certificate in {self.cert_file} {told}"

    def verdict(self, now: float) -> str:
        """Return what a check of the configuration says of it, in a line."""
        concern = self.concern(now)
        return f"{self.path}: can be used, but {concern}" if concern else f"{self.path}: good"


def load_web_config(path: Path) -> WebConfig:
    """Read and check the file and the certificates it names (relative to its folder).

    Raises WebConfigError.
    """
    from exporter.core.yaml_file import load_yaml  # noqa: PLC0415 - most of a MiB, for those who have a file

    stamps = file_stamps([path])
    try:
        parsed = convert(load_yaml(path), _File, origin=str(path))
        users = _users(parsed.basic_auth_users)
        headers = _headers(parsed.http_server_config.headers)
        tls = parsed.tls_server_config
        stamps |= file_stamps(path.parent / name for name in tls.files())
        # An empty section means no TLS, as in the exporter-toolkit.
        context = None if tls == TlsServerConfig() else server_context(tls, path.parent)
        cert_file = None if context is None else path.parent / tls.cert_file
        validity = None if cert_file is None else _validity(cert_file)
    except ConfigError as error:
        raise WebConfigError(error.mistakes) from error
    except ValueError as error:
        raise WebConfigError([f"{path}: {error}"]) from None
    return WebConfig(
        path=path,
        stamps=stamps,
        tls=context,
        client_allowed_sans=frozenset(tls.client_allowed_sans),
        headers=headers,
        users=users,
        cert_file=cert_file,
        validity=validity,
    )


def _validity(cert_file: Path) -> Validity | None:
    try:
        return read_validity(cert_file)
    except OSError as error:
        raise ValueError(
            f"tls_server_config.cert_file: expected a readable file: {cert_file}: {error.strerror}"
        ) from error


def file_stamps(paths: Iterable[Path]) -> dict[Path, Stamp]:
    """Return the modification time, size and inode of each file, without opening it; None for a missing file."""
    return {path: _stamp(path) for path in paths}


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _users(value: Any) -> dict[str, bytes]:
    if not isinstance(value, dict):
        raise ValueError(  # noqa: TRY004 - the file is wrong, not the program
            "basic_auth_users: expected a mapping of user names to bcrypt hashes"
        )
    users: dict[str, bytes] = {}
    for name, hashed in value.items():
        if not isinstance(name, str) or not name or ":" in name:
            raise ValueError("basic_auth_users: expected user names that are text without a colon (quote numbers)")
        if not isinstance(hashed, str) or not _BCRYPT.fullmatch(hashed):
            raise ValueError(f'basic_auth_users.{name}: expected a bcrypt hash such as "$2y$10$..."')
        users[name] = hashed.encode()
    return users


def _headers(given: Mapping[str, str]) -> dict[str, str]:
    for name, value in given.items():
        if name not in _HEADERS:
            raise ValueError(f"http_server_config.headers.{name}: expected one of {', '.join(_HEADERS)}")
        if not value.isascii() or not value.isprintable():
            raise ValueError(f"http_server_config.headers.{name}: expected printable ASCII text")
    return {name.lower(): value for name, value in given.items()}
