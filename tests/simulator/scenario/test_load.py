"""Scenarios from files: what is wrong in one is told in a line that names file and key."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.core.config import ConfigError
from simulator.assembly.parts import climate_of
from simulator.assembly.recordings import recording_mistakes
from simulator.cli import main
from simulator.energy.climate import CLIMATES
from simulator.energy.interface import WEATHER_STEP
from simulator.experiments.run.work import simulate_job
from simulator.run.job import Job, Method
from simulator.scenario.load import load_scenario, shipped_scenarios
from simulator.scenario.schema import STEPS, Scenario

SHIPPED = Path(__file__).parents[3] / "simulator/scenario"
NASA_POWER = Path(__file__).parents[1] / "energy/fixtures/nasa_power.csv"

NODE: dict[str, Any] = {"name": "pi", "device": "raspberry-pi-4"}
CLASS: dict[str, Any] = {"name": "vision", "model": "cnn", "work_seconds": 1, "share": 1, "deadline_seconds": 10}


PLACE = {"name": "lyon", "latitude": 45.76, "longitude": 4.84, "utc_offset_hours": 1}
"""A site without supply."""


def minimal(**changes: Any) -> dict[str, Any]:
    """Return the smallest possible scenario, with changes."""
    return {"nodes": [NODE], "workload": {"classes": [CLASS]}} | changes


def arrivals(**keys: Any) -> dict[str, Any]:
    """Return changes to the arrivals."""
    return {"workload": {"arrivals": keys, "classes": [CLASS]}}


def mistakes(folder: Path, data: dict[str, Any]) -> list[str]:
    """Return the mistakes found by loading, without the folder."""
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_scenario(str(path))
    return [mistake.removeprefix(f"{folder}/") for mistake in caught.value.mistakes]


@pytest.mark.parametrize("name", shipped_scenarios())
def test_shipped_scenarios_load(name: str) -> None:
    assert load_scenario(name).name == name


def test_the_least_scenario_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(minimal()), encoding="utf-8")
    scenario = load_scenario(str(path))
    assert isinstance(scenario, Scenario)
    assert scenario.name == "mine"
    method = Method(name="x", policy="joint")
    assert simulate_job(Job(scenario=scenario, method=method, seed=1, rate_per_hour=10.0)).energy_joules > 0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"nodes": []}, "mine.yaml: nodes: expected at least one node, got none"),
        ({"nodes": [NODE, NODE]}, 'mine.yaml: nodes[1].name: expected different names, got "pi" twice'),
        ({"nodes": [NODE | {"supply": "coal"}]}, "mine.yaml: nodes[0].supply: unknown key; known here:"),
        ({"nodes": [NODE | {"device": "cray-1"}]}, "mine.yaml: nodes[0].device: expected one of raspberry-pi-4,"),
        (
            {"nodes": [NODE | {"battery": {"capacity_watt_hours": -1, "charge_watts": 1, "discharge_watts": 1}}]},
            "mine.yaml: nodes[0].battery.capacity_watt_hours: expected a number > 0 and <= 1,000,000, got -1",
        ),
        (
            {"weather": {"mean_celsius": 400}},
            "mine.yaml: weather.mean_celsius: expected a number >= -50 and <= 50, or a list of 12, got 400",
        ),
        (
            {"weather": {"clearness": {"mean": [0.7] * 11}}},
            "mine.yaml: weather.clearness.mean: expected a number >= 0.05 and <= 1.1, or a list of 12, got a list",
        ),
        (
            {"weather": {"wind": {"calm_share": [0.1] * 11 + [1.0]}}},
            "mine.yaml: weather.wind.calm_share[11]: expected a number >= 0 and < 1, got 1",
        ),
        ({"weather": {"climate": "mars"}}, "mine.yaml: weather.climate: expected one of greensboro, sand-point, got"),
        (
            {"nodes": [NODE | {"solar": {"area_square_metres": float("nan")}}]},
            "mine.yaml: nodes[0].solar.area_square_metres: expected a finite number, got nan",
        ),
        (
            {"scheduler": {"weights": {"latency": 0, "energy": 0, "grid": 0, "carbon": 0, "load": 0}}},
            "mine.yaml: scheduler.weights: expected at least one weight above 0, got all zero",
        ),
        ({"scheduler": {"policy": "psychic"}}, "mine.yaml: scheduler.policy: "),
        ({"scheduler": {"policy": "single-node:tau"}}, "mine.yaml: scheduler.policy: expected one of the nodes pi "),
        (
            {"workload": {"classes": [CLASS | {"memory_megabytes": 5000}]}},
            "mine.yaml: nodes[0].device: raspberry-pi-4 has too little memory for any task class",
        ),
        ({"workload": {"classes": []}}, "mine.yaml: workload.classes: expected at least one task class, got none"),
        ({"workload": {"arrivals": {"kind": "poisson"}}}, "mine.yaml: workload.classes: "),
        (
            {"scheduler": {"weights": {"latency": 1e308, "energy": 1e308}}},
            "mine.yaml: scheduler.weights.energy: expected a number >= 0 and <= 1,000,000, got 1e+308",
        ),
        (
            {"workload": {"classes": [CLASS | {"share": 1e308}]}},
            "mine.yaml: workload.classes[0].share: expected a number > 0 and <= 1,000,000, got 1e+308",
        ),
        (
            {"workload": {"classes": [CLASS | {"deadline_seconds": 1e-320}]}},
            "mine.yaml: workload.classes[0].deadline_seconds: expected a number >= 0.001 and <= 604,800",
        ),
        (
            {"workload": {"classes": [CLASS | {"work_seconds": 1e-13}]}},
            "mine.yaml: workload.classes[0].work_seconds: expected a number >= 1e-06 and <= 86,400",
        ),
        (arrivals(kind="diurnal", hourly_factors=[1e308] * 24), "mine.yaml: workload.arrivals.hourly_factors[0]: "),
        (arrivals(hourly_factors=[1.0] * 24), "mine.yaml: workload.arrivals.hourly_factors: expected none with "),
        (arrivals(file="mine.csv"), "mine.yaml: workload.arrivals.file: expected none with arrivals of the kind "),
        (arrivals(kind="bursty", burst_minutes=1e-4), "mine.yaml: workload.arrivals.burst_minutes: expected a number "),
        (arrivals(kind="trace", file="a\0b"), "mine.yaml: workload.arrivals.file: expected the name of a file, got "),
        ({"weather": {"file": "a\0b"}}, "mine.yaml: weather.file: expected the name of a file, got one with a null"),
        ({"site": {"first_day": "9999-12-31"}}, "mine.yaml: site.first_day: expected a day from 1900-01-01 to "),
        (
            {"nodes": [NODE | {"wind": {"rotor_square_metres": 0.01, "rated_watts": 100}}]},
            "mine.yaml: nodes[0].wind.rated_watts: expected a number <= 6.276, which is all that this rotor can take",
        ),
        (
            {"scheduler": {"policy": ".relative:X"}},
            "mine.yaml: scheduler.policy: expected the policy .relative:X to be ",
        ),
        ({"model": "magic"}, 'mine.yaml: model: expected one of edge, published, got "magic"'),
        ({"grid": {"intensity_grams_per_kwh": [1, 2]}}, "mine.yaml: grid.intensity_grams_per_kwh: expected 1 or 24"),
        ({"grid": {"intensity_grams_per_kwh": [1], "generated": "gb"}}, "mine.yaml: grid: expected one of intensity_"),
        ({"grid": {"file": "a\0b"}}, "mine.yaml: grid.file: expected the name of a file, got one with a null"),
        ({"ledger": {"prices": "a\0b"}}, "mine.yaml: ledger.prices: expected the name of a file, got one with a null"),
        ({"network": {"energy": "pigeon"}}, "mine.yaml: network.energy: expected one of carbon-trust-fixed, "),
        ({"run": {"first_days": ["0001-01-01"]}}, "mine.yaml: run.first_days[0]: expected a day from 1900-01-01 to "),
        ({"scheduler": {"sleeping": "always"}}, "mine.yaml: scheduler.sleeping: expected one of consolidate, never, "),
        (
            {"nodes": [NODE | {"site": "paris"}]},
            'mine.yaml: nodes[0].site: expected nothing without sites, got "paris"',
        ),
        ({"sites": [PLACE]}, "mine.yaml: nodes[0].site: expected one of lyon, got nothing"),
        (
            {"sites": [PLACE], "nodes": [NODE | {"site": "paris"}]},
            'mine.yaml: nodes[0].site: expected one of lyon, got "paris"',
        ),
        ({"sites": [PLACE, PLACE]}, 'mine.yaml: sites[1].name: expected different names, got "lyon" twice'),
        ({"sites": [PLACE | {"arrivals_share": 0}]}, "mine.yaml: sites: expected an arrivals_share above 0 at some "),
        ({"sites": [PLACE], "weather": {"climate": "sand-point"}}, "mine.yaml: weather: expected it at each of the "),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value[:40],
)
def test_a_mistake_is_one_line(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    assert len([one for one in mistakes(tmp_path, minimal(**changes)) if one.startswith(expected)]) == 1


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    told = mistakes(
        tmp_path,
        {
            "site": {"latitude": 90, "longitude": 999},
            "nodes": [
                NODE | {"device": "nope", "solar": {"area_square_metres": 0}},
                {"name": "Big Pi", "solar": {}},
            ],
            "workload": {
                "arrivals": {"kind": "diurnal"},
                "classes": [CLASS | {"model": "gpt", "share": 0}],
                "noise": 2,
            },
            "scheduler": {"policy": "psychic", "weights": {"load": -1}},
            "run": {"days": 1.5, "step_seconds": 7},
            "colour": "red",
        },
    )
    assert sorted(mistake.split(": ")[1] for mistake in told) == sorted(
        [
            "site.latitude",
            "site.longitude",
            "nodes[0].solar.area_square_metres",
            "nodes[1].name",
            "nodes[1].solar.area_square_metres",
            "nodes[1].device",
            "workload.arrivals.hourly_factors",
            "workload.classes[0].model",
            "workload.classes[0].share",
            "workload.noise",
            "scheduler.weights.load",
            "run.days",
            "run.step_seconds",
            "colour",
            "nodes[0].device",
            "scheduler.policy",
        ]
    )


@pytest.mark.parametrize("key", ["nodes", "workload", "name"])
def test_a_key_without_a_value_is_as_if_it_were_absent(tmp_path: Path, key: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(minimal(**{key: None})), encoding="utf-8")
    if key == "name":
        assert load_scenario(str(file)).name == "mine"
    else:
        assert len(mistakes(tmp_path, minimal(**{key: None}))) == 1


@pytest.mark.parametrize("shipped", shipped_scenarios())
def test_a_scenario_may_not_pass_for_one_that_comes_with_the_simulator(tmp_path: Path, shipped: str) -> None:
    text = (SHIPPED / f"{shipped}.yaml").read_text(encoding="utf-8")
    file = tmp_path / f"{shipped}.yaml"
    file.write_text(text, encoding="utf-8")
    assert load_scenario(str(file)) == load_scenario(shipped)
    changed = text.replace("priority: 0.7", "priority: 0.8").replace("noise: 0.05", "noise: 0.06")
    changed = changed.replace("priority: 0.8", "priority: 0.9")
    file.write_text(changed, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_scenario(str(file))
    assert caught.value.mistakes == [
        f'{file}: name: expected a name of its own, got "{shipped}", that of another scenario, '
        "which comes with the simulator"
    ]
    file.write_text("name: my-own\n" + changed.replace("name: published\n", ""), encoding="utf-8")
    assert load_scenario(str(file)).name == "my-own"


@pytest.mark.parametrize(
    ("run", "told"),
    [
        ({"days": 2, "warm_up_days": 1}, None),
        ({"days": 3, "warm_up_days": 0}, None),
        ({"days": 5, "warm_up_days": 0}, "2025-03-23"),
        ({"days": 3, "warm_up_days": 1}, "2025-03-23"),
    ],
)
def test_a_recording_has_to_last_as_long_as_a_run(tmp_path: Path, run: dict[str, int], told: str | None) -> None:
    lines = NASA_POWER.read_text(encoding="utf-8").splitlines()
    heading = next(number for number, line in enumerate(lines) if line.startswith("YEAR"))
    hours = [f"2025,3,{day},{hour},0,10,3,98" for day in (20, 21, 22) for hour in range(24)]
    (tmp_path / "days.csv").write_text("\n".join([*lines[: heading + 1], *hours, ""]), encoding="utf-8")
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(minimal(run=run, weather={"file": "days.csv"})), encoding="utf-8")
    found = list(recording_mistakes(load_scenario(str(file))))
    assert len(found) == (told is not None)
    assert all(one.startswith("run.days: expected weather for ") and f"days.csv: {told}: " in one for one in found)


def test_a_site_whose_recording_cannot_be_used_has_its_number_in_the_file(tmp_path: Path) -> None:
    """The first of the file is the southern one, and stands last among the sites of a run."""
    north = PLACE | {"name": "leeds", "latitude": 53.8, "longitude": -1.55, "utc_offset_hours": 0}
    for lacking in (0, 1):
        sites = [PLACE, north]
        sites[lacking] = sites[lacking] | {"grid": {"file": "gone.csv"}}
        file = tmp_path / "mine.yaml"
        file.write_text(yaml.safe_dump(minimal(sites=sites, nodes=[NODE | {"site": "lyon"}])), encoding="utf-8")
        (told,) = recording_mistakes(load_scenario(str(file)))
        assert told.startswith(f"sites[{lacking}]: grid.file: ")


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        (b"caf\xe9", "caf\\udce9"),
        ("café".encode(), "café"),
        ("a\u202eb".encode(), "a\\u202eb"),
        (b"one\ntwo", "one\\ntwo"),
        (b"\x1b[2J", "\\x1b[2J"),
    ],
)
def test_a_scenario_is_served_under_a_name_that_prints(
    tmp_path: Path, stem: bytes, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its digest is part of the ledger's identity, and its name a label of many series."""
    file = tmp_path / os.fsdecode(stem + b".yaml")
    file.write_text(yaml.safe_dump(minimal()), encoding="utf-8")
    assert main(["serve", "--scenario", str(file), "--config.check"]) == 0
    assert load_scenario(str(file)).name == name
    assert capsys.readouterr().err == ""


