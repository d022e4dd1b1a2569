"""The page, the `--once` table, the JSON and `/metrics` show the same bands."""

import json
import re
from typing import Any

import pytest

from exporter import presets
from exporter.core.units import UnixSeconds, Watts
from exporter.power import HostPowerModel
from exporter.summary import Summary, summarize
from exporter.table import render_table
from exporter.wording import band_text
from tests.fake_site import Series, Site, make_site, series
from tests.test_page import Document, page, power_of

MODELS = {
    "cep": presets.cep_host(),
    "aws": presets.cloud_host("aws", 4),
    "configured": presets.configured_host(Watts(8.0), Watts(45.0)),
}

models = pytest.mark.parametrize("host", MODELS.values(), ids=MODELS.keys())


def sampled(host: HostPowerModel, broken: set[str] | None = None) -> Site:
    """A site after a sample of some load and traffic, without the readings that are broken."""
    site = make_site(host=host)
    site.sample_after(5.0, utilization=0.3, bytes_per_second=1.7e5)
    site.machine.broken = broken or set()
    site.sample_after(5.0, utilization=0.31, bytes_per_second=1.7e5)
    return site


def table(site: Site) -> dict[str, tuple[str, str]]:
    """Value and explanation by row of the `--once` table."""
    lines = render_table(summary(site), "here").split("\n\n")[0].splitlines()
    return {name: (value, said) for name, value, said in (re.split(r"  +", line) for line in lines)}


def summary(site: Site) -> Summary:
    snapshot, _, fresh = site.publication.latest()
    return summarize(snapshot, UnixSeconds(site.clock.wall()), fresh=fresh)


def answer(site: Site, path: str) -> Any:
    return json.loads(site.get(path).body)


def band_of(scope: str, exposed: dict[Series, float]) -> tuple[float, float]:
    """A scope's band by `/metrics`: each component's watts times (1 - and + its ratio), not below 0."""
    low = high = 0.0
    for (name, labels), watts in exposed.items():
        if name == "ecotrack_power_watts" and ("scope", scope) in labels:
            ratio = exposed[series("ecotrack_power_uncertainty_ratio", component=dict(labels)["component"])]
            low, high = low + watts * max(0.0, 1.0 - ratio), high + watts * (1.0 + ratio)
    return low, high


@models
def test_every_view_shows_the_band_of_the_metric_and_none_below_0(host: HostPowerModel) -> None:
    site = sampled(host)
    told, exposed, rows = answer(site, "/api/v1/summary"), site.exposition(), table(site)
    low, high = band_of("host", exposed)
    assert (told["power_low_watts"], told["power_high_watts"]) == pytest.approx((low, high))
    assert rows["power of this machine"][0] == f"{power_of('host', exposed):.1f} W ({band_text(low, high)})"
    for scope in ("host", "network"):
        low, high = band_of(scope, exposed)
        assert 0.0 <= low <= power_of(scope, exposed) <= high
        parts = [one for one in told["components"] if one["scope"] == scope]
        assert sum(one["low_watts"] for one in parts) == pytest.approx(low)
        assert sum(one["high_watts"] for one in parts) == pytest.approx(high)
    text = Document(page(site)).text
    assert f"band {band_text(*band_of('host', exposed))} W" in text
    for one in told["components"]:
        ratio = exposed[series("ecotrack_power_uncertainty_ratio", component=one["component"])]
        assert one["uncertainty_ratio"] == ratio
        assert f"{one['watts']:.2f}{band_text(one['low_watts'], one['high_watts'])}" in text


@pytest.mark.parametrize(
    ("name", "band", "factor"), [("cep", "0 to 4.1", "10 to 25"), ("aws", "0.3 to 1.7", "2.4 to 3")]
)
def test_every_view_says_how_far_whole_servers_are_from_a_preset(name: str, band: str, factor: str) -> None:
    site = sampled(MODELS[name])
    for view in (Document(page(site)).text, render_table(summary(site), "here"), str(answer(site, "/api/v1/summary"))):
        assert f"{band} times this one. Whole servers lie outside that: it takes a factor of {factor} to hold" in view
    help_text = re.search("# HELP ecotrack_power_uncertainty_ratio .*", site.get("/metrics").body.decode())
    assert help_text is not None
    assert factor in help_text[0]


def test_a_machines_own_figures_are_not_compared_with_other_servers() -> None:
    assert all(one.server_factors is None for one in MODELS["configured"].provenance)
    assert "Whole servers" not in Document(page(sampled(MODELS["configured"]))).text
