"""Time on graphics cards by process: it is what passed, and no process that NVML does not tell of has any."""

from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.sources.nvml import ABSENT, NO_PERMISSION, NOT_SUPPORTED, installed_nvml
from exporter.sources.processes.cards import FUNCTION_NOT_FOUND, UNTOLD, WHOLE, NvmlProcesses
from tests.exporter.sources.fake_nvml import (
    GPU_IS_LOST,
    NOT_FOUND,
    UNINITIALIZED,
    Card,
    FakeNvml,
    FakeNvmlError,
    Process,
    Sample,
    refusing,
)
from tests.fake_clock import NOON, FakeClock

INTERVAL = 5.0
BEFORE, LATER = round((NOON - 1.0) * 1e6), round((NOON + 4.0) * 1e6)


def card(*use: Sample | FakeNvmlError, joules: int = 500, name: str = "0000:01:00.0") -> Card:
    """Return a card that has spent so much since the first reading of `times`."""
    shown = use[0] if use and isinstance(use[0], FakeNvmlError) else [one for one in use if isinstance(one, Sample)]
    return Card(name, joules * 1000, use=shown)


def times(*cards: Card) -> Mapping[int | None, float]:
    """Return the times on cards within one interval, before which no card had spent anything."""
    nvml, clock = FakeNvml(list(cards)), FakeClock()
    spent = [one.millijoules for one in cards]
    for one in cards:
        one.millijoules = 0
    processes = NvmlProcesses(clock, lambda: nvml)
    assert processes.read() == {}
    for one, figure in zip(cards, spent, strict=True):
        one.millijoules = figure
    clock.advance(INTERVAL)
    return processes.read()


def test_processes_share_a_card_by_how_long_they_kept_it_busy() -> None:
    assert times(card(Sample(7, LATER, 60), Sample(8, LATER, 20))) == pytest.approx({7: 3.75, 8: 1.25})


def test_what_is_told_several_times_counts_each_time() -> None:
    shared = times(card(Sample(7, LATER, 20), Sample(8, LATER, 60), Sample(7, LATER + 1, 40)))
    assert shared == pytest.approx({7: 2.5, 8: 2.5})


def test_a_busy_cards_processes_do_not_pay_for_an_idle_card() -> None:
    shared = times(
        card(Sample(7, LATER, 90), joules=4000),
        card(refusing(NOT_FOUND), joules=600, name="0000:02:00.0"),
        card(Sample(8, LATER, 90), joules=1400, name="0000:03:00.0"),
    )
    assert shared == pytest.approx({7: 10.0, None: 1.5, 8: 3.5})


def test_a_card_that_tells_no_energy_counts_for_nothing() -> None:
    silent = Card("0000:02:00.0", refusing(), use=[Sample(9, LATER, 90)])
    nvml, clock = FakeNvml([card(Sample(7, LATER, 5), joules=0), silent]), FakeClock()
    processes = NvmlProcesses(clock, lambda: nvml)
    processes.read()
    nvml.cards[0].millijoules = 9_000
    clock.advance(INTERVAL)
    assert processes.read() == pytest.approx({7: INTERVAL})


def test_encoder_and_decoder_count_where_nothing_was_computed() -> None:
    coding = Sample(7, LATER, 0, encUtil=30, decUtil=10)
    assert times(card(coding, Sample(8, LATER, 0, decUtil=10))) == pytest.approx({7: 4.0, 8: 1.0})
    assert times(card(coding, Sample(8, LATER, 1))) == pytest.approx({8: INTERVAL})


@pytest.mark.parametrize(
    "garbage",
    [
        Sample(0, LATER, 50),
        Sample(9, BEFORE, 50),
        Sample(9, 0, 50),
        Sample(9, LATER, WHOLE + 1),
        Sample(9, LATER, 2**32 - 1),
        Sample(9, LATER, 50, encUtil=2**31),
        Sample(9, LATER, 0),
    ],
)
def test_what_can_be_no_use_of_this_interval_is_left_out(garbage: Sample) -> None:
    assert times(card(Sample(7, LATER, 1), garbage)) == pytest.approx({7: INTERVAL})
    assert times(card(garbage)) == pytest.approx({None: INTERVAL})


