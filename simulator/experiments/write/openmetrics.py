"""Estimates as OpenMetrics text at simulated time, for `promtool tsdb create-blocks-from openmetrics`."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from exporter.core.units import UnixSeconds
from simulator.experiments.find.estimates import MEASURES, Measure
from simulator.experiments.find.results import Results
from simulator.scenario.schema import Scenario

PUBLISHED_START = datetime(2025, 1, 1, tzinfo=UTC)
"""Start of a run of the published model, which knows hours but no date; the README that describes it is of 2025."""


INFO = "ecochain_experiment_info"
"""The family that only this file has: the digests behind the figures."""


def to_openmetrics(results: Results) -> str:
    """Write gauges `ecochain_experiment_*`, each with one sample, at the simulated end of the longest run.

    The family INFO states both digests beside them.
    """
    moment = simulated_end(results)
    families = (line for measure in MEASURES for line in _family(measure, results, moment))
    return "".join(f"{line}\n" for line in (*_info(results, moment), *families, "# EOF"))


def _info(results: Results, moment: UnixSeconds) -> Iterator[str]:
    made = results.provenance
    labels = {"experiment": results.experiment, "scenario": results.scenario}
    labels |= {"inputs": made.inputs, "environment": made.environment}
    family = INFO.removesuffix("_info")
    yield f"# TYPE {family} info"
    yield f"# HELP {family} Provenance of the figures: SHA-256 of all inputs and of the environment."
    yield f"{INFO}{{{_pairs(labels)}}} 1 {moment!r}"


def simulated_end(results: Results) -> UnixSeconds:
    """Return the end of the longest run on the simulated calendar."""
    lasted = [run.figures.get("simulated_seconds", 0.0) for case in results.cases for run in case.runs]
    return UnixSeconds(_start(results).timestamp() + max(lasted))


def _start(results: Results) -> datetime:
    """Return the beginning of the time that figures cover: after the warm-up."""
    if not isinstance(results.parameters, Scenario):
        return PUBLISHED_START
    site = results.parameters.site
    midnight = datetime(site.first_day.year, site.first_day.month, site.first_day.day, tzinfo=UTC)
    return midnight + timedelta(days=results.parameters.run.warm_up_days, hours=-site.utc_offset_hours)


def _family(measure: Measure, results: Results, moment: UnixSeconds) -> Iterator[str]:
    """Yield the lines of one family; none where nothing was measured."""
    samples = list(_samples(measure, results, moment))
    if not samples:
        return
    name = f"ecochain_experiment_{measure.name}"
    yield f"# TYPE {name} gauge"
    if measure.unit:
        yield f"# UNIT {name} {measure.unit}"
    yield f"# HELP {name} {_escaped(measure.help)}"
    yield from samples


def _samples(measure: Measure, results: Results, moment: UnixSeconds) -> Iterator[str]:
    for estimated in results.estimates:
        estimate = estimated.by_measure.get(measure.name)
        if estimate is None:
            continue
        statistics = {
            "mean": estimate.mean,
            "low": estimate.low,
            "high": estimate.high,
            "published": estimate.published,
        }
        for statistic, value in statistics.items():
            if value is not None:
                labels = {
                    "experiment": estimated.experiment,
                    "scenario": estimated.scenario,
                    "method": estimated.method,
                    "statistic": statistic,
                }
                yield f"ecochain_experiment_{measure.name}{{{_pairs(labels)}}} {value!r} {moment!r}"


def _pairs(labels: Mapping[str, str]) -> str:
    return ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
