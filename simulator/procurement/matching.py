"""The cheapest panels, turbines and batteries that match a load at every moment: a linear programme in hindsight.

Variables: of each site n the kilowatts of panels, turbines and inverters and the kilowatt-hours of cells, and in each
step t its load, what its battery charges and discharges (both at the bus), and what it holds. Least annual cost subject
to

    balance     load[t, n] + charge[t, n] - discharge[t, n] <= solar[t, n] x panels[n] + wind[t, n] x turbines[n]
    battery     held[t] = held[t - 1] + charge x efficiency - discharge / efficiency, the last step before the first,
                held <= cells, and charge + discharge <= inverters
    flexible    (1 - f) x 1 kW <= load[t, n] <= (1 + f) x 1 kW
    work        the load of each day is that of a constant kilowatt: at each site, or, where load may move between
                sites, of all of them together

That is the problem of Riepin, Brown and Zavala (arXiv 2405.00036) for a score of 100%, at which nothing is bought from
the grid, and what is left over earns nothing. They move load in space and, within a day, in time, each by variables of
its own. Deviations whose sum over all sites and a day is zero are always such a pair: let each site take an even part
of the sum over sites in a step, which moves in time, and the rest moves in space. So one sum a day says the same.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exporter.core.units import DAYS_PER_YEAR, HOURS_PER_DAY
from simulator.arrays import FloatArray
from simulator.procurement.costs import ROUND_TRIP_EFFICIENCY, AnnualCosts

if TYPE_CHECKING:
    from scipy.sparse import coo_array  # type: ignore[import-untyped]

KWH_PER_MWH = 1000.0
"""Definition of a megawatt-hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """The sun and wind that a kilowatt of load at each of N sites is matched with, and how far that load may move.

    `solar` and `wind` (T, N) are the power of a kilowatt of panels and turbines in each of T even steps, `per_day` of
    them a day, over whole days. `flexible` is the share f of the load. It moves `between_sites`, or within its own.
    """

    solar: FloatArray
    wind: FloatArray
    per_day: int
    flexible: float
    between_sites: bool
    costs: AnnualCosts


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """The cheapest supply: kilowatts of panels, turbines and inverters and kilowatt-hours of cells (N,) per kilowatt of
    load at the sites, and its cost per MWh of load."""

    solar: FloatArray
    wind: FloatArray
    inverters: FloatArray
    storage: FloatArray
    euros_per_mwh: float


class MatchingError(Exception):
    """A load that no supply can match; one line that says why."""


def cheapest(problem: Matching) -> Portfolio:
    """Return the cheapest portfolio. Raises MatchingError where there is none, as without any sun or wind."""
    from scipy.optimize import linprog  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to load

    steps, sites = problem.solar.shape
    cells = steps * sites
    yearly = problem.costs
    prices = np.repeat([yearly.solar, yearly.wind, yearly.inverter, yearly.storage], sites)
    most, least, work = _rows(problem)
    bounds = np.zeros((4 * cells + 4 * sites, 2))
    bounds[:, 1] = np.inf
    bounds[:cells] = 1.0 - problem.flexible, 1.0 + problem.flexible
    solved = linprog(
        np.concatenate((np.zeros(4 * cells), prices)),
        A_ub=most,
        b_ub=np.zeros(most.shape[0]),
        A_eq=_stacked(least, work),
        b_eq=np.concatenate((np.zeros(cells), np.asarray(work.sum(axis=1)).ravel())),
        bounds=bounds,
        method="highs-ipm",
    )
    if solved.status != 0:
        raise MatchingError(f"no supply matches the load: {solved.message}")
    solar, wind, inverters, storage = solved.x[4 * cells :].reshape(4, sites)
    yearly_mwh = sites * DAYS_PER_YEAR * HOURS_PER_DAY / KWH_PER_MWH
    return Portfolio(
        solar=solar, wind=wind, inverters=inverters, storage=storage, euros_per_mwh=float(solved.fun) / yearly_mwh
    )


def _rows(problem: Matching) -> tuple["coo_array", "coo_array", "coo_array"]:
    """Return the rows of all limits, of what batteries hold, and of each day's work.

    Columns: load, charge, discharge and held by step and site, then panels, turbines, inverters and cells by site.
    """
    from scipy import sparse  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to load

    steps, sites = problem.solar.shape
    one, site, efficiency = sparse.eye_array(steps * sites), sparse.eye_array(sites), ROUND_TRIP_EFFICIENCY**0.5
    hours = HOURS_PER_DAY / problem.per_day
    each = sparse.kron(np.ones((steps, 1)), site)

    def by_site(power: FloatArray) -> "coo_array":
        return sparse.vstack([sparse.diags_array(row) for row in power])

    limits = sparse.block_array(
        [
            [one, one, -one, None, -by_site(problem.solar), -by_site(problem.wind), None, None],
            [None, one, one, None, None, None, -each, None],
            [None, None, None, one, None, None, None, -each],
        ]
    )
    before = sparse.kron(sparse.eye_array(steps, k=-1) + sparse.eye_array(steps, k=steps - 1), site)
    held = sparse.hstack(
        [
            sparse.coo_array((steps * sites, steps * sites)),
            one * (-efficiency * hours),
            one * (hours / efficiency),
            one - before,
            sparse.coo_array((steps * sites, 4 * sites)),
        ]
    )
    days = sparse.kron(sparse.eye_array(steps // problem.per_day), np.ones((1, problem.per_day)))
    work = sparse.kron(days, np.ones((1, sites)) if problem.between_sites else site)
    return limits, held, sparse.hstack([work, sparse.coo_array((work.shape[0], 3 * steps * sites + 4 * sites))])


def _stacked(upper: "coo_array", lower: "coo_array") -> "coo_array":
    from scipy import sparse  # noqa: PLC0415 - slow to load

    return sparse.vstack([upper, lower])
