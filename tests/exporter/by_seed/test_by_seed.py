"""Hours of an exporter by seed: whatever fails, the laws hold. A seed that breaks one is told as a command."""

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import pytest

from tests.exporter.by_seed.kept import KEPT
from tests.exporter.by_seed.mutants import MUTANTS, Mutant
from tests.exporter.by_seed.plan import HOUR, Kind, plan_of
from tests.exporter.by_seed.run import Told, run
from tests.simulator.ledger.by_seed.folder import memory_folder

SEEDS = 30
"""Seeds of `make test`, an hour each."""

MANY = ((1000, 6.0, 5.0), (20, 720.0, 60.0))
"""Seeds of `make verify`, their hours, and seconds between samples."""


def told(seed: int, hours: float = 1.0, interval: float = 5.0) -> Told:
    """Run a seed."""
    with memory_folder() as folder:
        return run(plan_of(seed, hours * HOUR, interval), folder)


def command(seed: int, hours: float, interval: float) -> str:
    """Return what shows the story of a seed."""
    return f"{sys.executable} -m tests.exporter.by_seed {seed} {hours:g} {interval:g}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_laws_hold_in_an_hour_of_a_seed(seed: int) -> None:
    found = told(seed)
    assert not found.broken, f"{found.broken}\n{command(seed, 1.0, 5.0)}"


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "hours", "interval"), sorted({one[:3] for one in KEPT}))
def test_what_was_found_once_does_not_come_again(seed: int, hours: float, interval: float) -> None:
    found = told(seed, hours, interval)
    assert not found.broken, f"{found.broken}\n{command(seed, hours, interval)}"


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
        assert 40 < sum(kind in plan.kinds for plan in plans) < 140
    assert len({plan.kinds for plan in plans}) > 280


@pytest.mark.full
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_bug_that_is_put_in_is_found(mutant: Mutant) -> None:
    with pytest.MonkeyPatch.context() as patch:
        mutant.put(patch)
        assert told(mutant.seed).broken
    assert not told(mutant.seed).broken


def _broken(seed: int, hours: float, interval: float) -> tuple[int, str]:
    return seed, told(seed, hours, interval).broken


@pytest.mark.full
@pytest.mark.parametrize(("seeds", "hours", "interval"), MANY)
def test_the_laws_hold_in_many_hours(seeds: int, hours: float, interval: float) -> None:
    """Two processes share them; each hundred is told."""
    failed = []
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for seed, broken in pool.map(partial(_broken, hours=hours, interval=interval), range(seeds)):
            if broken:
                failed.append(f"{command(seed, hours, interval)}: {broken}")
            if seed % 100 == 99:
                sys.stderr.write(f"{seed + 1} of {seeds} seeds, {len(failed)} broken\n")
    assert failed == []
