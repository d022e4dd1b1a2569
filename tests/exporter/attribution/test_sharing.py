"""Groups of processes sum to the machine and the network in every sample, whatever fails, comes, goes or restarts."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.attribution.sharing import Sharing
from exporter.attribution.slots import HELD
from exporter.core.units import Seconds
from exporter.intensity.reading import IntensityUnavailableError
from exporter.power.component import Component, Coverage, Scope, Sensor
from exporter.snapshot import Snapshot
from exporter.sources.processes.grouping import IDLE, OTHER, RESERVED, UNATTRIBUTED
from exporter.sources.reading import SourceState
from exporter.state import StateStore
from exporter.totals import GroupTotal, Totals
from exporter.usage.events import Event, EventKind
from tests.exporter.attribution.busy_machine import BusyMachine, energy_of, grams_of, joules, parts_of, whole
from tests.exporter.fakes import FakeProvider, Rig, rig, series
from tests.fake_clock import NOON, FakeClock

HOST = Sharing(scopes=frozenset({Scope.HOST}), top=20, grouping="name")
BOTH = Sharing(scopes=frozenset(Scope), top=3, grouping="name")

NAMES = ("make", "nginx", "postgres", "cc1", "sh", OTHER)

SENSORS = {
    "rapl package": Sensor(source="rapl", covers=Coverage.PACKAGE, factor=1.05, description="a fake"),
    "rapl dram": Sensor(source="rapl", covers=Coverage.MEMORY, factor=1.05, description="a fake"),
    "nvml card": Sensor(source="nvml", covers=Coverage.GPU, factor=1.05, description="a fake"),
    "hwmon disk": Sensor(source="hwmon", covers=Coverage.DISK, factor=1.05, description="a fake"),
    "meter": Sensor(source="meter", covers=Coverage.MACHINE, factor=1.05, description="a fake"),
}


def busy_machine() -> BusyMachine:
    return BusyMachine(FakeClock(), works={"make": 3.0, "nginx": 1.0})


def test_active_energy_is_shared_by_cpu_time_and_idle_stays_apart() -> None:
    """CEP's desktop: 50 W always, and 65 W more at full load."""
    sampling = rig(busy_machine(), sharing=HOST)
    snapshot = sampling.sample_after(10.0, utilization=0.8)
    assert joules(snapshot) == pytest.approx(
        {IDLE: 500.0, "make": 390.0, "nginx": 130.0, OTHER: 0.0, UNATTRIBUTED: 0.0}
    )
    use = snapshot.readings.groups
    assert use["make"].powers == {Scope.HOST: pytest.approx(39.0)}
    assert use["make"].cpus == pytest.approx(2.4)
    assert use["make"].throughput is None
    assert snapshot.readings.processes[0].name == "make"
    assert snapshot.readings.process_interval == 5.0


def test_every_group_that_all_machines_have_begins_at_zero() -> None:
    snapshot = rig(busy_machine(), sharing=BOTH).now
    assert joules(snapshot) == {IDLE: 0.0, OTHER: 0.0, UNATTRIBUTED: 0.0}
    assert joules(snapshot, Scope.NETWORK) == {OTHER: 0.0, UNATTRIBUTED: 0.0}


def test_energy_waits_for_the_next_reading_of_processes() -> None:
    machine = busy_machine()
    sampling = rig(machine, sharing=HOST)
    machine.is_read = False
    for expected in (325.0, 650.0):
        snapshot = sampling.sample_after(10.0)
        assert snapshot.totals.exported.waiting.energy == {Scope.HOST: pytest.approx(expected)}
        assert joules(snapshot).keys() == {IDLE, OTHER, UNATTRIBUTED}
        assert snapshot.readings.groups == {}
    machine.is_read, machine.works = True, {"nginx": 1.0}
    snapshot = sampling.sample_after(10.0)
    # A half of 4 CPUs for 30 s: 15 s each of the first 40 s, and all of the last 20 s.
    assert joules(snapshot)["make"] == pytest.approx(975.0 * 30.0 / 60.0)
    assert joules(snapshot)["nginx"] == pytest.approx(975.0 * 30.0 / 60.0)
    assert snapshot.totals.exported.waiting.energy == {Scope.HOST: 0.0}
    assert snapshot.readings.groups["nginx"].powers == {Scope.HOST: pytest.approx(16.25)}
    assert snapshot.readings.groups[IDLE].powers == {Scope.HOST: pytest.approx(50.0)}


