"""An experiment from the request to the files."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from pathlib import Path

from exporter.core.config import ConfigError
from simulator.assembly.credit_prices import load_prices
from simulator.experiments.find.results import Results, results_of
from simulator.experiments.find.worth import load_pilot
from simulator.experiments.plan.cases import Case
from simulator.experiments.plan.request import Request, check
from simulator.experiments.plan.work import Work
from simulator.experiments.run.execution import execute, executor_for
from simulator.experiments.run.journal import Journal, locked
from simulator.experiments.run.provenance import digest, provenance_of
from simulator.experiments.run.work import Figures, Simulate, simulate_job
from simulator.experiments.write.medium import PLOTS
from simulator.experiments.write.output import write_results
from simulator.run.forecasts import lacking_of
from simulator.scenario.schema import Scenario
from simulator.scheduling.names import is_users

LOG = logging.getLogger(__name__)

ReportProgress = Callable[[int, int], None]
"""Receiver of the number of finished runs and of all runs."""


class Interrupted(Exception):  # noqa: N818 - no error: the user wished it
    """Interruption by the user; one line that says what is kept and how to go on."""


def run_experiment(
    request: Request, report_progress: ReportProgress, simulate: Simulate = simulate_job
) -> tuple[Path, Results]:
    """Do the work that is not done yet, write the results, and return their folder and the results.

    Raises ConfigError for a request that cannot be met, and Interrupted on Ctrl-C.
    """
    check(request)
    scenario = request.scenario
    if request.experiment == "scaling" and isinstance(scenario, Scenario) and is_users(scenario.scheduler.policy):
        LOG.warning("scaling places millions of tasks, which takes long with a policy in plain Python")
    if isinstance(scenario, Scenario) and scenario.ledger.prices is not None:
        for warning in load_prices(Path(scenario.ledger.prices)).warnings():
            LOG.warning(warning)
    cases = request.cases
    lacking = {library for case in cases for library in lacking_of(case.work.scenario, case.work.method)}
    provenance = provenance_of(scenario, lacking)
    pilot = None if request.pilot is None else load_pilot(request, provenance)
    with locked(request.folder):
        if warning := provenance.warning:
            LOG.warning(warning)
        runs = _finished(request, cases, Journal(request.folder, provenance), report_progress, simulate)
        results = results_of(request, cases, runs, provenance, pilot)
        write_results(request.folder, results, PLOTS[request.plots])
    return request.folder, results


def _finished(
    request: Request,
    cases: Sequence[Case],
    journal: Journal,
    report_progress: ReportProgress,
    simulate: Simulate,
) -> list[list[Figures]]:
    """Return figures by case and replication: those of an earlier start, and the others, which are obtained now."""
    works = [[case.seeded(seed) for seed in request.seeds] for case in cases]
    keys = [[digest((type(work).__name__, work)) for work in row] for row in works]
    wanted = {
        key: work
        for key_row, work_row in zip(keys, works, strict=True)
        for key, work in zip(key_row, work_row, strict=True)
    }
    with journal:
        _complete(request, wanted, journal, report_progress, simulate)
    journal.keep(list(wanted))
    return [[journal.results[key] for key in row] for row in keys]


def _tries_own_policy(work: Work, request: Request) -> bool:
    """Return whether it is the first run under a user's own policy: its mistakes are to show before other runs."""
    return is_users(work.method.policy) and work.seed == request.seed


def _complete(
    request: Request,
    wanted: Mapping[str, Work],
    journal: Journal,
    report_progress: ReportProgress,
    simulate: Simulate,
) -> None:
    """Obtain the figures that the journal lacks."""
    pending = [key for key in wanted if key not in journal.results]
    pending.sort(key=lambda key: not _tries_own_policy(wanted[key], request))
    done = len(wanted) - len(pending)

    def take(index: int, figures: Figures) -> None:
        nonlocal done
        journal.add(pending[index], figures)
        done += 1
        report_progress(done, len(wanted))

    report_progress(done, len(wanted))
    if not pending:
        return
    kept = "the same command goes on with what is kept"
    try:
        with executor_for(min(request.workers, len(pending)), request.dask) as executor:
            execute([wanted[key] for key in pending], simulate, take, executor)
    except KeyboardInterrupt as error:
        raise Interrupted(f"stopped after {done} of {len(wanted)} runs; {kept}") from error
    except BrokenExecutor as error:
        raise ConfigError([f"--workers: a worker ended after {done} of {len(wanted)} runs; {kept}"]) from error
