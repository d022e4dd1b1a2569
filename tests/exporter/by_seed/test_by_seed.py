"""Hours of an exporter by seed: whatever fails, the laws hold. A seed that breaks one is told as a command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.exporter.by_seed.kept import KEPT
from tests.exporter.by_seed.many import Size, code_digest, command, kept_runs, resumed, told_of
from tests.exporter.by_seed.mutants import MUTANTS, Mutant
from tests.exporter.by_seed.plan import HOUR, Kind, plan_of
from tests.exporter.by_seed.room import folder_of
from tests.exporter.by_seed.run import Told, run

SEEDS = 30
"""Seeds of `make test`, an hour each."""

SEEDS_OF = {Size(hours=720.0, interval=60.0): 20, Size(hours=6.0, interval=5.0): 1000}
"""Seeds of `make verify`."""

MANY = tuple(SEEDS_OF)


def told(seed: int, hours: float = 1.0, interval: float = 5.0) -> Told:
    """Run a seed."""
    plan = plan_of(seed, hours * HOUR, interval)
    with folder_of(plan) as folder:
        return run(plan, folder)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_laws_hold_in_an_hour_of_a_seed(seed: int) -> None:
    found = told(seed)
    assert not found.broken, f"{found.broken}\n{command(seed, Size(hours=1.0, interval=5.0))}"


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "hours", "interval"), sorted({one[:3] for one in KEPT}))
def test_what_was_found_once_does_not_come_again(seed: int, hours: float, interval: float) -> None:
    found = told(seed, hours, interval)
    assert not found.broken, f"{found.broken}\n{command(seed, Size(hours=hours, interval=interval))}"


@pytest.mark.slow
def test_a_seed_is_one_run() -> None:
    """The same bytes in another process, whose sets and dictionaries lie otherwise."""
    found = told(1)
    assert told(1) == found
    words = [sys.executable, "-m", "tests.exporter.by_seed", "1", "1"]
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    text = subprocess.run(words, env=environment, capture_output=True, text=True, check=True, timeout=600).stdout
    assert text.splitlines()[2:-1] == list(found.events)
    assert text.endswith(f"digest {found.digest}: all laws held\n")


def test_each_seed_draws_which_faults_there_are() -> None:
    plans = [plan_of(seed) for seed in range(300)]
    for kind in Kind:
        assert (20 if kind is Kind.FILES else 40) < sum(kind in plan.kinds for plan in plans) < 140
    assert len({plan.kinds for plan in plans}) > 280


@pytest.mark.full
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_bug_that_is_put_in_is_found(mutant: Mutant) -> None:
    with pytest.MonkeyPatch.context() as patch:
        mutant.put(patch)
        assert told(mutant.seed).broken
    assert not told(mutant.seed).broken


@pytest.mark.full
@pytest.mark.parametrize("size", MANY, ids=lambda size: f"{size.hours:g} h at {size.interval:g} s")
def test_the_laws_hold_in_many_hours(size: Size, request: pytest.FixtureRequest) -> None:
    """Runs of the same code are kept, so that a `make verify` that was ended goes on from there."""
    place = request.config.cache.mkdir("exporter-by-seed") / f"{size.hours:g}-{size.interval:g}-{code_digest()}.jsonl"
    seeds = range(SEEDS_OF[size])
    found = told_of(resumed(seeds, size, workers=2, results=place), size, len(seeds))
    assert [f"{command(one.seed, size)}: {one.broken}" for one in found if one.broken] == []


def test_a_run_that_was_ended_goes_on(tmp_path: Path) -> None:
    size, place = Size(hours=0.05, interval=5.0), tmp_path / "results.jsonl"
    first = list(resumed(range(2), size, workers=1, results=place))
    with place.open("a") as file:
        file.write('{"seed": 2, "hou')  # a kill within a line
    whole = list(resumed(range(4), size, workers=1, results=place))
    assert whole[:2] == first
    assert [one.seed for one in whole] == [0, 1, 2, 3]
    assert [one.seed for one in kept_runs(place, size)] == [0, 1, 2, 3]
    assert kept_runs(place, Size(hours=0.05, interval=60.0)) == []