def test_a_name_of_a_scenario_prints(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, minimal(name="a\u202eb"))
    assert told == 'mine.yaml: name: expected text that prints, got "a\\u202eb"'


def test_files_in_a_folder_whose_name_is_no_text_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"d\xe9")
    folder.mkdir()
    file = folder / "mine.yaml"
    file.write_text(yaml.safe_dump(minimal()), encoding="utf-8")
    assert load_scenario(str(file)).name == "mine"
    for changes in ({"weather": {"file": "a.csv"}}, {"grid": {"file": "a.csv"}}, arrivals(kind="trace", file="a.csv")):
        file.write_text(yaml.safe_dump(minimal(**changes)), encoding="utf-8")
        with pytest.raises(ConfigError, match="expected other files in a folder whose name is UTF-8 text"):
            load_scenario(str(file))


def test_a_value_that_is_missing_on_a_day_of_the_run_is_named_by_its_line(tmp_path: Path) -> None:
    lines = NASA_POWER.read_text(encoding="utf-8").splitlines()
    heading = next(number for number, line in enumerate(lines) if line.startswith("YEAR"))
    hours = [f"2025,3,{day},{hour},0,10,3,98" for day in range(20, 26) for hour in range(24)]
    hours[24 * 2 + 5] = "2025,3,22,5,0,10,-999,98"
    (tmp_path / "days.csv").write_text("\n".join([*lines[: heading + 1], *hours, ""]), encoding="utf-8")
    file = tmp_path / "mine.yaml"
    for days, warm_up, told in ((1, 1, False), (2, 1, True), (4, 1, True)):
        run = {"days": days, "warm_up_days": warm_up}
        file.write_text(yaml.safe_dump(minimal(run=run, weather={"file": "days.csv"})), encoding="utf-8")
        mistakes = list(recording_mistakes(load_scenario(str(file))))
        line = heading + 2 + 24 * 2 + 5
        meant = (
            f"run.days: expected weather for {days} days after 1 of warm-up: {tmp_path / 'days.csv'}:{line}: WS10M: "
            "expected a number, got -999, which stands for a missing value"
        )
        assert mistakes == ([meant] if told else [])


def test_unknown_names_list_the_known() -> None:
    with pytest.raises(
        ConfigError,
        match="of the scenarios edge, edge-2025, flexible, grid-only, published, regions, solar-farm, windy-coast",
    ):
        load_scenario("ege")


def test_a_run_may_have_every_step_that_divides_that_of_the_weather() -> None:
    whole = round(WEATHER_STEP)
    assert tuple(step for step in range(1, whole + 1) if whole % step == 0) == STEPS


def test_a_figure_of_the_weather_is_one_for_the_year_or_twelve(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    months = list(range(1, 13))
    weather = {"climate": "sand-point", "mean_celsius": months, "wind": {"mean_metres_per_second": 4}}
    file.write_text(yaml.safe_dump(minimal(weather=weather)), encoding="utf-8")
    scenario = load_scenario(str(file))
    assert isinstance(scenario, Scenario)
    climate = climate_of(scenario.weather)
    assert climate == replace(CLIMATES["sand-point"], mean_celsius=tuple(map(float, months)), wind_mean=(4.0,))
