"""Alertmanager's configuration and the templates of notifications, as this project's own stack has them."""

from collections.abc import Mapping
from pathlib import Path

import prometheus
from exporter.core.config import ConfigError
from exporter.stack.kubernetes import Place, helm_values, secret

SOURCE = Path(prometheus.__file__).parent
"""Folder of both, in a clone as where the package is installed."""

FILES = ("alertmanager.yml", "templates/ecotrack.tmpl")

FOLDER = "alertmanager"
"""Folder below that of the rules: `rule_files` with `*.yml` would take Alertmanager's configuration for rules."""

OBJECT = "ecotrack-alertmanager"
"""Name of the Secret, which the key `configSecret` of an Alertmanager of the operator names."""

MOUNTED = "/etc/alertmanager/config"
"""Folder of the pod in which the Prometheus operator mounts all keys of the Secret; it writes the configuration that
Alertmanager reads to another one, `config_out`, so that a relative path of templates finds none."""

HEADER = f"""\
# Routing of the alerts of ecotrack. As it is, it notifies nobody: take the "# " away before an integration of the
# receiver "device", and fill in its address. Other keys of this Secret are files of {MOUNTED}, such as those
# that hold an address or a password. In a configuration that other alerts share, put the route below your own as one of
# its `routes`, with `matchers: ['alertname =~ "Eco(track|chain).+"']`, and copy the inhibition rules and receivers.

"""


def notification_files(place: Place | None) -> dict[str, str]:
    """Return the files' texts by their paths below the folder of the rules. Raises ConfigError."""
    try:
        shipped = {name: (SOURCE / name).read_text(encoding="utf-8") for name in FILES}
    except OSError as error:
        raise ConfigError([f"{error.filename}: cannot be read: {error.strerror}; install ecotrack anew"]) from error
    texts = shipped if place is None else _of_the_operator(shipped, place)
    return {f"{FOLDER}/{name}": text for name, text in texts.items()}


def _of_the_operator(shipped: Mapping[str, str], place: Place) -> dict[str, str]:
    """Return both as the Prometheus operator wants them, and the templates as values of kube-prometheus-stack."""
    configuration, templates = (shipped[name] for name in FILES)
    body = configuration.partition("---\n")[2]
    moved = body.replace("/etc/alertmanager/", f"{MOUNTED}/").replace("[templates/*.tmpl]", f"[{MOUNTED}/*.tmpl]")
    flat = {"ecotrack.tmpl": templates}
    return {
        "secret.yaml": secret(OBJECT, {"alertmanager.yaml": HEADER + moved, **flat}, place),
        "values.yaml": helm_values({"alertmanager": {"templateFiles": flat}}),
    }