def test_what_a_group_used_while_cpu_times_failed_is_not_given_to_another() -> None:
    """A model owes the energy of that time, and the CPU time of processes waits for it."""
    machine = busy_machine()
    sampling = rig(machine, sharing=HOST)
    machine.broken, machine.works = {"cpu"}, {"make": 1.0}
    sampling.sample_after(10.0)
    machine.broken, machine.works = set(), {"nginx": 1.0}
    snapshot = sampling.sample_after(10.0)
    assert joules(snapshot)["make"] == pytest.approx(joules(snapshot)["nginx"]) == pytest.approx(325.0)


@pytest.mark.parametrize("state", [SourceState.ABSENT, SourceState.DENIED])
def test_what_no_reading_will_tell_is_of_other_at_once(state: SourceState) -> None:
    machine = busy_machine()
    sampling = rig(machine, sharing=HOST)
    machine.state = state
    snapshot = sampling.sample_after(10.0)
    assert joules(snapshot)[OTHER] == pytest.approx(325.0)
    machine.state, machine.last = None, None
    assert "make" not in joules(sampling.sample_after(10.0))
    assert joules(sampling.sample_after(10.0))["make"] == pytest.approx(325.0 * 0.75)


def test_a_failing_reading_shows_no_old_use_and_the_next_one_covers_its_time() -> None:
    machine = busy_machine()
    sampling = rig(machine, sharing=HOST)
    assert sampling.sample_after(10.0).readings.groups.keys() >= {"make", "nginx"}
    machine.broken = {"processes"}
    assert sampling.sample_after(10.0).readings.groups == {}
    machine.broken = set()
    snapshot = sampling.sample_after(10.0)
    assert joules(snapshot)["make"] == pytest.approx(975.0 * 0.75)
    assert snapshot.readings.groups["make"].powers == {Scope.HOST: pytest.approx(32.5 * 0.75)}


def test_grams_that_are_unknown_wait_for_nothing() -> None:
    machine, provider = busy_machine(), FakeProvider(value=360.0)
    sampling = rig(machine, sharing=HOST, intensity=provider)
    machine.is_read = False
    sampling.sample_after(10.0)
    provider.trouble = IntensityUnavailableError("gone")
    machine.is_read = True
    snapshot = sampling.sample_after(10.0)
    exported = snapshot.totals.exported
    assert exported.groups["make"].energy[Scope.HOST] == pytest.approx(650.0 * 0.75)
    assert exported.groups["make"].emissions[Scope.HOST] == pytest.approx(325.0 * 0.75 * 360.0 / 3.6e6)
    assert snapshot.readings.groups["make"].emission_rates == {}


def test_a_rule_that_changes_begins_with_new_groups() -> None:
    machine = busy_machine()
    before = rig(machine, sharing=HOST).sample_after(10.0).totals
    machine.restart_exporter()
    by_cgroup = Sharing(scopes=HOST.scopes, top=20, grouping="cgroup")
    exported = rig(machine, sharing=by_cgroup, totals=before).now.totals.exported
    assert exported.groups.keys() == {IDLE, OTHER, UNATTRIBUTED}
    assert exported.retired.energy[Scope.HOST] == pytest.approx(325.0)


def test_a_run_without_attribution_forgets_the_groups() -> None:
    machine = busy_machine()
    before = rig(machine, sharing=HOST).sample_after(10.0).totals
    exported = rig(machine, totals=before).now.totals.exported
    assert (exported.groups, exported.grouping) == ({}, "")
    assert [part for part in parts_of(exported) if part != GroupTotal()] == []


def test_a_group_that_matters_takes_the_place_of_one_that_has_not_for_an_hour() -> None:
    machine = busy_machine()
    two = Sharing(scopes=HOST.scopes, top=2, grouping="name")
    sampling = rig(machine, sharing=two)
    sampling.sample_after(10.0)
    machine.works = {"make": 1.0, "cc1": 1.0}
    for _ in range(int(HELD / 300.0) - 1):
        assert joules(sampling.sample_after(300.0)).keys() == RESERVED | {"make", "nginx"}
    snapshot = sampling.sample_after(300.0)
    assert joules(snapshot).keys() == RESERVED | {"make", "cc1"}
    assert snapshot.totals.exported.retired.energy[Scope.HOST] == pytest.approx(325.0 / 4.0)


