"""Generation computed by child processes: the same bits, no child that stays, and room for a run of many tasks."""

import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from exporter.core.units import Seconds
from simulator.arrays import FloatArray
from simulator.assembly.layout import layout_of
from simulator.energy.interface import POINTS_PER_DAY, UncomputedWeatherError, WeatherError
from simulator.run import apart, generate
from simulator.run.apart import WEATHER, GenerationApart, Request, days_in
from simulator.run.child import Child, ChildError, Program
from simulator.run.generation import Generation, daily_generation
from simulator.run.job import Method
from simulator.run.simulate import build_engine
from simulator.scenario.load import read_scenario
from simulator.scenario.schema import Scenario
from simulator.workload.generated import MOST_AT_ONCE
from tests.processes import until, until_ended
from tests.simulator.scenario.scenarios import at_rate, edge

METHOD = Method(name="x", policy="joint")

HUNDRED_MILLION = """
import json, sys
from pathlib import Path
import msgspec
from simulator.run.job import Method
from simulator.run.simulate import build_engine
from simulator.scenario.schema import Scenario
scenario = msgspec.json.decode(sys.stdin.buffer.read(), type=Scenario)
engine = build_engine(scenario, Method(name="x", policy="joint"), 1)
engine.run(int(sys.argv[1]))
status = Path("/proc/self/status").read_text()
print(json.dumps({
    "tasks": int(engine.totals.class_offered.sum()),
    "mebibytes": int(status.split("VmHWM:")[1].split()[0]) / 1024,
    "loaded": [name for name in ("pvlib", "pandas", "h5py") if name in sys.modules],
}))
"""


def plain_days(scenario: Scenario, seed: int, count: int, nodes: int | None = None) -> list[bytes]:
    day = daily_generation(layout_of(scenario, seed, nodes), seed)
    return [day(index).tobytes() for index in range(count)]


