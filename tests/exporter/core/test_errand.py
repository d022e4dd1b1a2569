"""Errands: sent at an interval, one at a time, given up after a limit, and never waited for."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from exporter.core.errand import MOST_BYTES, Errand, Errands, ProgramErrand, ThreadErrand
from exporter.core.no_answer import NoAnswerError
from exporter.core.units import Seconds
from tests.fake_clock import FakeClock
from tests.processes import until, until_ended

INTERVAL, LIMIT = Seconds(30.0), Seconds(10.0)


@dataclass(slots=True)
class FakeErrand:
    """An errand that ends when it is told to."""

    result: bytes | Exception | None = None
    given_up: int = 0

    def answer(self) -> bytes | None:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def give_up(self) -> None:
        self.given_up += 1

    def close(self) -> None:
        self.give_up()


@dataclass(slots=True)
class Office:
    """Sends errands, which it keeps."""

    clock: FakeClock = field(default_factory=FakeClock)
    sent: list[FakeErrand] = field(default_factory=list)
    refuses: bool = False

    def send(self) -> Errand:
        if self.refuses:
            raise OSError("no room for another process")
        self.sent.append(FakeErrand())
        return self.sent[-1]

    def errands(self) -> Errands:
        return Errands(self.clock, self.send, interval=INTERVAL, limit=LIMIT)


def test_an_answer_holds_until_the_next_one() -> None:
    office = Office()
    errands = office.errands()
    assert errands.latest() is None
    office.sent[0].result = b"one"
    for _ in range(6):
        office.clock.advance(5.0)
        assert errands.latest() == b"one"
    assert len(office.sent) == 2
    office.sent[1].result = b"two"
    assert errands.latest() == b"two"


def test_a_failure_lasts_until_the_next_answer() -> None:
    office = Office()
    errands = office.errands()
    errands.latest()
    office.sent[0].result = ValueError("nonsense")
    for _ in range(6):
        with pytest.raises(ValueError, match="nonsense"):
            errands.latest()
        office.clock.advance(5.0)
    with pytest.raises(ValueError, match="nonsense"):
        errands.latest()
    office.sent[1].result = b"good"
    assert errands.latest() == b"good"


def test_a_failure_that_lasts_takes_no_more_memory() -> None:
    office = Office()
    errands = office.errands()
    errands.latest()
    office.sent[0].result = ValueError("nonsense")
    depths = set()
    for _ in range(50):
        with pytest.raises(ValueError, match="nonsense") as failure:
            errands.latest()
        depths.add(len(failure.traceback))
    assert len(depths) == 1


def test_an_errand_that_takes_too_long_is_given_up_once_and_holds_up_the_next_until_it_ends() -> None:
    office = Office()
    errands = office.errands()
    errands.latest()
    for _ in range(20):
        office.clock.advance(10.0)
        with pytest.raises(NoAnswerError, match="no answer within 10 s"):
            errands.latest()
    assert [one.given_up for one in office.sent] == [1]
    office.sent[0].result = b"at last"
    with pytest.raises(NoAnswerError):
        errands.latest()  # what was given up tells of too long ago
    assert len(office.sent) == 2


def test_an_errand_that_cannot_be_sent_is_a_failure() -> None:
    office = Office(refuses=True)
    errands = office.errands()
    with pytest.raises(OSError, match="no room"):
        errands.latest()
    office.refuses = False
    office.clock.advance(30.0)
    with pytest.raises(OSError, match="no room"):
        errands.latest()
    office.sent[0].result = b"good"
    assert errands.latest() == b"good"


def test_what_was_asked_before_the_machine_slept_is_no_answer_after_it() -> None:
    office = Office()
    errands = office.errands()
    errands.latest()
    office.sent[0].result = b"evening"
    assert errands.latest() == b"evening"
    office.clock.sleep(8 * 3600.0)
    assert errands.latest() is None
    assert len(office.sent) == 2  # at once
    office.clock.sleep(8 * 3600.0)
    assert errands.latest() is None
    office.sent[1].result = b"asked before the second sleep"
    assert errands.latest() is None
    assert len(office.sent) == 3
    office.sent[2].result = b"morning"
    assert errands.latest() == b"morning"


def test_what_hangs_over_a_sleep_is_given_up_all_the_same() -> None:
    office = Office()
    errands = office.errands()
    errands.latest()
    office.clock.sleep(3600.0)
    assert errands.latest() is None
    office.clock.advance(LIMIT)
    with pytest.raises(NoAnswerError, match="no answer within 10 s"):
        errands.latest()
    assert [one.given_up for one in office.sent] == [1]


def answer_of(errand: Errand) -> bytes:
    answers: list[bytes | None] = []

    def has_answered() -> bool:
        answers.append(errand.answer())
        return answers[-1] is not None

    until(has_answered, "the answer")
    assert answers[-1] is not None
    return answers[-1]


def python(program: str) -> ProgramErrand:
    return ProgramErrand((sys.executable, "-c", program))


def test_a_program_says_what_it_prints_and_cannot_ask_anything() -> None:
    assert answer_of(python("import sys; print('said', sys.stdin.read())")) == b"said \n"


def test_a_program_speaks_english_and_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOTRACK_METER_PASSWORD", "secret")
    told = answer_of(python("import os; print(os.environ.get('LC_ALL'), 'ECOTRACK_METER_PASSWORD' in os.environ)"))
    assert told == b"C False\n"


def test_a_program_that_fails_is_named() -> None:
    with pytest.raises(NoAnswerError, match="ended with status 3"):
        answer_of(python("import sys; print('nothing'); sys.exit(3)"))


@pytest.mark.parametrize(
    "program", ["import time; time.sleep(60)", f"print('x' * {2 * MOST_BYTES})"], ids=["slow", "endless"]
)
def test_a_program_that_does_not_end_is_killed(program: str) -> None:
    errand = python(program)
    assert errand.answer() is None
    errand.give_up()
    with pytest.raises(NoAnswerError, match="status -9"):
        answer_of(errand)


def test_what_a_program_leaves_behind_is_not_waited_for() -> None:
    program = leaving("start_new_session=True")
    number = int(answer_of(python(program)))
    os.kill(number, signal.SIGKILL)


SLEEPS = "import time; time.sleep(60)"


def leaving(how: str, then: str = "") -> str:
    """Return a program that starts a child, prints its number, and may do something else `then`."""
    child = f"subprocess.Popen([sys.executable, '-c', {SLEEPS!r}], {how})"
    return f"import pathlib, subprocess, sys, time; child = {child}; print(child.pid, flush=True); {then}"


def test_what_a_program_leaves_behind_ends_with_it() -> None:
    until_ended(int(answer_of(python(leaving("stdin=None")))))


def test_what_a_program_has_started_is_killed_with_it(tmp_path: Path) -> None:
    told = tmp_path / "child"
    errand = python(leaving("stdin=None", f"pathlib.Path({str(told)!r}).write_text(f'{{child.pid}}.'); time.sleep(60)"))
    until(lambda: told.exists() and told.read_text().endswith("."), "the number of the child")
    assert errand.answer() is None
    errand.give_up()
    with pytest.raises(NoAnswerError, match="status -9"):
        answer_of(errand)
    until_ended(int(told.read_text().removesuffix(".")))


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Open the pipe at the end, so that no thread is left behind."""
    event = threading.Event()
    yield event
    event.set()


def test_a_thread_hands_over_its_result_or_its_failure(gate: threading.Event) -> None:
    def waits() -> bytes:
        assert gate.wait(240)
        return b"let through"

    errand = ThreadErrand(waits, gate.set)
    assert errand.answer() is None
    errand.give_up()
    assert answer_of(errand) == b"let through"
    fails: Callable[[], bytes] = {}.__getitem__  # type: ignore[assignment]
    with pytest.raises(TypeError):
        answer_of(ThreadErrand(fails, gate.set))
