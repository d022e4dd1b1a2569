"""The first paragraph of a report: what the method in question is worth, against whom, and what that is not."""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from types import MappingProxyType

from simulator.experiments.find.estimates import GRAMS
from simulator.experiments.find.results import Results
from simulator.experiments.find.service import SERVICE_MARGIN, Rivalry, Service
from simulator.experiments.find.statistics import Interval
from simulator.experiments.find.unfinished import left_over
from simulator.experiments.plan.catalogue import EXPERIMENTS, is_simple
from simulator.experiments.write.display import DISPLAYS, PERCENT, percent_change, with_half_width
from simulator.experiments.write.sections.unfinished import unfinished
from simulator.run.job import Method
from simulator.scenario.published import AnyScenario
from simulator.scenario.schema import GridSection, Scenario
from simulator.scenario.supply import WeatherSection

LATENCY = "latency_seconds"
"""Measure of the time that tasks take which are not deferrable, in seconds. A choice: of the detailed measures it is
the one that a saving at equal service may still cost."""


class Emissions(Enum):
    """A method's emissions beside those of another, as far as the runs show them."""

    LESS = "less"
    MORE = "more"
    NOT_SHOWN = "not shown"


VERDICTS: Mapping[tuple[Emissions, Service], str] = MappingProxyType(
    {
        (Emissions.LESS, Service.EQUAL): "emits less than {other} and serves as many tasks on time",
        (Emissions.LESS, Service.LESS): (
            "serves fewer tasks on time than {other}, so that it emits less is no saving at equal service"
        ),
        (Emissions.LESS, Service.NOT_SHOWN): (
            "is not shown to serve as many tasks on time as {other}, so that it emits less may be no saving at equal "
            "service"
        ),
        (Emissions.MORE, Service.EQUAL): "emits more than {other} and serves as many tasks on time",
        (Emissions.MORE, Service.LESS): "emits more than {other} and serves fewer tasks on time",
        (Emissions.MORE, Service.NOT_SHOWN): (
            "emits more than {other} and is not shown to serve as many tasks on time"
        ),
        (Emissions.NOT_SHOWN, Service.EQUAL): (
            "is not shown to emit less than {other}, and serves as many tasks on time"
        ),
        (Emissions.NOT_SHOWN, Service.LESS): ("is not shown to emit less than {other}, and serves fewer tasks on time"),
        (Emissions.NOT_SHOWN, Service.NOT_SHOWN): (
            "is shown neither to emit less than {other} nor to serve as many tasks on time"
        ),
    }
)
"""Statements on a method beside another, by what the runs show. The first alone is a saving."""


def verdict(results: Results, methods: Mapping[str, Method]) -> Iterator[str]:
    """Yield the paragraph: what is no saving comes first, and of the rest the reference; nothing where none is judged.

    The first sentence is bold.
    """
    judged = EXPERIMENTS[results.experiment].judged
    if judged is None:
        return
    alone = _is_only_simple(results, methods, judged(results.parameters))
    sentences = [
        _sentence(one, methods, list(_latency(one, results)), alone=alone)
        for one in sorted(results.rivalries, key=_is_saving)
    ]
    if not sentences:
        sentences = [_without_opponent(judged(results.parameters), methods)]
    else:
        sentences += [_meaning(results), *_unfinished(results, judged(results.parameters))]
    yield " ".join((f"**{sentences[0]}**", *sentences[1:], *_limits(results.parameters)))
    yield ""


def emissions_of(one: Rivalry) -> Emissions:
    """Return what the runs show of a method's emissions: nothing where the interval of their difference holds zero."""
    found = next((found.difference for found in one.comparisons if found.measure == GRAMS), None)
    if found is None or found.holds_zero:
        return Emissions.NOT_SHOWN
    return Emissions.LESS if found.mean < 0.0 else Emissions.MORE


def service_shown(one: Rivalry) -> Service:
    """Return what the runs show of a method's service."""
    if one.serves_less:
        return Service.LESS
    return Service.NOT_SHOWN if one.service_not_shown else Service.EQUAL


def _is_saving(one: Rivalry) -> bool:
    return (emissions_of(one), service_shown(one)) == (Emissions.LESS, Service.EQUAL)


def _sentence(one: Rivalry, methods: Mapping[str, Method], latency: Sequence[str], *, alone: bool) -> str:
    other = f"`{one.against}` ({', '.join(_parts(one, methods, alone=alone))})"
    told = VERDICTS[emissions_of(one), service_shown(one)].format(other=other)
    changes = [_change(found.measure, found.difference, found.relative) for found in one.comparisons]
    return f"`{one.method}` {told}: {', '.join((*changes, *latency))}."


