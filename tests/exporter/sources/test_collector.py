"""The table of sources: each part of a reading stands in it, and each of its rows is read, timed and caught."""

import dataclasses
import errno
import itertools
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import Joules, MonotonicSeconds, Seconds
from exporter.power.component import Coverage, EnergyCounter, Sensor
from exporter.sources.collector import SENSORS_PAGE, SOURCES, OnFailure, Settings, Source
from exporter.sources.host import HostSource
from exporter.sources.nics import NicRule
from exporter.sources.reading import DiskBytes, HostReading, NotPresentError, SourceState, Timed
from exporter.views.summary import quality_flags
from tests.exporter.fakes import Machine, rig, series
from tests.fake_clock import FakeClock

FIXTURES = Path(__file__).parent / "fixtures"
PARTS = tuple(source for source in SOURCES if source.on_failure is not OnFailure.REPLACED)
ABOUT_THE_READING = {"wall", "awake", "elapsed", "outcomes", "failed"}
PACKAGE = Sensor(source="fake", covers=Coverage.PACKAGE, factor=1.1, description="a fake")


def test_every_part_of_a_reading_says_what_becomes_of_a_failure() -> None:
    parts = {field.name for field in dataclasses.fields(HostReading)} - ABOUT_THE_READING
    assert parts == {source.name for source in PARTS} | {"sensors"}


def test_counters_are_carried_and_levels_are_not() -> None:
    reading = HostSource(FakeClock(), NicRule(), procfs=FIXTURES / "laptop/proc", sysfs=FIXTURES / "laptop/sys").read()
    for source in (one for one in PARTS if one.default):
        timed = isinstance(getattr(reading, source.name), Timed)
        assert timed is (source.on_failure is OnFailure.CARRIED), source.name


def test_names_are_those_of_flags_and_stand_once() -> None:
    names = [source.name for source in SOURCES]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() and name.islower() for name in names)


def sensor_source(name: str, read: Callable[[Settings], Mapping[str, EnergyCounter]]) -> Source:
    return Source(
        name=name,
        reads="a fake's energy",
        on_failure=OnFailure.REPLACED,
        open=lambda settings: lambda: read(settings),
        file=lambda settings: settings.sysfs / "fake/energy",
    )


def test_only_a_level_may_be_read_now_and_then() -> None:
    """A sensor that told of thirty seconds at once would tell of what a model has booked by then."""
    for source in SOURCES:
        if source.on_failure is not OnFailure.LEVEL:
            with pytest.raises(ValueError, match="an interval of a level only"):
                dataclasses.replace(source, interval=lambda _: Seconds(30.0))


def test_all_parts_of_a_reading_are_of_one_moment() -> None:
    """Else the time between two of them would be told twice: by a model, and by the sensor that replaces it."""

    @dataclass(slots=True)
    class Ticking(FakeClock):
        def awake(self) -> MonotonicSeconds:
            self.awake_at += 0.5
            return MonotonicSeconds(self.awake_at)

    package = sensor_source("fake", lambda _: {"0": EnergyCounter(sensor=PACKAGE, energy=Joules(5.0))})
    laptop = FIXTURES / "laptop"
    reader = HostSource(Ticking(), NicRule(), procfs=laptop / "proc", sysfs=laptop / "sys", sources=(package, *SOURCES))
    reading = reader.read()
    timed = [reading.cpu, reading.network, reading.disk, *reading.sensors.values()]
    assert [one.at for one in timed if one is not None] == [reading.awake] * 4


def test_a_counter_that_was_not_read_anew_keeps_its_time() -> None:
    """A reading that is put off hands over the one before, and the next one tells of the time since."""
    clock, counters = FakeClock(), [DiskBytes(read=1, written=1)]
    disk = next(source for source in SOURCES if source.name == "disk")
    again = dataclasses.replace(disk, open=lambda _: lambda: counters[-1])
    reader = HostSource(clock, NicRule(), sources=[again])
    ats = []
    for new in (False, False, True, False):
        clock.advance(5.0)
        if new:
            counters.append(DiskBytes(read=1, written=1))
        timed = reader.read().disk
        assert timed is not None
        ats.append(timed.at - 1000.0)
    assert ats == [5.0, 5.0, 15.0, 15.0]


def test_energy_counters_of_all_sensors_stand_in_the_reading_with_their_time(tmp_path: Path) -> None:
    for name, joules in (("a", "5"), ("b", "7")):
        (tmp_path / name).write_text(joules)

    def read(name: str) -> Callable[[Settings], Mapping[str, EnergyCounter]]:
        return lambda settings: {
            name: EnergyCounter(sensor=PACKAGE, energy=Joules(float((settings.sysfs / name).read_text())))
        }

    clock = FakeClock()
    sources = [sensor_source(name, read(name)) for name in ("a", "b")]
    reader = HostSource(clock, NicRule(), sysfs=tmp_path, sources=sources)
    at = MonotonicSeconds(clock.awake_at)
    assert reader.read().sensors == {
        "a a": Timed(value=EnergyCounter(sensor=PACKAGE, energy=Joules(5.0)), at=at),
        "b b": Timed(value=EnergyCounter(sensor=PACKAGE, energy=Joules(7.0)), at=at),
    }
    (tmp_path / "a").write_text("much")
    reading = reader.read()
    assert reading.sensors.keys() == {"b b"}
    assert reading.failed == ("a",)


