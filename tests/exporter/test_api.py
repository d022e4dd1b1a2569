"""The answers of the paths: one snapshot, seen in several ways, before, while and after it is fresh."""

import json
from dataclasses import replace
from typing import Any

import pytest

from exporter.core.units import GramsPerKwh
from exporter.intensity.static import configured_intensity
from tests.exporter.fake_site import Site, make_site, series

HOSTILE = 'x"><script>alert(1)</script>\\\n{}=,😈'

UNKNOWN = {
    "host_power_watts",
    "host_power_low_watts",
    "host_power_high_watts",
    "network_power_watts",
    "network_power_low_watts",
    "network_power_high_watts",
    "emissions_grams_per_hour.host",
    "emissions_grams_per_hour.network",
    "emissions_grams_per_hour.host_and_network",
    "intensity",
    "activity",
    "received_bytes_per_second",
    "sent_bytes_per_second",
    "cpu_utilization_ratio",
    "memory_used_bytes",
    "memory_total_bytes",
    "eco_score_ratio",
    "eco_score_grade",
    "today_grams",
}
"""Fields of a summary that are unknown without a fresh sample."""

OF_SCOPE = {
    scope: {name for name in UNKNOWN if name.startswith(f"{scope}_") or name.endswith(f".{scope}")}
    for scope in ("host", "network")
}
"""The same fields as far as they are unknown while one scope is."""


def test_the_summary_equals_the_exposition_of_its_snapshot() -> None:
    site = make_site()
    for _ in range(16):
        site.sample_after(5.0, utilization=0.3, bytes_per_second=2e6)
    summary, exposed = _json(site, "/api/v1/summary"), site.exposition()
    emissions, basis = summary["emissions_grams_per_hour"], summary["eco_score_basis"]
    host = [one["watts"] for one in summary["components"] if one["scope"] == "host"]
    day = next(one for one in summary["budgets"] if one["period"] == "day")
    assert summary["today_grams"] == day["used_grams"]
    assert summary["host_power_watts"] == pytest.approx(sum(host), rel=1e-12) == 8.0 + 37.0 * 0.3
    assert {
        **{
            series("ecotrack_power_watts", component=one["component"], scope=one["scope"]): one["watts"]
            for one in summary["components"]
        },
        **{
            series("ecotrack_eco_score_factor_ratio", factor=factor): value
            for factor, value in summary["eco_score_factors"].items()
        },
        series("ecotrack_emissions_grams_per_second"): emissions["host_and_network"] / 3600,
        series("ecotrack_ecoguard_limit_grams_per_second"): summary["emission_limit_grams_per_hour"] / 3600,
        series("ecotrack_cpu_utilization_ratio"): summary["cpu_utilization_ratio"],
        series("ecotrack_memory_used_bytes"): summary["memory_used_bytes"],
        series("ecotrack_network_throughput_bytes_per_second", direction="receive"): summary[
            "received_bytes_per_second"
        ],
        series("ecotrack_network_throughput_bytes_per_second", direction="transmit"): summary["sent_bytes_per_second"],
        series("ecotrack_activity_state", activity=summary["activity"]): 1.0,
        series("ecotrack_budget_used_grams", period="day"): day["used_grams"],
        series("ecotrack_budget_limit_grams", period="day"): day["limit_grams"],
        series("ecotrack_budget_projected_grams", period="day"): day["projected_grams"],
        series("ecotrack_budget_period_end_timestamp_seconds", period="day"): day["end"],
        series("ecotrack_eco_score_ratio"): summary["eco_score_ratio"],
        series("ecotrack_eco_score_grade", grade=summary["eco_score_grade"]): 1.0,
        series("ecotrack_eco_score_counted_seconds"): basis["counted_seconds"],
        series("ecotrack_eco_score_reference_grams_per_second", machine="laptop"): basis["reference"]["grams_per_hour"]
        / 3600,
        series("ecotrack_lifetime_emissions_grams"): summary["lifetime_emissions_grams"],
        series("ecotrack_lifetime_energy_joules"): summary["lifetime_energy_kwh"] * 3.6e6,
        series("ecotrack_last_sample_timestamp_seconds"): summary["sampled_at"],
        series(
            "ecotrack_grid_carbon_intensity_info",
            **{name: summary["intensity"][name] for name in ("grid_zone", "basis", "method", "provider")},
        ): 1.0,
    }.items() <= _close(exposed).items()


def test_history_is_the_last_hour_oldest_first_and_skips_nothing_in_silence() -> None:
    site = make_site()
    for number in range(800):
        site.machine.broken = {"cpu"} if number == 700 else set()
        site.sample_after(5.0, utilization=0.5)
    points = _json(site, "/api/v1/history")["points"]
    times = [point["at"] for point in points]
    assert times == [site.clock.wall() - 5.0 * age for age in range(len(times) - 1, -1, -1)]
    assert times[-1] - times[0] == 3600.0
    [missing] = [point for point in points if point["host_power_watts"] is None]
    assert missing["at"] == times[-100]
    assert missing["emissions_grams_per_hour"] == {"host": None, "network": 0.0, "host_and_network": None}
    assert (missing["received_bytes_per_second"], missing["network_power_watts"]) == (0.0, 0.0)


