"""The report of an experiment in Markdown."""

from collections.abc import Iterator, Sequence
from datetime import date

from simulator.experiments.find.results import Results
from simulator.experiments.find.statistics import ENOUGH_REPLICATIONS
from simulator.experiments.plan.questions import EXPLANATIONS
from simulator.experiments.write.display import subject
from simulator.experiments.write.sections.differences import differences
from simulator.experiments.write.sections.front import front
from simulator.experiments.write.sections.further import further
from simulator.experiments.write.sections.ledger import ledger
from simulator.experiments.write.sections.levers import headline as value_of_levers
from simulator.experiments.write.sections.levers import levers
from simulator.experiments.write.sections.methods import methods, methods_of
from simulator.experiments.write.sections.precision import precision
from simulator.experiments.write.sections.provenance import provenance
from simulator.experiments.write.sections.published import accounts, published, scaling
from simulator.experiments.write.sections.results import means
from simulator.experiments.write.sections.sensitivity import headline as range_of_headline
from simulator.experiments.write.sections.sensitivity import sensitivity
from simulator.experiments.write.sections.service import ranking
from simulator.experiments.write.sections.slope import headline as slope
from simulator.experiments.write.sections.verdict import verdict
from simulator.experiments.write.sections.worth import headline, worth
from simulator.scenario.schema import Scenario

SEASONS = ("winter", "spring", "summer", "autumn")
"""Meteorological seasons of the north, three whole months each, the first from December on."""


def report(results: Results, plots: Sequence[str]) -> str:
    """Return the whole report; `plots` are names of files beside it. Where nothing ran, it is short."""
    if isinstance(results.slopes, list):
        return "\n".join([*_head(results), *further(results), *provenance(results)])
    sections = [
        _head(results),
        methods(results),
        worth(results),
        levers(results),
        sensitivity(results),
        ranking(results),
        front(results),
        means(results),
        differences(results),
        published(results),
        scaling(results),
        ledger(results),
        precision(results),
        _plots(plots),
        accounts(results),
        provenance(results),
    ]
    return "\n".join(line for section in sections for line in section)


def _head(results: Results) -> Iterator[str]:
    first, last = results.seed, results.seed + results.replications - 1
    seeds = f"{first} and {last}" if results.replications == 2 else f"{first} to {last}"
    yield f"# {subject(results)}"
    yield ""
    yield from headline(results)
    yield from verdict(results, methods_of(results))
    yield from value_of_levers(results)
    yield from range_of_headline(results)
    yield from slope(results)
    yield from EXPLANATIONS[results.experiment]
    yield ""
    yield from _season(results)
    if isinstance(results.slopes, list):
        told, counted = "share was solved", "each a year of weather"
    else:
        told, counted = "method ran", "runs with the same seed have the same weather, tasks and noise"
    yield (
        f"Every {told} with the seeds {seeds}; {counted}. "
        f"Figures are means of {results.replications} runs with the half-width of their 95% t interval."
    )
    yield ""
    if results.provenance.warning:
        yield from (f"> **Warning**: {results.provenance.warning}.", "")
    if results.replications < ENOUGH_REPLICATIONS:
        yield (
            f"> **Warning**: fewer than {ENOUGH_REPLICATIONS} replications. The intervals are valid only if the "
            "figures of single runs are approximately normally distributed."
        )
        yield ""


def _season(results: Results) -> Iterator[str]:
    """Say on which days the runs begin, and of which seasons the results are."""
    scenario = results.parameters
    if not isinstance(scenario, Scenario) or isinstance(results.slopes, list):
        return
    days = scenario.run.first_days or (scenario.site.first_day,)
    seeds = range(results.seed, results.seed + results.replications)
    began = sorted({days[seed % len(days)] for seed in seeds})
    latitudes = [one.latitude for one in scenario.sites] or [scenario.site.latitude]
    seasons = list(dict.fromkeys(season(day, latitude) for day in began for latitude in latitudes))
    lasts = "a day" if scenario.run.days == 1 else f"{scenario.run.days} days"
    dates = str(began[0]) if len(began) == 1 else f"one of {len(began)} days from {began[0]} to {began[-1]}"
    limit = "" if len(seasons) == len(SEASONS) else "; another season may give other results"
    yield f"Every run lasts {lasts} and begins on {dates}, in {', '.join(seasons)}{limit}."
    yield ""


def season(day: date, latitude: float) -> str:
    """Return the meteorological season of a day, which is the opposite one south of the equator."""
    return SEASONS[(day.month // 3 + (2 if latitude < 0.0 else 0)) % len(SEASONS)]


def _plots(plots: Sequence[str]) -> Iterator[str]:
    yield from ("## Plots", "")
    for name in plots:
        yield from (f"![{name.removesuffix('.png')}]({name})", "")
