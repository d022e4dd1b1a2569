"""Prometheus's configuration for the native stack: the committed one, with targets on loopback."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import yaml

GRAFANA = "http://localhost:3000/"
"""Address of Grafana that the committed rules lead to."""

OWN_PAGE = "http://{{ $labels.instance }}/"
"""Page of an alert's exporter or simulator, which answers where no Grafana does."""


class TargetGroup(TypedDict):
    """Entry of a targets file; Prometheus calls it a static config."""

    targets: list[str]
    labels: NotRequired[dict[str, str]]


def write_native_configuration(source: Path, folder: Path, addresses: Mapping[str, Sequence[str]]) -> None:
    """Copy prometheus.yml, rules and targets from the repository's prometheus folder into `folder`.

    Targets are `SERVICE:PORT` names of Compose. `addresses` gives the `host:port` of each service, none for one
    that does not run; a target that names no service, such as another machine's address, stays as it is. What Compose
    finds by its name is listed by its address. The alerts' links lead to Grafana where it runs, and else to the page of
    the alert's exporter or simulator, or to Prometheus.
    """
    for name in ("rules", "targets"):
        shutil.rmtree(folder / name, ignore_errors=True)
        shutil.copytree(source / name, folder / name)
    configuration = native_configuration(source / "prometheus.yml", addresses)
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration, sort_keys=False))
    for path in (folder / "targets").glob("*.yml"):
        groups: list[TargetGroup] = yaml.safe_load(path.read_text())
        path.write_text(yaml.safe_dump([_localized(group, addresses) for group in groups], sort_keys=False))
    for path in (folder / "rules").glob("*.yml"):
        path.write_text(_with_links_that_answer(path.read_text(), addresses))


def native_configuration(path: Path, addresses: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return a configuration of Prometheus that looks no name up, with addresses of services in place of names."""
    configuration: dict[str, Any] = yaml.safe_load(path.read_text())
    return {**configuration, "scrape_configs": [_listed(job, addresses) for job in configuration["scrape_configs"]]}


def _with_links_that_answer(rules: str, addresses: Mapping[str, Sequence[str]]) -> str:
    if addresses.get("grafana"):
        return rules.replace(GRAFANA, f"http://{addresses['grafana'][0]}/")
    (prometheus,) = addresses.get("prometheus") or ["localhost:9090"]
    document = yaml.safe_load(rules)
    alerts = (rule for group in document["groups"] for rule in group["rules"] if "alert" in rule)
    for texts in (alert["annotations"] for alert in alerts):
        on_a_device = "$labels.instance" in texts["dashboard_url"]
        texts["dashboard_url"] = OWN_PAGE if on_a_device else f"http://{prometheus}/"
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _listed(job: Mapping[str, Any], addresses: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return a job that looks no name up, and has the addresses of the services that it would find so."""
    names = [name.rstrip(".") for found in job.get("dns_sd_configs", []) for name in found["names"]]
    listed = [address for name in names for address in addresses.get(name, [])]
    kept = {key: value for key, value in job.items() if key != "dns_sd_configs"}
    return {**kept, "static_configs": [{"targets": listed}]} if names else kept


def _localized(group: TargetGroup, addresses: Mapping[str, Sequence[str]]) -> TargetGroup:
    targets = [address for target in group["targets"] for address in addresses.get(target.partition(":")[0], [target])]
    return {**group, "targets": targets}
