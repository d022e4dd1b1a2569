"""The worth of forecasts: of all grams, and of each beside convex; and how many seeds would show that."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from exporter.core.config import ConfigError
from simulator.experiments.find.analysis import Row
from simulator.experiments.find.estimates import GRAMS, RESULTS_FILE, read_results
from simulator.experiments.find.statistics import (
    Interval,
    mean_interval,
    paired_difference,
    pairs_needed,
    ratio_of_means,
    relative_difference,
)
from simulator.experiments.plan.cases import REFERENCE
from simulator.experiments.plan.catalogue import REFERENCE_FORECASTER, UNLEARNT
from simulator.experiments.plan.request import Request
from simulator.experiments.run.provenance import Provenance
from simulator.experiments.run.work import Figures

PERFECT = "perfect"
CLIMATOLOGY = "climatology"

SCOPES = ("supply-", "intensity-")
"""Beginnings of the names of methods in which one of the two forecasters alone differs from the reference's."""

WORTHWHILE = 0.01
"""Share of the reference's grams that counts as worth having, for which a number of seeds is told. A choice."""


class Needed(msgspec.Struct, frozen=True, kw_only=True):
    """A method of the pilot: its difference of grams, the deviation of pairs, and the seeds that power 0.8 needs.

    `for_a_percent` are those for a difference of WORTHWHILE, `for_the_difference` those for the pilot's own.
    """

    method: str
    difference: float
    deviation: float
    for_a_percent: int | None
    for_the_difference: int | None


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A method: grams less than the reference's, and their share of what perfect forecasts of the same kind save.

    `of_perfect` is None where it is not certain that these save anything.
    """

    method: str
    difference: Interval
    of_perfect: Interval | None


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """The worth of forecasts to a policy, of all the grams that it emits when it is told what was observed.

    `perfect` is the share of these that perfect forecasts save, `of_reference` the same grams as a share of those of
    least-loaded. `convex` is the part of that which the convex combination saves, None where it is not certain that
    there is any, and `climatology` the change of grams by climatology alone. Each is None where the methods have not
    been run, or may emit nothing.
    """

    policy: str
    perfect: Interval | None
    of_reference: Interval | None
    convex: Interval | None
    climatology: Interval | None


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """The worth to each policy, the shares of all methods, and the seeds that the pilot of `pilot_seeds` needs."""

    whole: list[Whole] = []
    shares: list[Share]
    pilot_seeds: list[int]
    needed: list[Needed]


class PilotRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run of a pilot."""

    seed: int
    figures: Figures


class PilotCase(msgspec.Struct, frozen=True, kw_only=True):
    """All runs of a method of a pilot."""

    method: str
    runs: list[PilotRun]


