"""The statistics of the weather of a place, and those of the two places whose typical years come with pvlib."""

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.core.units import SECONDS_PER_HOUR, Seconds

Monthly = tuple[float, ...]
"""One figure for the whole year, or twelve from January on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """Statistics of the weather by month.

    The clear-sky index is a Gaussian AR(1) process with the given mean and deviation, then clipped to [0.05, 1.1],
    which moves its mean a little. The wind speed in m/s is calm for a share of the time, and otherwise Weibull
    distributed (Takle and Brown 1978): the quantile of another such process, times a daily course about 1 that is
    greatest when the air is warmest. Each correlation is the time in which that of the process falls to 1/e.
    `cloudy_wind` is the correlation of the wind's process with that of the clouds, above 0 where clouds bring wind. The
    air temperature follows a cosine of the hour, `swing_celsius` about its mean.
    """

    clearness_mean: Monthly
    clearness_deviation: Monthly
    clearness_correlation: Seconds
    wind_mean: Monthly
    wind_shape: Monthly
    wind_calm: Monthly
    wind_swing: Monthly
    wind_correlation: Seconds
    cloudy_wind: float
    mean_celsius: Monthly
    swing_celsius: Monthly


def in_month(figures: Monthly, month: int) -> float:
    """Return the figure of a month, from 1."""
    return figures[(month - 1) % len(figures)]


CLIMATES: Mapping[str, Climate] = {
    "greensboro": Climate(
        clearness_mean=(0.739, 0.708, 0.77, 0.818, 0.752, 0.821, 0.823, 0.877, 0.777, 0.788, 0.724, 0.789),
        clearness_deviation=(0.264, 0.309, 0.268, 0.278, 0.262, 0.258, 0.25, 0.3, 0.297, 0.265, 0.305, 0.258),
        clearness_correlation=Seconds(4.8 * SECONDS_PER_HOUR),
        wind_mean=(3.17, 3.67, 3.8, 3.12, 2.82, 3.05, 2.62, 2.36, 2.14, 3.08, 3.6, 3.28),
        wind_shape=(2.46, 2.21, 2.49, 2.63, 3.49, 2.86, 3.0, 3.92, 2.51, 2.93, 2.4, 2.27),
        wind_calm=(0.05, 0.12, 0.02, 0.07, 0.11, 0.03, 0.16, 0.18, 0.41, 0.11, 0.07, 0.1),
        wind_swing=(0.11, 0.14, 0.1, 0.32, 0.25, 0.21, 0.28, 0.34, 0.36, 0.22, 0.16, 0.18),
        wind_correlation=Seconds(3.0 * SECONDS_PER_HOUR),
        cloudy_wind=0.22,
        mean_celsius=(0.3, 5.0, 11.4, 14.7, 19.0, 23.6, 25.4, 24.8, 20.1, 13.1, 10.8, 4.2),
        swing_celsius=(4.8, 5.0, 5.6, 6.6, 5.7, 5.0, 5.0, 4.8, 4.6, 5.5, 6.1, 5.8),
    ),
    "sand-point": Climate(
        clearness_mean=(0.588, 0.485, 0.463, 0.52, 0.431, 0.462, 0.658, 0.419, 0.693, 0.629, 0.613, 0.685),
        clearness_deviation=(0.258, 0.255, 0.254, 0.309, 0.258, 0.265, 0.305, 0.27, 0.279, 0.286, 0.297, 0.305),
        clearness_correlation=Seconds(3.5 * SECONDS_PER_HOUR),
        wind_mean=(4.96, 4.76, 5.47, 5.07, 4.23, 5.23, 3.14, 4.02, 5.44, 5.78, 6.32, 6.47),
        wind_shape=(1.61, 1.71, 1.44, 1.93, 1.67, 2.3, 2.19, 2.36, 1.88, 2.36, 1.82, 1.96),
        wind_calm=(0.06, 0.08, 0.09, 0.09, 0.06, 0.07, 0.12, 0.12, 0.05, 0.05, 0.08, 0.05),
        wind_swing=(0.03, 0.0, 0.14, 0.15, 0.16, 0.21, 0.22, 0.18, 0.15, 0.06, 0.04, 0.0),
        wind_correlation=Seconds(8.9 * SECONDS_PER_HOUR),
        cloudy_wind=-0.11,
        mean_celsius=(0.6, 1.2, 1.7, 2.1, 3.2, 8.1, 11.8, 11.9, 7.9, 4.5, 0.4, -0.6),
        swing_celsius=(1.7, 1.7, 1.7, 2.2, 1.8, 2.2, 2.2, 1.7, 1.8, 1.6, 1.5, 1.6),
    ),
}
"""Climates of the typical years (TMY3, Wilcox and Marion, NREL/TP-581-43156, 2008) of Greensboro, North Carolina, and
of Sand Point, Alaska, each computed from its file by `tests/simulator/energy/typical_years.py`."""