def _latency(one: Rivalry, results: Results) -> Iterator[str]:
    """Yield the change in latency beside the reference: punctual tasks may still take longer than they did."""
    if one.against == results.reference:
        for found in results.comparisons:
            if (found.method, found.measure) == (one.method, LATENCY):
                yield _change(found.measure, found.difference, found.relative)


def _parts(one: Rivalry, methods: Mapping[str, Method], *, alone: bool) -> Sequence[str]:
    """Return how the opponent differs in what is no policy, and how it was chosen: not, where it stands `alone`."""
    own, other = methods[one.method], methods[one.against]
    parts = ["with the same compression" if own.compression == other.compression else "without compression"]
    if not other.sleep:
        parts.append("every node awake")
    elif other.sleeping not in {None, own.sleeping}:
        parts.append("with consolidation")
    if one.is_best_simple and alone:
        parts.append("the only simple method of this report with equal service: the experiment `peers` has others")
    elif one.is_best_simple:
        parts.append(
            "of the simple methods of this report with equal service the one that emits least, chosen by these runs, "
            "which flatters it"
        )
    return parts


def _is_only_simple(results: Results, methods: Mapping[str, Method], judged: str) -> bool:
    """Return whether a single one of the simple methods serves as many tasks on time, so that none was chosen."""
    if judged not in methods:
        return False
    others = methods.keys() - {*results.serving_less, *results.service_not_shown}
    return sum(is_simple(methods[name], methods[judged].policy) for name in others) == 1


def _change(measure: str, difference: Interval, relative: Interval | None) -> str:
    """Return a change in percent, or in points or its own unit where that says more."""
    display = DISPLAYS[measure]
    heading = display.heading.lower()
    if display.is_share or relative is None:
        return f"{heading} {with_half_width(difference, display.factor)} {display.difference_unit}"
    return f"{heading} {percent_change(relative)}%"


def _without_opponent(judged: str, methods: Mapping[str, Method]) -> str:
    """Return the sentence of a report in which the method in question was not run, or beside no opponent."""
    if judged not in methods:
        return f"`{judged}`, which this experiment is about, was not run: this report says nothing of its worth."
    return (
        f"`{judged}` ran beside none of the methods that it is held against: this report says how the others differ "
        "from it, and nothing of its worth."
    )


def _meaning(results: Results) -> str:
    return (
        f"These are changes over {results.replications} paired runs with their 95% intervals; service is equal where "
        f"the whole interval of late or dropped tasks is at most {SERVICE_MARGIN * PERCENT:g} points."
    )


def _unfinished(results: Results, judged: str) -> Iterator[str]:
    """Yield what the method in question left undone, where it is worth telling."""
    left = left_over(results)
    return unfinished({name: one for name, one in left.items() if name == judged})


def _limits(scenario: AnyScenario) -> Iterator[str]:
    """Yield what the figures are not."""
    if not isinstance(scenario, Scenario):
        yield (
            "No cluster was measured: it is the published model, whose nodes never queue and consume nothing between "
            "tasks. What panels and turbines give counts as free of emissions, and the making of devices is not "
            "counted."
        )
        return
    weather = {_weather(one.weather) for one in scenario.sites or (scenario,)}
    grids = {_grid(one.grid) for one in scenario.sites or (scenario,)}
    yield (
        f"No cluster was measured: devices and tasks are simulated, the weather is {' and '.join(sorted(weather))}, "
        f"and the grid's intensity is {' and '.join(sorted(grids))}. Other loads, devices and climates give others; "
        "the experiment `sensitivity` looks for those of the other sign. Emissions are those of the electricity "
        f"bought: what panels, turbines and batteries give counts as free of them, and {_making(scenario)}."
    )


def _making(scenario: Scenario) -> str:
    """Return where the emissions of making things stand."""
    if scenario.life_cycle is None:
        return "the making of devices is not counted"
    return "the making of panels, turbines and batteries stands in a column of its own"


def _weather(section: WeatherSection) -> str:
    return "synthetic" if section.file is None else "recorded"


def _grid(section: GridSection) -> str:
    if section.file is not None:
        return "recorded"
    if section.generated is not None:
        return "generated"
    return "a course of the day" if len(section.intensity_grams_per_kwh or ()) > 1 else "one figure"
