"""A scenario: site, weather, grid, nodes, workload and scheduler, from YAML. Every key but the nodes has a default."""

from datetime import date
from typing import Annotated, Literal, get_args

from msgspec import Meta

from exporter.core.config import Section
from exporter.core.units import HOURS_PER_DAY
from simulator.scenario.devices import DeviceSection, ModelsSection
from simulator.scenario.supply import LifeCycleSection, SolarSection, WeatherSection, WindSection
from simulator.scenario.tasks import WorkloadSection
from simulator.scheduling.weights import TERMS

Step = Literal[1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 25, 30, 50, 60, 75, 100, 150, 300]
STEPS: tuple[int, ...] = get_args(Step)
"""Steps in seconds: all that divide the step of the weather."""


def _check_day(key: str, day: date) -> None:
    if not 1900 <= day.year < 2200:
        raise ValueError(f"{key}: expected a day from 1900-01-01 to 2199-12-31, got {day}")


class SiteSection(Section, frozen=True, kw_only=True):
    """The place of the cluster, and the day on which simulated time begins."""

    latitude: Annotated[
        float, Meta(ge=-66, le=66, description="Latitude in degrees north; polar nights are not modelled.")
    ] = 36.1
    longitude: Annotated[float, Meta(ge=-180, le=180, description="Longitude in degrees east.")] = -79.95
    altitude_metres: Annotated[float, Meta(ge=-430, le=6000, description="Altitude above sea level.")] = 273.0
    utc_offset_hours: Annotated[
        float, Meta(ge=-12, le=14, description="Offset of the local standard time; days begin at its midnight.")
    ] = -5.0
    first_day: Annotated[date, Meta(description="Day on which simulated time begins, between 1900 and 2199.")] = date(
        2025, 3, 20
    )

    def __post_init__(self) -> None:
        """Refuse days from which a run could leave the calendar."""
        _check_day(".first_day", self.first_day)


class GridSection(Section, frozen=True, kw_only=True):
    """Electricity that is bought: one figure, a day of them, a generated grid, or a recording.

    The defaults are EcoChain-ML's (2025). All sites with one generated grid share its hours.
    """

    intensity_grams_per_kwh: (
        Annotated[
            tuple[Annotated[float, Meta(ge=0, le=2000)], ...],
            Meta(description="Carbon intensity: one figure, or 24 for the hours of the day; 400 by default."),
        ]
        | None
    ) = None
    generated: (
        Annotated[Literal["gb", "de", "fr", "flat"], Meta(description="Grid by the hour, after a country in 2020.")]
        | None
    ) = None
    file: (
        Annotated[
            str,
            Meta(
                description="CSV of carbon intensity by the hour, and of prices if it has them; beside this file. One "
                "whole year stands for every year."
            ),
        ]
        | None
    ) = None
    zone: Annotated[str, Meta(max_length=64, description="Zone in a file that has several.")] = ""
    intensity_spread: Annotated[
        float,
        Meta(
            gt=0,
            le=10,
            description="Power to which the ratio of every intensity to 400 g/kWh is raised: below 1 hours and grids "
            "differ less, above 1 more.",
        ),
    ] = 1.0
    intensity_factor: Annotated[float, Meta(gt=0, le=1000, description="Factor on every intensity, spread or not.")] = (
        1.0
    )
    dollars_per_kwh: Annotated[
        float, Meta(ge=0, le=10, description="Price of electricity, where the grid has none of its own.")
    ] = 0.12

    def __post_init__(self) -> None:
        """Refuse anything but one figure or a day of them, and more than one way to give them."""
        figures = self.intensity_grams_per_kwh
        if figures is not None and len(figures) not in (1, HOURS_PER_DAY):
            raise ValueError(f".intensity_grams_per_kwh: expected 1 or {HOURS_PER_DAY} figures, got {len(figures)}")
        ways = ("intensity_grams_per_kwh", "generated", "file")
        given = [way for way in ways if getattr(self, way) is not None]
        if len(given) > 1:
            raise ValueError(f"expected one of {', '.join(ways)}, got {' and '.join(given)}")


class BatterySection(Section, frozen=True, kw_only=True):
    """A battery beside the node.

    The default efficiency is that of lithium-ion storage in NREL's Annual Technology Baseline (2024). The bounds of its
    charge are choices.
    """

    capacity_watt_hours: Annotated[float, Meta(gt=0, le=1_000_000, description="Energy between empty and full.")]
    charge_watts: Annotated[float, Meta(gt=0, le=1_000_000, description="Greatest charging power.")]
    discharge_watts: Annotated[float, Meta(gt=0, le=1_000_000, description="Greatest discharging power.")]
    round_trip_efficiency: Annotated[
        float, Meta(ge=0.1, le=1, description="Energy out per energy in; split evenly over both ways.")
    ] = 0.85
    minimum_charge: Annotated[float, Meta(ge=0, lt=1, description="Share of the capacity never used.")] = 0.1
    initial_charge: Annotated[float, Meta(ge=0, le=1, description="Share of the capacity at the start.")] = 0.5

    def __post_init__(self) -> None:
        """Refuse a start below the bound."""
        if self.initial_charge < self.minimum_charge:
            raise ValueError(
                f"expected initial_charge >= minimum_charge, got {self.initial_charge:g} < {self.minimum_charge:g}"
            )


