"""Generation computed by child processes: the same bits, nothing heavy in the live job, and no child that stays."""

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from exporter.core.units import Seconds
from simulator.app import Plan, build_run
from simulator.assembly.layout import layout_of
from simulator.energy.interface import POINTS_PER_DAY, WeatherError
from simulator.live.ahead import GenerationAhead
from simulator.run import apart
from simulator.run.apart import FIRST_DAYS
from simulator.run.child import Child, Program
from simulator.run.generation import daily_generation
from simulator.run.job import full_method
from simulator.run.simulate import build_engine
from tests.fake_clock import FakeClock
from tests.simulator.run.test_apart import plain_days, recorded
from tests.simulator.scenario.scenarios import at_rate, edge

HEAVY = ("pvlib", "pandas", "scipy", "numba", "torch", "h5py", "matplotlib")

LIVE = f"""
import sys
from simulator.app import Plan, build_run, live_scenario
from simulator.live.ahead import GenerationAhead
scenario = live_scenario("edge")
ahead = GenerationAhead(scenario, 1)
live = build_run(Plan(scenario=scenario, seed=1, speed=60.0), ahead)
for _ in range(int(sys.argv[1])):
    live.step()
ahead.close()
print(*(name for name in {HEAVY} if name in sys.modules))
"""


@pytest.fixture
def source() -> Iterator[GenerationAhead]:
    """Return the generation of the scenario `edge`, computed by children."""
    computed = GenerationAhead(edge(), 3)
    yield computed
    computed.close()


@pytest.mark.slow
def test_children_compute_the_same_bits(source: GenerationAhead) -> None:
    # From the first block into the second.
    count = FIRST_DAYS + 3
    assert [source(index).tobytes() for index in range(count)] == plain_days(edge(), 3, count)


@pytest.mark.parametrize("steps", ["10", pytest.param("4400", marks=pytest.mark.slow, id="three-days")])
def test_the_live_job_loads_no_heavy_library(steps: str) -> None:
    done = subprocess.run([sys.executable, "-c", LIVE, steps], capture_output=True, text=True, timeout=500, check=True)
    assert done.stdout.split() == []


@pytest.mark.slow
def test_a_recording_ends_where_it_ends(tmp_path: Path) -> None:
    scenario = recorded(tmp_path, 3)
    source = GenerationAhead(scenario, 1)
    assert [source(index).tobytes() for index in range(3)] == plain_days(scenario, 1, 3)
    for _ in range(2):
        with pytest.raises(WeatherError, match="no weather for the whole day"):
            source(3)


@pytest.mark.slow
def test_a_child_that_dies_is_replaced_once(
    source: GenerationAhead, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    started: list[Child] = []

    class Mortal(Child):
        """A child of which the first is killed at once."""

        def __init__(self, program: Program, request: msgspec.Struct) -> None:
            super().__init__(program, request)
            if not started:
                self.end()
            started.append(self)

    monkeypatch.setattr(apart, "Child", Mortal)
    assert source(0).tobytes() == plain_days(edge(), 3, 1)[0]
    assert "the child process ended with status -9" in caplog.text
    # The one that died, the one in its place, and the one for the days after.
    assert len(started) == 3


@pytest.mark.slow
def test_a_late_start_is_as_good_as_a_first(source: GenerationAhead) -> None:
    assert source(400).tobytes() == daily_generation(layout_of(edge(), 3), 3)(400).tobytes()


@pytest.mark.slow
def test_a_lean_run_has_the_figures_of_one_that_loads_everything(source: GenerationAhead) -> None:
    plan = Plan(scenario=edge(), seed=3, speed=300.0)
    assert plan.is_lean
    lean = build_run(plan, source)
    compiled = build_engine(plan.scenario, full_method(plan.scenario), plan.seed, step=Seconds(300.0))
    for _ in range(3 * POINTS_PER_DAY):
        lean.step()
        compiled.step()
    totals = lean.snapshot(FakeClock(), None).totals
    for name, total in totals.sums._asdict().items():
        assert total.tobytes() == getattr(compiled.totals.sums, name).tobytes(), name


@pytest.mark.parametrize(
    ("speed", "rate", "lean"),
    [
        (60.0, 208.0, True),
        (3600.0, 208.0, True),
        (1e6, 208.0, False),
        (1e6, 0.0, False),  # no choices, but more weather than children could compute
        (math.inf, 0.0, False),
        (60.0, 1e8, False),
    ],
)
def test_a_run_is_lean_where_its_speed_allows(speed: float, rate: float, lean: bool) -> None:
    assert Plan(scenario=at_rate(rate), seed=1, speed=speed).is_lean == lean


def test_a_trace_of_unknown_rate_is_not_lean() -> None:
    arrivals = msgspec.structs.replace(edge().workload.arrivals, kind="trace", file=os.devnull)
    workload = msgspec.structs.replace(edge().workload, arrivals=arrivals)
    traced = msgspec.structs.replace(edge(), workload=workload)
    assert not Plan(scenario=traced, seed=1, speed=1.0).is_lean
