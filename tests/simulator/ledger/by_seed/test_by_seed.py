"""Days of a ledger by seed: whatever fails, the laws hold. A seed that breaks one is told as a command."""

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.simulator.ledger.by_seed.folder import memory_folder
from tests.simulator.ledger.by_seed.kept import KEPT
from tests.simulator.ledger.by_seed.mutants import MUTANTS, Mutant
from tests.simulator.ledger.by_seed.plan import DAY, SHORT, Kind, plan_of
from tests.simulator.ledger.by_seed.run import Told, run
from tests.simulator.ledger.examples import audited_ledger

MANY = 1000
"""Seeds of `make verify`, a day each: 50 minutes of CPU time."""

SEEDS_FOR_A_MUTANT = 24
"""Seeds among which another one is looked for, where the one that is named finds a bug that is put in no more."""


def told(seed: int, slots: int, *, is_audited: bool = False) -> Told:
    """Run a seed."""
    with memory_folder() as folder:
        return run(plan_of(seed, slots), folder, audited_ledger if is_audited else None)


def check(seed: int, slots: int, found: Told) -> None:
    """Fail with the command that shows what happened, where a law was broken."""
    command = f"{sys.executable} -m tests.simulator.ledger.by_seed {seed} {slots}"
    assert not found.broken, f"{found.broken}\n{command}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_the_laws_hold_in_ten_hours_of_a_seed(seed: int) -> None:
    check(seed, SHORT, told(seed, SHORT, is_audited=seed % 5 == 0))


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "slots"), sorted({(seed, slots) for seed, slots, _ in KEPT}))
def test_what_was_found_once_does_not_come_again(seed: int, slots: int) -> None:
    check(seed, slots, told(seed, slots, is_audited=True))


@pytest.mark.slow
def test_a_seed_is_one_run() -> None:
    """The same bytes in another process, whose sets and dictionaries lie otherwise."""
    found = told(1, SHORT)
    assert told(1, SHORT) == found
    command = [sys.executable, "-m", "tests.simulator.ledger.by_seed", "1", str(SHORT)]
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    text = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=600).stdout
    assert text.splitlines()[2:] == [*found.events, f"digest {found.digest}: all laws held"]


def test_each_seed_draws_which_faults_there_are() -> None:
    plans = [plan_of(seed) for seed in range(200)]
    for kind in Kind:
        assert 50 < sum(kind in plan.kinds for plan in plans) < 150
    assert len({plan.kinds for plan in plans}) > 190
    for plan in plans:
        assert all(fault.slot + fault.slots <= plan.quiet for fault in plan.faults)
        gone = {one for one in (plan.twin, plan.liar) if one is not None}
        gone |= {fault.who for fault in plan.faults if fault.kind is Kind.LOST}
        assert 3 * sum(plan.stakes[one] for one in gone) < sum(plan.stakes)


def _first_finding(mutant: Mutant) -> int | None:
    """Return the first seed that finds a bug."""
    seeds: tuple[int, ...] = (mutant.seed, *range(SEEDS_FOR_A_MUTANT))
    for seed in seeds:
        with pytest.MonkeyPatch.context() as patch:
            mutant.put(patch)
            if told(seed, DAY).broken:
                return seed
    return None


@pytest.mark.full
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_bug_that_is_put_in_is_found(mutant: Mutant) -> None:
    seed = _first_finding(mutant)
    assert seed is not None
    assert not told(seed, DAY).broken


def _broken(seed: int) -> tuple[int, str]:
    return seed, told(seed, DAY, is_audited=seed % 50 == 0).broken


@pytest.mark.full
def test_a_thousand_days() -> None:
    """Two processes share them; each hundred is told."""
    failed = []
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for seed, broken in pool.map(_broken, range(MANY)):
            if broken:
                failed.append(f"{sys.executable} -m tests.simulator.ledger.by_seed {seed}: {broken}")
            if seed % 100 == 99:
                sys.stderr.write(f"{seed + 1} of {MANY} days, {len(failed)} broken\n")
    assert failed == []