@pytest.mark.parametrize("unbuffered", [True, False])
@pytest.mark.parametrize("nodes", [None, 6])
def test_children_compute_the_same_bits(nodes: int | None, unbuffered: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images of containers and systemd units have output without a buffer, a shell does not."""
    if unbuffered:
        monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    else:
        monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    source = GenerationApart(edge(), 3, nodes)
    assert [source(index).tobytes() for index in range(3)] == plain_days(edge(), 3, 3, nodes)


def recorded(folder: Path, days: int) -> Scenario:
    """Return a scenario with a recording of so many days."""
    hours = [f"2025,3,{20 + hour // 24},{hour % 24},100,10,5,98" for hour in range(24 * days)]
    head = "-BEGIN HEADER-\nDates (month/day/year): 03/20/2025 through 03/25/2025 in LST\n"
    head += "Location: Latitude  36.1   Longitude -79.95\n-END HEADER-\nYEAR,MO,DY,HR,ALLSKY_SFC_SW_DWN,T2M,WS10M,PS\n"
    (folder / "weather.csv").write_text(head + "\n".join(hours) + "\n")
    (folder / "recorded.yaml").write_text(
        "weather: {file: weather.csv}\nnodes: [{name: one, device: raspberry-pi-4, solar: {area_square_metres: 1}}]\n"
        "workload: {classes: [{name: a, model: mlp, work_seconds: 1, share: 1, deadline_seconds: 9}]}\n"
    )
    scenario = read_scenario(folder / "recorded.yaml")
    assert isinstance(scenario, Scenario)
    return scenario


def test_a_recording_ends_where_it_ends(tmp_path: Path) -> None:
    scenario = recorded(tmp_path, 3)
    source = GenerationApart(scenario, 1)
    assert [source(index).tobytes() for index in range(3)] == plain_days(scenario, 1, 3)
    for _ in range(2):
        with pytest.raises(WeatherError, match="no weather for the whole day"):
            source(3)


def test_what_a_child_cannot_compute_ends_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "recorded").mkdir()
    scenario = recorded(tmp_path / "recorded", 3)
    Path(scenario.weather.file or "").unlink()
    with pytest.raises(WeatherError, match=r"weather\.csv: cannot be read"):
        GenerationApart(scenario, 1)(0)


def test_without_any_child_the_run_ends_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "WEATHER", Program("simulator.run.no_such_program", "the weather"))
    with pytest.raises(
        WeatherError, match=r"^the weather could not be computed: the child process ended with status 1$"
    ):
        GenerationApart(edge(), 3)(0)


def test_a_day_that_nobody_could_compute_is_not_foreseen_as_one_without_any_generation() -> None:
    days = {0: np.full((2, POINTS_PER_DAY, 4), 5.0)}

    def source(index: int) -> FloatArray:
        if index not in days:
            raise UncomputedWeatherError("the weather could not be computed")
        return days[index]

    generation = Generation(source, Seconds(300.0))
    assert (generation.between(0, POINTS_PER_DAY) == 10.0).all()
    with pytest.raises(UncomputedWeatherError):
        generation.between(0, POINTS_PER_DAY + 1)


def test_no_child_is_waited_for_without_end() -> None:
    slow = Child(WEATHER, Request(scenario=edge(), seed=1, first=0, count=10**6))
    with pytest.raises(ChildError, match=r"^the weather was not computed within 0\.1 s$"):
        slow.answer(Seconds(0.1))
    assert slow._process.returncode is not None


@pytest.mark.slow
def test_a_child_that_is_done_is_gone_before_its_answer_is_needed() -> None:
    done = Child(WEATHER, Request(scenario=edge(), seed=1, first=0, count=1))
    until(lambda: done._process.returncode is not None, "the end of the child")
    assert days_in(done.answer(Seconds(240.0)))[0].shape == (1, 2, POINTS_PER_DAY, len(edge().nodes))


def test_a_child_ends_with_its_parent() -> None:
    parent = (
        "import os\nfrom simulator.run.apart import WEATHER, Request\nfrom simulator.run.child import Child\n"
        "from simulator.scenario.load import load_scenario\n"
        "one = Child(WEATHER, Request(scenario=load_scenario('edge'), seed=1, first=0, count=10**6))\n"
        "print(one._process.pid, flush=True)\nos._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True, timeout=240, check=True)
    until_ended(int(done.stdout))


def test_a_request_survives_its_journey() -> None:
    request = Request(scenario=edge(), seed=7, first=3, count=2)
    assert msgspec.json.decode(msgspec.json.encode(request), type=Request) == request
    days, mistake = generate.generated(request)
    assert (days.shape, mistake) == ((2, 2, 288, 4), "")
    assert np.isfinite(days).all()


@pytest.mark.parametrize(("rate", "is_apart"), [(MOST_AT_ONCE, False), (MOST_AT_ONCE + 1.0, True)])
def test_a_run_of_many_tasks_computes_its_generation_apart(rate: float, is_apart: bool) -> None:
    engine = build_engine(at_rate(rate), METHOD, 1)
    assert isinstance(engine.plant.generation.source, GenerationApart) == is_apart


def short_tasks(per_day: int) -> Scenario:
    """Return a scenario of so many tasks in a day, so short that the cluster can follow."""
    scenario = at_rate(per_day / 24.0)
    factor = edge().workload.arrivals.rate_per_hour / scenario.workload.arrivals.rate_per_hour * 20
    classes = tuple(
        msgspec.structs.replace(one, work_seconds=one.work_seconds * factor) for one in scenario.workload.classes
    )
    return msgspec.structs.replace(scenario, workload=msgspec.structs.replace(scenario.workload, classes=classes))


@pytest.mark.slow
def test_a_hundred_million_tasks_in_a_day_need_300_mebibytes() -> None:
    # The code of the kernels is in its folder then: to compile it would take memory of its own.
    build_engine(edge(), METHOD, 1).run(1)
    done = subprocess.run(
        [sys.executable, "-c", HUNDRED_MILLION, "24"],
        input=msgspec.json.encode(short_tasks(100_000_000)),
        capture_output=True,
        timeout=300,
        check=True,
    )
    found = msgspec.json.decode(done.stdout)
    assert found["loaded"] == []
    assert found["tasks"] > 8_000_000
    assert found["mebibytes"] <= 300.0
