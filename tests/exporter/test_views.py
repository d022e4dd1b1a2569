"""The page, the `--once` table, the JSON and `/metrics` show the same bands and the same emissions, by scope."""

import json
import re
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from exporter.core.html import UNKNOWN
from exporter.core.units import Grams, UnixSeconds
from exporter.eco_score import reference_of
from exporter.equivalents import equivalents_of, equivalents_text
from exporter.power.component import Component
from exporter.power.hardware import Hardware, Kind
from exporter.power.model import HostPowerModel
from exporter.views.summary import Summary, summarize
from exporter.views.table import render_table
from exporter.views.wording import band_text
from tests.exporter import hosts
from tests.exporter.fake_site import Series, Site, make_site, series
from tests.exporter.test_page import Document, page, power_of

MODELS = {
    "cep": hosts.cep_host(),
    "aws": hosts.cloud_host("aws", 4),
    "configured": hosts.configured_host(8.0, 45.0),
}

FAULTS = [set(), {"cpu"}, {"network"}, {"cpu", "network"}]

models = pytest.mark.parametrize("host", MODELS.values(), ids=MODELS.keys())
faults = pytest.mark.parametrize("broken", FAULTS, ids=lambda broken: " and ".join(sorted(broken)) or "none")


def sampled(host: HostPowerModel, broken: set[str] | None = None, *, pue: float = 1.0) -> Site:
    """Return a site after a sample of some load and traffic, without the readings that are broken."""
    site = make_site(host=host, pue=pue)
    site.sample_after(5.0, utilization=0.3, bytes_per_second=1.7e5)
    site.machine.broken = broken or set()
    site.sample_after(5.0, utilization=0.31, bytes_per_second=1.7e5)
    return site


def table(site: Site) -> dict[str, tuple[str, str]]:
    """Return value and explanation by row of the `--once` table."""
    lines = printed(site).split("\n\n")[0].splitlines()
    return {name: (value, said) for name, value, said in (re.split(r"  +", line) for line in lines)}


def printed(site: Site) -> str:
    """Return what `--once` prints."""
    return render_table(summary(site), "here", no_today="none")


def summary(site: Site) -> Summary:
    snapshot, _, fresh = site.publication.latest()
    return summarize(snapshot, UnixSeconds(site.clock.wall()), fresh=fresh)


def answer(site: Site, path: str) -> Any:
    return json.loads(site.get(path).body)


def band_of(scope: str, exposed: dict[Series, float]) -> tuple[float, float]:
    """Return a scope's band by `/metrics`: the sums of its components' ends."""
    components = [
        dict(labels)["component"]
        for name, labels in exposed
        if name == "ecotrack_power_watts" and ("scope", scope) in labels
    ]
    low, high = (
        sum(exposed[series(f"ecotrack_power_{end}_watts", component=one)] for one in components)
        for end in ("low", "high")
    )
    return low, high


@models
def test_every_view_shows_the_band_of_the_metric_and_none_below_0(host: HostPowerModel) -> None:
    site = sampled(host)
    told, exposed, rows = answer(site, "/api/v1/summary"), site.exposition(), table(site)
    for scope, row in (("host", "power of this machine"), ("network", "power of the network")):
        low, high = band_of(scope, exposed)
        assert 0.0 <= low <= power_of(scope, exposed) <= high
        assert (told[f"{scope}_power_low_watts"], told[f"{scope}_power_high_watts"]) == pytest.approx((low, high))
        assert rows[row][0] == f"{power_of(scope, exposed):.1f} W ({band_text(low, high)})"
        parts = [one for one in told["components"] if one["scope"] == scope]
        assert sum(one["low_watts"] for one in parts) == pytest.approx(low)
        assert sum(one["high_watts"] for one in parts) == pytest.approx(high)
    text = Document(page(site)).text
    assert f"band {band_text(*band_of('host', exposed))} W" in text
    for one in told["components"]:
        ends = [exposed[series(f"ecotrack_power_{end}_watts", component=one["component"])] for end in ("low", "high")]
        assert ends == pytest.approx([one["watts"] / one["band_factor"], one["watts"] * one["band_factor"]])
        assert ends == [one["low_watts"], one["high_watts"]]
        assert f"{one['watts']:.2f}{band_text(one['low_watts'], one['high_watts'])}" in text


@models
@faults
def test_the_sum_of_the_emissions_equals_its_parts_in_every_view(host: HostPowerModel, broken: set[str]) -> None:
    site = sampled(host, broken)
    exposed = site.exposition()
    for told in (answer(site, "/api/v1/summary"), answer(site, "/api/v1/history")["points"][-1]):
        emissions = told["emissions_grams_per_hour"]
        parts = (emissions["host"], emissions["network"])
        assert [part is None for part in parts] == ["cpu" in broken, "network" in broken]
        assert emissions["host_and_network"] == (None if None in parts else sum(parts))
        for scope in ("host", "network"):
            watts = told[f"{scope}_power_watts"]
            assert emissions[scope] == (None if watts is None else pytest.approx(watts * 500 / 1000, rel=1e-12))
    rate = exposed.get(series("ecotrack_emissions_grams_per_second"))
    assert emissions["host_and_network"] == (None if rate is None else pytest.approx(3600 * rate, rel=1e-12))
    written = [written_on_the_page(site), written_in_the_table(site)]
    assert written[0] == written[1]
    host_part, network_part, whole = written[0]
    assert [one == UNKNOWN for one in written[0]] == ["cpu" in broken, "network" in broken, bool(broken)]
    if not broken:
        assert tenths(host_part) + tenths(network_part) == tenths(whole)
        assert tenths(network_part) > 0