@dataclass(frozen=True)
class Step:
    """Part of a history: what the machine does, what of it cannot be read, and how the exporter begins it."""

    seconds: float
    utilization: float
    works: dict[str, float]
    plays: dict[str, float]
    moves: dict[str, float]
    broken: set[str]
    is_read: bool
    state: SourceState | None
    intensity: float | None
    begins: str


steps = st.builds(
    Step,
    seconds=st.sampled_from((1.0, 5.0, 30.0, 4000.0)),
    utilization=st.floats(0.0, 1.0),
    works=st.dictionaries(st.sampled_from(NAMES), st.floats(0.01, 10.0), max_size=5),
    plays=st.dictionaries(st.sampled_from(NAMES), st.floats(0.0, 1.0), max_size=2),
    moves=st.dictionaries(st.sampled_from(NAMES), st.floats(0.0, 1.2), max_size=3),
    broken=st.sets(st.sampled_from(("cpu", "processes", "process_bytes", "network", *SENSORS))),
    is_read=st.booleans(),
    state=st.sampled_from((None, None, None, SourceState.DENIED, SourceState.ABSENT)),
    intensity=st.sampled_from((None, 50.0, 500.0)),
    begins=st.sampled_from(("", "", "", "", "clean", "killed", "rebooted", "asleep")),
)


@dataclass
class History:
    """A machine whose exporter is stopped, killed and started again, with its state in a folder."""

    folder: Path
    sharing: Sharing
    pue: float
    machine: BusyMachine = field(default_factory=busy_machine)
    provider: FakeProvider = field(default_factory=FakeProvider)
    boot: int = 0

    def start(self) -> tuple[Rig, StateStore]:
        self.machine.restart_exporter()
        store = StateStore(self.folder, f"boot {self.boot}", clock=self.machine.clock, resume_within=Seconds(15.0))
        totals: Totals = store.load(NOON)
        sampling = rig(
            self.machine, totals=totals, store=store, sharing=self.sharing, pue=self.pue, intensity=self.provider
        )
        return sampling, store

    def snapshots(self, todo: list[Step]) -> Iterator[Snapshot]:
        sampling, store = self.start()
        for step in todo:
            self.machine.clock.sleep(1000.0 if step.begins == "asleep" else 0.0)
            if step.begins in {"clean", "killed", "rebooted"}:
                if step.begins == "clean":
                    sampling.sampler.save_clean_stop()
                self.boot += step.begins == "rebooted"
                with closing(store):
                    pass
                sampling, store = self.start()
                yield sampling.now
            machine, self.provider.value = self.machine, step.intensity or 1.0
            self.provider.trouble = None if step.intensity else IntensityUnavailableError("gone")
            machine.works, machine.plays, machine.broken = step.works, step.plays, step.broken
            machine.is_read, machine.state, machine.moves = step.is_read, step.state, step.moves
            yield sampling.sample_after(step.seconds, utilization=step.utilization, bytes_per_second=1e5)
        store.close()


@pytest.mark.slow
@given(
    todo=st.lists(steps, min_size=1, max_size=15),
    sensors=st.sets(st.sampled_from(sorted(SENSORS))),
    top=st.integers(1, 4),
    pue=st.sampled_from((1.0, 1.6)),
)
def test_groups_sum_to_the_scope_never_fall_and_are_few(
    todo: list[Step], sensors: set[str], top: int, pue: float
) -> None:
    sharing = Sharing(scopes=frozenset(Scope), top=top, grouping="name")
    with TemporaryDirectory() as folder:
        history = History(folder=Path(folder), sharing=sharing, pue=pue)
        history.machine.sensors = {name: SENSORS[name] for name in sensors}
        history.machine.sensor_watts = dict.fromkeys(sensors, 20.0) | {"meter": 90.0}
        before: dict[tuple[str, ...], float] = {}
        for snapshot in history.snapshots(todo):
            exported = snapshot.totals.exported
            for scope in Scope:
                energy, grams = whole(exported.energy, scope), whole(exported.emissions, scope)
                assert energy_of(exported, scope) == pytest.approx(energy, rel=1e-9, abs=1e-9)
                assert grams_of(exported, scope) == pytest.approx(grams, rel=1e-9, abs=1e-12)
                assert all(joule <= energy * (1.0 + 1e-9) + 1e-9 for joule in joules(snapshot, scope).values())
            assert all(amount >= 0.0 for part in parts_of(exported) for amount in part.energy.values())
            received = sum(device.received_bytes for device in exported.devices.values())
            sent = sum(device.sent_bytes for device in exported.devices.values())
            assert sum(part.received_bytes for part in parts_of(exported)) == received
            assert sum(part.sent_bytes for part in parts_of(exported)) == sent
            assert len(exported.groups.keys() - RESERVED) <= top
            now = {key: value for key, value in series(snapshot, "counter").items() if "process" in key[0]}
            begun_anew = exported.samples == 0
            assert begun_anew or [key for key in now if now[key] < before.get(key, 0.0)] == []
            before = now


