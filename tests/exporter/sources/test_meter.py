"""An external meter: its counter through steps and reboots, and what it is asked, by whom it may be read."""

import os
import random
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.errand import MOST_BYTES
from exporter.core.no_answer import NoAnswerError
from exporter.core.units import Joules, Seconds, Watts
from exporter.power.component import Coverage, EnergyCounter
from exporter.sources.meter import (
    FILE_AGE,
    MOST_AHEAD,
    PASSWORD_VARIABLE,
    MeteredEnergy,
    MeterKind,
    MeterSettings,
    MeterSource,
)
from exporter.sources.meter_answer import Unit
from exporter.sources.reading import ReadingUnavailableError
from tests.exporter.sources.test_meter_answer import FIRST_SHELLY, FOUND, SHELLY, TASMOTA, text
from tests.fake_clock import FakeClock
from tests.processes import join, until
from tests.prometheus.stack import Quiet, serving

STEP = 3600.0
"""Joules of a step of the plug's total, 0.001 kWh."""


AWAKE = Seconds(0.0)
"""Time asleep of a machine that never is."""


@dataclass(slots=True)
class Plug:
    """A plug that counts in steps, forgets the present step when it restarts, and may go back to an older total."""

    total: float = 0.0
    saved: float = 0.0

    def restart(self) -> None:
        self.total = self.saved

    @property
    def shown(self) -> Joules:
        return Joules(self.total // STEP * STEP)


@dataclass(slots=True)
class Booking:
    """The energy of a counter, as it is booked: what it gains, and nothing when it falls."""

    counter: MeteredEnergy = field(default_factory=MeteredEnergy)
    last: float | None = None
    joules: float = 0.0
    resets: int = 0

    def read(self, plug: Plug, watts: Watts, seconds: float) -> None:
        now = self.counter.advance(plug.shown, watts, Seconds(seconds), asleep=AWAKE)
        assert now is not None
        if self.last is not None and now >= self.last:
            self.joules += now - self.last
        elif self.last is not None:
            self.resets += 1
        self.last = now

    def restart(self) -> None:
        """Let another run of the exporter go on with the counter."""
        assert self.last is not None
        self.counter = MeteredEnergy(Joules(self.last), self.counter.own("plug"))


@pytest.mark.parametrize("seed", range(5))
def test_over_a_thousand_restarts_of_a_plug_nothing_is_invented_and_only_the_time_since_a_step_is_lost(
    seed: int,
) -> None:
    chance = random.Random(seed)  # noqa: S311 - loads, not secrets
    plug, booking = Plug(), Booking()
    spent, lost, restarts, watts = 0.0, 0.0, 0, 100.0
    booking.read(plug, Watts(watts), 0.0)
    while restarts < 1000:
        seen = plug.shown
        for _ in range(chance.randint(1, 30)):
            told = Watts(watts * chance.uniform(0.9, 1.1))  # of the moment before: the load has changed since
            watts = chance.choice([5.0, 60.0, 100.0, 400.0])
            plug.total += watts * 5.0
            spent += watts * 5.0
            booking.read(plug, told, 5.0)
            seen = plug.shown
            assert booking.joules <= spent + MOST_AHEAD
        unseen = chance.uniform(0.0, 5.0) * watts
        spent += unseen
        # What the plug had not counted up to the last reading, what flowed since, and the first step after it.
        lost += plug.total - seen + unseen
        plug.saved = chance.choice([0.0, plug.total / 2.0 // STEP * STEP])
        plug.restart()
        restarts += 1
        booking.read(plug, Watts(watts), 5.0)
    assert booking.joules <= spent
    assert booking.joules >= spent - lost - MOST_AHEAD
    assert 0 < booking.resets <= 1000


@given(
    times=st.lists(
        st.tuples(
            st.sampled_from(["sampled", "exporter away", "plug restarts", "plug restarts, exporter away"]),
            st.floats(0.0, 4000.0),
            st.sampled_from([5.0, 60.0, 400.0]),
        ),
        max_size=60,
    )
)
def test_what_flows_while_the_exporter_is_away_is_booked_once_and_only_a_restart_of_the_plug_loses_any(
    times: list[tuple[str, float, float]],
) -> None:
    plug, booking, spent, lost = Plug(), Booking(), 0.0, 0.0
    booking.read(plug, Watts(60.0), 0.0)
    for kind, drawn, watts in times:
        seconds = drawn if "away" in kind else min(drawn, 5.0)
        seen = plug.shown
        plug.total += watts * seconds
        spent += watts * seconds
        if "restarts" in kind:
            lost += plug.total - seen
            plug.restart()
        if "away" in kind:
            booking.restart()
        booking.read(plug, Watts(watts), seconds)
        assert spent - lost - STEP <= booking.joules <= spent + 1e-3


@given(
    steps=st.lists(st.tuples(st.floats(0.0, 1e4), st.floats(0.0, 1e3), st.booleans()), max_size=60),
)
def test_a_counter_never_falls_but_at_a_restart_and_never_passes_the_total_by_more_than_a_step(
    steps: list[tuple[float, float, bool]],
) -> None:
    plug, booking, confirmed = Plug(), Booking(), 0.0
    booking.read(plug, Watts(0.0), 0.0)
    for joules, watts, restarts in steps:
        before = plug.shown
        if restarts:
            plug.saved = 0.0
            plug.restart()
        plug.total += joules
        confirmed += max(0.0, plug.shown - before)
        resets = booking.resets
        booking.read(plug, Watts(watts), 5.0)
        assert booking.resets == resets or plug.shown < before
        assert booking.joules <= confirmed + max(MOST_AHEAD, 60.0 * 1e3) + 1e-6


def test_between_two_steps_the_power_is_shown_and_a_step_sets_it_right() -> None:
    counter = MeteredEnergy()
    told = [
        counter.advance(Joules(total), Watts(100.0), Seconds(10.0), asleep=AWAKE)
        for total in (0, 0, 0, 3600, 3600, 3600)
    ]
    assert told == [0.0, 1000.0, 2000.0, 3600.0, 4600.0, 5600.0]
    ahead = [counter.advance(Joules(3600.0), Watts(100.0), Seconds(10.0), asleep=AWAKE) for _ in range(10)]
    assert ahead[-1] == ahead[-2] == 3600.0 + 6000.0  # a minute of it: the total has stopped
    assert (
        counter.advance(Joules(7200.0), Watts(100.0), Seconds(10.0), asleep=AWAKE) == 9600.0
    )  # and waits for the total


def test_without_a_power_that_of_the_last_step_is_shown() -> None:
    counter = MeteredEnergy()
    told = [counter.advance(Joules(total), None, Seconds(10.0), asleep=AWAKE) for total in (0, 0, 1000, 1000, 2000)]
    assert told == [None, None, 1000.0, 1500.0, 2000.0]


@pytest.mark.parametrize("watts", [Watts(50.0), None])
@given(at=st.integers(3, 30), misread=st.floats(1e8, 1e15))
def test_a_total_that_was_misread_costs_no_more_than_its_samples(watts: Watts | None, at: int, misread: float) -> None:
    counter, last, booked = MeteredEnergy(), None, 0.0
    for sample in range(60):
        total = misread if sample == at else sample // 2 * 1000.0
        now = counter.advance(Joules(total), watts, Seconds(10.0), asleep=AWAKE)
        gained = 0.0 if last is None or now is None else max(0.0, now - last)
        assert gained <= 1000.0 + 1e-6
        booked, last = booked + gained, now
    assert 59 * 500.0 - 5 * 500.0 - 1000.0 <= booked <= 59 * 500.0


def test_what_flowed_while_the_machine_slept_sets_no_pace() -> None:
    counter = MeteredEnergy()
    for total in (0, 500, 1000):
        counter.advance(Joules(total), None, Seconds(10.0), asleep=AWAKE)
    night = Joules(1000.0 + 8 * 3600.0 * 2.0)
    slept = counter.advance(night, None, Seconds(10.0), asleep=Seconds(8 * 3600.0))
    told = counter.advance(night, None, Seconds(10.0), asleep=AWAKE)
    assert slept is not None
    assert told is not None
    assert told - slept == pytest.approx(20.0, rel=1e-3)


def errands_end() -> None:
    """Wait until all that was sent has ended."""
    for thread in threading.enumerate():
        if thread.name == "errand":
            join(thread)


def test_a_night_asleep_is_not_booked_when_the_meter_answers_again(tmp_path: Path) -> None:
    file, clock = tmp_path / "joules", FakeClock()
    source = MeterSource(MeterSettings(kind=MeterKind.FILE, place=str(file), unit=Unit.JOULES), clock)

    def write(joules: float) -> None:
        file.write_text(f"{joules}\n", encoding="ascii")
        os.utime(file, (clock.wall(), clock.wall()))

    for joules in (0.0, 1000.0, 2000.0):
        write(joules)
        for _ in range(2):  # an errand is sent by the first sample, and its answer is in the second
            clock.advance(10.0)
            source.read()
            errands_end()
    clock.sleep(8 * 3600.0)
    write(2000.0 + 8 * 3600.0)
    assert source.read() == {}  # a sensor that was not there starts anew
    (first,) = answered(source).values()
    clock.advance(10.0)
    assert source.read()["total"].energy - first.energy <= 1000.0


@dataclass
class Site:
    """A plug's server on loopback: what it answers, and what it was asked."""

    url: str = ""
    status: int = 200
    body: bytes = text(SHELLY)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    dribbled: int = 0
    silent: threading.Event = field(default_factory=threading.Event)
    dribbles: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()

    class Handler(Quiet):
        def do_GET(self) -> None:
            site.asked.append((self.path, self.headers.get("Authorization")))
            if site.silent.is_set():
                site.closed.wait(30.0)
            elif site.dribbles.is_set():
                self.send_response(site.status)
                self.end_headers()
                while not site.closed.wait(0.05):
                    self.wfile.write(b"1")
                    site.dribbled += 1
            else:
                self.answer(site.status, site.body)

    with serving(Handler) as address:
        site.url = f"http://{address}"
        yield site
        site.closed.set()


def answered(source: MeterSource) -> Mapping[str, EnergyCounter]:
    """Return the reading, once the meter has answered."""
    told: list[Mapping[str, EnergyCounter]] = []

    def has_answered() -> bool:
        told.append(source.read())
        return bool(told[-1])

    until(has_answered, "the answer of the meter")
    return told[-1]


@pytest.mark.servers
@pytest.mark.parametrize(
    ("kind", "document", "asked"),
    [
        (MeterKind.SHELLY, SHELLY, "/rpc/Shelly.GetStatus"),
        (MeterKind.SHELLY_GEN1, FIRST_SHELLY, "/status"),
        (MeterKind.TASMOTA, TASMOTA, "/cm?cmnd=Status+10"),
        (MeterKind.PROMETHEUS, FOUND, "/api/v1/query?query=sum%28watts%29"),
    ],
)
def test_each_kind_of_server_is_asked_its_own_way(site: Site, kind: MeterKind, document: object, asked: str) -> None:
    site.body = text(document)
    query = "sum(watts)" if kind is MeterKind.PROMETHEUS else ""
    source = MeterSource(MeterSettings(kind=kind, place=site.url, query=query), FakeClock())
    (counter,) = answered(source).values()
    assert counter.sensor.covers is Coverage.MACHINE
    assert site.asked == [(asked, None)]


@pytest.mark.servers
def test_a_password_comes_from_its_file_or_the_environment(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "of the environment")
    file = tmp_path / "password"
    file.write_text("secret\n", encoding="utf-8")
    site.body = text(FOUND)
    for user, password_file in (("me", file), ("", file), ("", None)):
        settings = MeterSettings(
            kind=MeterKind.PROMETHEUS, place=f"{site.url}/prefix/", query="w", user=user, password_file=password_file
        )
        answered(MeterSource(settings, FakeClock()))
    assert [path for path, _ in site.asked] == ["/prefix/api/v1/query?query=w"] * 3
    basic, bearer, environment = [header for _, header in site.asked]
    assert (basic, bearer) == ("Basic bWU6c2VjcmV0", "Bearer secret")
    assert environment == "Bearer of the environment"
    site.body = text(TASMOTA)
    answered(MeterSource(MeterSettings(kind=MeterKind.TASMOTA, place=site.url, password_file=file), FakeClock()))
    assert site.asked[-1][0] == "/cm?user=admin&password=secret&cmnd=Status+10"


@pytest.mark.servers
@pytest.mark.parametrize("secret", ["hunter2\nX-Forged: 1", "hunter2\u20ac"])
def test_a_password_that_no_header_holds_is_not_told(site: Site, tmp_path: Path, secret: str) -> None:
    (tmp_path / "password").write_text(secret, encoding="utf-8")
    settings = MeterSettings(kind=MeterKind.PROMETHEUS, place=site.url, query="w", password_file=tmp_path / "password")
    with pytest.raises(ReadingUnavailableError, match=r"is not asked: no header can hold its password$") as refused:
        answered(MeterSource(settings, FakeClock()))
    assert refused.value.__suppress_context__
    assert site.asked == []


@pytest.mark.servers
@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (401, b"", "answers with status 401"),
        (302, b"", "answers with status 302"),
        (200, b"x" * (MOST_BYTES + 1), "says more than 65536 bytes"),
        (200, b"<html>", "is not understood"),
    ],
)
def test_an_answer_that_is_none_is_a_failure_that_says_why(site: Site, status: int, body: bytes, told: str) -> None:
    site.status, site.body = status, body
    source = MeterSource(MeterSettings(kind=MeterKind.SHELLY, place=site.url), FakeClock())
    with pytest.raises(ReadingUnavailableError, match=told):
        answered(source)


@pytest.mark.servers
@pytest.mark.parametrize("manner", ["silent", "dribbles"])
def test_a_server_that_does_not_end_is_given_up_and_never_waited_for(site: Site, manner: str) -> None:
    behaves: threading.Event = getattr(site, manner)
    behaves.set()
    clock = FakeClock()
    source = MeterSource(MeterSettings(kind=MeterKind.SHELLY, place=site.url), clock)
    assert source.read() == {}
    until(lambda: bool(site.asked) and (manner == "silent" or site.dribbled > 9), "the question, and some of an answer")
    clock.advance(10.0)
    with pytest.raises(NoAnswerError, match="no answer within 10 s"):
        source.read()
    behaves.clear()

    def is_asked_again() -> bool:
        try:
            source.read()
        except NoAnswerError:
            return len(site.asked) == 2
        # An answer there may only be to the second question.
        assert len(site.asked) == 2
        return True

    until(is_asked_again, "the next question, once the first errand has ended")


def test_the_certificates_of_a_meter_by_https_are_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[ssl.SSLContext] = []
    load = ssl.create_default_context

    def counted() -> ssl.SSLContext:
        loaded.append(load())
        return loaded[-1]

    monkeypatch.setattr(ssl, "create_default_context", counted)
    monkeypatch.setattr(ssl, "_create_default_https_context", counted)
    clock = FakeClock()
    source = MeterSource(MeterSettings(kind=MeterKind.SHELLY, place="HTTPS://127.0.0.1:1"), clock)
    for _ in range(3):
        with pytest.raises(ReadingUnavailableError, match="Connection refused"):
            answered(source)
        errands_end()
        clock.advance(10.0)
    assert len(loaded) == 1


def test_a_server_that_is_not_there_is_a_failure() -> None:
    source = MeterSource(MeterSettings(kind=MeterKind.SHELLY, place="http://127.0.0.1:1"), FakeClock())
    with pytest.raises(ReadingUnavailableError, match=r"127\.0\.0\.1:1: Connection refused"):
        answered(source)


def test_a_file_is_read_while_it_is_fresh(tmp_path: Path) -> None:
    file, clock = tmp_path / "watts", FakeClock()
    settings = MeterSettings(kind=MeterKind.FILE, place=str(file), unit=Unit.WATTS)
    file.write_text("120\n", encoding="ascii")
    os.utime(file, (clock.wall(), clock.wall()))
    source = MeterSource(settings, clock)
    assert {name: one.energy for name, one in answered(source).items()} == {"power": 0.0}
    clock.advance(5.0)
    assert {name: one.energy for name, one in source.read().items()} == {"power": 600.0}
    for age in (FILE_AGE + 1.0, -FILE_AGE - 1.0):  # the second where the clock was set back since
        os.utime(file, (clock.wall() - age, clock.wall() - age))
        with pytest.raises(ReadingUnavailableError, match="was not written within the last 300 s"):
            answered(MeterSource(settings, clock))


def test_a_file_that_cannot_be_a_meter_fails(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ReadingUnavailableError, match="is not a file"):
        answered(MeterSource(MeterSettings(kind=MeterKind.FILE, place=str(pipe)), FakeClock()))
    errands_end()
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(IsADirectoryError):
            answered(MeterSource(MeterSettings(kind=MeterKind.FILE, place=str(tmp_path)), FakeClock()))
    errands_end()
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
    missing = MeterSettings(kind=MeterKind.FILE, place=str(tmp_path / "missing"))
    with pytest.raises(FileNotFoundError):
        answered(MeterSource(missing, FakeClock()))