class NodeSection(Section, frozen=True, kw_only=True):
    """A device, on the common bus of its site or with a supply of its own: solar and wind together make a hybrid.

    The grid always stands behind.
    """

    name: Annotated[
        str, Meta(min_length=1, max_length=40, pattern="^[a-z0-9-]+$", description="Name in lower case, digits and -.")
    ]
    device: Annotated[str, Meta(description="A device of the reference page, or one of `devices`.")]
    site: Annotated[str, Meta(description="Name of one of the sites; none where there is only one.")] | None = None
    solar: SolarSection | None = None
    wind: WindSection | None = None
    battery: BatterySection | None = None
    sells_surplus: Annotated[
        bool, Meta(description="Whether surplus goes to the grid, unpaid; otherwise curtailed.")
    ] = False


class PlaceSection(Section, frozen=True, kw_only=True):
    """One of several sites: its place, weather and grid, and the supply and battery that its nodes share."""

    name: Annotated[
        str, Meta(min_length=1, max_length=40, pattern="^[a-z0-9-]+$", description="Name in lower case, digits and -.")
    ]
    latitude: Annotated[
        float, Meta(ge=-66, le=66, description="Latitude in degrees north; polar nights are not modelled.")
    ]
    longitude: Annotated[float, Meta(ge=-180, le=180, description="Longitude in degrees east.")]
    altitude_metres: Annotated[float, Meta(ge=-430, le=6000, description="Altitude above sea level.")] = 0.0
    utc_offset_hours: Annotated[
        float, Meta(ge=-12, le=14, multiple_of=0.25, description="Offset of the local standard time.")
    ]
    weather: WeatherSection = WeatherSection()
    grid: GridSection = GridSection()
    solar: SolarSection | None = None
    wind: WindSection | None = None
    battery: BatterySection | None = None
    sells_surplus: Annotated[
        bool, Meta(description="Whether surplus goes to the grid, unpaid; otherwise curtailed.")
    ] = False
    arrivals_share: Annotated[
        float, Meta(ge=0, le=1e6, description="Share of the tasks that arrive here; normalised over the sites.")
    ] = 1.0


class NetworkSection(Section, frozen=True, kw_only=True):
    """The network between sites, which carries the input of a task that runs at another site than it arrives.

    The default time and rate are choices: those of two towns some hundred kilometres apart, on lines for offices.
    """

    energy: Annotated[
        str,
        Meta(description="Energy of each byte, one of the presets of the reference page; none: without."),
    ] = "carbon-trust-fixed"
    latency_seconds: Annotated[
        float, Meta(ge=0, le=60, description="Time of the first bit from one site to another.")
    ] = 0.03
    megabits_per_second: Annotated[float, Meta(gt=0, le=1e6, description="Rate for the input of one task.")] = 50.0


class WeightsSection(Section, frozen=True, kw_only=True):
    """Weights of the score's terms; normalised to a sum of 1. All terms count costs: less is better.

    Defaults are those that EcoChain-ML (2025) gives QoS, energy, renewable share and load balance.
    """

    latency: Annotated[float, Meta(ge=0, le=1e6, description="Time to completion over the deadline, by priority.")] = (
        0.4
    )
    energy: Annotated[float, Meta(ge=0, le=1e6, description="Energy over that of the worst choice.")] = 0.3
    grid: Annotated[float, Meta(ge=0, le=1e6, description="Share of the energy that the grid must give.")] = 0.3
    carbon: Annotated[float, Meta(ge=0, le=1e6, description="Grams over those of the worst choice.")] = 0.0
    load: Annotated[float, Meta(ge=0, le=1e6, description="Backlog of the node over the longest wait.")] = 0.1

    def __post_init__(self) -> None:
        """Refuse weights without direction."""
        if not any(getattr(self, term) > 0 for term in TERMS):
            raise ValueError("expected at least one weight above 0, got all zero")


