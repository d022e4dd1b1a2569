"""Rules and dashboards as objects of Kubernetes, as the Prometheus operator and Grafana's sidecar look for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from prometheus.files import text_node

MANAGED = {"app.kubernetes.io/name": "ecotrack", "app.kubernetes.io/part-of": "ecotrack"}
"""Labels that say what an object belongs to; the names are those that Kubernetes recommends."""

DASHBOARD = {"grafana_dashboard": "1"}
"""Label by which the sidecar of Grafana's chart finds dashboards, unless it is told another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Namespace of the objects, of whoever applies them if empty, and labels by which an operator selects them."""

    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


def prometheus_rule(name: str, rule_file: str, place: Place) -> str:
    """Return a rule file as a PrometheusRule."""
    groups = yaml.safe_load(rule_file)["groups"]
    document = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": _metadata(name, place, {}),
        "spec": {"groups": groups},
    }
    return _dump(document)


def config_map(name: str, file: str, board: str, place: Place) -> str:
    """Return a board as a ConfigMap that holds its file."""
    document = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(name, place, DASHBOARD),
        "data": {file: board},
    }
    return _dump(document)


def secret(name: str, texts: Mapping[str, str], place: Place) -> str:
    """Return texts as a Secret, which whoever applies it can still read and edit."""
    document = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": _metadata(name, place, {}),
        "stringData": dict(texts),
    }
    return _dump(document)


def helm_values(values: Mapping[str, Any]) -> str:
    """Return values of a chart, which are no object, as their file."""
    return _dump(values)


def _metadata(name: str, place: Place, labels: Mapping[str, str]) -> dict[str, object]:
    namespace = {"namespace": place.namespace} if place.namespace else {}
    return {"name": name, **namespace, "labels": {**MANAGED, **labels, **place.labels}}


class _Dumper(yaml.SafeDumper):
    """YAML dumper that writes texts of several lines as literal blocks."""


_Dumper.add_representer(str, text_node)


def _dump(document: Mapping[str, Any]) -> str:
    # A line of a literal block is never broken; the width concerns texts of one line.
    return f"---\n{yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)}"
