"""Whatever happens to a sensor, each sample is measured or modelled: nothing is told twice, invented or negative.

A processor's counter stands for all sensors here: what is done about faults is the same for each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporter.power.component import Component
from exporter.usage.sensors import FLAT_SAMPLES, MAX_PART_WATTS
from tests.exporter.sources.sensed_machine import FIXTURES, SensedMachine

INTERVAL = 5.0
ZONE = "devices/virtual/powercap/intel-rapl/intel-rapl:0"
LIMIT = 262_143_328_850
"""Microjoules at which the fixture's counter begins again."""

MODELLED = 32.5 * INTERVAL
"""Joules of a sample by the model of CEP at half load, beside its idle power."""


class Fault(StrEnum):
    """Faults of one sample."""

    NONE = "none"
    FAILED = "failed"
    RESET = "reset"
    NO_MAXIMUM = "no maximum"
    SUSPENDED = "suspended"
    UNPLUGGED = "unplugged"
    FROZEN = "frozen"


@dataclass(slots=True)
class Counter:
    """A counter with its faults, and the joules of each sample that it should be believed for."""

    joules: int
    known: bool = True
    flat: int = 0
    resets: int = 0

    def sample(self, fault: Fault, watts: int) -> float | None:
        """Return the joules of a sample that are measured; None where the model covers them."""
        before, spent = self.joules, round(watts * INTERVAL * 1e6)
        was_known, self.known = self.known, fault not in {Fault.FAILED, Fault.UNPLUGGED}
        if fault is Fault.FROZEN:
            return self._frozen(was_known)
        thawed = self.flat > FLAT_SAMPLES
        begins_again = self._begins_again(fault)
        if begins_again:
            self.joules = 0
        self.joules = (self.joules + spent) % LIMIT
        if not self.known:
            self.flat = 0
            return None
        fell = self.joules < before
        is_wrap = fell and not begins_again and fault is not Fault.NO_MAXIMUM
        if was_known and fell and not is_wrap:
            self.resets += 1
        if not was_known or fault is Fault.SUSPENDED or (fell and not is_wrap):
            return None
        self.flat = 0
        return None if thawed else (self.joules - before) % LIMIT / 1e6

    def _frozen(self, was_known: bool) -> float | None:
        if not was_known:
            return None
        self.flat += 1
        return 0.0 if self.flat <= FLAT_SAMPLES else None

    def _begins_again(self, fault: Fault) -> bool:
        """Shortly before its end nothing tells a counter that begins again from one that wraps."""
        near_its_end = LIMIT - self.joules <= MAX_PART_WATTS * INTERVAL * 1e6
        return fault in {Fault.RESET, Fault.SUSPENDED} and not (fault is Fault.RESET and near_its_end)


def show(machine: SensedMachine, fault: Fault, counter: Counter) -> None:
    """Let the files be as the fault has it."""
    link = machine.sys / "class/powercap/intel-rapl:0"
    if fault is Fault.UNPLUGGED:
        link.unlink(missing_ok=True)
    elif not link.exists():
        link.symlink_to(machine.sys / ZONE)
    machine.write(f"{ZONE}/energy_uj", "Input/output error" if fault is Fault.FAILED else counter.joules)
    machine.write(f"{ZONE}/max_energy_range_uj", "" if fault is Fault.NO_MAXIMUM else LIMIT)
    if fault is Fault.SUSPENDED:
        machine.clock.sleep(3600.0)


def machine_of_one_counter(folder: Path, start: int) -> SensedMachine:
    machine = SensedMachine(folder, "rapl")
    for zone in (machine.sys / "class/powercap").iterdir():
        if zone.name != "intel-rapl:0":
            zone.unlink()
    machine.write(f"{ZONE}/energy_uj", start)
    machine.sample_after(INTERVAL)  # from the fixture's figure to the start: beyond all power, or a fall
    return machine


FAULTS = st.lists(st.tuples(st.sampled_from(Fault), st.integers(min_value=5, max_value=300)), max_size=25)


@pytest.mark.slow
@settings(max_examples=40)
@given(start=st.sampled_from([LIMIT // 3, LIMIT - 2_000_000_000]), samples=FAULTS)
@example(start=LIMIT - 1_500_000_000, samples=[(Fault.RESET, 300)])
@example(start=LIMIT // 3, samples=[(Fault.FROZEN, 20)] * 6 + [(Fault.NONE, 20)] * 3)
@example(start=LIMIT - 200_000_000, samples=[(Fault.NO_MAXIMUM, 30), (Fault.NONE, 30), (Fault.NO_MAXIMUM, 90)])
@example(start=LIMIT // 3, samples=[(Fault.FAILED, 9), (Fault.RESET, 9), (Fault.RESET, 50), (Fault.SUSPENDED, 50)])
def test_each_sample_is_measured_or_modelled_and_never_both(start: int, samples: Sequence[tuple[Fault, int]]) -> None:
    with TemporaryDirectory() as folder:
        machine, counter = machine_of_one_counter(Path(folder), start), Counter(joules=start)
        met = dict(machine.events())
        for fault, watts in samples:
            before = machine.energy()[Component.CPU]
            expected = counter.sample(fault, watts)
            show(machine, fault, counter)
            machine.sample_after(INTERVAL)
            booked = machine.energy()[Component.CPU] - before
            assert booked == pytest.approx(MODELLED if expected is None else expected, abs=1e-6)
            assert booked >= 0.0
        events = machine.events()
    failed = [fault for fault, _ in samples].count(Fault.FAILED)
    assert events.get(("rapl", "error"), 0) == failed
    assert events.get(("rapl", "reset"), 0) - met.get(("rapl", "reset"), 0) == counter.resets


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.FROZEN])
def test_after_a_fault_at_most_one_further_sample_is_modelled(fault: Fault, tmp_path: Path) -> None:
    machine, counter = machine_of_one_counter(tmp_path, LIMIT // 3), Counter(joules=LIMIT // 3)
    sources = []
    for one in (Fault.NONE, fault, Fault.NONE, Fault.NONE):
        counter.sample(one, 20)
        show(machine, one, counter)
        machine.sample_after(INTERVAL)
        sources.append(machine.provenance()["cpu"])
    assert (sources[0], sources[3]) == ("rapl", "rapl")


@pytest.mark.parametrize("tree", ["rapl", "hwmon", "battery"])
@given(data=st.data())
@settings(max_examples=15)
def test_whatever_stands_in_a_file_of_a_sensor_costs_this_sensor_at_most(tree: str, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        machine = SensedMachine(Path(folder), tree)
        files = sorted(path for path in (FIXTURES / tree / "sys").rglob("*") if path.is_file())
        file = data.draw(st.sampled_from(files)).relative_to(FIXTURES / tree / "sys")
        (machine.sys / file).write_bytes(data.draw(st.one_of(st.binary(max_size=40), FIGURES)))
        machine.sample_after(INTERVAL)
        machine.sample_after(INTERVAL)
        assert machine.provenance().keys() >= {"cpu"} or machine.provenance().keys() >= {"rest"}
        assert all(0.0 <= energy < 1e6 for energy in machine.energy().values())
        assert machine.now.totals.exported.samples == 2


FIGURES = st.integers(min_value=-(10**30), max_value=10**30).map(lambda number: str(number).encode())
