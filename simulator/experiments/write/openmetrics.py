"""Results as OpenMetrics text at simulated time, for `promtool tsdb create-blocks-from openmetrics`."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from exporter.core.units import UnixSeconds
from simulator.assembly.layout import first_day_of
from simulator.experiments.find.estimates import ShownResults
from simulator.experiments.find.results import Results
from simulator.experiments.find.series import FAMILIES, Family
from simulator.scenario.schema import Scenario

PUBLISHED_START = datetime(2025, 1, 1, tzinfo=UTC)
"""Start of a run of the published model, which knows hours but no date; the README that describes it is of 2025."""

TARGET = {"job": "ecochain", "instance": "experiments"}
"""Labels that a scrape would give the series; without them no dashboard finds any."""


def to_openmetrics(results: Results) -> str:
    """Write every family `ecochain_experiment_*`, each series with one sample, at the end of the longest run."""
    moment = simulated_end(results)
    shown = msgspec.convert(msgspec.to_builtins(results), type=ShownResults)
    families = (line for family in FAMILIES for line in _family(family, shown, moment))
    return "".join(f"{line}\n" for line in (*families, "# EOF"))


def simulated_end(results: Results) -> UnixSeconds:
    """Return the end of the longest run on the simulated calendar."""
    lasted = [run.figures.get("simulated_seconds", 0.0) for case in results.cases for run in case.runs]
    return UnixSeconds(_start(results).timestamp() + max(lasted))


def _start(results: Results) -> datetime:
    """Return the beginning of the time that figures cover: after the warm-up."""
    if not isinstance(results.parameters, Scenario):
        return PUBLISHED_START
    scenario = results.parameters
    day = first_day_of(scenario, seed=0)
    offset = 0.0 if scenario.sites else scenario.site.utc_offset_hours
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return midnight + timedelta(days=scenario.run.warm_up_days, hours=-offset)


def _family(family: Family, shown: ShownResults, moment: UnixSeconds) -> Iterator[str]:
    """Yield the lines of one family; none where nothing was found."""
    samples = list(family.read(shown))
    if not samples:
        return
    # OpenMetrics calls the family of a fact by its name without the ending.
    name, kind = (family.name.removesuffix("_info"), "info") if family.fact else (family.name, "gauge")
    yield f"# TYPE {name} {kind}"
    if family.unit:
        yield f"# UNIT {name} {family.unit}"
    yield f"# HELP {name} {_escaped(family.help)}"
    for values, value in samples:
        labels = TARGET | dict(zip(family.labels, values, strict=True))
        yield f"{family.name}{{{_pairs(labels)}}} {value!r} {moment!r}"


def _pairs(labels: Mapping[str, str]) -> str:
    return ",".join(f'{key}="{_escaped(text)}"' for key, text in sorted(labels.items()))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
