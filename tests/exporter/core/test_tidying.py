"""Garbage is searched for once a minute, and what was there at the start is spared."""

import gc
import sys
import weakref
from collections.abc import Iterator

import pytest

from exporter.core.tidying import INTERVAL, TidyStop
from tests.fake_clock import FakeClock


class Knot:
    """An object that holds itself, so that only a search for garbage frees it."""

    def __init__(self) -> None:
        self.itself = self


class Waits:
    """A signal that does not come until it is told to."""

    def __init__(self) -> None:
        self.waited: list[float] = []
        self.comes = False

    def wait(self, seconds: float) -> bool:
        self.waited.append(seconds)
        return self.comes


@pytest.fixture(autouse=True)
def _search_by_hand() -> Iterator[None]:
    gc.disable()
    yield
    gc.unfreeze()
    gc.enable()


def test_garbage_is_gone_after_a_minute_and_not_before() -> None:
    clock = FakeClock()
    stop = TidyStop(Waits(), clock)
    knot = weakref.ref(Knot())
    clock.advance(INTERVAL - 1.0)
    stop.wait(1.0)
    assert knot() is not None
    clock.advance(1.0)
    stop.wait(1.0)
    assert knot() is None


def test_names_of_attributes_that_c_code_asks_for_are_let_go_of() -> None:
    """Such code makes a new string of the name for each question, and the interpreter keeps it."""
    clock = FakeClock()
    stop = TidyStop(Waits(), clock)
    names = ["".join(("wai", "ted")) for _ in range(100)]
    before = list(map(sys.getrefcount, names))
    assert not any(hasattr(clock, names[number]) for number in range(len(names)))
    assert sum(map(sys.getrefcount, names)) > sum(before)
    clock.advance(INTERVAL)
    stop.wait(1.0)
    assert list(map(sys.getrefcount, names)) == before


def test_what_was_there_at_the_start_is_not_searched() -> None:
    there = Knot()
    TidyStop(Waits(), FakeClock())
    assert not any(one is there for one in gc.get_objects())


def test_it_waits_as_long_as_asked_and_tells_of_the_signal() -> None:
    signal = Waits()
    stop = TidyStop(signal, FakeClock())
    assert stop.wait(2.5) is False
    signal.comes = True
    assert stop.wait(0.0) is True
    assert signal.waited == [2.5, 0.0]
