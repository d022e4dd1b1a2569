"""Requests to the servers of providers. Only the short-lived child process loads this."""

import os
import stat
from collections.abc import Mapping
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from exporter.core.units import Seconds
from exporter.intensity.reading import SECRET_VARIABLE, IntensityUnavailableError
from exporter.sources.sysfs import opened

SILENCE = Seconds(10.0)
"""Time for which a server may say nothing. Judgement: busy public servers take some seconds."""

MOST_BYTES = 1_000_000
"""Size up to which an answer is read. Judgement: two days of half-hours with their fuels are 50 kB."""

MOST_SECRET_BYTES = 16_384
"""Size up to which a file with a secret is read. Judgement: the longest tokens in use are a few thousand bytes."""


class _Redirections(HTTPRedirectHandler):
    """Redirections to http and https alone, and from https to nothing weaker."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """Return the request that follows; None where it is not to be made."""
        if urlsplit(newurl).scheme not in {"https", req.type}:
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class UrlWeb:
    """Requests by the standard library, which heeds the proxies and certificates of the environment."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def get(self, url: str, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> bytes:
        """See `Web.get`. What is redirected to another server comes there without the headers given here."""
        request = Request(f"{url}?{urlencode(query)}" if query else url, headers={"User-Agent": "ecotrack"})  # noqa: S310 - the configuration allows http and https only
        for name, value in (headers or {}).items():
            if not value.isascii():
                raise IntensityUnavailableError("the token holds letters that cannot be sent")
            request.add_unredirected_header(name, value)
        host = urlsplit(url).hostname
        try:
            with build_opener(_Redirections).open(request, timeout=SILENCE) as response:
                content: bytes = response.read(MOST_BYTES + 1)
                missing = response.length
        except HTTPError as error:
            error.close()
            raise IntensityUnavailableError(f"{host} answers with status {error.code}") from error
        except (OSError, HTTPException, ValueError) as error:  # the last for an address that is none, redirected to
            inner = getattr(error, "reason", None)
            reason = inner if isinstance(inner, Exception) else error
            told = "no answer in time" if isinstance(reason, TimeoutError) else getattr(reason, "strerror", None)
            raise IntensityUnavailableError(f"{host}: {told or type(reason).__name__}") from error
        if len(content) > MOST_BYTES:
            raise IntensityUnavailableError(f"{host} says more than {MOST_BYTES} bytes")
        if missing:
            raise IntensityUnavailableError(f"{host} ends before its answer does")
        return content


def secret_of(secret_file: str) -> str:
    """Return what a file or else the environment holds, empty without both.

    Raises IntensityUnavailableError for a file that cannot be read, and for what is more than one line of text.
    """
    secret = _content(Path(secret_file)) if secret_file else os.environ.get(SECRET_VARIABLE, "").strip()
    if not secret.isprintable() or (secret_file and not secret):
        raise IntensityUnavailableError(f"{secret_file or SECRET_VARIABLE} does not hold one line of text")
    return secret


def _content(path: Path) -> str:
    """Return the text of a file, which a program for Windows may have begun with a byte order mark."""
    try:
        with opened(path) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise IntensityUnavailableError(f"{path} is not a file")
            return file.read(MOST_SECRET_BYTES).decode("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise IntensityUnavailableError(f"{path} cannot be read: {reason}") from error
