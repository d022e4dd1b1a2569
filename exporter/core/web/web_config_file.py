"""The web configuration in force: read again when one of its files changes."""

import logging
import time

from exporter.core.logs import UNLIMITED
from exporter.core.web.refusal import Refusal
from exporter.core.web.validity import Validity
from exporter.core.web.web_config import WebConfig, WebConfigError, file_stamps, load_web_config

RETRY_SECONDS = 10.0
"""A bad file is tried again this often, since a file that it names may appear without it changing itself."""

logger = logging.getLogger(__name__)


class WebConfigFile:
    """Follower of the configuration, certificate, key and client-CA files; a bad new version changes nothing."""

    def __init__(self, config: WebConfig) -> None:
        self._config = config
        self._stamps = config.stamps
        self._retry_at: float | None = None
        self._complaint = ""
        self._concern = ""
        self._tell_of_certificate()

    @property
    def validity(self) -> Validity | None:
        """The validity of the certificate in force, without a look at the files."""
        return self._config.validity

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """The reasons for which the configuration in force refuses clients, without a look at the files."""
        return self._config.refusals

    def current(self) -> WebConfig:
        """Return the configuration in force, after a look at the files' times and sizes (a few microseconds)."""
        stamps = file_stamps(self._config.stamps)
        if stamps != self._stamps or (self._retry_at is not None and time.monotonic() >= self._retry_at):
            self._reload()
            self._stamps = stamps if self._complaint else self._config.stamps
        self._tell_of_certificate()
        return self._config

    def _reload(self) -> None:
        try:
            new = _successor(self._config)
        except WebConfigError as error:
            self._retry_at = time.monotonic() + RETRY_SECONDS
            if (told := "; ".join(error.mistakes)) != self._complaint:
                self._complaint = told
                complaint = "the web configuration changed and cannot be used; the old one stays: %s"
                logger.warning(complaint, told, extra=UNLIMITED)
            return
        self._config, self._retry_at, self._complaint = new, None, ""
        logger.info("%s: web configuration reloaded", new.path, extra=UNLIMITED)

    def _tell_of_certificate(self) -> None:
        """Warn once of a certificate that ends soon, once it has ended, and of one that is not valid yet."""
        concern = self._config.concern(time.time())
        if concern != self._concern:
            self._concern = concern
            if concern:
                logger.warning("%s", concern, extra=UNLIMITED)


def _successor(old: WebConfig) -> WebConfig:
    """Return the configuration that the files hold now.

    TLS cannot come or go, since clients know the server by its scheme. Passwords cannot go, so that a file caught
    empty, half-way through being written, opens nothing.
    """
    new = load_web_config(old.path)
    if (new.tls is None) is not (old.tls is None):
        raise WebConfigError(
            [f"{new.path}: tls_server_config: expected no change; turning TLS on or off needs a restart"]
        )
    if old.users and not new.users:
        raise WebConfigError([f"{new.path}: basic_auth_users: expected at least one; turning them off needs a restart"])
    return new
