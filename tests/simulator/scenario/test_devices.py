"""Devices of a scenario's own: what they change, and the one line for each mistake."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import yaml

from exporter.core.config import ConfigError
from simulator.assembly.inputs import cluster_of
from simulator.assembly.layout import layout_of
from simulator.assembly.parts import profile_of
from simulator.hardware.dvfs import operating_points
from simulator.hardware.shipped import DEVICES, PROFILED
from simulator.models.profile import MODELS, encoded, load_profile
from simulator.scenario.devices import Speeds, TimeRatios, devices_of
from simulator.scenario.load import load_scenario
from simulator.scenario.schema import Scenario
from simulator.scheduling.interface import Cluster

SLEEP: dict[str, Any] = {
    "watts": 1.0,
    "enter_seconds": 2,
    "enter_joules": 12,
    "wake_seconds": 4,
    "wake_joules": 30,
    "minimum_dwell_seconds": 20,
}
DEVICE: dict[str, Any] = {
    "name": "my-box",
    "idle_watts": 5,
    "full_watts": 25,
    "minimum_gigahertz": 0.918,
    "maximum_gigahertz": 1.479,
    "memory_megabytes": 4000,
    "speed": 0.5,
    "source": "a plug",
}
NODE: dict[str, Any] = {"name": "one", "device": "my-box"}


def written(folder: Path, *devices: dict[str, Any], nodes: list[dict[str, Any]] | None = None, **more: Any) -> str:
    """Write a scenario with a class for each model that takes a second, and return its path."""
    classes = [
        {"name": model, "model": model, "work_seconds": 1, "share": 1, "deadline_seconds": 10} for model in MODELS
    ]
    data = {"devices": list(devices), "nodes": nodes or [NODE], "workload": {"classes": classes}} | more
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return str(path)


def scenario(folder: Path, *devices: dict[str, Any], **more: Any) -> Scenario:
    """Return a scenario with these devices."""
    loaded = load_scenario(written(folder, *devices, **more))
    assert isinstance(loaded, Scenario)
    return loaded


def seconds(made: Scenario, *, compressed: bool = True) -> dict[str, float]:
    """Return the seconds of a task of each model on the first node at full frequency."""
    cluster: Cluster = cluster_of(layout_of(made), made, compressed=profile_of(made) if compressed else None)
    return dict(zip(MODELS, cluster.service[0, :, -1], strict=True))


def mistakes(folder: Path, *devices: dict[str, Any], **more: Any) -> list[str]:
    """Return the mistakes found by loading, without the file's name."""
    with pytest.raises(ConfigError) as caught:
        load_scenario(written(folder, *devices, **more))
    return [mistake.removeprefix(f"{folder}/mine.yaml: ") for mistake in caught.value.mistakes]


def test_a_device_of_the_scenarios_own_has_the_figures_that_it_says(tmp_path: Path) -> None:
    (node,) = layout_of(scenario(tmp_path, DEVICE | {"sleep": SLEEP, "speeds": {"cnn": 2}})).nodes
    device = node.device
    assert (device.name, device.title, device.source) == ("my-box", "my-box", "a plug")
    assert (device.idle_watts, device.full_watts, device.memory_bytes) == (5.0, 25.0, 4 * 10**9)
    assert (device.minimum_hertz, device.maximum_hertz) == (918e6, 1479e6)
    assert (device.speed_of("cnn"), device.speed_of("mlp")) == (2.0, 0.5)
    assert device.sleep is not None
    assert (device.sleep.wake_joules, device.sleep.minimum_dwell_seconds, device.sleep.source) == (30.0, 20.0, "a plug")


def test_a_device_without_sleep_never_sleeps(tmp_path: Path) -> None:
    (node,) = layout_of(scenario(tmp_path, DEVICE)).nodes
    assert node.device.sleep is None


def test_speed_and_compression_are_by_model(tmp_path: Path) -> None:
    own = DEVICE | {"speeds": {"cnn": 2}, "compression": {"cnn": 0.5, "lstm": 3}}
    made = scenario(tmp_path, own)
    assert seconds(made)["cnn"] == 0.25
    assert seconds(made)["lstm"] == 6.0
    assert seconds(made)["mlp"] == 2.0
    assert seconds(made, compressed=False)["cnn"] == 0.5
    assert seconds(made, compressed=False)["lstm"] == 2.0


@pytest.mark.parametrize("name", DEVICES)
def test_the_shipped_profile_holds_for_the_devices_like_that_on_which_it_was_measured(
    tmp_path: Path, name: str
) -> None:
    made = scenario(tmp_path, nodes=[NODE | {"device": name}])
    gains = {model: seconds(made)[model] / seconds(made, compressed=False)[model] for model in MODELS}
    profile = load_profile()
    for model, ratio in gains.items():
        assert ratio == pytest.approx(profile.best_time_ratio(model) if name in PROFILED else 1.0)


