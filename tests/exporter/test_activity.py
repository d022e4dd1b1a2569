"""Laws of the verdict on what the network is being used for."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.activity.ecotrack import ECOTRACK
from exporter.activity.rhythm import RHYTHM
from exporter.activity.window import Activity, Bin, Rule, Window
from exporter.core.units import MonotonicSeconds, Seconds

MBIT = 125_000
"""Bytes per second."""

Second = tuple[int, int]
"""Bytes received and sent in one second."""


def verdicts(stream: Sequence[Second], step: int, rule: Rule = ECOTRACK) -> dict[int, Activity]:
    """Return the verdict at each sample of a stream, by the second, when the stream is sampled every `step` seconds."""
    window = Window()
    found = {}
    for end in range(step, len(stream) + 1, step):
        window = window.with_sample(
            Bin(
                end=MonotonicSeconds(1000.0 + end),
                duration=Seconds(float(step)),
                received_bytes=sum(received for received, _ in stream[end - step : end]),
                sent_bytes=sum(sent for _, sent in stream[end - step : end]),
            ),
            rule,
        )
        found[end] = window.activity
    return found


def last(stream: Sequence[Second], step: int = 5, rule: Rule = ECOTRACK) -> Activity:
    return verdicts(stream, step, rule)[len(stream)]


def down(mbit: float, seconds: int) -> list[Second]:
    return [(int(mbit * MBIT), 0)] * seconds


def up(mbit: float, seconds: int) -> list[Second]:
    return [(0, int(mbit * MBIT))] * seconds


@pytest.mark.parametrize("step", [1, 5])
@pytest.mark.parametrize(
    ("stream", "activity"),
    [
        (down(10, 60), Activity.STREAMING),
        (down(0.5, 55) + down(60, 5), Activity.DOWNLOAD),
        (down(0.5, 55) + up(60, 5), Activity.UPLOAD),
        (up(10, 60), Activity.UPLOAD),
        (down(0.01, 60), Activity.IDLE),
        (down(0, 60), Activity.IDLE),
        (down(2, 60), Activity.BROWSING),
        (down(5, 60), Activity.BROWSING),
        (down(0.5, 55) + down(15, 5), Activity.BROWSING),
        (down(10, 15), Activity.UNKNOWN),
        (down(10, 20), Activity.STREAMING),
        (down(8.1, 60), Activity.STREAMING),
        (down(7.9, 60), Activity.BROWSING),
        (down(0.5, 55) + down(20.5, 5), Activity.DOWNLOAD),
        (down(0.5, 55) + down(19.5, 5), Activity.BROWSING),
        (down(9, 30) + down(25, 30), Activity.STREAMING),
        (down(9, 40) + down(40, 20), Activity.DOWNLOAD),
        (down(0.051, 60), Activity.BROWSING),
        (down(0.049, 60), Activity.IDLE),
        (down(60, 60) + down(0.01, 60), Activity.IDLE),
        (down(0.01, 60) + down(10, 60), Activity.STREAMING),
    ],
)
def test_examples_of_ecotracks_rule(stream: list[Second], activity: Activity, step: int) -> None:
    assert last(stream, step) is activity


@pytest.mark.parametrize("rule", [ECOTRACK, RHYTHM])
def test_the_first_twenty_seconds_are_unknown_and_no_longer(rule: Rule) -> None:
    seen = verdicts(down(10, 30), 1, rule)
    assert {seen[second] for second in range(1, 20)} == {Activity.UNKNOWN}
    assert Activity.UNKNOWN not in {seen[second] for second in range(20, 31)}


rates = st.sampled_from([0, 100, MBIT // 20, MBIT, 8 * MBIT, 12 * MBIT, 25 * MBIT, 100 * MBIT])
streams = st.lists(st.tuples(rates, rates), min_size=20, max_size=150).map(
    lambda seconds: seconds[: len(seconds) // 5 * 5]
)


@given(streams, st.sampled_from([ECOTRACK, RHYTHM]))
def test_the_verdict_does_not_depend_on_the_sampling_interval(stream: list[Second], rule: Rule) -> None:
    slow, fast = verdicts(stream, 5, rule), verdicts(stream, 1, rule)
    assert {second: fast[second] for second in slow} == slow


@given(streams, st.sampled_from([ECOTRACK, RHYTHM]))
def test_a_verdict_stands_until_the_next_five_seconds_are_complete(stream: list[Second], rule: Rule) -> None:
    fast = verdicts(stream, 1, rule)
    assert all(fast[second] is fast[second - second % 5] for second in fast if second > 20)


def test_one_busy_second_in_five_is_no_peak_however_fast_the_sampling() -> None:
    bursts = [(25 * MBIT if second % 5 == 0 else 0, 0) for second in range(120)]
    assert set(verdicts(bursts, 1).values()) == {Activity.UNKNOWN, Activity.BROWSING}
    assert last(bursts, 3) is Activity.BROWSING


@pytest.mark.parametrize("rule", [ECOTRACK, RHYTHM])
def test_a_sampler_that_wakes_a_little_early_or_late_does_not_change_the_verdict(rule: Rule) -> None:
    window, end = Window(), 1000.0
    for count in range(100):
        duration = 1.004 if count % 2 else 0.996
        end += duration
        received = int(10 * MBIT * duration)
        window = window.with_sample(
            Bin(end=MonotonicSeconds(end), duration=Seconds(duration), received_bytes=received, sent_bytes=0),
            rule,
        )
    assert window.activity is Activity.STREAMING


def test_direction_decides_only_what_is_bulk_by_ecotracks_rule() -> None:
    assert last(up(2, 60)) is Activity.BROWSING
    assert last(up(0.01, 60)) is Activity.IDLE


def both(received: float, sent: float, seconds: int) -> list[Second]:
    return [(int(received * MBIT), int(sent * MBIT))] * seconds


@pytest.mark.parametrize("step", [1, 5])
@pytest.mark.parametrize(
    ("stream", "activity"),
    [
        (down(0, 200), Activity.IDLE),
        (down(0.01, 200), Activity.IDLE),
        (down(0.049, 200), Activity.IDLE),
        (both(5, 0.15, 200), Activity.STREAMING),
        ((both(40, 1, 1) + down(0, 7)) * 25, Activity.STREAMING),  # a segment of 5 Mbit/s video every 8 s
        (both(100, 3, 20) + (both(30, 1, 1) + down(0, 3)) * 45, Activity.STREAMING),  # after a buffer was filled
        (both(0.2, 0.005, 200), Activity.STREAMING),
        (both(100, 3, 200), Activity.DOWNLOAD),
        (down(0, 120) + both(100, 3, 60), Activity.DOWNLOAD),
        (both(0.3, 10, 200), Activity.UPLOAD),
        ((both(0.3, 20, 8) + down(0, 12)) * 10, Activity.UPLOAD),
        (both(1.5, 1.5, 200), Activity.CALL),
        (both(2.5, 1.2, 200), Activity.CALL),
        (both(0.08, 0.08, 200), Activity.CALL),
        (both(0.2, 0.06, 200), Activity.BROWSING),  # a game
        ((both(20, 0.5, 2) + down(0, 48)) * 4, Activity.BROWSING),  # a page now and then
        ((both(0.02, 1, 2) + down(0, 58)) * 4, Activity.BROWSING),  # a picture sent in a chat
        (both(100, 3, 120) + down(0, 75), Activity.IDLE),
        (both(1.5, 1.5, 120) + both(5, 0.15, 75), Activity.STREAMING),
    ],
)
def test_examples_of_the_default_rule(stream: list[Second], activity: Activity, step: int) -> None:
    assert last(stream, step, RHYTHM) is activity


@given(st.lists(st.booleans(), min_size=4, max_size=40))
def test_a_verdict_changes_once_two_bins_in_succession_agree_on_another(busy: list[bool]) -> None:
    def by_the_last_bin(bins: Sequence[Bin]) -> Activity:
        return Activity.DOWNLOAD if bins[-1].received_bytes else Activity.IDLE

    rule = Rule(classify=by_the_last_bin, span=Seconds(60.0), confirmations=2)
    seen = verdicts([second for one in busy for second in down(float(one), 5)], 5, rule)
    expected = busy[3]
    for number in range(3, len(busy)):
        if busy[number] == busy[number - 1]:
            expected = busy[number]
        assert seen[5 * (number + 1)] is (Activity.DOWNLOAD if expected else Activity.IDLE)


@given(streams, st.sampled_from([ECOTRACK, RHYTHM]), st.sampled_from([30, 60]))
def test_long_samples_have_a_verdict_too(stream: list[Second], rule: Rule, step: int) -> None:
    assert Activity.UNKNOWN not in verdicts(stream, step, rule).values()


def test_the_figures_in_the_docs_are_those_that_were_recorded() -> None:
    root = Path(__file__).parents[2]
    page = (root / "docs/explanation/activity.md").read_text(encoding="utf-8")
    recorded = (root / "bench/results/activity.md").read_text(encoding="utf-8").splitlines()
    shown = [line for line in page.splitlines() if line.startswith("| ") and "%" in line]
    assert len(shown) == 2 * (len(Activity) - 1)
    assert [line for line in shown if line not in recorded] == []
    for part in ("Held-out seeds", "Held-out ranges"):
        section = "\n".join(recorded).partition(f"## {part}")[2].partition("\n## ")[0]
        scores = re.findall(r"macro F1 (0\.[0-9]+)", section)
        assert f"| {part.lower()} | {' | '.join(scores)} |" in page
