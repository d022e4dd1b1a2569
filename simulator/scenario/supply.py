"""Sections of a scenario: the weather, and what makes electricity of it."""

from typing import Annotated, Literal

from msgspec import Meta

from exporter.core.config import Section

AIR_DENSITY = 1.225
"""kg/m3 at sea level and 15 degrees Celsius: the standard atmosphere (ISO 2533:1975)."""

BETZ_LIMIT = 0.593
"""The greatest share of the wind's energy that a turbine can take, 16/27 (Betz 1920)."""

TWELVE = Meta(min_length=12, max_length=12)

Index = Annotated[float, Meta(ge=0.05, le=1.1)]
Ratio = Annotated[float, Meta(ge=0, le=1)]
Share = Annotated[float, Meta(ge=0, lt=1)]
Speed = Annotated[float, Meta(gt=0, le=30)]
Shape = Annotated[float, Meta(ge=1, le=5)]
Celsius = Annotated[float, Meta(ge=-50, le=50)]
Swing = Annotated[float, Meta(ge=0, le=30)]


class Clearness(Section, frozen=True, kw_only=True):
    """Clear-sky index of the synthetic weather: Gaussian AR(1), clipped to [0.05, 1.1].

    What is not given is the climate's. Most figures may be one for the year, or twelve from January on.
    """

    mean: Annotated[Index | Annotated[tuple[Index, ...], TWELVE], Meta(description="Mean clear-sky index.")] | None = (
        None
    )
    deviation: (
        Annotated[Ratio | Annotated[tuple[Ratio, ...], TWELVE], Meta(description="Standard deviation.")] | None
    ) = None
    correlation_hours: (
        Annotated[float, Meta(gt=0, le=240, description="Time in which the correlation falls to 1/e.")] | None
    ) = None


class Wind(Section, frozen=True, kw_only=True):
    """Wind speed of the synthetic weather: calm, or Weibull distributed; with a daily course, correlated in time.

    What is not given is the climate's.
    """

    mean_metres_per_second: (
        Annotated[
            Speed | Annotated[tuple[Speed, ...], TWELVE],
            Meta(description="Mean wind speed at the reference height, calms included."),
        ]
        | None
    ) = None
    weibull_shape: (
        Annotated[
            Shape | Annotated[tuple[Shape, ...], TWELVE],
            Meta(description="Weibull shape of the wind but for calms; 2 is the Rayleigh distribution."),
        ]
        | None
    ) = None
    calm_share: (
        Annotated[Share | Annotated[tuple[Share, ...], TWELVE], Meta(description="Share of time without wind.")] | None
    ) = None
    daily_swing_ratio: (
        Annotated[
            Ratio | Annotated[tuple[Ratio, ...], TWELVE],
            Meta(description="Swing of the daily course about its mean, greatest at 15 h as the temperature is."),
        ]
        | None
    ) = None
    correlation_hours: (
        Annotated[float, Meta(gt=0, le=240, description="Time in which the correlation falls to 1/e.")] | None
    ) = None
    cloud_correlation: (
        Annotated[float, Meta(ge=-1, le=1, description="Correlation with cloudiness; above 0 where clouds bring wind.")]
        | None
    ) = None
    reference_height_metres: Annotated[float, Meta(gt=0, le=200, description="Height of the wind figures.")] = 10.0


class WeatherSection(Section, frozen=True, kw_only=True):
    """Synthetic weather, or a recording. The climate's figures are those of its typical year (TMY3)."""

    file: (
        Annotated[str, Meta(description="CSV of NASA POWER or TMY3 in place of synthetic weather; beside this file.")]
        | None
    ) = None
    climate: Annotated[
        Literal["greensboro", "sand-point"],
        Meta(description="Climate whose figures hold where the keys below give no others."),
    ] = "greensboro"
    clearness: Clearness = Clearness()
    wind: Wind = Wind()
    mean_celsius: (
        Annotated[Celsius | Annotated[tuple[Celsius, ...], TWELVE], Meta(description="Daily mean air temperature.")]
        | None
    ) = None
    daily_swing_celsius: (
        Annotated[
            Swing | Annotated[tuple[Swing, ...], TWELVE],
            Meta(description="Half the difference between the warmest and coldest hour."),
        ]
        | None
    ) = None


