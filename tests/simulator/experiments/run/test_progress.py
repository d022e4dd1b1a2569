"""The lines that tell how far an experiment is, by a clock that the test sets."""

import logging

import pytest

from simulator.experiments.run.progress import Progress


def lines(caplog: pytest.LogCaptureFixture, *reports: tuple[float, int]) -> list[str]:
    """Return what is told of 100 runs, of which so many are done at these seconds."""
    now = [0.0]
    caplog.clear()
    with caplog.at_level(logging.INFO), Progress("peers", lambda: now[0]) as progress:
        for seconds, done in reports:
            now[0] = seconds
            progress.report(done, 100)
    return caplog.messages


def test_the_remaining_time_is_by_the_runs_of_this_start(caplog: pytest.LogCaptureFixture) -> None:
    told = lines(caplog, (5.0, 0), (65.0, 10), (125.0, 20), (605.0, 100))
    assert told == [
        "peers: 10 of 100 runs, about 9 min left",
        "peers: 20 of 100 runs, about 8 min left",
        "peers: 100 of 100 runs",
    ]
    # What an earlier start has left took no time now.
    assert lines(caplog, (5.0, 80), (65.0, 81)) == ["peers: 81 of 100 runs, about 19 min left"]


def test_before_the_first_run_and_of_no_runs_no_time_is_told(caplog: pytest.LogCaptureFixture) -> None:
    assert lines(caplog, (0.0, 3), (11.0, 3)) == ["peers: 3 of 100 runs"]
    assert lines(caplog, (0.0, 100)) == ["peers: 100 of 100 runs"]