def test_cpu_time_of_groups_sums_to_the_busy_time_of_all_cpus() -> None:
    machine = busy_machine()
    sampling = rig(machine, sharing=BOTH)
    busy = machine.busy
    for number in range(50):
        machine.works = {f"program {number % 7}": 1.0, "make": 0.5}
        machine.broken = {"processes"} if number % 5 == 2 else set()
        snapshot = sampling.sample_after(10.0)
    assert sum(part.cpu for part in parts_of(snapshot.totals.exported)) == pytest.approx(machine.busy - busy)


def test_bytes_of_groups_sum_to_those_of_the_devices() -> None:
    sampling = rig(busy_machine(), sharing=BOTH)
    for _ in range(3):
        snapshot = sampling.sample_after(5.0, bytes_per_second=1e6)
    counted, name = series(snapshot, "counter"), "ecotrack_process_group_network_bytes_total"
    devices = snapshot.totals.exported.devices.values()
    assert counted[(name, UNATTRIBUTED, "receive")] == sum(one.received_bytes for one in devices) > 0
    assert counted[(name, UNATTRIBUTED, "transmit")] == sum(one.sent_bytes for one in devices) > 0


def test_the_network_is_of_the_groups_that_moved_its_bytes() -> None:
    """The rest, headers and what is forwarded, waits for one sample and is unattributed then."""
    machine = busy_machine()
    machine.moves = {"nginx": 0.6, "make": 0.2}
    sampling = rig(machine, sharing=BOTH)
    snapshot = sampling.sample_after(10.0, bytes_per_second=1e6)
    exported = snapshot.totals.exported
    per_byte = exported.energy[Component.NETWORK] / 1e7
    assert exported.groups["nginx"].received_bytes == exported.groups["nginx"].sent_bytes == 3_000_000
    assert joules(snapshot, Scope.NETWORK)["nginx"] == pytest.approx(6e6 * per_byte)
    assert (exported.waiting.received_bytes, exported.waiting.sent_bytes) == (1_000_000, 1_000_000)
    assert exported.waiting.energy[Scope.NETWORK] == pytest.approx(2e6 * per_byte)
    assert snapshot.readings.groups["nginx"].throughput is not None
    assert snapshot.readings.groups["nginx"].throughput.received == pytest.approx(3e5)
    snapshot = sampling.sample_after(10.0)
    assert joules(snapshot, Scope.NETWORK)[UNATTRIBUTED] == pytest.approx(2e6 * per_byte)


@pytest.mark.parametrize("broken", ["network", "process_bytes"])
def test_use_of_the_network_is_zero_of_who_moved_nothing_and_missing_where_bytes_were_not_read(broken: str) -> None:
    machine = busy_machine()
    machine.moves = {"nginx": 0.5}
    sampling = rig(machine, sharing=BOTH)
    use = sampling.sample_after(10.0, bytes_per_second=1e6).readings.groups
    assert use["make"].powers == {Scope.HOST: pytest.approx(24.375), Scope.NETWORK: 0.0}
    assert use["make"].emission_rates[Scope.NETWORK] == 0.0
    machine.broken = {broken}
    use = sampling.sample_after(10.0, bytes_per_second=1e6).readings.groups
    assert {one.throughput for one in use.values()} == {None}
    assert {scope for one in use.values() for scope in (*one.powers, *one.emission_rates)} == {Scope.HOST}
    machine.broken = set()
    use = sampling.sample_after(10.0, bytes_per_second=1e6).readings.groups
    assert use["nginx"].powers[Scope.NETWORK] > 0.0 == use["make"].powers[Scope.NETWORK]