def test_a_profile_of_ones_own_holds_for_the_devices_that_are_named(tmp_path: Path) -> None:
    shipped = load_profile()
    faster = tuple(
        msgspec.structs.replace(one, latency_seconds=one.latency_seconds / (2 if one.precision == "int8" else 1))
        for one in shipped.measurements
    )
    (tmp_path / "own.json").write_bytes(encoded(msgspec.structs.replace(shipped, measurements=faster)))
    models = {"profile": "own.json", "devices": ["my-box"]}
    nodes = [NODE, {"name": "two", "device": "intel-nuc"}]
    made = scenario(tmp_path, DEVICE | {"speed": 1}, nodes=nodes, models=models)
    cluster = cluster_of(layout_of(made), made, compressed=profile_of(made))
    transformer = MODELS.index("transformer")
    assert cluster.service[0, transformer, -1] == pytest.approx(shipped.best_time_ratio("transformer") / 2)
    assert np.all(cluster.service[1, :, -1] == 1.0)
    assert profile_of(made).digest() != shipped.digest()


def test_the_shipped_profile_may_be_said_to_hold_for_a_device_of_ones_own(tmp_path: Path) -> None:
    made = scenario(tmp_path, DEVICE, models={"devices": ["my-box"]})
    assert seconds(made)["mlp"] == pytest.approx(2.0 * load_profile().best_time_ratio("mlp"))


def test_all_models_may_have_figures_of_their_own() -> None:
    for kind in (Speeds, TimeRatios):
        assert tuple(field.name for field in msgspec.structs.fields(kind)) == MODELS


def test_operating_points_of_a_device_with_one_frequency_are_all_the_same(tmp_path: Path) -> None:
    (device,) = (node.device for node in layout_of(scenario(tmp_path, DEVICE | {"minimum_gigahertz": 1.479})).nodes)
    points = operating_points(device)
    assert np.all(points.time_factor == 1.0)
    assert np.all(points.active_watts == 25.0)


def test_the_devices_that_come_with_the_simulator_stay_as_they_are(tmp_path: Path) -> None:
    found = devices_of(scenario(tmp_path, DEVICE).devices)
    assert list(found) == [*DEVICES, "my-box"]
    assert all(found[name] == DEVICES[name] for name in DEVICES)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"name": "intel-nuc"},
            'devices[0].name: expected a name of its own, got "intel-nuc", a device that comes with the simulator',
        ),
        ({"source": ""}, 'devices[0].source: expected text of at least 1 and at most 1000 characters, got ""'),
        ({"source": None}, "devices[0].source: expected text of at least 1"),
        ({"idle_watts": 30}, "devices[0].idle_watts: expected at most full_watts, 25, got 30"),
        ({"idle_watts": 0}, "devices[0].idle_watts: expected a number > 0 and <= 100,000, got 0"),
        (
            {"minimum_gigahertz": 2},
            "devices[0].minimum_gigahertz: expected at most maximum_gigahertz, 1.479, got 2",
        ),
        ({"speeds": {"cnn": 0}}, "devices[0].speeds.cnn: expected a number >= 0.0001 and <= 10,000, got 0"),
        ({"speeds": {"gpt": 1}}, "devices[0].speeds.gpt: unknown key; known here: mlp, lstm, cnn, transformer, audio"),
        ({"compression": {"cnn": -1}}, "devices[0].compression.cnn: expected a number >= 0.001"),
        ({"sleep": SLEEP | {"watts": 5}}, "devices[0].sleep.watts: expected less than idle_watts, 5, got 5"),
        ({"sleep": {"watts": 1}}, "devices[0].sleep.enter_seconds: expected a number >= 0 and <= 3,600, got nothing"),
        ({"memory_megabytes": 10}, "nodes[0].device: my-box has too little memory for any task class"),
        ({"name": "other"}, "nodes[0].device: expected one of raspberry-pi-4, "),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_mistake_in_a_device_is_one_line(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    told = mistakes(tmp_path, DEVICE | changes)
    assert len([mistake for mistake in told if mistake.startswith(expected)]) == 1


def test_a_device_without_a_source_is_told(tmp_path: Path) -> None:
    told = mistakes(tmp_path, {key: value for key, value in DEVICE.items() if key != "source"})
    assert told == ["devices[0].source: expected text of at least 1 and at most 1000 characters, got nothing"]


def test_two_devices_of_one_name_are_told(tmp_path: Path) -> None:
    assert mistakes(tmp_path, DEVICE, DEVICE) == ['devices[1].name: expected different names, got "my-box" twice']


@pytest.mark.parametrize(
    ("device", "models", "expected"),
    [
        ({}, {"profile": "own.json"}, "models.devices: expected the devices for which the profile holds, got nothing"),
        ({}, {"devices": ["abacus"]}, "models.devices[0]: expected one of raspberry-pi-4, "),
        ({}, {"profile": "a\0b", "devices": ["my-box"]}, "models.profile: expected the name of a file, got one with a"),
        (
            {"compression": {"cnn": 0.5}},
            {"devices": ["my-box"]},
            "models.devices[0]: my-box has `compression` of its own: expected only one of the two",
        ),
    ],
    ids=["unsaid", "unknown", "null", "both"],
)
def test_a_mistake_about_the_profile_is_one_line(
    tmp_path: Path, device: dict[str, Any], models: dict[str, Any], expected: str
) -> None:
    (told,) = mistakes(tmp_path, DEVICE | device, models=models)
    assert told.startswith(expected)


def test_a_profile_that_cannot_be_read_is_told_when_it_is_used(tmp_path: Path) -> None:
    made = scenario(tmp_path, DEVICE, models={"profile": "absent.json", "devices": ["my-box"]})
    with pytest.raises(ConfigError, match=f"^{tmp_path}/absent.json: cannot be read: No such file"):
        profile_of(made)