def test_before_the_first_sample_there_is_health_and_nothing_else() -> None:
    site = make_site()
    assert (site.get("/-/ready").status, site.get("/-/healthy").status) == (503, 200)
    assert _json(site, "/api/v1/history") == {"points": []}
    assert _unknown(site) == UNKNOWN
    assert site.exposition()[series("ecotrack_samples_total")] == 0


def test_three_intervals_after_a_sample_its_figures_are_gone_and_totals_stay() -> None:
    site = make_site()
    site.sample_after(60.0)
    fresh = site.exposition()
    site.clock.advance(15.0)
    assert site.get("/-/ready").status == 200
    assert _unknown(site) == set()
    site.clock.advance(0.1)
    stale = site.exposition()
    assert (site.get("/-/ready").status, site.get("/-/healthy").status) == (503, 200)
    assert _unknown(site) == UNKNOWN
    assert _json(site, "/api/v1/summary")["budgets"] == []
    gone = {name for name, _ in fresh.keys() - stale.keys()}
    assert {"ecotrack_power_watts", "ecotrack_activity_state", "ecotrack_budget_used_grams"} <= gone
    assert not {name for name in gone if name.endswith("_total")}
    kept = ("ecotrack_last_sample_timestamp_seconds", "ecotrack_lifetime_energy_joules", "ecotrack_samples_total")
    assert all(stale[series(name)] == fresh[series(name)] for name in kept)
    site.sample_after(5.0)
    assert site.get("/-/ready").status == 200
    assert site.exposition().keys() >= fresh.keys()


def test_what_was_true_before_a_suspension_is_not_shown_after_it() -> None:
    site = make_site()
    site.sample_after(5.0)
    site.clock.sleep(3600.0)
    assert site.get("/-/ready").status == 503
    site.sample_after(5.0)
    assert site.get("/-/ready").status == 200


@pytest.mark.parametrize(
    ("broken", "gone"),
    [
        ("cpu", {"cpu_utilization_ratio", *OF_SCOPE["host"]}),
        ("network", {"received_bytes_per_second", "sent_bytes_per_second", "activity", *OF_SCOPE["network"]}),
    ],
)
def test_what_cannot_be_read_is_null_and_flagged_and_the_rest_goes_on(broken: str, gone: set[str]) -> None:
    site = make_site()
    site.sample_after(60.0)
    site.machine.broken = {broken}
    site.sample_after(5.0)
    score = {"eco_score_ratio", "eco_score_grade"}
    assert _unknown(site) == gone | {"emissions_grams_per_hour.host_and_network"} | score
    flags = _json(site, "/api/v1/summary")["flags"]
    assert {"level": "warning", "text": f"The {broken} reading fails."} in flags
    trouble = _json(site, "/api/v1/summary")["eco_score_basis"]["trouble"]
    assert (
        trouble
        == {"cpu": "the power of this machine is unknown", "network": "the traffic of the network is unknown"}[broken]
    )


def test_hostile_names_arrive_unchanged_in_labels_and_json() -> None:
    site = make_site(nics={HOSTILE: 10**6})
    site.sample_after(5.0, bytes_per_second=1e6)
    now, _, _ = site.publication.latest()
    zone = configured_intensity(GramsPerKwh(300.0), HOSTILE, site.clock.wall()).at(site.clock.wall())
    site.publication.publish(replace(now, readings=replace(now.readings, intensity=zone)))
    exposed = site.exposition()
    assert exposed[series("ecotrack_network_bytes_total", device=HOSTILE, direction="receive")] == 2.5e6
    assert exposed[series("ecotrack_grid_carbon_intensity_grams_per_kwh", grid_zone=HOSTILE)] == 300
    answer = site.get("/api/v1/summary")
    assert answer.content_type == "application/json; charset=utf-8"
    assert json.loads(answer.body)["intensity"]["grid_zone"] == HOSTILE


def _json(site: Site, path: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(site.get(path).body)
    return answer


def _unknown(site: Site) -> set[str]:
    """Return the fields of the summary that are null, those of its emissions with a dot.

    A fixed intensity tells no clean hour, and what is not configured costs nothing, has no embodied carbon and is not
    attested.
    """
    summary = _json(site, "/api/v1/summary")
    assert [summary.pop(name) for name in ("clean_hour", "cost", "embodied", "attestation")] == [None] * 4
    emissions = summary.pop("emissions_grams_per_hour")
    summary |= {f"emissions_grams_per_hour.{scope}": value for scope, value in emissions.items()}
    return {name for name, value in summary.items() if value is None and name != "sampled_at"}


def _close(values: dict[Any, float]) -> dict[Any, Any]:
    """Return the values, made to equal others that differ by rounding only."""
    return {key: pytest.approx(value, rel=1e-12) for key, value in values.items()}
