"""The request of a user: one experiment on one scenario."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter.core.config import ConfigError, did_you_mean
from simulator.assembly.recordings import recording_mistakes
from simulator.experiments.plan.cases import Case
from simulator.experiments.plan.catalogue import ASKED_FOR, EXPERIMENTS
from simulator.run.job import full_method
from simulator.scenario.published import AnyScenario
from simulator.scenario.schema import Scenario
from simulator.scheduling.names import single_node

FEWEST_REPLICATIONS = 2
"""Least number of replications: one run does not show the spread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An experiment on a scenario: replication i of every method has the seed `seed` + i.

    `workers` processes do the runs, or the Dask cluster at the address `dask`. Results go to a folder of `output`.
    `tasks` replaces the number of tasks in a run; on `edge` it sets the arrival rate, since runs last whole days.
    `methods` are those to run beside the one that all are compared with, which is `reference` or else the first of the
    experiment; no methods stand for all. `parameters` are those that an experiment on settings varies; none stand for
    all. `pilot` is the folder of results of the same experiment with other seeds,
    which say how many seeds are needed. With `chain` the ledger of runs that last whole days is kept block by block.
    With `full` all cases are run of which the experiment has a fraction.
    `plots` says what pictures are for, as the flag does.
    """

    experiment: str
    scenario: AnyScenario
    replications: int = 30
    seed: int = 1
    workers: int = 1
    dask: str | None = None
    output: Path
    tasks: int | None = None
    methods: tuple[str, ...] = ()
    reference: str | None = None
    parameters: tuple[str, ...] = ()
    pilot: Path | None = None
    chain: bool = False
    full: bool = False
    plots: str = "report"

    @property
    def folder(self) -> Path:
        """Return the folder of the results."""
        return self.output / f"{self.experiment}-{re.sub(r'[^A-Za-z0-9_-]+', '-', self.scenario.name)}"

    @property
    def seeds(self) -> range:
        """Return the seeds, one for each replication."""
        return range(self.seed, self.seed + self.replications)

    @property
    def cases(self) -> Sequence[Case]:
        """Return the cases to run, the first being the one that all are compared with."""
        experiment = EXPERIMENTS[self.experiment]
        of = experiment.every if self.full and experiment.every is not None else experiment.cases
        found = of(self.scenario, self.tasks)
        if experiment.settings:
            chosen = [case for case in found if not case.panel or self._is_varied(case.panel)]
            return [case.on_chain() for case in chosen] if self.chain else chosen
        first = self.reference or next((case.label for case in found), "")
        asked = [case for case in found if case.label == first or self._is_asked_for(case.label)]
        asked.sort(key=lambda case: case.label != first)
        return [case.on_chain() for case in asked] if self.chain else asked

    def _is_varied(self, parameter: str) -> bool:
        return not self.parameters or parameter in self.parameters

    def _is_asked_for(self, method: str) -> bool:
        if self.methods:
            return method in self.methods
        return method not in ASKED_FOR or method == full_method(self.scenario).policy


def check(request: Request) -> None:
    """Refuse a request that cannot be met. Raises ConfigError with a line for each mistake."""
    mistakes = list(_mistakes(request))
    if mistakes:
        raise ConfigError(mistakes)


def _mistakes(request: Request) -> Iterator[str]:
    if request.experiment not in EXPERIMENTS:
        yield f'experiment: expected one of {", ".join(EXPERIMENTS)}, got "{request.experiment}"'
    else:
        yield from _method_mistakes(request)
    if request.replications < FEWEST_REPLICATIONS:
        yield f"--replications: expected a number >= {FEWEST_REPLICATIONS}, got {request.replications}"
    if request.seed < 0:
        yield f"--seed: expected a number >= 0, got {request.seed}"
    if request.workers < 1:
        yield f"--workers: expected a number >= 1, got {request.workers}"
    if request.tasks is not None and request.tasks < 1:
        yield f"--tasks: expected a number >= 1, got {request.tasks}"
    if request.output.exists() and not request.output.is_dir():
        yield f"--output: expected a folder, got the file {request.output}"
    if request.dask is not None and request.workers > 1:
        yield f"--workers: expected none beside --dask, whose workers do the runs, got {request.workers}"
    if request.chain and not isinstance(request.scenario, Scenario):
        yield "--ledger: expected profile with the published model, which has no devices that could claim, got real"
    if request.chain and isinstance(request.scenario, Scenario) and request.scenario.sites:
        yield "--ledger: expected profile with several sites, whose network has no meter that could sign, got real"
    if isinstance(request.scenario, Scenario):
        yield from _mistakes_on_edge(request, request.scenario)


def _method_mistakes(request: Request) -> Iterator[str]:
    experiment = EXPERIMENTS[request.experiment]
    of = experiment.every if request.full and experiment.every is not None else experiment.cases
    cases = of(request.scenario, request.tasks)
    if not cases:
        yield f"experiment: expected one that the scenario {request.scenario.name} has, got {request.experiment}"
    if request.full and experiment.every is None:
        yield f"--full: expected none with {request.experiment}, which leaves out no runs"
    if experiment.settings:
        yield from _setting_mistakes(request, list(dict.fromkeys(case.panel for case in cases if case.panel)))
    else:
        yield from _chosen_mistakes(request, [case.label for case in cases])


def _setting_mistakes(request: Request, parameters: Sequence[str]) -> Iterator[str]:
    """Yield the mistakes in what an experiment on settings is to compare."""
    for flag, given in (("--methods", request.methods), ("--reference", request.reference)):
        if given:
            told = "compares the scenario's own policy with least-loaded"
            yield f"{flag}: expected none with {request.experiment}, which {told}"
    for name in request.parameters if parameters else ():
        if name not in parameters:
            near = did_you_mean(name, parameters)
            yield f'--parameters: expected some of {", ".join(parameters)}, got "{name}"{near}'


def _chosen_mistakes(request: Request, labels: Sequence[str]) -> Iterator[str]:
    """Yield the mistakes in the methods to run and to compare with."""
    name, experiment = request.experiment, EXPERIMENTS[request.experiment]
    if request.parameters:
        yield f"--parameters: expected none with {name}, which varies none"
    if request.methods and experiment.whole:
        yield f"--methods: expected none with {name}, whose answer needs all runs, got {' '.join(request.methods)}"
        return
    for method in request.methods:
        if method not in labels:
            yield f'--methods: expected some of {", ".join(labels)}, got "{method}"{did_you_mean(method, labels)}'
    if request.reference is None:
        return
    # Of the single nodes only the best stays, which is known in the end.
    methods = [label for label in labels if single_node(label) is None]
    if not experiment.compared:
        yield f"--reference: expected none with {name}, which compares no methods, got {request.reference}"
    elif request.reference not in methods:
        told = f'got "{request.reference}"{did_you_mean(request.reference, methods)}'
        yield f"--reference: expected one of {', '.join(methods)}, {told}"


def _mistakes_on_edge(request: Request, scenario: Scenario) -> Iterator[str]:
    if request.tasks is not None and request.experiment == "scaling":
        yield f"--tasks: expected none with scaling, which varies the number of tasks itself, got {request.tasks}"
    if request.tasks is not None and request.experiment == "slope":
        yield f"--tasks: expected none with slope, whose load is constant, got {request.tasks}"
    if scenario.workload.arrivals.kind == "trace" and (request.tasks is not None or request.experiment == "scaling"):
        yield "workload.arrivals.kind: expected arrivals that can be made faster or slower, got a trace"
    yield from recording_mistakes(scenario)
