"""The step compiled in a child: for the very types of the run, and never in its way."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from exporter.core.units import Seconds
from simulator.run import beside
from simulator.run.beside import Named, compile_beside, described, example
from simulator.run.child import Child
from simulator.run.engine import Engine
from simulator.run.job import Method
from simulator.run.simulate import build_engine
from simulator.scheduling.kernels import compiled
from simulator.scheduling.kernels.compiled import Backend, _types_of
from simulator.scheduling.kernels.planned import allocate, choose_charges, follow, price
from simulator.scheduling.shifting import TemporalShifting
from tests.simulator.run.test_blocks import state_of
from tests.simulator.scenario.scenarios import shipped

ROOT = Path(__file__).parents[3]


def engine_of(scenario: str, policy: str, backend: Backend = Backend.PLAIN, **parts: Any) -> Engine:
    """Return an engine at its beginning."""
    loaded = shipped(scenario)
    return build_engine(loaded, Method(name="full", policy=policy, **parts), 1, backend=backend)


@pytest.mark.parametrize(
    ("scenario", "policy", "parts"),
    [
        ("regions", "rolling-horizon", {}),
        ("regions", "shifting", {}),
        ("regions", "round-robin", {"move": False}),
        ("edge", "joint", {}),
        ("edge", "carbon-greedy", {"sleep": False}),
    ],
)
def test_a_child_is_told_the_types_of_the_run(scenario: str, policy: str, parts: dict[str, Any]) -> None:
    engine = engine_of(scenario, policy, **parts)
    told = engine._first_call()
    engine.run(1)
    assert engine._block is not None
    called = engine._call(engine._block)
    request = Named("Call", [described(one) for one in told])
    understood = example(msgspec.json.decode(msgspec.json.encode(request), type=Named))
    for one in (told, understood):
        assert _types_of(one) == _types_of(called)
        assert _types_of(one.of_order()) == _types_of(called.of_order())


def test_there_is_no_child_where_one_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    monkeypatch.setattr(beside, "Child", lambda *_: started.append(1))
    monkeypatch.setattr(beside, "is_lacking", lambda *_: True)
    call = engine_of("edge", "joint")._first_call()
    for processors, expected in ((1, 0), (2, 1)):
        monkeypatch.setattr(beside, "_processors", lambda count=processors: count)
        compile_beside(call)
        assert len(started) == expected
    monkeypatch.setattr(beside, "is_lacking", lambda *_: False)
    compile_beside(call)
    assert len(started) == 1


class Slow(Child):
    """A child that does not end, and the times for which somebody has waited for it."""

    def __init__(self) -> None:
        self.waited: list[Seconds] = []
        self.is_ended = False

    def ends_within(self, limit: Seconds) -> bool:
        self.waited.append(limit)
        return False

    def end(self) -> None:
        self.is_ended = True


def test_who_waits_for_a_child_is_told_and_does_not_wait_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    child = Slow()
    with caplog.at_level("INFO"):
        beside.wait_for(child)
    assert (child.waited, child.is_ended) == ([20.0, 100.0], True)
    assert caplog.messages == ["a child process still compiles the step; after 100 s more this run does it itself"]


RUN = """
import logging, sys
from numba.core import event
from exporter.core.units import Seconds
from simulator.run import beside
from simulator.run.child import Program
from simulator.run.job import Method
from simulator.run.simulate import build_engine, figures
from simulator.scenario.load import load_scenario
logging.basicConfig(level=logging.INFO, format="said %(message)s", stream=sys.stdout)
how = sys.argv[1]
beside._processors = lambda: 2
beside.LIMIT = Seconds(400.0)
if how == "a child that fails":
    beside.COMPILING = Program("simulator.run.no_such_module", "nothing")
engine = build_engine(load_scenario("edge"), Method(name="full", policy="shifting"), 1)
engine.run(1)
late = []
class Late(event.Listener):
    def on_start(self, event):
        late.append(event)
    def on_end(self, event):
        pass
event.register("numba:compile", Late())
engine.run(287)
from simulator.run.kernels import advance
from simulator.scheduling.kernels.compiled import _compiled
stats = _compiled(advance, no_cfunc_wrapper=True).stats
print("loaded" if stats.cache_hits else "compiled", engine._beside is not None, len(late) > 0)
print(figures(engine, 1))
"""


def ran(folder: Path, how: str) -> list[str]:
    """Return what a fresh process prints that runs a day with an empty cache."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, how],
        env=os.environ | {"NUMBA_CACHE_DIR": str(folder)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=600,  # it compiles
        check=True,
    )
    # On a busy machine it says that it waits for the child, and may do so for longer than a user's does.
    return [line for line in done.stdout.splitlines() if "still compiles" not in line]


@pytest.mark.slow
def test_a_run_takes_the_step_from_its_child_and_compiles_it_where_there_is_none(tmp_path: Path) -> None:
    announced = "said compiling the kernels: some seconds; they are cached for all runs of this kind"
    child = ran(tmp_path / "1", "a child")
    failing = ran(tmp_path / "2", "a child that fails")
    again = ran(tmp_path / "1", "a child")
    assert child[:2] == [announced, "loaded True False"]
    assert failing[:2] == [announced, "compiled True False"]
    assert again[0] == "loaded False False"
    assert child[2] == failing[2] == again[1]


@pytest.mark.slow
def test_a_planner_that_has_rehearsed_compiles_nothing_more_and_plans_as_ever() -> None:
    compiled._compiled.cache_clear()
    kernels = [compiled._compiled(one, no_cfunc_wrapper=True) for one in (follow, price, allocate, choose_charges)]
    rehearsed, engine = (engine_of("regions", "rolling-horizon", Backend.COMPILED) for _ in range(2))
    assert rehearsed.plant.planner is not None
    rehearsed.plant.planner.rehearse()
    known = [one.signatures for one in kernels]
    assert all(len(one) == 1 for one in known)
    for one in (rehearsed, engine):
        one.run(288)
    assert [one.signatures for one in kernels] == known
    assert state_of(rehearsed) == state_of(engine)


@pytest.mark.slow
def test_a_shifting_that_has_rehearsed_chooses_as_ever() -> None:
    rehearsed, engine = (engine_of("edge", "shifting", Backend.COMPILED) for _ in range(2))
    assert isinstance(rehearsed.plant.shifting, TemporalShifting)
    rehearsed.plant.shifting.rehearse(rehearsed.plant.cluster)
    for one in (rehearsed, engine):
        one.run(288)
    assert state_of(rehearsed) == state_of(engine)
