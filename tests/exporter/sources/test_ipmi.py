"""The management controller: what its programs say, and that nothing they do holds up a sample."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.errand import Errand
from exporter.power.component import Coverage
from exporter.sources.ipmi import INTERVAL, TOOLS, IpmiSource, watts
from exporter.sources.reading import NotPresentError, ReadingUnavailableError
from tests.exporter.core.test_errand import FakeErrand
from tests.exporter.sources.sensed_machine import FIXTURES
from tests.fake_clock import FakeClock

ANSWERS = {name: (FIXTURES / f"ipmi/{name}.txt").read_bytes() for name in ("ipmi-dcmi", "ipmitool")}


@dataclass(slots=True)
class Controller:
    """A machine with a controller, and the programs that are installed."""

    dev: Path
    installed: tuple[str, ...] = ("ipmitool",)
    clock: FakeClock = field(default_factory=FakeClock)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    sent: list[FakeErrand] = field(default_factory=list)

    def source(self) -> IpmiSource:
        return IpmiSource(self.clock, dev=self.dev, find=self.find, send=self.send)

    def find(self, program: str) -> str | None:
        return f"/usr/bin/{program}" if program in self.installed else None

    def send(self, arguments: Sequence[str]) -> Errand:
        self.asked.append(tuple(arguments))
        self.sent.append(FakeErrand())
        return self.sent[-1]


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    (tmp_path / "ipmi0").touch()
    return Controller(dev=tmp_path)


def test_both_programs_are_understood() -> None:
    assert [watts(answer) for answer in ANSWERS.values()] == [164.0, 220.0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"activated", b"deactivated"),
        (b": Active", b": Not Available"),
        (b"164 Watts", b"0 Watts"),
        (b"164 Watts", b"65535 Watts"),
        (b"220 Watts", b"0 Watts"),
        (b"220 Watts", b"9999999 Watts"),
        (b"220", b"22O"),
    ],
)
def test_a_controller_that_does_not_measure_tells_no_power(before: bytes, after: bytes) -> None:
    changed = [answer.replace(before, after) for answer in ANSWERS.values() if before in answer]
    assert changed
    for answer in changed:
        with pytest.raises(ReadingUnavailableError):
            watts(answer)


@given(answer=st.one_of(st.binary(), st.sampled_from(sorted(ANSWERS.values()))), cut=st.integers(0, 300))
def test_whatever_a_program_says_is_a_power_or_none(answer: bytes, cut: int) -> None:
    with contextlib.suppress(ReadingUnavailableError):
        assert 0.0 < watts(answer[:cut] + answer[cut + 5 :]) < 1e5


def test_the_last_power_holds_and_is_integrated_at_each_sample(controller: Controller) -> None:
    source = controller.source()
    assert source.read() == {}
    controller.sent[0].result = ANSWERS["ipmitool"]
    for seconds in range(0, 30, 5):
        (counter,) = source.read().values()
        assert counter.energy == pytest.approx(220.0 * seconds)
        assert counter.sensor.covers is Coverage.MACHINE
        controller.clock.advance(5.0)
    source.read()
    assert controller.asked == [("/usr/bin/ipmitool", "dcmi", "power", "reading")] * 2
    assert INTERVAL == 30.0


def test_of_two_programs_the_first_is_asked(controller: Controller) -> None:
    controller.installed = tuple(tool.arguments[0] for tool in TOOLS)
    controller.source().read()
    assert controller.asked == [("/usr/bin/ipmi-dcmi", "--get-system-power-statistics")]


def test_without_a_controller_or_a_program_it_is_absent(controller: Controller, tmp_path: Path) -> None:
    controller.installed = ()
    with pytest.raises(NotPresentError):
        controller.source().read()
    controller.installed = ("ipmitool",)
    controller.dev = tmp_path / "empty"
    with pytest.raises(NotPresentError):
        controller.source().read()
    assert controller.asked == []


def test_a_controller_that_this_user_may_not_ask_is_denied(
    controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda _path, _mode: False)
    with pytest.raises(PermissionError) as denied:
        controller.source().read()
    assert denied.value.filename == str(controller.dev / "ipmi0")


def test_a_program_that_fails_costs_the_time_until_the_next_answer(controller: Controller) -> None:
    source = controller.source()
    source.read()
    controller.sent[0].result = b"Unable to acquire the power reading"
    with pytest.raises(ReadingUnavailableError):
        source.read()
    controller.clock.advance(30.0)
    with pytest.raises(ReadingUnavailableError):
        source.read()
    controller.sent[1].result = ANSWERS["ipmitool"]
    assert source.read().keys() == {"dcmi"}
