"""The configuration of the grid: where its carbon intensity comes from, and what its electricity costs."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from exporter.core.config import Section, is_address
from exporter.core.units import HOURS_PER_DAY

ZONE_EXAMPLES = {"uk": "GB", "energy-charts": "DE", "electricity-maps": "FR", "watttime": "CAISO_NORTH"}
"""Providers of many zones, each with one of them as it writes it."""

KEY_EXAMPLES = {
    "url": "http://127.0.0.1:8080/grid.json",
    "path": "data.0.intensity",
    "query": "max(grid_intensity)",
    "user": "me",
}


class Live(Section, frozen=True):
    """Provider that tells the carbon intensity as it is now; the fixed figure of `grid` stands in while it fails."""

    provider: (
        Annotated[
            Literal["uk", "energy-charts", "electricity-maps", "watttime", "json", "prometheus"],
            Meta(description="Who is asked; `json` and `prometheus` are servers of your own."),
        ]
        | None
    ) = None
    zone: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=64,
                description="Zone as the provider names it: GB, or GB-1 to GB-17, for `uk`; DE for `energy-charts`. By "
                "default `grid.zone`.",
            ),
        ]
        | None
    ) = None
    url: (
        Annotated[str, Meta(description="Address of your own server, or of another one than the provider's.")] | None
    ) = None
    path: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=200,
                description="Place of the number in the JSON: data.0.intensity.actual, say.",
            ),
        ]
        | None
    ) = None
    query: (
        Annotated[str, Meta(min_length=1, max_length=2000, description="PromQL with one series as its result.")] | None
    ) = None
    unit: Annotated[
        Literal["g/kWh", "kg/kWh", "lb/MWh"], Meta(description="Unit of the number of your own server.")
    ] = "g/kWh"
    basis: (
        Annotated[
            Literal[
                "average consumption life-cycle",
                "average consumption operational",
                "average production life-cycle",
                "average production operational",
                "marginal production operational",
            ],
            Meta(description="Basis of your own server's number."),
        ]
        | None
    ) = None
    user: Annotated[str, Meta(min_length=1, max_length=200, description="User at `watttime`.")] | None = None
    token_file: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=4096,
                description="File with the token, or the password of `watttime`; without it the variable "
                "ECOTRACK_GRID_TOKEN of the environment.",
            ),
        ]
        | None
    ) = None

    def __post_init__(self) -> None:
        """Refuse keys that the provider has no use for, and the lack of those that it needs."""
        own = {"json": {"url", "path"}, "prometheus": {"url", "query"}, "watttime": {"user"}}
        needed = own.get(self.provider or "", set())
        told = "without provider" if self.provider is None else f"with provider {self.provider}"
        for name in ("url", "path", "query", "user"):
            given = getattr(self, name) is not None
            if name in needed and not given:
                raise ValueError(f"expected {name} {told}, such as {name}: {KEY_EXAMPLES[name]}")
            if given and name not in needed and not (name == "url" and self.provider):
                raise ValueError(f"expected no {name} {told}")
        if self.url is not None and not is_address(self.url):
            # What is refused may hold a password, which must not get into a log.
            raise ValueError(".url: expected http://HOST or https://HOST, with a port or path, and no user or password")
        if self.provider is not None and self.zone is not None:
            _require_zone(self.provider, self.zone)


def _require_zone(provider: str, zone: str) -> None:
    from exporter.intensity.providers.table import covered_zone  # noqa: PLC0415 - for those who have a live provider

    try:
        covered_zone(provider, zone)
    except ValueError as error:
        raise ValueError(f".zone: {error}") from error


def _require_average(zone: str) -> None:
    from exporter.intensity.zones import zone_average  # noqa: PLC0415 - for those who name a country

    try:
        zone_average(zone)
    except ValueError as error:
        raise ValueError(f".zone: {error}") from error


class Grid(Section, frozen=True):
    """Carbon intensity of the electricity: a preset, a country's average, or the figure of the user's own grid.

    Each of `preset`, `intensity_grams_per_kwh` and `zone` is a way to have it, with a row in `exporter.build`.
    """

    preset: Annotated[
        Literal["ecotrack", "cep"] | None,
        Meta(description="World average of that design document; by default the one of the top-level preset."),
    ] = None
    intensity_grams_per_kwh: (
        Annotated[float, Meta(ge=0, le=1500, description="Carbon intensity of your own electricity.")] | None
    ) = None
    zone: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=64,
                description="Two letters of a country, whose yearly average is used; beside `intensity_grams_per_kwh` "
                "any name of the grid that has it.",
            ),
        ]
        | None
    ) = None
    daily_profile: (
        Annotated[
            tuple[Annotated[float, Meta(ge=0, le=100)], ...],
            Meta(
                min_length=HOURS_PER_DAY,
                max_length=HOURS_PER_DAY,
                description="Shape of a day: 24 numbers, by hour of the clock in `budget.time_zone`, that are scaled "
                "to a mean of 1 and multiply the fixed figure.",
            ),
        ]
        | None
    ) = None
    price_per_kwh: (
        Annotated[float, Meta(ge=-100, le=1000, description="Price of a kilowatt hour, in a currency of your own.")]
        | None
    ) = None
    daily_tariff: (
        Annotated[
            tuple[Annotated[float, Meta(ge=-100, le=1000)], ...],
            Meta(
                min_length=HOURS_PER_DAY,
                max_length=HOURS_PER_DAY,
                description="Price of a kilowatt hour by hour of the clock in `budget.time_zone`: 24 numbers.",
            ),
        ]
        | None
    ) = None
    currency: (
        Annotated[str, Meta(min_length=1, max_length=16, description="Currency of the price, as in EUR.")] | None
    ) = None
    live: Live = msgspec.field(default_factory=Live)

    def __post_init__(self) -> None:
        """Refuse two ways to have an intensity, a zone that is not known, and a day of nothing but zeros."""
        given = [key for key in ("preset", "intensity_grams_per_kwh") if getattr(self, key) is not None]
        if len(given) > 1:
            raise ValueError(f"expected one of {', '.join(given)}, got {len(given)}")
        if self.zone is not None and self.preset is not None:
            raise ValueError("expected either a preset or a zone, got both: presets are world averages")
        if self.price_per_kwh is not None and self.daily_tariff is not None:
            raise ValueError("expected either price_per_kwh or daily_tariff, got both")
        if self.currency is not None and self.price_per_kwh is None and self.daily_tariff is None:
            raise ValueError("expected no currency without price_per_kwh or daily_tariff")
        if self.daily_profile is not None and not any(self.daily_profile):
            raise ValueError(".daily_profile: expected a number above 0 among the 24")
        if self.zone is not None and self.intensity_grams_per_kwh is None:
            _require_average(self.zone)
        if self.live.provider in ZONE_EXAMPLES and self.live.zone is None:
            if self.zone is None:
                example = ZONE_EXAMPLES[self.live.provider]
                raise ValueError(f".live: expected zone with provider {self.live.provider}, such as zone: {example}")
            _require_zone(self.live.provider, self.zone)
