"""Time in which the exporter did not run is proven by counters that went on, and counted apart from what it saw."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.budget import Period
from exporter.core.units import Grams
from exporter.power.component import Component, Coverage, Sensor
from exporter.snapshot import Snapshot
from exporter.views.summary import summarize
from tests.exporter.fakes import FakeProvider, Machine, Rig, rig
from tests.exporter.test_state import BOOT, store_in
from tests.fake_clock import FakeClock

PACKAGE = Sensor(source="rapl", covers=Coverage.PACKAGE, factor=1.05, description="RAPL")

LIMITS = {Period.DAY: Grams(1000.0), Period.WEEK: Grams(5000.0)}


@contextmanager
def running(folder: Path, machine: Machine, *, boot_id: str = BOOT, clean: bool = True, **more: bool) -> Iterator[Rig]:
    """Run an exporter on a machine, with its state in a folder; it stops, or is killed, at the end."""
    store = store_in(folder, boot_id, machine.clock)
    try:
        totals = store.load(machine.clock.wall())
        made = rig(machine, totals=totals, store=store, limits=LIMITS, include_gaps=more.get("include_gaps", False))
        yield made
        if clean:
            made.sampler.save_clean_stop()
    finally:
        store.close()


def spent(snapshot: Snapshot) -> float:
    return sum(snapshot.totals.exported.energy.values())


def gap(snapshot: Snapshot) -> float:
    return sum(snapshot.totals.exported.gap_energy.values())


@given(
    seconds=st.floats(1.0, 400_000.0), utilization=st.floats(0.0, 1.0), rate=st.floats(0.0, 1e7), clean=st.booleans()
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_stop_books_what_the_exporter_would_have_counted(
    tmp_path: Path, seconds: float, utilization: float, rate: float, clean: bool
) -> None:
    machine, watched = Machine(FakeClock()), Machine(FakeClock())
    folder = tmp_path / "state"
    shutil.rmtree(folder, ignore_errors=True)
    with running(folder, machine, clean=clean) as made:
        made.sample_after(5.0)
        counted = made.now.totals
    machine.run(seconds, utilization=utilization, bytes_per_second=rate)
    with running(folder, machine) as made:
        after = made.now.totals
    other = rig(watched)
    other.sample_after(5.0)
    before = other.now.totals.exported.energy
    during = other.sample_after(seconds, utilization=utilization, bytes_per_second=rate).totals.exported
    for component, energy in during.energy.items():
        meant = energy - before[component]
        assert after.exported.gap_energy[component] == pytest.approx(meant, rel=1e-6, abs=1e-3)
    moved = after.exported.gap_devices["eth0"].total_bytes
    assert moved == during.devices["eth0"].total_bytes
    assert (after.lifetime_energy, after.lifetime_emissions) == (counted.lifetime_energy, counted.lifetime_emissions)
    assert after.exported.energy == (counted.exported.energy if clean or seconds <= 15.0 else {})


def test_what_was_booked_once_is_not_booked_again(tmp_path: Path) -> None:
    machine = Machine(FakeClock())
    for _ in range(3):
        with running(tmp_path, machine) as made:
            made.sample_after(5.0)
        machine.run(1000.0)
    with running(tmp_path, machine) as made:
        # Half busy, CEP's desktop draws 82.5 W.
        assert gap(made.now) == pytest.approx(3 * 82_500.0)
        assert spent(made.now) == pytest.approx(3 * 5 * 82.5)
        again = gap(made.now)
        made.sample_after(5.0)
        assert gap(made.now) == again


def test_a_machine_that_restarted_proves_nothing(tmp_path: Path) -> None:
    machine = Machine(FakeClock())
    with running(tmp_path, machine) as made:
        made.sample_after(5.0)
    machine.run(1000.0)
    with running(tmp_path, machine, boot_id="another") as made:
        assert made.now.totals.exported.gap_energy == {}
        assert made.now.totals.exported.gap_devices == {}


def test_counters_that_fell_prove_nothing(tmp_path: Path) -> None:
    machine = Machine(FakeClock())
    with running(tmp_path, machine) as made:
        made.sample_after(5.0)
    machine.run(1000.0)
    machine.busy, machine.nics["eth0"] = 1.0, 5
    with running(tmp_path, machine) as made:
        assert made.now.totals.exported.gap_energy == {}
        assert made.now.totals.exported.events == {}


def test_a_suspended_machine_adds_nothing(tmp_path: Path) -> None:
    machine = Machine(FakeClock())
    with running(tmp_path, machine) as made:
        made.sample_after(5.0)
    machine.run(500.0)
    machine.clock.sleep(10_000.0)
    machine.run(500.0)
    with running(tmp_path, machine) as made:
        assert gap(made.now) == pytest.approx(82_500.0)


@pytest.mark.parametrize(("seconds", "told"), [(300.0, True), (1000.0, False)])
def test_rapl_is_believed_over_less_than_a_turn_of_its_counter(tmp_path: Path, seconds: float, told: bool) -> None:
    machine = Machine(FakeClock(), sensors={"rapl package-0": PACKAGE}, sensor_watts={"rapl package-0": 20.0})
    machine.sensor_range = 262_143.0
    with running(tmp_path, machine) as made:
        made.sample_after(5.0)
    machine.run(seconds)
    with running(tmp_path, machine) as made:
        found = made.now.totals.exported.gap_energy
        assert found[Component.CPU] == pytest.approx((20.0 if told else 32.5) * seconds)


def test_without_an_intensity_the_energy_counts_and_the_grams_are_unknown(tmp_path: Path) -> None:
    machine = Machine(FakeClock())
    with running(tmp_path, machine) as made:
        made.sample_after(5.0)
    machine.run(1000.0)
    store = store_in(tmp_path, BOOT, machine.clock)
    made = rig(
        machine,
        totals=store.load(machine.clock.wall()),
        store=store,
        intensity=FakeProvider(trouble=OSError("gone")),
        include_gaps=True,
    )
    store.close()
    assert gap(made.now) == pytest.approx(82_500.0)
    assert made.now.totals.exported.gap_emissions == {}


def test_budgets_include_it_by_choice_day_by_day(tmp_path: Path) -> None:
    for include in (False, True):
        machine, folder = Machine(FakeClock()), tmp_path / str(include)
        with running(folder, machine, include_gaps=include) as made:
            made.sample_after(5.0)
        seen = made.now.totals.booked[Period.WEEK]
        machine.run(24 * 3600.0)
        with running(folder, machine, include_gaps=include) as made:
            booked = made.now.totals.booked
            grams = sum(made.now.totals.exported.gap_emissions.values())
            assert grams == pytest.approx(82.5 * 24 / 1000 * 500)
            learned = made.now.totals.week.hour_grams
        if not include:
            assert booked[Period.WEEK] == seen
            continue
        (week,), (before,) = booked[Period.WEEK].values(), seen.values()
        assert week - before == pytest.approx(grams)
        first, second = booked[Period.DAY].values()
        # The clock of the tests stands at one in the afternoon in Berlin.
        assert second == pytest.approx(grams * (13 * 3600 + 5) / 86_400, rel=1e-6)
        assert first + second == pytest.approx(week)
        assert learned > 0.0


def test_the_page_says_that_it_is_counted_apart(tmp_path: Path) -> None:
    machine = Machine(FakeClock())
    with running(tmp_path, machine) as made:
        made.sample_after(5.0)
        told = [flag.text for flag in summarize(made.now, machine.clock.wall(), fresh=True).flags]
        assert not any("did not run" in text for text in told)
    machine.run(3600.0)
    with running(tmp_path, machine) as made:
        told = [flag.text for flag in summarize(made.now, machine.clock.wall(), fresh=True).flags]
    # 82.5 Wh at 500 g/kWh.
    assert "Counted apart, for time in which the exporter did not run: 0.083 kWh, 41.2 g CO\u2082e." in told
