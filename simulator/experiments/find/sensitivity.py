"""Sensitivity: the headline of a scenario with one parameter at a time changed by a factor."""

import msgspec

from simulator.experiments.find.statistics import Interval


class Variation(msgspec.Struct, frozen=True, kw_only=True):
    """The method in question against the reference at one setting: `parameter` times `factor`, and all else unchanged.

    `grams` and `against_grams` are the mean emissions of both. `difference` is the paired difference in grams relative
    to the reference at the same setting, None where the reference may emit nothing. `misses` is the paired difference
    in the share of tasks late or dropped, None where a run lacks it. `serves_less` is whether the method serves fewer
    tasks on time than the reference, None where that is not known.
    """

    parameter: str
    factor: float
    grams: Interval
    against_grams: Interval
    difference: Interval | None
    misses: Interval | None
    serves_less: bool | None

    @property
    def setting(self) -> str:
        """Return the name of the setting, as in `load x 2`; that of the scenario itself is `unchanged`."""
        return setting_name(self.parameter, self.factor)


class Sensitivity(msgspec.Struct, frozen=True, kw_only=True):
    """The headline of `method` against `against` at all settings.

    `unchanged` is that of the scenario itself. `variations` stand by parameter, those first that move the headline
    farthest, and of each parameter the least factor first. `low` and `high` are the least and the greatest mean
    difference of all settings, None where no setting has one. `changes_sign` are the settings whose whole interval lies
    on the other side of zero than that of `unchanged`, and `not_shown` those whose interval holds zero.
    """

    method: str
    against: str
    unchanged: Variation
    variations: list[Variation]
    low: float | None
    high: float | None
    changes_sign: list[str]
    not_shown: list[str]


def setting_name(parameter: str, factor: float) -> str:
    """Return the name of a setting; the scenario itself has no parameter."""
    return f"{parameter} x {factor:g}" if parameter else "unchanged"
