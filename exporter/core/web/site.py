"""Answers to requests: routes, methods, the Host check and security headers. No sockets here."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
"""On every response unless a handler or the web configuration sets its own. The page's style is inline."""

_LOOPBACK_HOST = re.compile(r"(?:localhost\.?|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{0,5})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Head of a request. `path` is as sent (not percent-decoded) and without the query; header names are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


PLAIN_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Answer to a request. Length, date, connection and security headers are added; `headers` may replace the last."""

    status: int = 200
    content_type: str = PLAIN_TEXT
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


Handler = Callable[[Request], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Paths and their handlers. With `loopback_only`, names other than this machine's own loopback are refused."""

    routes: Mapping[str, Handler]
    loopback_only: bool

    def refuse(self, request: Request) -> Response | None:
        """Refuse a request that nobody is allowed: 403 for a strange Host, 405 for a method; None where it is allowed.

        Against DNS rebinding, a server on loopback answers only to loopback's names. Clients of HTTP/1.0 may send no
        Host; browsers, which rebinding needs, always do.
        """
        host = request.headers.get("host")
        if self.loopback_only and host is not None and not _LOOPBACK_HOST.fullmatch(host):
            return text(403, "This server listens on loopback and answers only to localhost, 127.0.0.1 or [::1].")
        if request.method not in ("GET", "HEAD"):
            return text(405, "Only GET and HEAD are answered here.", ("Allow", "GET, HEAD"))
        return None

    def respond(self, request: Request) -> Response:
        """Return the handler's response, or 404 for an unknown path."""
        handler = self.routes.get(request.path)
        return text(404, "There is nothing at this path.") if handler is None else handler(request)


def text(status: int, line: str, *headers: tuple[str, str]) -> Response:
    """Return a response of one line of plain text."""
    return Response(status=status, body=f"{line}\n".encode(), headers=headers)
