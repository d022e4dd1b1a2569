"""Requests to the servers of providers. Only the short-lived child process loads this."""

import os
from collections.abc import Mapping
from pathlib import Path

from exporter.core.fetching import fetch, secret_in
from exporter.core.no_answer import NoAnswerError
from exporter.intensity.reading import SECRET_VARIABLE, IntensityUnavailableError


class UrlWeb:
    """Requests by the standard library, with the secret that providers put into a header."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def get(self, url: str, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> bytes:
        """See `Web.get`."""
        try:
            return fetch(url, query, headers)
        except NoAnswerError as error:
            raise IntensityUnavailableError(str(error)) from error


def secret_of(secret_file: str) -> str:
    """Return what a file or else the environment holds, empty without both.

    Raises IntensityUnavailableError for a file that cannot be read, and for what is more than one line of text.
    """
    if secret_file:
        try:
            return secret_in(Path(secret_file))
        except NoAnswerError as error:
            raise IntensityUnavailableError(str(error)) from error
    secret = os.environ.get(SECRET_VARIABLE, "").strip()
    if not secret.isprintable():
        raise IntensityUnavailableError(f"{SECRET_VARIABLE} does not hold one line of text")
    return secret
