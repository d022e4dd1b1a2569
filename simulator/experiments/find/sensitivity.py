"""Sensitivity: the headline of a scenario with one parameter at a time changed by a factor."""

from collections.abc import Sequence

import msgspec

from simulator.experiments.find.analysis import Row, compared
from simulator.experiments.find.estimates import GRAMS, MISSES
from simulator.experiments.find.service import Service, service_of
from simulator.experiments.find.statistics import Interval, mean_interval
from simulator.experiments.plan.settings import setting_name

SERVES_LESS = {Service.EQUAL: False, Service.LESS: True, Service.NOT_SHOWN: None}
"""The value of `serves_less` by a method's service beside the reference's."""


class Variation(msgspec.Struct, frozen=True, kw_only=True):
    """The method in question against the reference at one setting: `parameter` times `factor`, and all else unchanged.

    `grams` and `against_grams` are the mean emissions of both. `difference` is the paired difference in grams relative
    to the reference at the same setting, None where the reference may emit nothing. `misses` is the paired difference
    in the share of tasks late or dropped, None where a run lacks it. `serves_less` is whether the method serves fewer
    tasks on time than the reference, beyond the margin; None where the runs leave that open.
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


def sensitivity_of(rows: Sequence[Row]) -> Sensitivity:
    """Return the headline at all settings: of each the reference's row, then that of the method in question.

    The first setting is the scenario itself.
    """
    unchanged, *others = (_variation(own, against) for against, own in zip(rows[::2], rows[1::2], strict=True))
    reach = {parameter: _reach(unchanged, others, parameter) for parameter in {one.parameter for one in others}}
    # Names decide between parameters of the same reach, so that the same figures give the same order.
    varied = sorted(others, key=lambda one: (-reach[one.parameter], one.parameter, one.factor))
    found = [one.difference for one in (unchanged, *varied) if one.difference is not None]
    sign = _sign(unchanged.difference)
    return Sensitivity(
        method=rows[1].case.work.method.name,
        against=rows[0].case.work.method.name,
        unchanged=unchanged,
        variations=varied,
        low=min((one.mean for one in found), default=None),
        high=max((one.mean for one in found), default=None),
        changes_sign=[one.setting for one in varied if sign * _sign(one.difference) < 0],
        not_shown=[one.setting for one in (unchanged, *varied) if _sign(one.difference) == 0],
    )


def _variation(own: Row, against: Row) -> Variation:
    grams, misses = compared(own, against, GRAMS), compared(own, against, MISSES)
    return Variation(
        parameter=own.case.panel,
        factor=own.case.size,
        grams=mean_interval(own.values(GRAMS) or []),
        against_grams=mean_interval(against.values(GRAMS) or []),
        difference=None if grams is None else grams.relative,
        misses=None if misses is None else misses.difference,
        serves_less=SERVES_LESS[service_of(own, against)],
    )


def _reach(unchanged: Variation, varied: Sequence[Variation], parameter: str) -> float:
    """Return how far apart a parameter's settings have the headline, that of the scenario itself among them."""
    settings = (unchanged, *(one for one in varied if one.parameter == parameter))
    means = [one.difference.mean for one in settings if one.difference is not None]
    return max(means) - min(means) if means else 0.0


def _sign(difference: Interval | None) -> int:
    """Return the sign of a difference: 0 where it has none, or where its interval holds zero."""
    if difference is None or difference.holds_zero:
        return 0
    return 1 if difference.mean > 0.0 else -1
