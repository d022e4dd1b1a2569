"""Rules as PrometheusRules and boards as ConfigMaps, as the Prometheus operator and Grafana's sidecar take them."""

import shutil
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.cli import main
from exporter.stack import flags
from exporter.stack.rules import LEADS_NOWHERE, USUAL_GRAFANA
from tests.exporter.stack.test_dashboards import COMMITTED as BOARDS
from tests.exporter.stack.test_rules import COMMITTED as RULES
from tests.exporter.stack.test_rules import TEXT, written
from tests.kubernetes.published import objections

LARGEST_BYTES = 1_048_576
"""Bytes that a ConfigMap holds at most (Kubernetes, "ConfigMaps"): 1 MiB."""

DURATION = "^(0|([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$"
NAME = "[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
METADATA = {
    "type": "object",
    "required": ["name", "labels"],
    "additionalProperties": False,
    "properties": {
        "name": {"pattern": "^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$"},
        "namespace": {"pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"},
        "labels": {
            "type": "object",
            "propertyNames": {"pattern": f"^([a-z0-9][a-z0-9.-]*[a-z0-9]/)?{NAME}$"},
            "additionalProperties": {"type": "string", "pattern": f"^({NAME})?$"},
        },
    },
}
RULE = {
    "type": "object",
    "required": ["expr"],
    "additionalProperties": False,
    "oneOf": [{"required": ["record"]}, {"required": ["alert"]}],
    "properties": {
        "record": {"type": "string"},
        "alert": {"type": "string"},
        "expr": {"type": "string"},
        "for": {"type": "string", "pattern": DURATION},
        "keep_firing_for": {"type": "string", "pattern": DURATION, "minLength": 1},
        "labels": TEXTS,
        "annotations": TEXTS,
    },
}
GROUP = {
    "type": "object",
    "required": ["name", "rules"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "interval": {"type": "string", "pattern": DURATION},
        "rules": {"type": "array", "items": RULE},
    },
}
PROMETHEUS_RULE = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "additionalProperties": False,
    "properties": {
        "apiVersion": {"const": "monitoring.coreos.com/v1"},
        "kind": {"const": "PrometheusRule"},
        "metadata": METADATA,
        "spec": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"groups": {"type": "array", "items": GROUP}},
        },
    },
}
"""Schema of the operator's definition (0.82, monitoring.coreos.com_prometheusrules), as far as Prometheus 2.42 goes."""

CONFIG_MAP = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "data"],
    "additionalProperties": False,
    "properties": {
        "apiVersion": {"const": "v1"},
        "kind": {"const": "ConfigMap"},
        "metadata": METADATA,
        "data": {"type": "object", "propertyNames": {"pattern": "^[-._a-zA-Z0-9]{1,253}$"}} | TEXTS,
    },
}


def objects(folder: str) -> dict[str, Any]:
    return {name: yaml.safe_load(text) for name, text in written(folder).items()}


@pytest.mark.slow
def test_a_prometheus_rule_has_the_groups_of_its_file() -> None:
    flagged = ["--namespace=monitoring", "--label=release=prometheus", "--label=example.org/team=a"]
    assert main(["rules", "--output", "o", "--kubernetes", *flagged]) == 0
    found = objects("o")
    assert found.keys() == RULES.keys()
    for name, one in found.items():
        jsonschema.validate(one, PROMETHEUS_RULE)
        assert one["spec"] == yaml.safe_load(RULES[name])
        assert one["metadata"]["name"] == Path(name).stem
        assert one["metadata"]["namespace"] == "monitoring"
        assert one["metadata"]["labels"].items() >= {"release": "prometheus", "example.org/team": "a"}.items()


@pytest.mark.parametrize(
    ("flagged", "is_told"),
    [
        (["--kubernetes"], True),
        (["--kubernetes", "--grafana-url=https://grafana.test"], False),
        (["--grafana-url=https://grafana.test"], False),
        ([], False),
    ],
)
def test_alerts_of_a_cluster_that_lead_to_no_grafana_are_told(
    capsys: pytest.CaptureFixture[str], flagged: list[str], is_told: bool
) -> None:
    assert main(["rules", "--output=o", "--only=ecochain", *flagged]) == 0
    assert capsys.readouterr().err == (f"ecotrack: {LEADS_NOWHERE}\n" if is_told else "")
    leads = {line.strip() for text in written("o").values() for line in text.splitlines() if USUAL_GRAFANA in line}
    assert bool(leads) is (flagged in ([], ["--kubernetes"]))


@pytest.mark.slow
def test_a_config_map_holds_the_file_of_its_board_and_is_found_by_its_label() -> None:
    assert main(["dashboards", "--output", "o", "--kubernetes"]) == 0
    found = objects("o")
    held: dict[str, str] = {}
    for name, one in found.items():
        jsonschema.validate(one, CONFIG_MAP)
        assert f"{one['metadata']['name']}.yml" == name
        assert one["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert "namespace" not in one["metadata"]
        assert sum(map(len, one["data"].values())) < LARGEST_BYTES
        held |= one["data"]
    assert held == BOARDS
    assert "ecotrack-device-carbon.yml" in found
    assert "ecochain-edge-cluster.yml" in found


@pytest.mark.servers
@pytest.mark.slow
def test_the_types_of_the_operator_and_of_kubernetes_accept_every_object() -> None:
    """The schema above forbids keys that are unknown; these know which Prometheus and Kubernetes have since then."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed: `make test` installs it from Debian's packages as root")
    flagged = ["--kubernetes", "--namespace=monitoring", "--label=example.org/team=a"]
    assert main(["rules", "--output=rules", *flagged]) == 0
    assert main(["dashboards", "--output=boards", *flagged]) == 0
    found = [*objects("rules").values(), *objects("boards").values()]
    assert objections(found) == [""] * len(found)
    rule, board = next(iter(objects("rules").values())), next(iter(objects("boards").values()))
    rule["spec"]["groups"][0]["rules"][0]["for"] = "5 minutes"
    board["data"]["x.json"] = {}
    wrong = objections([rule, board])
    assert "groups/0/rules/0/for must match pattern" in wrong[0]
    assert "must be string" in wrong[1]


@given(TEXT | st.from_regex(r"[a-z.]{1,9}(/[a-z]+)?=[a-z.-]{0,70}", fullmatch=True), st.just("") | TEXT)
@example("a=" + 64 * "b", "")
@example(64 * "a" + "=b", "")
@example("a=b", 64 * "n")
def test_labels_and_namespaces_are_refused_or_hold_in_kubernetes(label: str, namespace: str) -> None:
    try:
        key, value = flags.label_pair(label)
        name = flags.namespace(namespace or "n")
    except ArgumentTypeError:
        return
    jsonschema.validate({"name": "x", "namespace": name, "labels": {key: value}}, METADATA)
    assert f"{key}={value}" == label