@pytest.mark.parametrize("value", sorted(UNTOLD))
@pytest.mark.parametrize(
    ("computing", "drawing", "whose"),
    [
        ([Process(7)], [], 7),
        ([Process(7)], [Process(7)], 7),
        ([], [Process(7)], 7),
        ([Process(7)], refusing(NOT_SUPPORTED), 7),
        ([Process(7)], [Process(8)], None),
        ([Process(7), Process(8)], [], None),
        ([Process(7)], refusing(NO_PERMISSION), None),
        (refusing(FUNCTION_NOT_FOUND), [Process(7)], None),
        ([], [], None),
    ],
)
def test_without_use_by_process_a_single_process_has_all_and_several_nothing(
    value: int,
    computing: list[Process] | FakeNvmlError,
    drawing: list[Process] | FakeNvmlError,
    whose: int | None,
) -> None:
    one = card(refusing(value))
    one.computing, one.drawing = computing, drawing
    assert times(one) == pytest.approx({whose: INTERVAL})


@pytest.mark.parametrize("value", [NOT_FOUND, GPU_IS_LOST, UNINITIALIZED, 0, 7, 999])
def test_a_card_of_which_nothing_is_known_is_nobodys_and_takes_nothing_from_others(value: int) -> None:
    lost = card(refusing(value), name="0000:02:00.0")
    lost.computing = [Process(9)]
    assert times(card(Sample(7, LATER, 90)), lost) == pytest.approx({7: INTERVAL, None: INTERVAL})


def test_a_step_of_the_clock_loses_no_use() -> None:
    nvml, clock = FakeNvml([card(joules=0)]), FakeClock()
    processes = NvmlProcesses(clock, lambda: nvml)
    processes.read()
    for step in (-3600.0, 3600.0):
        clock.step(step)
        clock.advance(INTERVAL)
        nvml.cards[0] = card(Sample(7, round((clock.wall() - 1.0) * 1e6), 9), joules=round(clock.awake()))
        assert processes.read() == pytest.approx({7: INTERVAL})


def test_what_the_library_has_is_what_the_fake_shows() -> None:
    library = installed_nvml()
    assert {"pid", "timeStamp", "smUtil", "encUtil", "decUtil"} <= fields_of(
        library, "c_nvmlProcessUtilizationSample_t"
    )
    assert "pid" in fields_of(library, "c_nvmlProcessInfo_v3_t")


def fields_of(library: object, structure: str) -> set[str]:
    return {name for name, _ in getattr(library, structure)._fields_}


REFUSALS = st.sampled_from([UNINITIALIZED, NOT_SUPPORTED, NO_PERMISSION, *ABSENT, GPU_IS_LOST, 0, 999]).map(refusing)
WORDS = st.integers(0, 2**32 - 1) | st.integers(0, WHOLE)
SAMPLES = st.builds(
    Sample,
    pid=st.integers(0, 5) | WORDS,
    timeStamp=st.sampled_from([BEFORE, LATER]) | st.integers(0, 2**64 - 1),
    smUtil=WORDS,
    encUtil=WORDS,
    decUtil=WORDS,
)
PROCESSES = st.lists(st.builds(Process, st.integers(0, 2**32 - 1)), max_size=3)
CARDS = st.builds(
    Card,
    busId=st.sampled_from(["0000:01:00.0", b"0000:02:00.0", "0000:03:00.0"]),
    millijoules=st.integers(0, 2**64 - 1) | REFUSALS,
    milliwatts=st.integers(0, 2**32 - 1) | REFUSALS,
    use=st.lists(SAMPLES, max_size=4) | REFUSALS,
    computing=PROCESSES | REFUSALS,
    drawing=PROCESSES | REFUSALS,
)
MACHINES = st.tuples(
    st.lists(CARDS, max_size=3, unique_by=lambda one: str(one.busId)),
    st.none() | st.sampled_from([UNINITIALIZED, NO_PERMISSION, *ABSENT, GPU_IS_LOST]),
    st.sampled_from([0.0, 1e-6, INTERVAL, 3600.0]),
)


@given(machines=st.lists(MACHINES, min_size=1, max_size=6))
@example(machines=[([card(joules=0)], None, 5.0), ([card(Sample(7, 2**64 - 1, 9))], None, 5.0)])
def test_whatever_nvml_answers_the_times_are_those_that_passed_and_no_more(
    machines: list[tuple[list[Card], int | None, float]],
) -> None:
    nvml, clock = FakeNvml(), FakeClock()
    processes = NvmlProcesses(clock, lambda: nvml)
    for cards, refuses, passed in machines:
        nvml.cards, nvml.refuses = cards, refuses
        clock.advance(passed)
        told = processes.read()
        assert all(time >= 0.0 for time in told.values())
        whole = sum(told.values())
        if not passed:
            assert whole == 0.0
        elif told:
            told_cards = round(whole / passed)
            assert 1 <= told_cards <= len(cards)
            assert whole == pytest.approx(passed * told_cards, rel=1e-9)
