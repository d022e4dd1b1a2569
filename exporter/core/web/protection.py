"""TLS and credentials of a server with a web configuration; without one this module is not loaded."""

import asyncio
from collections.abc import Mapping

from exporter.core.web.authentication import BasicAuth, Verdict, load_bcrypt
from exporter.core.web.site import Request
from exporter.core.web.tls_stream import TlsStream
from exporter.core.web.validity import Validity
from exporter.core.web.web_config import WebConfig
from exporter.core.web.web_config_file import WebConfigFile


class Protection:
    """The web configuration in force, and the credentials that have been checked against it."""

    def __init__(self, config: WebConfig) -> None:
        self._file = WebConfigFile(config)
        self._auth = BasicAuth()
        if config.users:
            load_bcrypt()

    @property
    def validity(self) -> Validity | None:
        """The validity of the certificate in force; None without one. For any thread."""
        return self._file.validity

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of every response."""
        return self._file.current().headers

    def stream(self) -> TlsStream | None:
        """Return the server's side of a new connection; None where it is not TLS."""
        config = self._file.current()
        return None if config.tls is None else TlsStream(config.tls, config.client_allowed_sans)

    def check(self, request: Request, client: str) -> Verdict | asyncio.Future[Verdict]:
        """Return the verdict on a request from a client's address, or its future."""
        users = self._file.current().users
        return self._auth.check(request.headers.get("authorization"), users, client) if users else Verdict.GRANTED

    def close(self) -> None:
        """Give up all checks."""
        self._auth.close()
