"""A scenario of the published model. Nothing has a default: the file that ships holds what was published."""

from typing import Annotated, Literal

from msgspec import Meta

from exporter.core.config import Section
from simulator.scenario.schema import Scenario

Name = Annotated[
    str, Meta(min_length=1, max_length=40, pattern="^[A-Za-z0-9-]+$", description="Name in letters, digits and -.")
]
Share = Annotated[float, Meta(ge=0, le=1)]

MOST_TASKS = 10_000_000
"""Most tasks of a run, which is drawn at once: so many on four nodes take some gigabytes."""

LEAST_PER_HOUR, MOST_PER_HOUR = 1e-3, 1e9
"""Bounds of the arrivals per hour: the least is one in six weeks."""

SHORTEST_DAY = 0.1
"""Least hours from sunrise to sunset."""


class PublishedNode(Section, frozen=True, kw_only=True):
    """A node and its supply."""

    name: Name
    supply: Annotated[
        Literal["solar", "wind", "hybrid", "grid"],
        Meta(description="Supply; hybrid generates as solar does, grid nothing."),
    ]
    capacity_watts: Annotated[float, Meta(ge=0, le=1_000_000, description="Capacity of the supply.")]
    base_watts: Annotated[float, Meta(ge=1e-3, le=100_000, description="Power at no utilisation.")]
    max_watts: Annotated[float, Meta(ge=1e-3, le=100_000, description="Power at full utilisation and frequency.")]
    min_gigahertz: Annotated[float, Meta(ge=1e-3, le=100, description="Lowest frequency.")]
    max_gigahertz: Annotated[float, Meta(ge=1e-3, le=100, description="Highest frequency, at which nodes start.")]

    def __post_init__(self) -> None:
        """Refuse bounds in the wrong order."""
        if self.base_watts > self.max_watts:
            raise ValueError(f".base_watts: expected at most max_watts, {self.max_watts:g}, got {self.base_watts:g}")
        if self.min_gigahertz > self.max_gigahertz:
            raise ValueError(
                f".min_gigahertz: expected at most max_gigahertz, {self.max_gigahertz:g}, got {self.min_gigahertz:g}"
            )


class SolarSupply(Section, frozen=True, kw_only=True):
    """Half a sine between sunrise and sunset, times normal noise of mean 1."""

    sunrise_hour: Annotated[float, Meta(ge=0, le=24, description="Hour of sunrise.")]
    sunset_hour: Annotated[float, Meta(ge=0, le=24, description="Hour of sunset.")]
    deviation: Annotated[float, Meta(ge=0, le=10, description="Standard deviation of the noise.")]
    least: Annotated[float, Meta(ge=0, le=10, description="Lower bound of the noise.")]
    greatest: Annotated[float, Meta(ge=0, le=10, description="Upper bound of the noise.")]

    def __post_init__(self) -> None:
        """Refuse a day without light and bounds in the wrong order."""
        if self.sunset_hour - self.sunrise_hour < SHORTEST_DAY:
            raise ValueError(
                f".sunset_hour: expected a number >= sunrise_hour + {SHORTEST_DAY:g}, got {self.sunset_hour:g}"
            )
        if self.least > self.greatest:
            raise ValueError(f".least: expected at most greatest, {self.greatest:g}, got {self.least:g}")


class WindSupply(Section, frozen=True, kw_only=True):
    """A constant share of the capacity, times normal noise of mean 1."""

    capacity_factor: Annotated[Share, Meta(description="Mean generation over capacity.")]
    deviation: Annotated[float, Meta(ge=0, le=10, description="Standard deviation of the noise.")]
    least: Annotated[float, Meta(ge=0, le=10, description="Lower bound of the noise.")]
    greatest: Annotated[float, Meta(ge=0, le=10, description="Upper bound of the noise.")]

    def __post_init__(self) -> None:
        """Refuse bounds in the wrong order."""
        if self.least > self.greatest:
            raise ValueError(f".least: expected at most greatest, {self.greatest:g}, got {self.least:g}")


class SupplySection(Section, frozen=True, kw_only=True):
    """Generation, drawn anew at every call."""

    solar: SolarSupply
    wind: WindSupply


class PublishedModel(Section, frozen=True, kw_only=True):
    """A model that tasks ask for."""

    name: Name
    base_seconds: Annotated[float, Meta(ge=1e-6, le=86_400, description="Execution time at full frequency, FP32.")]


class PublishedKind(Section, frozen=True, kw_only=True):
    """A kind of task; each of its models is equally likely."""

    name: Name
    share: Annotated[float, Meta(gt=0, le=1e6, description="Share among arrivals; normalised.")]
    models: Annotated[tuple[str, ...], Meta(description="Names of the kind's models.")]


