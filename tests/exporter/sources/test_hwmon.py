"""Chips of hwmon: which of them count, and what is booked while one fails."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from exporter.core.units import Joules
from exporter.power.component import Component, Coverage, EnergyCounter
from exporter.sources.hwmon import CHIPS, HwmonSource
from exporter.sources.reading import NotPresentError, ReadingUnavailableError
from tests.exporter.sources.sensed_machine import FIXTURES, SensedMachine
from tests.fake_clock import FakeClock

PROCESSOR = "class/hwmon/hwmon1/power1_input"
CARD = "class/hwmon/hwmon2"


class Chips:
    """A sysfs with the chips that a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, FakeClock()
        self.source = HwmonSource(folder, self.clock)

    def add(self, name: str, **files: object) -> Path:
        """Add a chip; two underscores stand for a slash. Returns its folder."""
        number = len(list((self.folder / "class/hwmon").glob("*")))
        chip = self.folder / f"class/hwmon/hwmon{number}"
        for file, value in {"name": name, **files}.items():
            path = chip / file.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{value}\n", encoding="ascii")
        return chip

    def covered(self) -> dict[str, Coverage | None]:
        return {name: counter.sensor.covers for name, counter in self.source.read().items()}


@pytest.fixture
def chips(tmp_path: Path) -> Chips:
    return Chips(tmp_path)


def energies(read: Mapping[str, EnergyCounter]) -> dict[str, Joules]:
    return {name: counter.energy for name, counter in read.items()}


def test_power_is_integrated_by_the_mean_of_two_readings(tmp_path: Path) -> None:
    sysfs = Path(shutil.copytree(FIXTURES / "hwmon/sys", tmp_path / "sys", symlinks=True))
    clock = FakeClock()
    source = HwmonSource(sysfs, clock)
    cpu, card = "fam15h_power 0000:00:18.4", "amdgpu 0000:03:00.0"
    assert energies(source.read()) == {cpu: 0.0, card: 0.0}
    (sysfs / PROCESSOR).write_text("41500000\n", encoding="ascii")
    clock.advance(10.0)
    assert energies(source.read()) == {cpu: 400.0, card: 120.0}


def test_the_processor_and_a_card_are_measured_and_the_rest_is_modelled(tmp_path: Path) -> None:
    machine = SensedMachine(tmp_path, "hwmon")
    powers = machine.sample_after(10.0).readings.powers
    assert powers[Component.CPU] == pytest.approx(38.5)
    assert powers[Component.GPU] == pytest.approx(12.0)
    assert machine.provenance() == {"baseline": "cep", "cpu": "hwmon", "gpu": "hwmon", "network": "average"}


def test_while_it_fails_the_model_takes_over_and_no_time_is_told_twice(tmp_path: Path) -> None:
    machine = SensedMachine(tmp_path, "hwmon")
    machine.sample_after(10.0)
    machine.write(PROCESSOR, "n/a")
    assert machine.sample_after(10.0).readings.powers[Component.CPU] == pytest.approx(32.5)
    assert machine.provenance()["cpu"] == "cep"
    assert machine.events()["hwmon", "error"] == 1
    machine.write(PROCESSOR, 38_500_000)
    machine.sample_after(10.0)
    machine.sample_after(10.0)
    # The two samples that a model covered, and the two that a sensor did.
    assert machine.energy()[Component.CPU] == pytest.approx(20.0 * 32.5 + 20.0 * 38.5)
    assert machine.provenance()["cpu"] == "hwmon"


def test_a_card_that_sleeps_is_left_asleep_and_one_that_is_gone_is_no_failure(tmp_path: Path) -> None:
    machine = SensedMachine(tmp_path, "hwmon")
    machine.write(f"{CARD}/device/power/runtime_status", "suspended")
    machine.write(f"{CARD}/power1_average", "would wake it")
    assert Component.GPU not in machine.sample_after(10.0).readings.powers
    shutil.rmtree(machine.sys / CARD)
    assert Component.GPU not in machine.sample_after(10.0).readings.powers
    assert machine.events() == {}


def test_a_source_whose_only_card_sleeps_is_not_lost(chips: Chips) -> None:
    chips.add("amdgpu", power1_average="would wake it", device__power__runtime_status="suspended")
    assert chips.covered() == {}


