"""Alertmanager's configuration and the templates of notifications, as this project's own stack has them."""

from pathlib import Path

import prometheus
from exporter.core.config import ConfigError

SOURCE = Path(prometheus.__file__).parent
"""Folder of both, in a clone as where the package is installed."""

FILES = ("alertmanager.yml", "templates/ecotrack.tmpl")

FOLDER = "alertmanager"
"""Folder below that of the rules: `rule_files` with `*.yml` would take Alertmanager's configuration for rules."""


def notification_files() -> dict[str, str]:
    """Return the files' texts by their paths below the folder of the rules. Raises ConfigError."""
    try:
        return {f"{FOLDER}/{name}": (SOURCE / name).read_text(encoding="utf-8") for name in FILES}
    except OSError as error:
        raise ConfigError([f"{error.filename}: cannot be read: {error.strerror}; install ecotrack anew"]) from error
