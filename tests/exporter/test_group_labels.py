"""A group is exported under its label, whatever name a program or cgroup gave itself."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as plain_families

from exporter.core.units import Grams, Joules, Seconds
from exporter.power.component import Scope
from exporter.sources.processes.grouping import By, Grouping, GroupRule
from exporter.totals import GroupTotal
from tests.exporter.golden_snapshot import golden_snapshot, rendered
from tests.exporter.sources.processes.broken_procfs import NAMES

SEEN = NAMES.map(lambda name: name.decode("utf-8", "replace")) | st.text(max_size=120)
FAMILY = "ecotrack_process_group_energy_joules"


def groups_in(families: Iterable[Metric]) -> set[str]:
    (family,) = [one for one in families if one.name == FAMILY]
    return {sample.labels["group"] for sample in family.samples if sample.labels["scope"] == Scope.HOST}


@pytest.mark.parametrize("by", [By.NAME, By.CGROUP])
@given(names=st.lists(SEEN, min_size=1, max_size=8))
def test_each_group_is_read_back_under_its_label(by: By, names: list[str]) -> None:
    grouping = Grouping(GroupRule(by=by), Path("/nowhere"))
    labels = {
        grouping.group_of(1, 1, name) if by is By.NAME else grouping.group_of_cgroup((f"/{name}",), name)
        for name in names
    }
    total = GroupTotal(
        energy=dict.fromkeys(Scope, Joules(1.5)), emissions=dict.fromkeys(Scope, Grams(0.5)), cpu=Seconds(2.0)
    )
    snapshot = golden_snapshot()
    exported = replace(snapshot.totals.exported, groups=dict.fromkeys(labels, total))
    snapshot = replace(snapshot, totals=replace(snapshot.totals, exported=exported))
    assert groups_in(plain_families(rendered(snapshot, openmetrics=False).decode())) == labels
    families = openmetrics_families(rendered(snapshot, openmetrics=True).decode())  # type: ignore[no-untyped-call]
    assert groups_in(families) == labels
