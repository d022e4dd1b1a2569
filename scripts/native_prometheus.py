"""Prometheus's configuration for the native stack, derived from the one that Compose uses."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import yaml


def write_native_configuration(source: Path, folder: Path, addresses: Mapping[str, str]) -> None:
    """Write `folder`/prometheus.yml with its rules and targets beside it.

    `source` is the repository's prometheus folder, whose targets are `SERVICE:PORT` names of Compose.
    `addresses` maps services that run natively to their `host:port`; other services' targets are left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write_localized(source / "prometheus.yml", folder / "prometheus.yml", addresses)
    for name in ("rules", "targets"):
        shutil.rmtree(folder / name, ignore_errors=True)
    shutil.copytree(source / "rules", folder / "rules")
    (folder / "targets").mkdir()
    for path in sorted((source / "targets").glob("*.yml")):
        _write_localized(path, folder / "targets" / path.name, addresses)


def localized(document: object, addresses: Mapping[str, str]) -> object:
    """The document with every list under the key `targets` in terms of `addresses`."""
    if isinstance(document, list):
        return [localized(item, addresses) for item in document]
    if isinstance(document, dict):
        return {
            key: _native_targets(value, addresses) if key == "targets" else localized(value, addresses)
            for key, value in document.items()
        }
    return document


def _native_targets(targets: list[str], addresses: Mapping[str, str]) -> list[str]:
    services = (target.partition(":")[0] for target in targets)
    return [addresses[service] for service in services if service in addresses]


def _write_localized(source: Path, target: Path, addresses: Mapping[str, str]) -> None:
    document = localized(yaml.safe_load(source.read_text()), addresses)
    target.write_text(yaml.safe_dump(document, sort_keys=False))
