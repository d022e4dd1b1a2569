"""TLS and credentials of a server with a web configuration; without one this module is not loaded."""

import asyncio
from collections.abc import Mapping

from exporter.core.web.authentication import BasicAuth, Verdict, load_bcrypt
from exporter.core.web.refusal import Refusal
from exporter.core.web.site import Request
from exporter.core.web.tls_stream import TlsStream
from exporter.core.web.validity import Validity
from exporter.core.web.web_config import WebConfig
from exporter.core.web.web_config_file import WebConfigFile


class Protection:
    """The web configuration in force, the credentials that have been checked against it, and the count of refusals."""

    def __init__(self, config: WebConfig) -> None:
        self._file = WebConfigFile(config)
        self._auth = BasicAuth()
        self._refused = dict.fromkeys(Refusal, 0)
        if config.users:
            load_bcrypt()

    @property
    def validity(self) -> Validity | None:
        """The validity of the certificate in force; None without one. For any thread."""
        return self._file.validity

    @property
    def refused_logins(self) -> Mapping[Refusal, int]:
        """Logins that were refused, by each reason for which the configuration in force may refuse. For any thread."""
        return {reason: self._refused[reason] for reason in self._file.refusals}

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of every response."""
        return self._file.current().headers

    def stream(self) -> TlsStream | None:
        """Return the server's side of a new connection; None where it is not TLS."""
        config = self._file.current()
        return (
            None if config.tls is None else TlsStream(config.tls, config.client_allowed_sans, self._refuse_certificate)
        )

    def check(self, request: Request, client: str) -> Verdict | asyncio.Future[Verdict]:
        """Return the verdict on a request from a client's address, or its future."""
        users = self._file.current().users
        if not users:
            return Verdict.GRANTED
        found = self._auth.check(request.headers.get("authorization"), users, client)
        if isinstance(found, asyncio.Future):
            # Also where the client does not wait for the answer.
            found.add_done_callback(self._count_found)
        else:
            self._count(found)
        return found

    def close(self) -> None:
        """Give up all checks."""
        self._auth.close()

    def _count_found(self, found: asyncio.Future[Verdict]) -> None:
        if not found.cancelled() and found.exception() is None:
            self._count(found.result())

    def _count(self, verdict: Verdict) -> None:
        if verdict.value is not None:
            self._refused[verdict.value] += 1

    def _refuse_certificate(self) -> None:
        self._refused[Refusal.CERTIFICATE] += 1