class SolarSection(Section, frozen=True, kw_only=True):
    """A photovoltaic panel.

    The default efficiency is below that of new silicon modules, some 22% (Fraunhofer ISE, Photovoltaics Report, 2024).
    The default losses are those of PVWatts (Dobos, NREL/TP-6A20-62641, 2014): 14.1%, of soiling, shading, snow,
    mismatch, wiring, connections, light-induced degradation, nameplate rating and availability. The tilt is a choice,
    near the best at 36 degrees north.
    """

    area_square_metres: Annotated[float, Meta(gt=0, le=10_000, description="Area of the cells.")]
    efficiency: Annotated[float, Meta(gt=0, le=0.5, description="Efficiency at 25 degrees Celsius.")] = 0.2
    tilt_degrees: Annotated[float, Meta(ge=0, le=90, description="Tilt from the horizontal.")] = 30.0
    azimuth_degrees: (
        Annotated[
            float,
            Meta(ge=0, le=360, description="Direction that it faces, 90 for the east; by default the equator's."),
        ]
        | None
    ) = None
    system_losses_ratio: Annotated[
        float, Meta(ge=0, lt=1, description="Share lost to dirt, shade, wiring, mismatch and outages.")
    ] = 0.141
    incidence_coefficient: Annotated[
        float,
        Meta(
            ge=0,
            le=0.2,
            description="ASHRAE's coefficient of reflection; 0.05 is that of plain glass, 0 reflects none.",
        ),
    ] = 0.05


class WindSection(Section, frozen=True, kw_only=True):
    """A small wind turbine.

    The default speeds are those of EcoChain-ML's revision (2025). The default coefficient is a choice: half of Betz's
    limit, as befits a small rotor.
    """

    rotor_square_metres: Annotated[float, Meta(gt=0, le=1000, description="Swept area.")]
    rated_watts: Annotated[float, Meta(gt=0, le=1_000_000, description="Power from the rated speed on.")]
    power_coefficient: Annotated[
        float, Meta(gt=0, le=BETZ_LIMIT, description="Power coefficient below the rated speed; at most Betz's limit.")
    ] = 0.3
    hub_height_metres: Annotated[float, Meta(gt=0, le=200, description="Height of the hub above ground.")] = 10.0
    cut_in_metres_per_second: Annotated[float, Meta(gt=0, le=10, description="Speed at which the turbine starts.")] = (
        3.0
    )
    rated_metres_per_second: Annotated[
        float, Meta(gt=0, le=25, description="Speed at which it reaches its rated power.")
    ] = 12.0
    cut_out_metres_per_second: Annotated[
        float, Meta(gt=0, le=50, description="Speed at which it stops for safety.")
    ] = 25.0

    def __post_init__(self) -> None:
        """Refuse speeds out of order, and more power than the wind has."""
        if not self.cut_in_metres_per_second < self.rated_metres_per_second < self.cut_out_metres_per_second:
            raise ValueError("expected cut-in < rated < cut-out speed")
        most = 0.5 * AIR_DENSITY * self.rotor_square_metres * self.rated_metres_per_second**3 * BETZ_LIMIT
        if self.rated_watts > most:
            raise ValueError(
                f".rated_watts: expected a number <= {most:.4g}, which is all that this rotor can take from the wind "
                f"at its rated speed, got {self.rated_watts:g}"
            )


class LifeCycleSection(Section, frozen=True, kw_only=True):
    """Grams of CO2e that the making of panels, turbines and batteries cost, counted apart from the operation's.

    Grams per kWh are the medians of IPCC AR5, Working Group III, Annex III (2014): rooftop PV 41, onshore wind 11. They
    are turned to kilograms per kilowatt by the conditions to which NREL harmonised such studies: 1,700 kWh/m2 a year, a
    performance ratio of 0.75 and 30 years (Hsu and others 2012); a capacity factor of 30% and 20 years (Dolan and Heath
    2012). Batteries: 73 kg/kWh (Dai and others 2019), between the 61 and 106 of Emilsson and Dahlloef (IVL 2019); 15
    years are those of NREL's Annual Technology Baseline (2024).
    """

    attribution: Annotated[
        Literal["generated", "installed"],
        Meta(description="Panels and turbines count by what they generate, or by what is installed, over its life."),
    ] = "generated"
    solar_grams_per_kwh: Annotated[float, Meta(ge=0, le=1000, description="Panels, by generated energy.")] = 41.0
    wind_grams_per_kwh: Annotated[float, Meta(ge=0, le=1000, description="Turbines, by generated energy.")] = 11.0
    solar_kilograms_per_kilowatt: Annotated[
        float, Meta(ge=0, le=100_000, description="Panels, by peak power installed.")
    ] = 1570.0
    solar_years: Annotated[float, Meta(gt=0, le=100, description="Life of panels.")] = 30.0
    wind_kilograms_per_kilowatt: Annotated[
        float, Meta(ge=0, le=100_000, description="Turbines, by rated power installed.")
    ] = 578.0
    wind_years: Annotated[float, Meta(gt=0, le=100, description="Life of turbines.")] = 20.0
    battery_kilograms_per_kwh: Annotated[
        float, Meta(ge=0, le=10_000, description="Batteries, by capacity installed.")
    ] = 73.0
    battery_years: Annotated[float, Meta(gt=0, le=100, description="Life of batteries.")] = 15.0
