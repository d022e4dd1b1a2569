"""The measures that methods are compared by, as the board shows them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """Measure as the board shows it: `times` is the factor from its base unit to the `unit` that Grafana scales.

    `signed` may be below zero; `most_first` is better the more there is of it. `published` is whether the published
    model has figures of it, and `only` says which experiments have any where not all do.
    """

    measure: str
    title: str
    meaning: str
    unit: str
    times: str = ""
    decimals: int | None = None
    signed: bool = False
    most_first: bool = False
    published: bool = True
    only: str = ""


IN_A_COLUMN = {"watth": "suffix:Wh", "massg": "suffix:g", "s": "suffix:s"}
"""Grafana's unit -> the same without prefixes, for a column whose figures are compared with one another."""

COMPARED = (
    Quantity(
        measure="energy_joules",
        title="Energy",
        meaning="Electricity that the cluster consumed in a run",
        unit="watth",
        times=" / 3600",
        decimals=2,
    ),
    Quantity(
        measure="emissions_grams",
        title="Emissions",
        meaning="Grams of carbon dioxide equivalent of the electricity from the grid in a run",
        unit="massg",
        decimals=2,
    ),
    Quantity(
        measure="latency_seconds",
        title="Latency",
        meaning="Mean time from arrival to completion of completed tasks that are not deferrable",
        unit="s",
        decimals=3,
    ),
    Quantity(
        measure="renewable_ratio",
        title="Renewable share",
        meaning="Part of the consumption that did not come from the grid",
        unit="percentunit",
        decimals=1,
        most_first=True,
    ),
    Quantity(
        measure="cost_dollars",
        title="Net cost",
        meaning="Electricity bought in a run, less the worth of its credits where they have a price",
        unit="currencyUSD",
        decimals=4,
        signed=True,
    ),
    Quantity(
        measure="deadline_miss_ratio",
        title="Deadlines missed",
        meaning="Late and dropped tasks / tasks offered",
        unit="percentunit",
        decimals=2,
        published=False,
    ),
)

GAPS = (
    Quantity(
        measure="gap_grams",
        title="Gap to the bound",
        meaning="Emissions of a run beyond the least with which its own work could have been done as punctually",
        unit="massg",
        decimals=1,
        published=False,
        only="only experiments that compute the bound have it, such as peers",
    ),
    Quantity(
        measure="gap_ratio",
        title="Gap above the floor",
        meaning=(
            "The gap to the bound over the least that this work has to emit: the bound less the floor, the least of "
            "the same weather without any task. None where the work may have to emit nothing"
        ),
        unit="percentunit",
        decimals=0,
        published=False,
        only="only experiments that compute the bound have it, such as peers",
    ),
)

REGRET = Quantity(
    measure="regret_ratio",
    title="Regret of the policies",
    meaning=(
        "Emissions / the least with which the same work could have been done as punctually, less one; the least comes "
        "from a linear programme that knows the future, which no policy does. From the experiment peers"
    ),
    unit="percentunit",
    decimals=1,
    published=False,
    only="only the experiment peers has it, in scenarios of the model edge",
)