@pytest.mark.parametrize("left", [{"cpu"}, {"memory", "connections"}, set()], ids=["one", "two", "none"])
def test_only_the_sources_that_are_given_are_read(left: set[str]) -> None:
    laptop = FIXTURES / "laptop"
    sources = [source for source in SOURCES if source.name in left]
    reading = HostSource(FakeClock(), NicRule(), procfs=laptop / "proc", sysfs=laptop / "sys", sources=sources).read()
    assert {one.collector for one in reading.outcomes} == left
    assert {source.name for source in PARTS if getattr(reading, source.name) is not None} == left


@dataclass(slots=True)
class Faulty:
    """A source that raises the error that the test chose."""

    error: Exception | None = None

    def read(self, _: Settings) -> Mapping[str, EnergyCounter]:
        if self.error is not None:
            raise self.error
        return {}


DENIED = PermissionError(errno.EACCES, "Permission denied", "/sys/fake/energy")
FAILURE = OSError(errno.EIO, "Input/output error", "/sys/fake/energy")


@pytest.mark.parametrize(
    ("error", "state", "success"),
    [
        (None, SourceState.WORKS, [1.0]),
        (FAILURE, SourceState.FAILS, [0.0]),
        (ValueError("a name"), SourceState.FAILS, [0.0]),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "/x"), SourceState.FAILS, [0.0]),
        (DENIED, SourceState.DENIED, []),
        (PermissionError(errno.EPERM, "Operation not permitted", "/x"), SourceState.DENIED, []),
        (NotPresentError(), SourceState.ABSENT, []),
    ],
)
def test_only_what_fails_is_a_failure(error: Exception | None, state: SourceState, success: list[float]) -> None:
    source = sensor_source("fake", Faulty(error).read)
    machine = Machine(FakeClock())
    sampling = rig(machine, source=HostSource(machine.clock, NicRule(), sources=[source]))
    shown = series(sampling.sample_after(5.0), "gauge", "counter")
    states = {name[2]: value for name, value in shown.items() if name[0] == "ecotrack_source_state"}
    assert states == {one.value: float(one is state) for one in SourceState}
    assert [value for name, value in shown.items() if name[0] == "ecotrack_collector_success"] == success
    errors = [event.source for event in sampling.now.totals.exported.events if event.reason == "error"]
    assert errors == (["fake"] if state is SourceState.FAILS else [])


def test_a_change_of_state_is_logged_once_with_the_file_and_the_remedy(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    fake = Faulty()
    clock = FakeClock()
    reader = HostSource(clock, NicRule(), sources=[sensor_source("fake", fake.read)])
    for error in (
        None,
        FAILURE,
        DENIED,
        None,
        DENIED,
        NotPresentError(),
        None,
        NotPresentError(),
        ValueError("a name"),
    ):
        fake.error = error
        clock.advance(60.0)
        reader.read()
        reader.read()
    denied = (
        "collector fake is denied: Permission denied: /sys/fake/energy; let the exporter's user read /sys/fake/energy, "
        f"as {SENSORS_PAGE} says"
    )
    assert [record.getMessage() for record in caplog.records] == [
        "collector fake fails: Input/output error: /sys/fake/energy",
        denied,
        "collector fake works again",
        denied,
        "collector fake is absent",
        "collector fake fails: /sys/fake/energy is not understood (ValueError)",
    ]


@given(st.lists(st.sampled_from([None, FAILURE, DENIED, NotPresentError()]), max_size=200), st.floats(1.0, 90.0))
def test_a_source_that_flaps_has_a_line_a_minute_and_the_last_one_is_true(
    errors: list[Exception | None], interval: float
) -> None:
    lines: list[tuple[float, str]] = []
    clock, fake = FakeClock(), Faulty()
    reader = HostSource(clock, NicRule(), sources=[sensor_source("fake", fake.read)])

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append((clock.awake_at, record.getMessage()))

    log, handler = logging.getLogger("exporter.sources.collector"), Lines()
    log.addHandler(handler)
    level = log.level
    log.setLevel(logging.INFO)
    try:
        for error in errors:
            fake.error = error
            clock.advance(interval)
            reader.read()
        clock.advance(60.0)
        reader.read()
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
    times = [at for at, _ in lines]
    assert all(later - at >= 60.0 for at, later in itertools.pairwise(times))
    in_trouble = bool(lines) and (" fails: " in lines[-1][1] or " is denied: " in lines[-1][1])
    assert in_trouble == (fake.error in (FAILURE, DENIED))


def test_a_denied_source_is_a_note_with_its_remedy_and_no_warning() -> None:
    machine = Machine(FakeClock())
    source = sensor_source("fake", Faulty(DENIED).read)
    sampling = rig(machine, source=HostSource(machine.clock, NicRule(), sources=[source]))
    flags = quality_flags(sampling.sample_after(5.0), machine.clock.wall(), fresh=True)
    told = [(flag.level, flag.text) for flag in flags if "fake" in flag.text]
    assert told == [
        ("note", f"The fake reading is denied: let the exporter's user read /sys/fake/energy, as {SENSORS_PAGE} says.")
    ]


def test_the_sockets_of_another_machine_are_not_this_one_s() -> None:
    laptop = FIXTURES / "laptop"
    sources = [source for source in SOURCES if source.name == "process_bytes"]
    reading = HostSource(FakeClock(), NicRule(), procfs=laptop / "proc", sysfs=laptop / "sys", sources=sources).read()
    assert [one.state for one in reading.outcomes] == [SourceState.ABSENT]
