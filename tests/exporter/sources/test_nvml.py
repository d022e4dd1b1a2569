"""NVIDIA's cards: by their counter or their power, and whatever NVML answers, the exporter goes on."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.power.component import Coverage
from exporter.sources.collector import SOURCES
from exporter.sources.nvml import ABSENT, NO_PERMISSION, NOT_SUPPORTED, NvmlSource, installed_nvml
from exporter.sources.reading import NotPresentError, ReadingUnavailableError
from tests.exporter.sources.fake_nvml import GPU_IS_LOST, UNINITIALIZED, Card, FakeNvml, refusing
from tests.fake_clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_a_counter_is_believed_and_else_the_power_is_integrated(clock: FakeClock) -> None:
    nvml = FakeNvml([Card("0000:01:00.0", 5_000), Card(b"0000:02:00.0", refusing(), 30_000)])
    source = NvmlSource(clock, lambda: nvml)
    source.read()
    clock.advance(10.0)
    counters = source.read()
    assert {name: one.energy for name, one in counters.items()} == {"0000:01:00.0": 5.0, "0000:02:00.0": 300.0}
    assert {one.sensor.covers for one in counters.values()} == {Coverage.GPU}


def test_a_card_that_tells_nothing_is_left_out(clock: FakeClock) -> None:
    nvml = FakeNvml([Card("0000:03:00.0", refusing()), Card("0000:01:00.0", 5_000)])
    assert NvmlSource(clock, lambda: nvml).read().keys() == {"0000:01:00.0"}
    with pytest.raises(NotPresentError):
        NvmlSource(clock, lambda: FakeNvml([Card("0000:03:00.0", refusing())])).read()
    with pytest.raises(NotPresentError):
        NvmlSource(clock, FakeNvml).read()


@pytest.mark.parametrize(
    ("value", "error"),
    [
        *((value, NotPresentError) for value in sorted(ABSENT)),
        (NO_PERMISSION, PermissionError),
        (GPU_IS_LOST, ReadingUnavailableError),
    ],
)
def test_what_nvml_refuses_is_absent_denied_or_a_failure(clock: FakeClock, value: int, error: type[Exception]) -> None:
    nvml = FakeNvml([Card("0000:01:00.0", 5_000)], refuses=value)
    source = NvmlSource(clock, lambda: nvml)
    for _ in range(2):
        with pytest.raises(error):
            source.read()
    nvml.refuses = None
    assert source.read().keys() == {"0000:01:00.0"}


@given(answers=st.lists(st.sampled_from([None, UNINITIALIZED, NOT_SUPPORTED, *ABSENT, GPU_IS_LOST, 999])))
def test_whatever_nvml_says_it_is_open_once_at_most_and_read_again(answers: list[int | None]) -> None:
    nvml = FakeNvml([Card("0000:01:00.0", 5_000)])
    source = NvmlSource(FakeClock(), lambda: nvml)
    for answer in (*answers, None):
        nvml.refuses = answer
        try:
            told = source.read().keys()
        except (NotPresentError, ReadingUnavailableError):
            assert answer is not None
        else:
            assert told == {"0000:01:00.0"}


def test_without_the_library_it_says_what_to_install(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(ReadingUnavailableError, match="install ecotrack with its extra gpu"):
        NvmlSource(clock).read()


def test_the_real_library_has_what_the_source_asks_for() -> None:
    library = installed_nvml()
    names = [name for name in dir(FakeNvml) if name.startswith("nvml")]
    assert names
    functions: list[Callable[..., object]] = [getattr(library, name) for name in names]
    assert all(callable(function) for function in functions)
    assert issubclass(library.NVMLError, Exception)


def test_it_is_off_by_default_and_costs_nothing_then() -> None:
    (source,) = [one for one in SOURCES if one.name == "nvml"]
    assert not source.default
    program = "import sys, exporter.cli; assert 'pynvml' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=240)