class Pilot(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a results file that says how far pairs of runs differ."""

    experiment: str
    scenario: str
    reference: str | None
    provenance: Provenance
    cases: list[PilotCase]

    @property
    def seeds(self) -> list[int]:
        """Return the seeds of its runs."""
        return [run.seed for run in self.cases[0].runs]


def load_pilot(request: Request, provenance: Provenance) -> Pilot:
    """Read the pilot of a request, whose figures are to have this provenance.

    Raises ConfigError where it is none of the same experiment with the same inputs, or has seeds of it.
    """
    file = Path(str(request.pilot)) / RESULTS_FILE
    pilot = read_results(file, Pilot, origin=f"--pilot: {file}")
    mistakes = list(_mistakes(request, provenance, pilot))
    if mistakes:
        raise ConfigError(mistakes)
    return pilot


def _mistakes(request: Request, provenance: Provenance, pilot: Pilot) -> Iterator[str]:
    wanted, got = (request.experiment, request.scenario.name), (pilot.experiment, pilot.scenario)
    if wanted != got or not pilot.cases:
        yield f"--pilot: expected results of {' on '.join(wanted)}, got those of {' on '.join(got)}"
    elif pilot.reference != (reference := request.cases[0].label):
        yield f"--pilot: expected results that are compared with {reference}, got {pilot.reference}"
    elif pilot.provenance.inputs != provenance.inputs:
        changed = next(provenance.differences(pilot.provenance))
        yield f"--pilot: expected results of the same inputs as those of the experiment, got {changed}"
    elif common := sorted(set(pilot.seeds) & set(request.seeds)):
        yield f"--pilot: expected other seeds than those of the experiment, got {common[0]} in both"


def worth_of(rows: Sequence[Row], pilot: Pilot | None) -> Worth:
    """Return the worth of forecasts; the first row is the reference."""
    grams = {row.label: row.values(GRAMS) or [] for row in rows}
    reference = next(iter(grams.values()))
    saved = {label: _less(reference, values) for label, values in grams.items()}
    policies = {row.label: row.case.work.method.policy for row in rows}
    alike = {label: less for label, less in saved.items() if policies[label] == policies[rows[0].label]}
    shares = [
        Share(
            method=label,
            difference=_negative(mean_interval(less)),
            of_perfect=_of_perfect(label, alike) if label in alike else None,
        )
        for label, less in list(saved.items())[1:]
    ]
    return Worth(
        whole=list(_whole(grams, policies)),
        shares=shares,
        pilot_seeds=[] if pilot is None else pilot.seeds,
        needed=[] if pilot is None else list(_needed(pilot)),
    )


def _whole(grams: Mapping[str, Sequence[float]], policies: Mapping[str, str]) -> Iterator[Whole]:
    """Yield the worth of forecasts to each policy that has a method which repeats what was observed."""
    for label, policy in policies.items():
        if not label.endswith(UNLEARNT):
            continue
        prefix, base = label.removesuffix(UNLEARNT), grams[label]
        perfect, convex, climatology = (
            grams.get(f"{prefix}{one}") for one in (PERFECT, REFERENCE_FORECASTER, CLIMATOLOGY)
        )
        change = None if perfect is None else relative_difference(perfect, base)
        reference, of_reference, part = grams.get(REFERENCE), None, None
        if perfect is not None and reference is not None:
            of_reference = ratio_of_means(_less(base, perfect), reference)
        if perfect is not None and convex is not None and paired_difference(base, perfect).low > 0.0:
            part = ratio_of_means(_less(base, convex), _less(base, perfect))
        yield Whole(
            policy=policy,
            perfect=None if change is None else _negative(change),
            of_reference=of_reference,
            convex=part,
            climatology=None if climatology is None else relative_difference(climatology, base),
        )


def _less(values: Sequence[float], others: Sequence[float]) -> list[float]:
    """Return by how much each of the others is less."""
    return [one - other for one, other in zip(values, others, strict=True)]


def _negative(interval: Interval) -> Interval:
    return Interval(mean=-interval.mean, low=-interval.high, high=-interval.low)


def _of_perfect(label: str, saved: dict[str, list[float]]) -> Interval | None:
    """Return the share of what perfect forecasts save: those of supply or intensity, where only that differs.

    None where methods are compared with another than that from which the names tell a difference.
    """
    scope = next((one for one in SCOPES if label.startswith(one)), "")
    perfect = scope + PERFECT
    named = next(iter(saved)) == REFERENCE_FORECASTER
    if not named or label == perfect or perfect not in saved or mean_interval(saved[perfect]).low <= 0.0:
        return None
    return ratio_of_means(saved[label], saved[perfect])


def _needed(pilot: Pilot) -> Iterator[Needed]:
    reference = [run.figures[GRAMS] for run in pilot.cases[0].runs]
    for case in pilot.cases[1:]:
        apart = [run.figures[GRAMS] - other for run, other in zip(case.runs, reference, strict=True)]
        difference, deviation = statistics.fmean(apart), statistics.stdev(apart)
        yield Needed(
            method=case.method,
            difference=difference,
            deviation=deviation,
            for_a_percent=pairs_needed(deviation, WORTHWHILE * statistics.fmean(reference)),
            for_the_difference=pairs_needed(deviation, difference),
        )