def test_use_of_the_network_is_missing_of_who_may_have_moved_bytes_unseen() -> None:
    machine = busy_machine()
    machine.moves, machine.sees_all = {"nginx": 0.5}, False
    use = rig(machine, sharing=BOTH).sample_after(10.0, bytes_per_second=1e6).readings.groups
    assert use["nginx"].powers[Scope.NETWORK] > 0.0
    assert use["nginx"].throughput is not None
    assert use["make"].powers == {Scope.HOST: pytest.approx(24.375)}
    assert (use["make"].throughput, set(use["make"].emission_rates)) == (None, {Scope.HOST})


@pytest.mark.parametrize("state", [SourceState.DENIED, SourceState.ABSENT])
def test_cpus_are_missing_where_no_process_tells_of_any(state: SourceState) -> None:
    machine = busy_machine()
    machine.moves = {"nginx": 0.5}
    sampling = rig(machine, sharing=BOTH)
    assert sampling.sample_after(10.0, bytes_per_second=1e6).readings.groups["nginx"].cpus is not None
    machine.state = state
    sampling.sample_after(10.0, bytes_per_second=1e6)
    use = sampling.sample_after(10.0, bytes_per_second=1e6).readings.groups
    assert use["nginx"].powers[Scope.NETWORK] > 0.0
    assert {one.cpus for one in use.values()} == {None}


def test_claims_beyond_what_devices_counted_are_an_event() -> None:
    machine = busy_machine()
    machine.moves = {"nginx": 1.5}
    sampling = rig(machine, sharing=BOTH)
    sampling.sample_after(10.0, bytes_per_second=1e6)
    machine.moves = {}
    exported = sampling.sample_after(10.0).totals.exported
    assert exported.events[Event(kind=EventKind.DISCARD, source="process_bytes", reason="exceeds_devices")] == 1
    assert exported.groups["nginx"].received_bytes == 5_000_000


@pytest.mark.parametrize("fails", [True, False])
def test_claims_wait_for_devices_that_failed_and_not_for_those_that_were_not_there(fails: bool) -> None:
    machine = busy_machine()
    machine.moves = {"nginx": 1.0}
    sampling = rig(machine, sharing=BOTH)
    if fails:
        machine.broken = {"network"}
    else:
        machine.nics = {}
    sampling.sample_after(10.0, bytes_per_second=1e6)
    machine.broken, machine.nics = set(), machine.nics or {"wlan0": 0}
    machine.moves = {"make": 1.0}
    for _ in range(3):
        exported = sampling.sample_after(10.0, bytes_per_second=1e6).totals.exported
    assert exported.groups["make"].received_bytes == (15_000_000 if fails else 10_000_000)
    assert exported.groups["nginx"].received_bytes == (5_000_000 if fails else 0)
    assert Event(kind=EventKind.DISCARD, source="process_bytes", reason="exceeds_devices") not in exported.events


def test_bytes_without_a_group_are_counted() -> None:
    machine = busy_machine()
    machine.moves = {"nginx": 0.5}
    sampling = rig(machine, sharing=BOTH)
    machine.moves |= {"make": 0.1}
    assert sampling.sample_after(10.0, bytes_per_second=1e6).totals.exported.lost_bytes == 2


def test_a_whole_measured_machine_is_idle_up_to_its_idle_power() -> None:
    machine = busy_machine()
    machine.sensors, machine.sensor_watts = {"meter": SENSORS["meter"]}, {"meter": 90.0}
    sampling = rig(machine, sharing=HOST)
    snapshot = sampling.sample_after(10.0)
    assert joules(snapshot) == pytest.approx(
        {IDLE: 500.0, "make": 300.0, "nginx": 100.0, OTHER: 0.0, UNATTRIBUTED: 0.0}
    )
    machine.sensor_watts = {"meter": 30.0}
    assert joules(sampling.sample_after(10.0))[IDLE] == pytest.approx(800.0)


def test_a_graphics_card_is_of_the_processes_on_it() -> None:
    machine = busy_machine()
    machine.sensors, machine.sensor_watts = {"nvml card": SENSORS["nvml card"]}, {"nvml card": 200.0}
    sampling = rig(machine, sharing=HOST)
    snapshot = sampling.sample_after(10.0)
    assert snapshot.totals.exported.energy[Component.GPU] == pytest.approx(2000.0)
    assert joules(snapshot)[UNATTRIBUTED] == pytest.approx(2000.0)
    machine.plays = {"train": 0.9, "play": 0.3}
    snapshot = sampling.sample_after(10.0)
    assert joules(snapshot)["train"] == pytest.approx(1500.0)
    assert joules(snapshot)["play"] == pytest.approx(500.0)
