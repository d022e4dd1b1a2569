"""The machine behind the boards: the exporter can read all of it, and it moves as a machine does."""

import threading
from itertools import pairwise
from pathlib import Path

from exporter.core.units import Seconds
from exporter.sources.collector import BY_DEFAULT, SOURCES, Choices, OnFailure
from exporter.sources.cpu import TICKS_PER_SECOND, cpu_times
from exporter.sources.host import HostSource
from exporter.sources.nics import NicRule
from exporter.sources.reading import HostReading
from exporter.usage.between import Usage, usage_between
from exporter.usage.events import Event, EventKind
from tests.fake_clock import FakeClock
from tests.grafana.moving_machine import PROGRAMS, STEP_SECONDS, STEPS_PER_RESET, MovingMachine
from tests.processes import join, until

SENSORS = {source.name for source in BY_DEFAULT if source.on_failure is OnFailure.REPLACED} - {"meter"}
"""The sensors that a machine has; a meter is outside it."""

LOST = {
    Event(kind=EventKind.RESET, source="network"),
    Event(kind=EventKind.DISCARD, source="network", reason="reset"),
}


class Watched:
    """A machine in a folder, and the exporter's own source that reads it after each step."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.machine, self.clock = MovingMachine(folder, seed), FakeClock()
        self.source = HostSource(
            self.clock,
            NicRule(),
            procfs=self.machine.procfs,
            sysfs=self.machine.sysfs,
            choices=Choices(connections_interval=Seconds(STEP_SECONDS)),
            sources=[source for source in SOURCES if source.default or source.name == "connections"],
        )

    def after_a_step(self) -> HostReading:
        self.machine.step()
        self.clock.advance(STEP_SECONDS)
        return self.source.read()


def used(readings: list[HostReading]) -> list[Usage]:
    return [usage_between(one, other, interval=Seconds(STEP_SECONDS)) for one, other in pairwise(readings)]


def test_every_collector_reads_it_and_only_cards_begin_again(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "machine", seed=1)
    readings = [watched.after_a_step() for _ in range(5 * STEPS_PER_RESET)]
    for reading in readings:
        assert reading.failed == ()
        read = (reading.cpu, reading.memory, reading.disk, reading.network, reading.sockstat, reading.connections)
        assert None not in read
    assert {event for usage in used(readings) for event in usage.events} == LOST


def test_everything_moves_in_each_step(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "machine", seed=1)
    for usage in used([watched.after_a_step() for _ in range(STEPS_PER_RESET - 1)]):
        assert usage.cpu is not None
        assert 0.0 < usage.cpu.utilization < 1.0
        assert usage.disk is not None
        assert min(usage.disk.read, usage.disk.written) > 0
        assert usage.network is not None
        assert usage.network.devices.keys() == {"enp0s31f6", "eth0", "eth1", "wlp2s0"}
        assert all(min(one.received_bytes, one.sent_bytes) > 0 for one in usage.network.devices.values())


def test_programs_use_the_cpus_the_first_ones_most_and_none_more_than_there_is(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "machine", seed=1)
    began = cpu_times(watched.machine.procfs)
    for _ in range(STEPS_PER_RESET):
        watched.machine.step()
    ended, used = cpu_times(watched.machine.procfs), ticks_by_program(watched.machine.procfs)
    assert sorted(used, key=lambda name: -used[name]) == list(PROGRAMS)
    assert min(used.values()) > 0
    assert sum(used.values()) / TICKS_PER_SECOND < ended.busy - began.busy


def ticks_by_program(procfs: Path) -> dict[str, int]:
    """Return the ticks of each program, which have no blanks in their names here."""
    stats = (path.read_text().split() for path in procfs.glob("[0-9]*/stat"))
    return {fields[1].strip("()"): int(fields[13]) for fields in stats}


def test_every_sensor_tells_and_the_machine_is_measured_as_a_whole_now_and_then(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "machine", seed=1)
    usages = used([watched.after_a_step() for _ in range(2 * STEPS_PER_RESET)])
    measured = [{one.sensor.source for one in usage.told.values() if one.measured} for usage in usages]
    assert set.union(*measured) == SENSORS
    assert {"battery" in one for one in measured} == {True, False}


def test_the_same_seed_moves_alike(tmp_path: Path) -> None:
    first, same, other = (Watched(tmp_path / str(number), seed) for number, seed in enumerate((1, 1, 2)))
    steps = [(first.after_a_step(), same.after_a_step(), other.after_a_step()) for _ in range(10)]
    assert all(one.network == two.network and one.sockstat == two.sockstat for one, two, _ in steps)
    assert any(one.network != three.network for one, _, three in steps)


def test_a_late_answer_comes_whole_and_holds_up_its_own_reader_alone(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "machine", seed=1)

    def is_late() -> bool:
        watched.machine.step()
        return (watched.machine.procfs / "meminfo").is_fifo()

    thread = threading.Thread(target=watched.machine.answer_late, args=(0.2,), daemon=True)
    thread.start()
    until(is_late, "an answer that is late")
    reading = watched.after_a_step()
    join(thread)
    assert reading.memory is not None
    assert reading.memory.total == 16_000_000 * 1024
    assert watched.after_a_step().memory is not None