class SchedulerSection(Section, frozen=True, kw_only=True):
    """Placement of tasks, sleep, and batteries that charge from the grid.

    The longest wait is a choice: long enough for a queue, short beside any batch deadline. So is the utilization of
    nodes awake: queues stay short, and a burst finds room.
    """

    policy: Annotated[
        str,
        Meta(
            description="One of the policies of the reference page. rolling-horizon, which also decides who sleeps and "
            "when batteries charge, emits least in our comparisons and takes longer."
        ),
    ] = "shifting"
    weights: WeightsSection = WeightsSection()
    longest_wait_seconds: Annotated[
        float, Meta(gt=0, le=86_400, description="A task that could not start within this time is dropped.")
    ] = 600.0
    sleeping: Annotated[
        Literal["never", "timeout", "consolidate"],
        Meta(
            description="Who sleeps: nobody; nodes that have been idle for a time; or all but as few as the work "
            "of the last hour needs."
        ),
    ] = "never"
    sleep_after_seconds: (
        Annotated[
            float,
            Meta(ge=0, le=86_400, description="timeout: idle time; by default that after which sleep saves energy."),
        ]
        | None
    ) = None
    awake_utilization: Annotated[
        float, Meta(gt=0, le=1, description="consolidate: share of their time that nodes awake may be busy.")
    ] = 0.3
    charging: Annotated[
        Literal["never", "clean-hours"],
        Meta(
            description="When batteries charge from the grid: never, or in the cleanest hours of the next 24, where "
            "that is worth the battery's losses."
        ),
    ] = "never"
    failed_wakes: Annotated[float, Meta(ge=0, le=0.9, description="Share of wakes that fail and are tried again.")] = (
        0.0
    )


class ForecastSection(Section, frozen=True, kw_only=True):
    """Forecasts of each site's supply and of its grid's intensity, for policies that look ahead.

    Without this section nothing is learnt: supply stays as it is, and each hour of a grid is as it was a day before.
    """

    supply: Annotated[
        Literal[
            "none", "persistence", "smart-persistence", "climatology", "convex", "published-lstm", "best", "perfect"
        ],
        Meta(
            description="none: no supply is expected; best: what wins on a part of the history; perfect: the truth, a "
            "yardstick. The others are explained in Forecasts."
        ),
    ] = "convex"
    intensity: Annotated[
        Literal["none", "persistence", "yesterday", "climatology", "convex", "published-lstm", "best", "perfect"],
        Meta(description="As above; none is as persistence: the present figure is all there is."),
    ] = "convex"
    checkpoints: Annotated[
        tuple[str, ...],
        Meta(
            max_length=8,
            description="Files that `ecochain forecast train` wrote from hourly data, beside this file: each is best "
            "for its kind.",
        ),
    ] = ()

    def __post_init__(self) -> None:
        """Refuse checkpoints that nothing asks for."""
        if self.checkpoints and "best" not in (self.supply, self.intensity):
            raise ValueError(".checkpoints: expected none unless supply or intensity is best")


class LedgerSection(Section, frozen=True, kw_only=True):
    """Cost of the ledger of carbon credits, and what they are worth. The default slot is EcoChain-ML's (2025)."""

    slot_seconds: Annotated[float, Meta(gt=0, le=3600, description="Time between blocks.")] = 5.0
    prices: (
        Annotated[
            str,
            Meta(
                min_length=1,
                description="Prices of credits by date, a CSV file with the columns date and dollars_per_tonne, beside "
                "this file. Without it credits are grams alone.",
            ),
        ]
        | None
    ) = None


class RunSection(Section, frozen=True, kw_only=True):
    """Length of a run, and of its steps."""

    first_days: Annotated[
        tuple[date, ...],
        Meta(
            max_length=366,
            description="Days on which runs begin, in turn by seed, in place of site.first_day: one a season, say.",
        ),
    ] = ()
    days: Annotated[int, Meta(ge=1, le=3660, description="Length of a run: whole days.")] = 1
    warm_up_days: Annotated[
        int,
        Meta(
            ge=0, le=366, description="Days of warm-up before the run, which do not count: batteries and queues settle."
        ),
    ] = 1
    step_seconds: Annotated[
        Step,
        Meta(description="Step of supply and batteries; divides the 300 s of the weather."),
    ] = 300

    def __post_init__(self) -> None:
        """Refuse days from which a run could leave the calendar."""
        for index, day in enumerate(self.first_days):
            _check_day(f".first_days[{index}]", day)


class Scenario(Section, frozen=True, kw_only=True, tag="edge", tag_field="model"):
    """A scenario of the physical model; the published model has a schema of its own."""

    name: Annotated[str, Meta(min_length=1, max_length=40, description="Name in the results.")]
    site: SiteSection = SiteSection()
    weather: WeatherSection = WeatherSection()
    grid: GridSection = GridSection()
    sites: Annotated[
        tuple[PlaceSection, ...],
        Meta(description="Several sites in place of site, weather and grid, which describe one; their clock is UTC."),
    ] = ()
    network: NetworkSection = NetworkSection()
    devices: tuple[DeviceSection, ...] = ()
    nodes: tuple[NodeSection, ...]
    models: ModelsSection = ModelsSection()
    workload: WorkloadSection
    scheduler: SchedulerSection = SchedulerSection()
    forecast: ForecastSection | None = None
    ledger: LedgerSection = LedgerSection()
    life_cycle: LifeCycleSection | None = None
    run: RunSection = RunSection()
