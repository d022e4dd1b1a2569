"""Charging from the grid as a user's own policy chooses it: its method `charge` gives the joules of a step."""

from collections.abc import Callable, Sequence

import numpy as np

from simulator.arrays import FloatArray
from simulator.scheduling.charging import ChargingView
from simulator.scheduling.interface import Cluster
from simulator.scheduling.own.shifting import is_number
from simulator.scheduling.own.users_code import asked, refusal
from simulator.scheduling.own.views import BatteryView


class OwnCharging:
    """Choice of what batteries take from the grid by a function that is asked in every step."""

    def __init__(self, name: str, charge: Callable[[Sequence[BatteryView]], Sequence[float]], cluster: Cluster) -> None:
        self.name = name
        self._charge = charge
        self._cluster = cluster

    def charge(self, view: ChargingView) -> FloatArray:
        """See `Charging.charge`. Raises ConfigError, in one line, for errors of the user's and impossible joules."""
        joules = np.zeros(len(view.capacity))
        buses = np.flatnonzero(view.capacity > 0.0).tolist()
        if not buses:
            return joules
        with asked(self.name, self._charge):
            answer: object = self._charge(tuple(_battery(self._cluster, view, bus) for bus in buses))
            if not isinstance(answer, list | tuple | np.ndarray) or not (
                len(answer) == len(buses) and all(is_number(one) and 0.0 <= float(one) < np.inf for one in answer)
            ):
                expected = f"{len(buses)} finite numbers >= 0, the joules that each battery takes from the grid"
                raise refusal(self.name, self._charge, expected, answer)
            joules[buses] = [float(one) for one in answer]
        return joules


def _battery(cluster: Cluster, view: ChargingView, bus: int) -> BatteryView:
    return BatteryView(
        site=int(cluster.site_of_bus[bus]),
        nodes=tuple(np.flatnonzero(cluster.bus == bus).tolist()),
        seconds=float(view.seconds),
        stored_joules=float(view.stored[bus]),
        capacity_joules=float(view.capacity[bus]),
        efficiency=float(view.efficiency[bus]),
        grams_per_joule=float(view.grams_per_joule[bus]),
        dollars_per_joule=float(view.dollars_per_joule[bus]),
        expected_grams_per_joule=tuple(view.expected_grams_per_joule[:, bus].tolist()),
    )
