"""Requests to the servers of providers. Only the short-lived child process loads this."""

import os
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

from exporter.core.units import Seconds
from exporter.intensity.reading import SECRET_VARIABLE, IntensityUnavailableError

SILENCE = Seconds(10.0)
"""Time for which a server may say nothing. Judgement: busy public servers take some seconds."""

MOST_BYTES = 1_000_000
"""Size up to which an answer is read. Judgement: two days of half-hours with their fuels are 50 kB."""


class UrlWeb:
    """Requests by the standard library, which heeds the proxies and certificates of the environment."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def get(self, url: str, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> bytes:
        """See `Web.get`. What is redirected to another server comes there without the headers given here."""
        request = Request(f"{url}?{urlencode(query)}" if query else url, headers={"User-Agent": "ecotrack"})  # noqa: S310 - the configuration allows http and https only
        for name, value in (headers or {}).items():
            request.add_unredirected_header(name, value)
        host = urlsplit(url).hostname
        try:
            with urlopen(request, timeout=SILENCE) as response:  # noqa: S310 - as above
                content: bytes = response.read(MOST_BYTES + 1)
        except HTTPError as error:
            error.close()
            raise IntensityUnavailableError(f"{host} answers with status {error.code}") from error
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            told = "no answer in time" if isinstance(reason, TimeoutError) else getattr(reason, "strerror", None)
            raise IntensityUnavailableError(f"{host}: {told or type(reason).__name__}") from error
        if len(content) > MOST_BYTES:
            raise IntensityUnavailableError(f"{host} says more than {MOST_BYTES} bytes")
        return content


def secret_of(secret_file: str) -> str:
    """Return what a file or else the environment holds, empty without both. Raises IntensityUnavailableError."""
    if not secret_file:
        return os.environ.get(SECRET_VARIABLE, "").strip()
    try:
        return Path(secret_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise IntensityUnavailableError(f"{secret_file} cannot be read: {reason}") from error
