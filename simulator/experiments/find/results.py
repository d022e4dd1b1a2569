"""The results of an experiment, as `results.json` keeps them. Tables, plots and reports are made from them."""

from collections.abc import Mapping, Sequence
from statistics import fmean

import msgspec

from simulator.experiments.find.analysis import (
    BEST_SINGLE_NODE,
    FURTHER,
    Comparison,
    Precision,
    Published,
    Row,
    comparisons,
    estimates,
    precision,
    rows_of,
)
from simulator.experiments.find.contrasts import factorial_of
from simulator.experiments.find.effects import Factorial
from simulator.experiments.find.estimates import FORMAT, GRAMS, MEASURES, MISSES, Estimates
from simulator.experiments.find.front import Point, front_of
from simulator.experiments.find.sensitivity import Sensitivity, sensitivity_of
from simulator.experiments.find.service import Rivalry, Service, rivalries, with_service
from simulator.experiments.find.slope import Slope, slopes_of
from simulator.experiments.find.worth import Pilot, Worth, worth_of
from simulator.experiments.plan.cases import Case
from simulator.experiments.plan.catalogue import EXPERIMENTS
from simulator.experiments.plan.design import FRACTION, FULL_FACTORIAL
from simulator.experiments.plan.request import Request
from simulator.experiments.run.provenance import Provenance
from simulator.experiments.run.work import Figures
from simulator.published.figures import ABLATION, PUBLISHED, SCALING
from simulator.run.job import FULL, MeasureName
from simulator.scenario.load import load_scenario
from simulator.scenario.published import AnyScenario, PublishedScenario


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one replication."""

    seed: int
    figures: Figures


class Runs(msgspec.Struct, frozen=True, kw_only=True):
    """All replications of a case; `panel` and `size` are those of the case."""

    method: str
    panel: str
    size: float
    runs: list[Run]


class Results(msgspec.Struct, frozen=True, kw_only=True, rename={"estimates": "outcomes"}):
    """Results of an experiment. `model` is edge or published. Comparisons are with `reference`, where there is one.

    `rivalries` compare the method that the experiment is about with the reference and with simple rivals, and
    `serving_less` are the methods that serve fewer tasks on time than the reference, beyond the margin, and
    `service_not_shown` are those of which the runs leave that open. `worth` is what forecasts are worth, `factorial`
    what each lever is, `sensitivity` how the headline varies, and `slopes` how the cost of matched supply changes, each
    of the experiment that asks for it. `front` are the methods in grams, misses and cost. With `chain` the ledger of
    the runs was kept block by block.
    """

    format: int = FORMAT
    experiment: str
    scenario: str
    model: str
    seed: int
    replications: int
    tasks: int | None
    reference: str | None
    best_single_node: str | None
    provenance: Provenance
    estimates: list[Estimates]
    further: list[Estimates]
    comparisons: list[Comparison]
    rivalries: list[Rivalry] = []
    serving_less: list[str] = []
    service_not_shown: list[str] = []
    precision: list[Precision]
    cases: list[Runs]
    parameters: AnyScenario
    worth: Worth | msgspec.UnsetType = msgspec.UNSET
    factorial: Factorial | msgspec.UnsetType = msgspec.UNSET
    front: list[Point] = []
    sensitivity: Sensitivity | msgspec.UnsetType = msgspec.UNSET
    slopes: list[Slope] | msgspec.UnsetType = msgspec.UNSET
    chain: bool = False


def results_of(
    request: Request,
    cases: Sequence[Case],
    runs: Sequence[Sequence[Figures]],
    provenance: Provenance,
    pilot: Pilot | None = None,
) -> Results:
    """Return the results of the request, from the figures by case and seed."""
    rows = rows_of(cases, runs)
    best = next((row.case.label for row in rows if row.label == BEST_SINGLE_NODE), None)
    experiment = EXPERIMENTS[request.experiment]
    judged = None if experiment.judged is None else experiment.judged(request.scenario)
    published, changes = published_figures(request)
    return Results(
        experiment=request.experiment,
        scenario=request.scenario.name,
        model="published" if isinstance(request.scenario, PublishedScenario) else "edge",
        seed=request.seed,
        replications=request.replications,
        tasks=request.tasks,
        reference=rows[0].label if experiment.compared else None,
        best_single_node=best,
        provenance=provenance,
        estimates=_estimates(request, rows, [measure.name for measure in MEASURES], published),
        further=_estimates(request, rows, FURTHER, published),
        comparisons=comparisons(rows, changes) if experiment.compared else [],
        rivalries=rivalries(rows, judged) if experiment.compared else [],
        serving_less=with_service(rows, Service.LESS) if experiment.compared else [],
        service_not_shown=with_service(rows, Service.NOT_SHOWN) if experiment.compared else [],
        precision=list(precision(rows)),
        cases=[_runs(case, ran, request.seeds) for case, ran in zip(cases, runs, strict=True)],
        parameters=request.scenario,
        worth=worth_of(rows, pilot) if request.experiment == "forecasts" else msgspec.UNSET,
        factorial=_factorial(request, rows),
        front=_front(rows) if experiment.compared and len(rows) > 1 else [],
        sensitivity=sensitivity_of(rows) if experiment.settings else msgspec.UNSET,
        slopes=slopes_of(rows) if request.experiment == "slope" else msgspec.UNSET,
        chain=request.chain,
    )


def _factorial(request: Request, rows: Sequence[Row]) -> Factorial | msgspec.UnsetType:
    if request.experiment != "factorial":
        return msgspec.UNSET
    return factorial_of(rows, FULL_FACTORIAL if request.full else FRACTION)


def _front(rows: Sequence[Row]) -> list[Point]:
    """Return the points of the methods that have grams, misses and costs in all runs."""
    measured = {row.label: [row.values(measure) for measure in (GRAMS, MISSES, "cost_dollars")] for row in rows}
    return front_of(
        {
            label: [fmean(one) for one in values if one is not None]
            for label, values in measured.items()
            if None not in values
        }
    )


def published_figures(request: Request) -> tuple[Published, Published]:
    """Return the published figures by label and measure, and the published changes relative to the reference.

    Both are empty unless the published run itself is repeated: they are sums over its tasks, in its hours of the day.
    Changes were published relative to the full system alone.
    """
    if request.tasks is not None or not _is_as_published(request.scenario):
        return {}, {}
    if request.experiment == "scaling":
        return {f"{row.nodes} nodes": _scaling_figures(row.nodes) for row in SCALING}, {}
    as_published = request.experiment == "ablation" and request.reference in {None, FULL}
    changes = ABLATION if as_published else {}
    return _plain(PUBLISHED), _plain(changes)


def _is_as_published(scenario: AnyScenario) -> bool:
    return isinstance(scenario, PublishedScenario) and scenario == load_scenario("published")


def _plain(figures: Mapping[str, Mapping[MeasureName, float]]) -> Published:
    return {label: dict(row.items()) for label, row in figures.items()}


def _scaling_figures(nodes: int) -> Mapping[str, float]:
    row = next(row for row in SCALING if row.nodes == nodes)
    return {
        "latency_seconds": row.latency_seconds,
        "renewable_ratio": row.renewable_ratio,
        "throughput_tasks_per_hour": row.tasks_per_hour,
    }


def _estimates(request: Request, rows: Sequence[Row], measures: Sequence[str], published: Published) -> list[Estimates]:
    return [
        Estimates(
            experiment=request.experiment,
            scenario=request.scenario.name,
            method=row.label,
            by_measure=estimates(row, measures, published),
        )
        for row in rows
    ]


def _runs(case: Case, ran: Sequence[Figures], seeds: Sequence[int]) -> Runs:
    return Runs(
        method=case.label,
        panel=case.panel,
        size=case.size,
        runs=[Run(seed=seed, figures=figures) for seed, figures in zip(seeds, ran, strict=True)],
    )
