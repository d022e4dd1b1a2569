"""A configuration that is read again changes what comes, never what has been counted."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.attribution.sharing import Sharing
from exporter.budget import Period
from exporter.build import Paths, build_settings, intensity_provider
from exporter.config import Config, load_config
from exporter.core.config import convert
from exporter.core.units import Grams
from exporter.intensity.ask import AskedProvider
from exporter.power.component import Scope
from exporter.reload import Reload, change_of
from tests.exporter.attribution.busy_machine import BusyMachine
from tests.exporter.fakes import Machine, Rig, rig, series
from tests.fake_clock import FakeClock

LIVE = {"live": {"provider": "energy-charts"}, "zone": "DE"}

PARTS: Mapping[str, tuple[Mapping[str, Any], str, str]] = {
    "preset": ({"preset": "cep"}, "preset", ""),
    "sampling": ({"sampling": {"interval_seconds": 7}}, "", "sampling"),
    "power": ({"power": {"idle_watts": 3, "full_watts": 9}}, "power", ""),
    "meter": ({"meter": {"kind": "file", "file": "/run/power"}}, "", "meter"),
    "network model": ({"network": {"kwh_per_gb": 0.1}}, "network", ""),
    "network devices": ({"network": {"include": ["eth*"]}}, "", "network.include"),
    "network": ({"network": {"kwh_per_gb": 0.1, "exclude": []}}, "network", "network.exclude"),
    "grid": ({"grid": {"zone": "FR", "price_per_kwh": 0.3}}, "grid", ""),
    "live grid": ({"grid": LIVE}, "", "grid"),
    "activity": ({"activity": {"rule": "ecotrack"}}, "activity", ""),
    "budget": ({"budget": {"day_grams": 5, "include_gaps": True}}, "budget", ""),
    "calendar": ({"budget": {"time_zone": "Asia/Tokyo"}}, "", "budget.time_zone"),
    "budget and calendar": ({"budget": {"day_grams": 5, "time_zone": "Asia/Tokyo"}}, "budget", "budget.time_zone"),
    "ecoguard": ({"ecoguard": {"limit_grams_per_minute": 1}}, "ecoguard", ""),
    "embodied": ({"embodied": {"kilograms": 300, "purchased": date(2025, 1, 1)}}, "embodied", ""),
    "equivalents": ({"equivalents": False}, "equivalents", ""),
    "optimize": ({"optimize": {"strategies": ["reduce_cpu"]}}, "", "optimize"),
    "attribution": ({"attribution": {"top": 5}}, "", "attribution"),
    "attestation": ({"attestation": {"proof": "/var/lib/proof.json"}}, "attestation", ""),
    "journal": ({"journal": {"folder": "/var/lib/journal"}}, "", "journal"),
}
"""Changes of the defaults, with the part of each that takes effect and the part that waits."""


def configured(data: Mapping[str, Any]) -> Config:
    return convert(data, Config, origin="test")


def test_every_section_is_among_the_parts() -> None:
    assert {key for data, _, _ in PARTS.values() for key in data} == set(Config.__struct_fields__)


@pytest.mark.parametrize("part", PARTS)
def test_each_part_takes_effect_or_waits(part: str) -> None:
    data, applied, waiting = PARTS[part]
    change = change_of(configured({}), configured(data))
    assert (change.applied, change.waiting) == (tuple(applied.split()), tuple(waiting.split()))
    assert (change.config == configured(data)) is (not waiting)
    assert (change.config == configured({})) is (not applied)


@given(st.sampled_from([*PARTS]), st.sampled_from([*PARTS]))
def test_a_file_read_twice_applies_nothing_the_second_time(one: str, other: str) -> None:
    running, found = configured(PARTS[one][0]), configured(PARTS[other][0])
    first = change_of(running, found)
    again = change_of(first.config, found)
    assert (again.config, again.applied, again.waiting) == (first.config, (), first.waiting)
    # What waits is as it was, so that a restart finds what the log has named.
    assert bool(first.waiting) is (first.config != found)


@pytest.mark.parametrize("grid", [{}, LIVE | {"zone": "FR"}, {"zone": "DE"}])
def test_whom_a_live_grid_asks_and_for_what_waits(grid: Mapping[str, Any]) -> None:
    """A provider may be asked so often and no more, which a file that is edited must not change."""
    assert change_of(configured({"grid": LIVE}), configured({"grid": grid})).waiting == ("grid",)


def test_the_price_beside_a_live_grid_takes_effect() -> None:
    found = configured({"grid": LIVE | {"price_per_kwh": 0.3}})
    assert change_of(configured({"grid": LIVE}), found).applied == ("grid",)


def hour_of(one: Rig) -> None:
    """Let an hour pass in which the host takes 82.5 W and emits 41.25 g."""
    for _ in range(720):
        one.machine.run(5.0)
        one.sampler.sample_once()


def reload_of(one: Rig, file: Path) -> Reload:
    """Return what reads the file again for a sampler, which counts by it from then on."""
    paths = Paths(config=file)
    clock = one.machine.clock
    return Reload(load_config(file), one.sampler, clock=clock, paths=paths, calibration=None)


CEP = "preset: cep\npower: {preset: cep}\nbudget: {time_zone: Europe/Berlin, day_grams: 100}\n"
"""Configuration that `rig` counts by: 500 g/kWh, and 82.5 W at half load."""


def test_the_time_before_is_counted_by_the_old_and_the_time_after_by_the_new(tmp_path: Path) -> None:
    file = tmp_path / "ecotrack.yml"
    file.write_text(CEP)
    one = rig(Machine(FakeClock()), limits={Period.DAY: Grams(100.0)})
    reload = reload_of(one, file)
    hour_of(one)
    before = one.now
    assert before.readings.budgets[0].used == pytest.approx(41.25)
    file.write_text(
        CEP.replace("day_grams: 100", "day_grams: 10, week_grams: 500")
        + "grid: {intensity_grams_per_kwh: 1000}\necoguard: {limit_grams_per_minute: 60}\nequivalents: false\n"
    )
    reload.look()
    # Nothing moves by the reading alone, and the next sample is of the time before.
    assert series(one.now, "counter") == series(before, "counter")
    assert one.now.readings == before.readings
    one.machine.run(5.0)
    one.sampler.sample_once()
    assert one.now.readings.budgets[0].used == pytest.approx(41.25 + 82.5 * 5.0 / 3.6e6 * 500.0)
    one.machine.run(3600.0)
    one.sampler.sample_once()
    used = 41.25 + 82.5 * 5.0 / 3.6e6 * 500.0 + 82.5
    assert [budget.limit for budget in one.now.readings.budgets] == [10.0, 500.0]
    assert [budget.used for budget in one.now.readings.budgets] == pytest.approx([used, used])
    assert one.now.emission_limit == pytest.approx(1.0)
    assert not one.now.equivalents
    assert one.now.totals.lifetime_emissions == pytest.approx(used)


def test_energy_that_waits_is_shared_out_by_the_models_of_its_own_time(tmp_path: Path) -> None:
    file = tmp_path / "ecotrack.yml"
    file.write_text(CEP)
    machine = BusyMachine(FakeClock(), works={"make": 1.0})
    one = rig(machine, sharing=Sharing(scopes=frozenset({Scope.HOST}), top=5, grouping="name"))
    reload = reload_of(one, file)
    machine.is_read = False
    file.write_text(CEP.replace("power: {preset: cep}", "power: {idle_watts: 10, full_watts: 20}"))
    reload.look()
    for _ in range(2):
        machine.run(10.0)
        one.sampler.sample_once()
    machine.is_read = True
    machine.run(10.0)
    one.sampler.sample_once()
    # At half load 32.5 W on top of idle before; since then 4.2 W, by a curve.
    assert one.now.totals.exported.groups["make"].energy == {Scope.HOST: pytest.approx(325.0 + 42.0 + 42.0)}


@given(st.lists(st.sampled_from([*PARTS]), min_size=1, max_size=6))
def test_no_total_ever_falls(parts: list[str]) -> None:
    """Whatever is read in whatever order, counters and the use of budgets go on from where they were."""
    one = rig(Machine(FakeClock()), limits={period: Grams(100.0) for period in Period})
    running = configured({})
    for part in parts:
        before = series(one.now, "counter")
        booked = one.now.totals.booked
        running = change_of(running, configured(PARTS[part][0])).config
        fixed = AskedProvider(intensity_provider(running, one.machine.clock.wall()))
        one.sampler.adopt(build_settings(running, Paths(), fixed))
        for _ in range(3):
            one.machine.run(5.0, bytes_per_second=1e6)
            one.sampler.sample_once()
        after = series(one.now, "counter")
        # A section that ends leaves out its counters, which go on from there if it comes back.
        assert [name for name, value in before.items() if after.get(name, value) < value] == []
        for period, starts in booked.items():
            assert all(one.now.totals.booked[period][start] >= grams for start, grams in starts.items())


@pytest.mark.parametrize("text", ["power: 1\n", "budget: {day_grams: -1}\n", "a: [", "\0"])
def test_a_file_that_cannot_be_used_changes_nothing(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "ecotrack.yml"
    file.write_text(CEP)
    one = rig(Machine(FakeClock()))
    reload, good_at = reload_of(one, file), one.now.config.good_at
    settings = one.sampler.settings
    for told in (text, None):
        if told is None:
            file.unlink()
        else:
            file.write_text(told)
        one.machine.run(5.0)
        caplog.clear()
        reload.look()
        assert len(caplog.messages) == 1
        assert "the configuration cannot be used; the one in force stays" in caplog.text
        assert (one.now.config.is_good, one.now.config.good_at) == (False, good_at)
        assert one.sampler.settings is settings
    file.write_text(CEP)
    reload.look()
    assert (one.now.config.is_good, one.now.config.good_at) == (True, one.machine.clock.wall())
