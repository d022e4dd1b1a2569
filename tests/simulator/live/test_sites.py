"""The sites on the page and in the JSON: their sums are the cluster's, and they are true to `/metrics`."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from simulator.app import Plan, build_run
from simulator.live.sites import SiteView, sites_of
from simulator.live.snapshot import NODE_STATES, Snapshot
from simulator.live.summary import summarize
from tests.exporter.test_page import Document
from tests.fake_clock import FakeClock
from tests.simulator.live.golden_snapshot import HOSTILE, golden_snapshot
from tests.simulator.live.test_page import page, samples
from tests.simulator.run.test_flows import two_sites

STEPS = 150
"""Half a day."""


@cache
def run() -> Snapshot:
    """Return two sites around noon; two nodes share a bus, and one has a bus beside that of its site."""
    live = build_run(Plan(scenario=two_sites(), seed=5, speed=300.0))
    for _ in range(STEPS):
        live.step()
    return live.snapshot(FakeClock(), 300.0)


def moving() -> Snapshot:
    """Return the run with input that moved before midnight and since."""
    before = np.array([[0.0, 10.0], [20.0, 0.0]])
    snapshot = run()
    return replace(
        snapshot,
        totals=replace(snapshot.totals, moved_bytes=before + np.array([[0.0, 3e6], [5e3, 0.0]])),
        at_midnight=replace(snapshot.at_midnight, moved_bytes=before),
    )


@pytest.mark.slow
def test_sums_over_sites_are_the_clusters_figures() -> None:
    summary = summarize(run(), fresh=True)
    for cluster, of_site in {
        "power_watts": "load_watts",
        "generation_watts": "generation_watts",
        "grid_watts": "bought_watts",
    }.items():
        assert sum(getattr(site, of_site) for site in summary.sites) == pytest.approx(getattr(summary, cluster))
    assert sum(site.nodes for site in summary.sites) == len(summary.nodes)


def test_sites_are_those_of_metrics() -> None:
    exposed, figures = samples(moving()), Document(page(moving())).figures
    for shown, family in {
        "site-grid_grams_per_kwh": "ecochain_site_grid_intensity_grams_per_kwh",
        "site-battery_charge_ratio": "ecochain_site_battery_charge_ratio",
    }.items():
        assert {f"{shown}-{labels['site']}": value for labels, value in exposed[family]} == {
            name: pytest.approx(figure.value) for name, figure in figures.items() if name.startswith(shown)
        }


def test_nodes_that_are_not_awake_do_not_count_as_awake() -> None:
    snapshot = run()
    assert snapshot.readings is not None
    names = [node.name for node in snapshot.facts.nodes]
    state = np.zeros(len(names), np.int32)
    state[names.index("a")], state[names.index("c")] = NODE_STATES.index("asleep"), NODE_STATES.index("waking")
    sleepy = replace(snapshot, readings=replace(snapshot.readings, state=state))
    assert [(site.name, site.awake_nodes, site.nodes) for site in sites_of(sleepy)] == [
        ("north", 1, 2),
        ("south", 1, 2),
    ]
    assert "1 of 2" in Document(page(sleepy)).text


def test_what_moved_is_of_today_and_arrives_where_it_was_sent() -> None:
    north, south = sites_of(moving())
    assert (north.moved_in_today_bytes, north.moved_out_today_bytes) == (5e3, 3e6)
    assert (south.moved_in_today_bytes, south.moved_out_today_bytes) == (3e6, 5e3)
    figures = Document(page(moving())).figures
    assert (figures["moved_in-north"].text, figures["moved_out-north"].text) == ("5.0 kB", "3.0 MB")


def test_one_site_has_nowhere_to_move_to() -> None:
    (site,) = sites_of(golden_snapshot())
    assert site.moved_in_today_bytes is None
    assert site.moved_out_today_bytes is None
    assert site.battery_charge_ratio == 0.5
    assert "In and out" not in page(golden_snapshot())


def test_what_is_not_known_is_null() -> None:
    known = {"name", "nodes", "moved_in_today_bytes", "moved_out_today_bytes"}
    for site in sites_of(run().without_readings()):
        assert {name for name in SiteView.__struct_fields__ if getattr(site, name) is not None} == known
    bare = replace(run(), facts=replace(run().facts, battery_joules=(0.0,) * len(run().facts.battery_joules)))
    assert [site.battery_charge_ratio for site in sites_of(bare)] == [None, None]


def test_nodes_that_share_a_bus_refer_to_their_site() -> None:
    shared = {node.name: node for node in summarize(run(), fresh=True).nodes}
    assert [shared[name].shares_bus for name in "abcd"] == [True, True, False, False]
    assert shared["a"].supply_watts is shared["a"].grid_watts is shared["a"].battery_charge_ratio is None
    assert {node.name: node.site for node in shared.values()} == {
        "a": "north",
        "b": "north",
        "c": "south",
        "d": "south",
    }
    assert "the row of the site has these figures" in page(run())
    assert "the row of the site has these figures" not in page(golden_snapshot())


def test_hostile_names_of_sites_are_text() -> None:
    facts = run().facts
    nodes = tuple(replace(node, site=HOSTILE if node.site == "north" else node.site) for node in facts.nodes)
    hostile = replace(run(), facts=replace(facts, sites=(HOSTILE, "south"), nodes=nodes))
    plain, document = Document(page(run())), Document(page(hostile))
    assert [tag for tag, _ in document.tags] == [tag for tag, _ in plain.tags]
    # Its row, and those of its two nodes.
    assert document.text.count(HOSTILE) == 3
