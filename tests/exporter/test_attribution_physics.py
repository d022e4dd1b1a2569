"""Energy of programs, attributed by the exporter, against their energy in runs of their own, on a simulated processor.

It is the files of a kernel that are simulated, and a processor without changes of frequency. A machine with RAPL alone
cannot show this: its counter tells the energy of all programs together.
"""

from pathlib import Path

import pytest

from exporter.power.component import Scope
from exporter.sources.processes.grouping import IDLE, OTHER, By
from tests.exporter.smt_attribution import MIXES, SECONDS, Run, unweighted
from tests.exporter.smt_physics import Machine, Physics, batch, joules_alone

TOLERANCE = 0.05
"""Share of active energy by which a program may be off."""

ONE_THREAD = Physics(cores=8, smt=False)
"""A processor whose cores run one thread each."""


def test_alone_a_program_draws_what_its_work_takes() -> None:
    physics = Physics()
    assert joules_alone(physics, batch("one", (0,), work=10.0), 20.0) == pytest.approx(10.0 * 6.0)
    two = joules_alone(physics, batch("two", (0,), (4,), work=10.0), 20.0)
    assert two == pytest.approx(20.0 / 1.2 * 6.0 * 1.24)
    assert joules_alone(physics, batch("apart", (0,), (1,), work=10.0), 20.0) == pytest.approx(20.0 * 6.0)


def test_programs_beside_each_other_do_their_work_in_more_time() -> None:
    machine = Machine(Physics(), [batch("a", (0,), work=6.0), batch("b", (4,), work=6.0)])
    machine.run(1000)
    assert machine.left == 0.0
    assert machine.used["a"] == machine.used["b"] == pytest.approx(1000.0)


@pytest.mark.slow
@pytest.mark.parametrize(("mix", "physics"), [*((mix, Physics()) for mix in MIXES), ("many", ONE_THREAD)])
def test_by_cgroup_each_program_has_what_it_has_alone(tmp_path: Path, mix: str, physics: Physics) -> None:
    compared = Run(tmp_path, physics=physics, programs=MIXES[mix]).compared()
    assert compared.worst() <= TOLERANCE, compared.rows()


@pytest.mark.slow
@pytest.mark.parametrize("mix", MIXES)
def test_by_name_each_program_has_what_it_has_alone_or_other_has_the_rest(tmp_path: Path, mix: str) -> None:
    """A process that came and went between two readings was seen by nobody, and nothing tells its name."""
    compared = Run(tmp_path, programs=MIXES[mix], by=By.NAME).compared()
    errors = compared.errors().values()
    missing = -sum(error for error in errors if error < 0.0)
    assert max(errors) <= TOLERANCE, compared.rows()
    assert missing <= compared.attributed[OTHER] / compared.active + TOLERANCE, compared.rows()


@pytest.mark.slow
def test_what_shares_its_cores_with_itself_pays_less_than_all_cpu_time_alike_would_say(tmp_path: Path) -> None:
    weighted = Run(tmp_path / "weighted", programs=MIXES["paired"]).compared()
    alike = Run(tmp_path / "alike", programs=MIXES["paired"], change=unweighted).compared()
    assert weighted.worst() < alike.worst() / 2.0, (weighted.rows(), alike.rows())


@pytest.mark.slow
@pytest.mark.parametrize("by", [By.NAME, By.CGROUP])
def test_the_groups_sum_to_the_host_and_idle_is_apart(tmp_path: Path, by: By) -> None:
    machine, totals = Run(tmp_path, by=by).totals()
    exported = totals.exported
    groups = sum(total.energy.get(Scope.HOST, 0.0) for total in exported.groups.values())
    host = sum(energy for component, energy in exported.energy.items() if component.scope is Scope.HOST)
    waiting = exported.waiting.energy.get(Scope.HOST, 0.0) + exported.retired.energy.get(Scope.HOST, 0.0)
    assert groups + waiting == pytest.approx(host, rel=1e-9)
    assert exported.groups[IDLE].energy[Scope.HOST] == pytest.approx((8.0 + 20.0) * SECONDS, rel=1e-6)
    assert host == pytest.approx(machine.joules + 20.0 * SECONDS, rel=1e-6)
