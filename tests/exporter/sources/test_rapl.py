"""RAPL: which zones count, and what is booked when one wraps, resets, is denied or fails."""

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from exporter.power.component import Component, Coverage
from exporter.sources.rapl import RaplSource
from exporter.sources.reading import NotPresentError, ReadingUnavailableError, SourceState
from tests.exporter.fakes import series
from tests.exporter.sources.sensed_machine import FIXTURES, SensedMachine

ROOT = Path(__file__).parents[3]
ZONES = "devices/virtual/powercap/intel-rapl"
PACKAGE = f"{ZONES}/intel-rapl:0/energy_uj"
MEMORY = f"{ZONES}/intel-rapl:0/intel-rapl:0:2/energy_uj"
PLATFORM = f"{ZONES}/intel-rapl:1"
START, MEMORY_START, LIMIT = 90_000_000_000, 9_000_000_000, 262_143_328_850


class Processor(SensedMachine):
    """A machine whose package draws 20 W and whose memory draws 2 W, with a platform of 35 W where there is one."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "rapl")
        self.microjoules = {PACKAGE: START, MEMORY: MEMORY_START}
        self.watts = {PACKAGE: 20, MEMORY: 2, f"{PLATFORM}/energy_uj": 35}

    def add_platform(self) -> None:
        for name, text in (("name", "psys"), ("energy_uj", "0"), ("max_energy_range_uj", str(LIMIT))):
            (self.sys / PLATFORM).mkdir(exist_ok=True)
            self.write(f"{PLATFORM}/{name}", text)
        (self.sys / "class/powercap/intel-rapl:1").symlink_to(self.sys / PLATFORM)
        self.microjoules[f"{PLATFORM}/energy_uj"] = 0

    def work(self, seconds: float) -> None:
        for name in self.microjoules:
            self.microjoules[name] = round(self.microjoules[name] + self.watts[name] * 1e6 * seconds) % LIMIT
            self.write(name, self.microjoules[name])
        self.sample_after(seconds)


@pytest.fixture
def processor(tmp_path: Path) -> Processor:
    return Processor(tmp_path)


def test_package_and_memory_count_and_what_is_within_a_package_is_a_detail() -> None:
    counters = RaplSource(FIXTURES / "rapl/sys").read()
    assert {name: (one.sensor.covers, one.energy) for name, one in counters.items()} == {
        "package-0": (Coverage.PACKAGE, 90_000.0),
        "package-0 core": (Coverage.DETAIL, 60_000.0),
        "package-0 uncore": (Coverage.DETAIL, 4_000.0),
        "package-0 dram": (Coverage.MEMORY, 9_000.0),
    }
    assert {one.wraps_at for one in counters.values()} == {262_143.32885}


def test_without_the_registers_of_the_processor_the_mapped_ones_count(processor: Processor) -> None:
    for zone in (processor.sys / "class/powercap").glob("intel-rapl:*"):
        zone.unlink()
    assert {name: one.energy for name, one in RaplSource(processor.sys).read().items()} == {"package-0": 90_000.1}


def test_the_processor_and_its_memory_are_measured_and_the_rest_is_modelled(processor: Processor) -> None:
    processor.work(10.0)
    processor.work(10.0)
    assert processor.energy()[Component.CPU] == pytest.approx(400.0)
    assert processor.energy()[Component.MEMORY] == pytest.approx(40.0)
    assert processor.energy()[Component.BASELINE] == pytest.approx(20.0 * (50.0 - 0.31 * 50.0))
    assert processor.provenance() == {"baseline": "cep", "cpu": "rapl", "memory": "rapl", "network": "average"}


def test_the_platform_is_the_machine_and_what_its_parts_do_not_explain_is_the_rest(processor: Processor) -> None:
    processor.add_platform()
    processor.work(10.0)
    processor.work(10.0)
    told = {component: energy for component, energy in processor.energy().items() if energy}
    # The platform was found by the first sample, for which a model therefore covered the rest.
    assert told[Component.REST] == pytest.approx(10.0 * (35.0 - 22.0))
    assert processor.provenance() == {"cpu": "rapl", "memory": "rapl", "rest": "rapl", "network": "average"}


def test_details_are_shown_and_never_added(processor: Processor) -> None:
    processor.work(10.0)
    processor.write(f"{ZONES}/intel-rapl:0/intel-rapl:0:0/energy_uj", 60_150_000_000)
    processor.work(10.0)
    shown = series(processor.now, "counter")
    assert shown["ecotrack_measured_joules_total", "rapl", "package-0 core"] == pytest.approx(150.0)
    assert shown["ecotrack_measured_joules_total", "rapl", "package-0"] == pytest.approx(400.0)
    assert processor.energy()[Component.CPU] == pytest.approx(400.0)


def test_a_counter_that_wraps_loses_nothing(processor: Processor) -> None:
    processor.microjoules[PACKAGE] = LIMIT - 300_000_000
    processor.work(10.0)
    begun = processor.energy()[Component.CPU]
    for _ in range(3):
        processor.work(10.0)
    assert processor.energy()[Component.CPU] - begun == pytest.approx(600.0)
    assert ("rapl", "reset") not in processor.events()


@pytest.mark.parametrize("text", ["", "0", "none"])
def test_without_a_readable_maximum_a_fall_is_a_reset_and_one_sample_is_modelled(
    processor: Processor, text: str
) -> None:
    processor.write(f"{ZONES}/intel-rapl:0/max_energy_range_uj", text)
    processor.work(10.0)
    processor.microjoules[PACKAGE] = 0
    processor.work(10.0)
    assert processor.events()["rapl", "reset"] == 1
    assert processor.energy()[Component.CPU] == pytest.approx(200.0 + 10.0 * 32.5)
    processor.work(10.0)
    assert processor.energy()[Component.CPU] == pytest.approx(400.0 + 10.0 * 32.5)


def test_a_fall_after_a_suspension_is_a_reset_though_it_looks_like_a_wrap(processor: Processor) -> None:
    processor.microjoules[PACKAGE] = LIMIT - 1_000_000_000
    processor.work(10.0)
    before = processor.energy()[Component.CPU]
    processor.microjoules[PACKAGE] = 0
    processor.clock.sleep(3600.0)
    processor.work(10.0)
    assert processor.events()["rapl", "reset"] == 1
    assert processor.energy()[Component.CPU] - before == pytest.approx(10.0 * 32.5)


def test_a_package_that_is_plugged_in_counts_from_its_next_reading(processor: Processor) -> None:
    processor.work(10.0)
    shutil.copytree(processor.sys / f"{ZONES}/intel-rapl:0", processor.sys / f"{ZONES}/intel-rapl:2")
    (processor.sys / "class/powercap/intel-rapl:2").symlink_to(processor.sys / f"{ZONES}/intel-rapl:2")
    processor.write(f"{ZONES}/intel-rapl:2/name", "package-1")
    processor.microjoules[f"{ZONES}/intel-rapl:2/energy_uj"] = 0
    processor.watts[f"{ZONES}/intel-rapl:2/energy_uj"] = 30
    processor.work(10.0)  # half of the packages would read as both: the model covers this sample
    processor.work(10.0)
    assert processor.energy()[Component.CPU] == pytest.approx(200.0 + 325.0 + 500.0)


def test_files_for_root_only_are_denied_with_what_to_do(processor: Processor, monkeypatch: pytest.MonkeyPatch) -> None:
    opening = os.open

    def refused(path: str | Path, flags: int, mode: int = 0o777) -> int:
        if str(path).endswith("energy_uj"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opening(path, flags, mode)

    monkeypatch.setattr(os, "open", refused)
    processor.work(10.0)
    (outcome,) = [one for one in processor.now.outcomes if one.collector == "rapl"]
    assert outcome.state is SourceState.DENIED
    assert outcome.remedy.endswith("energy_uj, as docs/how-to/use-sensors.md says")
    assert processor.provenance()["cpu"] == "cep"


@pytest.mark.parametrize("text", ["", "-5", "many", "1.5"])
def test_a_counter_that_is_no_number_fails(processor: Processor, text: str) -> None:
    processor.write(PACKAGE, text)
    with pytest.raises(ReadingUnavailableError, match="energy_uj is not a figure"):
        RaplSource(processor.sys).read()


def test_a_machine_without_zones_has_none(tmp_path: Path) -> None:
    (tmp_path / "class/powercap/dtpm").mkdir(parents=True)
    with pytest.raises(NotPresentError):
        RaplSource(tmp_path).read()


@pytest.mark.servers
def test_the_example_for_tmpfiles_opens_every_counter_to_a_group(tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / "rapl/sys", tmp_path / "sys", symlinks=True)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/group").write_text("root:x:0:\necotrack-power:x:967:\n", encoding="ascii")
    (tmp_path / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n", encoding="ascii")
    counters = list((tmp_path / "sys/devices").rglob("energy_uj"))
    for counter in counters:
        counter.chmod(0o400)
    example = ROOT / "docs/examples/ecotrack-power.tmpfiles.conf"
    arguments = ["systemd-tmpfiles", "--create", f"--root={tmp_path}", str(example)]
    subprocess.run(arguments, check=True, timeout=240)
    assert {(path.stat().st_mode & 0o777, path.stat().st_gid) for path in counters} == {(0o440, 967)}