class PublishedWorkload(Section, frozen=True, kw_only=True):
    """Poisson arrivals from midnight on, and what arrives."""

    tasks: Annotated[int, Meta(ge=1, le=MOST_TASKS, description="Number of tasks; the run ends with the last.")]
    rate_per_hour: Annotated[float, Meta(ge=LEAST_PER_HOUR, le=MOST_PER_HOUR, description="Mean arrival rate.")]
    models: tuple[PublishedModel, ...]
    kinds: tuple[PublishedKind, ...]
    least_priority: Annotated[Share, Meta(description="Least priority; priorities are uniform.")]
    greatest_priority: Annotated[Share, Meta(description="Greatest priority.")]
    noise: Annotated[float, Meta(ge=0, lt=1, description="Half-width of the uniform spread of execution times.")]

    def __post_init__(self) -> None:
        """Refuse a mix that names no model, or one that does not exist."""
        known = [model.name for model in self.models]
        if len(set(known)) < len(known):
            raise ValueError(".models: expected different names")
        if not self.kinds:
            raise ValueError(".kinds: expected at least one kind of task, got none")
        for index, kind in enumerate(self.kinds):
            if not kind.models:
                raise ValueError(f".kinds[{index}].models: expected at least one model, got none")
            for name in kind.models:
                if name not in known:
                    raise ValueError(f'.kinds[{index}].models: expected some of {", ".join(known)}, got "{name}"')
        if self.least_priority > self.greatest_priority:
            raise ValueError(".least_priority: expected at most greatest_priority")


class PublishedWeights(Section, frozen=True, kw_only=True):
    """Weights of the score's terms, all benefits: more is better. The greatest score wins, so their sum is free."""

    qos: Annotated[float, Meta(ge=0, le=1e6, description="Frequency of the node's previous task over its maximum.")]
    energy: Annotated[float, Meta(ge=0, le=1e6, description="Share of the maximum power that the node would not draw.")]
    renewable: Annotated[float, Meta(ge=0, le=1e6, description="Generation over power, at most 1.")]
    load: Annotated[float, Meta(ge=0, le=1e6, description="Few tasks so far, against the node with most.")]

    def __post_init__(self) -> None:
        """Refuse weights without direction."""
        if self.qos + self.energy + self.renewable + self.load <= 0:
            raise ValueError("expected at least one weight above 0, got all zero")


class PublishedDvfs(Section, frozen=True, kw_only=True):
    """Frequency between minimum and maximum: a weighted sum of renewable share and priority."""

    renewable_weight: Share
    priority_weight: Share
    least_change_gigahertz: Annotated[
        float, Meta(ge=0, le=100, description="Least change of the frequency; smaller ones are not made.")
    ]

    def __post_init__(self) -> None:
        """Refuse frequencies above the maximum."""
        if self.renewable_weight + self.priority_weight > 1:
            raise ValueError("expected renewable_weight + priority_weight <= 1, or frequencies exceed their maximum")


class PublishedCompression(Section, frozen=True, kw_only=True):
    """Assumed effect of compression; asserted by the published model, not measured."""

    speedup: Annotated[float, Meta(ge=1e-3, le=1000, description="Execution time in FP32 over compressed.")]
    power_factor: Annotated[float, Meta(ge=1e-3, le=10, description="Power of compressed models over FP32.")]


class PublishedAccounting(Section, frozen=True, kw_only=True):
    """Constants between executed tasks and totals."""

    utilisation: Annotated[Share, Meta(description="Utilisation of the processor while a task executes.")]
    assumed_renewable: Annotated[Share, Meta(description="Renewable share of every node without a forecast.")]
    grams_per_kwh: Annotated[float, Meta(ge=0, le=2000, description="Carbon intensity of the grid.")]
    dollars_per_kwh: Annotated[float, Meta(ge=0, le=10, description="Price of electricity from the grid.")]
    credit_dollars_per_gram: Annotated[float, Meta(ge=0, le=1000, description="Price of avoided emissions.")]


class PublishedScenario(Section, frozen=True, kw_only=True, tag="published", tag_field="model"):
    """The published model's parameters."""

    name: Annotated[str, Meta(min_length=1, max_length=40, description="Name in the results.")]
    nodes: tuple[PublishedNode, ...] = ()
    supply: SupplySection
    workload: PublishedWorkload
    weights: PublishedWeights
    dvfs: PublishedDvfs
    compression: PublishedCompression
    accounting: PublishedAccounting


AnyScenario = Scenario | PublishedScenario
"""A scenario of either model."""
