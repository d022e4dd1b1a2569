"""Prometheus's configuration for the native stack: the committed one, with targets on loopback."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NotRequired, TypedDict

import yaml


class TargetGroup(TypedDict):
    """Entry of a targets file; Prometheus calls it a static config."""

    targets: list[str]
    labels: NotRequired[dict[str, str]]


def write_native_configuration(source: Path, folder: Path, addresses: Mapping[str, Sequence[str]]) -> None:
    """Copy prometheus.yml, rules and targets from the repository's prometheus folder into `folder`.

    Targets are `SERVICE:PORT` names of Compose. `addresses` gives the `host:port` of each service, none for one
    that does not run; a target that names no service, such as another machine's address, stays as it is.
    """
    for name in ("rules", "targets"):
        shutil.rmtree(folder / name, ignore_errors=True)
        shutil.copytree(source / name, folder / name)
    shutil.copy(source / "prometheus.yml", folder)
    for path in (folder / "targets").glob("*.yml"):
        groups: list[TargetGroup] = yaml.safe_load(path.read_text())
        path.write_text(yaml.safe_dump([_localized(group, addresses) for group in groups], sort_keys=False))


def _localized(group: TargetGroup, addresses: Mapping[str, Sequence[str]]) -> TargetGroup:
    targets = [address for target in group["targets"] for address in addresses.get(target.partition(":")[0], [target])]
    return {**group, "targets": targets}
