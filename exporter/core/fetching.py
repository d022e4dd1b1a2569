"""Requests to servers outside, and the secrets sent with them. Only a short-lived child process loads this."""

from collections.abc import Mapping
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from exporter.core.host import is_this_machine
from exporter.core.no_answer import NoAnswerError
from exporter.core.regular_file import open_file
from exporter.core.units import Seconds

SILENCE = Seconds(10.0)
"""Time for which a server may say nothing. Judgement: busy public servers take some seconds."""

MOST_BYTES = 1_000_000
"""Size up to which an answer is read. Judgement: two days of half-hours with their fuels are 50 kB."""

MOST_SECRET_BYTES = 16_384
"""Size up to which a file with a secret is read. Judgement: the longest tokens in use are a few thousand bytes."""

LONGEST_REST = Seconds(1e8)
"""Time from which on a time to rest is none: three years. Judgement: whoever means that long does not want to be asked
again."""


class _Redirections(HTTPRedirectHandler):
    """Redirections to http and https alone, and from https to nothing weaker."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """Return the request that follows; None where it is not to be made."""
        if urlsplit(newurl).scheme not in {"https", req.type}:
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Proxies(ProxyHandler):
    """The proxies of the environment, which get nothing that goes to this machine: it may be a secret, by http."""

    def proxy_open(self, req: Request, proxy: str, type: str) -> Any:
        """Return the answer by a proxy; None where the request goes without one."""
        host = urlsplit(req.full_url).hostname or ""
        return None if is_this_machine(host) else super().proxy_open(req, proxy, type)


class RefusedError(NoAnswerError):
    """An answer with a status that tells of no content; `retry_after` is the time for which a server wants to rest."""

    def __init__(self, message: str, retry_after: Seconds | None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def fetch(url: str, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> bytes:
    """Return what stands at an address, http or https, by the proxies and certificates of the environment.

    What is redirected to another server comes there without the headers given here. Raises NoAnswerError, which names
    the server and the status, and nothing that was sent.
    """
    request = Request(f"{url}?{urlencode(query)}" if query else url, headers={"User-Agent": "ecotrack"})  # noqa: S310 - the configuration allows http and https only
    for name, value in (headers or {}).items():
        if not value.isascii():
            raise NoAnswerError("the token holds letters that cannot be sent")
        request.add_unredirected_header(name, value)
    host = urlsplit(url).hostname
    try:
        with build_opener(_Redirections, _Proxies).open(request, timeout=SILENCE) as response:
            content: bytes = response.read(MOST_BYTES + 1)
            missing = response.length
    except HTTPError as error:
        error.close()
        raise RefusedError(f"{host} answers with status {error.code}", _retry_after(error.headers)) from error
    except (OSError, HTTPException, ValueError) as error:  # the last for an address that is none, redirected to
        inner = getattr(error, "reason", None)
        reason = inner if isinstance(inner, Exception) else error
        told = "no answer in time" if isinstance(reason, TimeoutError) else getattr(reason, "strerror", None)
        raise NoAnswerError(f"{host}: {told or type(reason).__name__}") from error
    if len(content) > MOST_BYTES:
        raise NoAnswerError(f"{host} says more than {MOST_BYTES} bytes")
    if missing:
        raise NoAnswerError(f"{host} ends before its answer does")
    return content


def _retry_after(headers: Message) -> Seconds | None:
    """Return the seconds of the header Retry-After; a date counts from that of the answer, since clocks differ."""
    told = headers.get("Retry-After", "").strip()
    if told.isascii() and told.isdecimal():
        rest = float(told)
    else:
        try:
            rest = (parsedate_to_datetime(told) - parsedate_to_datetime(headers["Date"])).total_seconds()
        except (ArithmeticError, LookupError, TypeError, ValueError):  # what is no date, or is none of this calendar
            return None
    return Seconds(rest) if 0.0 <= rest < LONGEST_REST else None


def secret_in(path: Path) -> str:
    """Return the one line of text in a file, which a program for Windows may have begun with a byte order mark.

    Raises NoAnswerError for a file that cannot be read, and for what is not one line of text.
    """
    try:
        with open_file(path) as file:
            secret = file.read(MOST_SECRET_BYTES).decode("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise NoAnswerError(f"{path} cannot be read: {reason}") from error
    if not secret or not secret.isprintable():
        raise NoAnswerError(f"{path} does not hold one line of text")
    return secret