def written_on_the_page(site: Site) -> list[str]:
    """Return the emissions of the machine, of the network, and their sum, as the page writes them."""
    document = Document(page(site))
    said = re.search(
        r"Emissions now(\S+?)(?: g CO\u2082e/h)?machine (.+?), network ([\d.]+(?: g/h)?|unknown)", document.text
    )
    assert said is not None
    return [said[2], said[3], said[1]]


def written_in_the_table(site: Site) -> list[str]:
    """Return the same emissions as the table writes them."""
    value, explanation = table(site)["emissions"]
    said = re.match(r"machine (.+?), network (.+?); ", explanation)
    assert said is not None
    return [said[1], said[2], value.removesuffix(" g CO2e/h")]


def tenths(text: str) -> int:
    return int(text.replace(".", ""))


@pytest.mark.parametrize(("name", "band"), [("cep", "0.14 to 7.4"), ("aws", "0.44 to 2.3")])
def test_every_view_says_how_far_a_rough_estimate_may_be_off(name: str, band: str) -> None:
    """At 31% load: between the factors of idle and of half load."""
    site = sampled(MODELS[name])
    for view in (
        Document(page(site)).text,
        printed(site),
        str(answer(site, "/api/v1/summary")),
    ):
        assert f"nine times in ten the true figure is {band} times this one." in view


def test_every_view_says_that_the_networks_band_goes_by_studies() -> None:
    site = sampled(MODELS["cep"])
    for view in (
        Document(page(site)).text,
        printed(site),
        str(answer(site, "/api/v1/summary")),
    ):
        assert "(average: cep): by published studies the true figure is 0.12 to 8.6 times this one." in view


def test_a_machines_own_figures_need_no_note() -> None:
    assert "Power is an estimate" not in Document(page(sampled(MODELS["configured"]))).text


@pytest.mark.parametrize("source", ["average", "cep", "generation", "name", "tdp"])
def test_every_source_that_is_no_sensor_and_not_the_machines_own_is_called_an_estimate(source: str) -> None:
    snapshot, _, fresh = sampled(MODELS["cep"]).publication.latest()
    told = tuple(replace(one, source=source) for one in snapshot.provenance)
    flags = summarize(replace(snapshot, provenance=told), snapshot.sampled_at or UnixSeconds(0.0), fresh=fresh).flags
    assert [flag.text.split(":")[0] for flag in flags if flag.text.startswith("Power")] == [
        f"Power is an estimate ({source}"
    ]


def test_only_a_machine_with_power_of_its_own_is_to_be_calibrated() -> None:
    snapshot, _, fresh = sampled(MODELS["cep"]).publication.latest()
    for kind in (*Kind, None):
        reference = None if kind is None else reference_of(Hardware(kind=kind))
        assert (reference is None) is (kind is None)
        one = replace(snapshot, reference=reference)
        flags = summarize(one, snapshot.sampled_at or UnixSeconds(0.0), fresh=fresh).flags
        (told,) = (flag.text for flag in flags if flag.text.startswith("Power is an estimate"))
        assert ("calibrate" in told) is (kind is not Kind.VM)


def test_the_table_says_what_the_day_comes_to_or_an_hour_while_that_is_unknown() -> None:
    site = sampled(MODELS["configured"])
    known = summary(site)
    used = next(one.used_grams for one in known.budgets if one.period == "day")
    hourly = known.emissions_grams_per_hour.host_and_network
    assert hourly is not None
    for one, told, grams in (
        (known, "Today so far", used),
        (msgspec.structs.replace(known, budgets=[], today_grams=77.0), "Today so far", 77.0),
        (msgspec.structs.replace(known, budgets=[], today_grams=None), "An hour at this rate", hourly),
    ):
        text = equivalents_text(equivalents_of(Grams(grams)))
        lines = render_table(one, "here", no_today="none").splitlines()
        assert [line for line in lines if "as much as" in line] == [f"- {told} is as much as {text}."] * bool(text)
    off = msgspec.structs.replace(known, equivalents={})
    assert "as much as" not in render_table(off, "here", no_today="none")


def test_beside_a_sensor_a_note_names_the_part_that_is_an_estimate() -> None:
    snapshot, _, fresh = sampled(MODELS["cep"]).publication.latest()
    told = tuple(
        replace(one, source="rapl" if one.component is Component.CPU else one.source) for one in snapshot.provenance
    )
    flags = summarize(replace(snapshot, provenance=told), snapshot.sampled_at or UnixSeconds(0.0), fresh=fresh).flags
    assert [flag.text.split(" (")[0] for flag in flags if flag.text.startswith("Power")] == [
        "Power of baseline is an estimate"
    ]


def test_a_machine_room_multiplies_the_host_and_is_shown() -> None:
    plain, roomy = sampled(MODELS["cep"]), sampled(MODELS["cep"], pue=1.4)
    for scope, factor in (("host", 1.4), ("network", 1.0)):
        assert power_of(scope, roomy.exposition()) == pytest.approx(factor * power_of(scope, plain.exposition()))
    assert roomy.exposition()[series("ecotrack_power_usage_effectiveness_ratio")] == 1.4
    assert answer(roomy, "/api/v1/summary")["power_usage_effectiveness"] == 1.4
    for view in (Document(page(roomy)).text, printed(roomy)):
        assert "x 1.4 (PUE)" in view
    assert "PUE" not in Document(page(plain)).text
