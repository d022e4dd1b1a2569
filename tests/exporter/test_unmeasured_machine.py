"""A machine without sensors, from its files to its metrics."""

from pathlib import Path

import pytest

from exporter.build import Paths, build_sampler
from exporter.config import Config, Power
from exporter.sources.collector import SOURCES
from tests.exporter.fakes import series
from tests.exporter.power.machines import cpuinfo
from tests.exporter.sources.test_identity import write
from tests.fake_clock import FakeClock

CPUS = 512
EPYC = cpuinfo("AMD EPYC 9754 128-Core Processor", ("AuthenticAMD", 25, 160, 2), chips=2, cores=128)
DISK = {"removable": "0\n", "queue/rotational": "0\n", "device/model": "x"}


def stat(busy: int, idle: int) -> str:
    """Return CPU times in ticks, of as many CPUs."""
    return f"cpu  {busy} 0 0 {idle} 0 0 0\n" + "".join(f"cpu{number} 1 0 0 1 0 0 0\n" for number in range(CPUS))


def sampled(folder: Path, power: Power) -> dict[tuple[str, ...], float]:
    """Return the gauges and facts of a server with two SSDs that was half busy for 10 s."""
    procfs, sysfs = write(
        folder,
        {
            "proc/cpuinfo": EPYC,
            "proc/stat": stat(0, 0),
            "proc/meminfo": f"MemTotal: {384 << 20} kB\nMemFree: 1 kB\nMemAvailable: 1 kB\n",
            **{f"sys/block/nvme{number}n1/{name}": text for number in (0, 1) for name, text in DISK.items()},
        },
    )
    clock = FakeClock()
    paths = Paths(procfs=procfs, sysfs=sysfs)
    sources = [one for one in SOURCES if one.name == "cpu"]
    sampler, publication = build_sampler(Config(power=power), clock, paths, sources, None)
    sampler.sample_once()
    clock.advance(10.0)
    (procfs / "stat").write_text(stat(5 * 100 * CPUS, 5 * 100 * CPUS), encoding="ascii")
    sampler.sample()
    return series(publication.latest()[0], "gauge", "info")


def test_a_server_is_known_by_its_name_and_its_disks(tmp_path: Path) -> None:
    found = sampled(tmp_path, Power())
    baseline, disk = 1.18 * 2 * 59.5, 2 * 9.4
    cpu = 0.42 * (2 * 340.2 - 2 * 59.5)
    for component, watts in (("baseline", baseline), ("cpu", cpu), ("disk", disk)):
        assert found["ecotrack_power_watts", component, "host"] == pytest.approx(watts)
        assert found["ecotrack_power_low_watts", component] == pytest.approx(watts / 1.4)
        assert found["ecotrack_power_high_watts", component] == pytest.approx(watts * 1.4)
        assert found["ecotrack_power_source_info", component, "name", "epyc 9754"] == 1.0


def test_the_configuration_says_otherwise(tmp_path: Path) -> None:
    found = sampled(tmp_path, Power(machine="desktop", tdp_watts=65.0, pue=1.2))
    assert found["ecotrack_power_watts", "baseline", "host"] == pytest.approx(1.2 * 20.0)
    assert found["ecotrack_power_watts", "cpu", "host"] == pytest.approx(1.2 * 0.5 * 1.5 * 65.0)
    assert found["ecotrack_power_source_info", "cpu", "tdp", "desktop"] == 1.0
    assert found["ecotrack_power_usage_effectiveness_ratio",] == 1.2