def test_a_chip_that_nobody_knows_costs_the_others_nothing(chips: Chips) -> None:
    chips.add("fam15h_power", power1_input=9_000_000)
    (chips.add("") / "name").write_bytes(b"\xff\x1b\n")
    pipe = chips.add("") / "name"
    pipe.unlink()
    os.mkfifo(pipe)
    assert set(chips.covered().values()) == {Coverage.PACKAGE}


def test_a_machine_without_such_a_chip_has_no_sensor(chips: Chips) -> None:
    with pytest.raises(NotPresentError):
        chips.source.read()
    chips.add("nct6775", power1_input=5_000_000)
    chips.add("")
    with pytest.raises(NotPresentError):
        chips.source.read()


@pytest.mark.parametrize("text", ["", "-1", "12 W", "12.5", "9" * 5000])
def test_a_figure_that_is_none_fails(chips: Chips, text: str) -> None:
    chips.add("fam15h_power", power1_input=text)
    with pytest.raises((ValueError, ReadingUnavailableError)):
        chips.source.read()


def test_counters_of_sockets_count_and_those_of_their_cores_do_not(chips: Chips) -> None:
    labels = {"energy1": "Ecore000", "energy2": "Ecore001", "energy3": "Esocket0", "energy4": "Esocket1"}
    files = {f"{name}_label": label for name, label in labels.items()}
    files |= {f"{name}_input": f"{number}500000" for number, name in enumerate(labels)}
    chips.add("amd_energy", **files)
    assert energies(chips.source.read()) == {"amd_energy Esocket0": 2.5, "amd_energy Esocket1": 3.5}
    assert set(chips.covered().values()) == {Coverage.PACKAGE}


def test_of_two_kinds_of_chip_that_cover_the_same_one_counts(chips: Chips) -> None:
    chips.add("amdgpu", power1_average=9_000_000, in1_input=800)
    chips.add("fam15h_power", power1_input=9_000_000)
    chips.add("amd_energy", energy1_label="Esocket0", energy1_input=1)
    assert chips.covered() == {"amd_energy Esocket0": Coverage.PACKAGE}


def test_a_processor_with_graphics_is_a_package_and_cards_add_up(chips: Chips) -> None:
    chips.add("amdgpu", power1_input=9_000_000, in1_input=800)
    chips.add("amdgpu", power1_average=9_000_000)
    chips.add("i915", energy1_input=9_000_000)
    chips.add("i915_gt0", energy1_input=9_000_000)
    assert sorted(one.value for one in chips.covered().values() if one is not None) == ["gpu", "gpu", "package"]


@pytest.mark.parametrize(
    ("files", "counts"),
    [
        ({}, True),
        ({"device__measures__LNXSYBUS:00": ""}, True),
        ({"device__measures__LNXCPU:00": ""}, False),
        ({"device__power1_is_battery": "1"}, False),
        ({"device__power1_is_battery": "0"}, True),
    ],
)
def test_a_power_meter_counts_where_it_is_of_the_whole_machine(
    chips: Chips, files: dict[str, str], counts: bool
) -> None:
    chips.add("power_meter", device__power1_average=250_000_000, **files)
    chips.add("fam15h_power", power1_input=9_000_000)
    assert (Coverage.MACHINE in chips.covered().values()) is counts


def test_a_power_meter_keeps_its_name_with_the_device(chips: Chips) -> None:
    chip = chips.add("", device__name="power_meter", device__power1_average=250_000_000)
    (chip / "name").unlink()
    assert chips.covered() == {"power_meter device": Coverage.MACHINE}


def test_of_two_meters_neither_counts_since_nothing_tells_whether_they_are_halves(chips: Chips) -> None:
    for _ in range(2):
        chips.add("power_meter", power1_average=250_000_000)
    chips.add("corsairpsu", power1_input=90_000_000)
    assert set(chips.covered()) == {"corsairpsu hwmon2"}


def test_every_chip_of_the_table_is_read(tmp_path: Path) -> None:
    for number, (name, chip) in enumerate(CHIPS.items()):
        chips = Chips(tmp_path / str(number))
        file = chip.files[0].replace("*", "1")
        chips.add(name, **{file: 9_000_000, file.replace("_input", "_label"): chip.label or "x"} | {file: 9_000_000})
        assert list(chips.covered().values()) == [chip.covers]
