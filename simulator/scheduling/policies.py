"""The table of the policies: the description, the way of placing and the traits of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from simulator.scheduling.interface import Policy
from simulator.scheduling.kernels.compiled import Backend
from simulator.scheduling.kernels.placement import Order, place_least_loaded
from simulator.scheduling.names import SINGLE_NODE, is_users, single_node
from simulator.scheduling.planned import AsPlanned
from simulator.scheduling.queues import ByRequests, InOrder, InTurn, InTurnBySpeed
from simulator.scheduling.score import LeastLoaded, Levels, Scored
from simulator.scheduling.weights import Weights


class Shifts(Enum):
    """Ways to choose when deferrable tasks are released: at once, see `TemporalShifting`, or see `WaitAwhile`."""

    NOTHING = "nothing"
    TO_GREEN_ENERGY = "to green energy"
    TO_CLEAN_GRID = "to a clean grid"


class Plans(Enum):
    """Ways to plan the hours to come: not at all, see `Greedy`, or see `Linear`."""

    NOTHING = "nothing"
    GREEDILY = "greedily"
    BY_PROGRAMME = "by linear programme"


_TIE = 1e-6
"""Weight of latency where it decides only between choices that are otherwise equal, such as several green nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByScore:
    """Placement by the least weighted score, see `Scored`; on the `least_loaded` node, see `LeastLoaded`.

    Weights of None stand for those of the configuration.
    """

    weights: Weights | None = None
    levels: Levels = Levels.FASTEST
    least_loaded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ByTurn:
    """Placement round robin, see `InTurn`; `by_speed`, see `InTurnBySpeed`."""

    by_speed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ByRequest:
    """Placement by requests over capacity, on the least allocated node or the `most`; see `ByRequests`."""

    most: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ByOrder:
    """Placement by a function of the kernels, see `InOrder`."""

    place: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class ByPlan:
    """Placement by the orders of a planner, see `AsPlanned`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """The needs of a policy beyond placing: `shifts`, a way to choose when deferrable tasks are released,
    `sees_future`, forecasts without error, and `plans`, a way to plan the hours to come."""

    shifts: Shifts = Shifts.NOTHING
    sees_future: bool = False
    plans: Plans = Plans.NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltIn:
    """A policy of the simulator. Its description completes "places each task on"; see the reference page."""

    description: str
    places: ByScore | ByTurn | ByRequest | ByOrder | ByPlan
    traits: Traits = Traits()


_ANY_NODE = f"{SINGLE_NODE}NAME"

POLICIES: Mapping[str, BuiltIn] = {
    "round-robin": BuiltIn(
        description="The nodes in turn; one that does not fit or cannot start in time is passed over.",
        places=ByTurn(),
    ),
    "weighted-round-robin": BuiltIn(
        description="The nodes in turn, each as often as it is fast for the class (Katevenis et al. 1991; in the order "
        "of nginx).",
        places=ByTurn(by_speed=True),
    ),
    "least-loaded": BuiltIn(
        description="The node that can start first (join the shortest queue, by time; Winston 1977).",
        places=ByOrder(place=place_least_loaded),
    ),
    "least-loaded-dvfs": BuiltIn(
        description="As least-loaded; a task that starts at once runs at the operating point of least weighted score.",
        places=ByScore(levels=Levels.ALL, least_loaded=True),
    ),
    "least-energy": BuiltIn(
        description="The node and operating point with the least energy for this task.",
        places=ByScore(weights=Weights(energy=1.0, latency=_TIE), levels=Levels.ALL),
    ),
    "least-carbon": BuiltIn(
        description="The node and operating point with the least grams for this task.",
        places=ByScore(weights=Weights(carbon=1.0, latency=_TIE), levels=Levels.ALL),
    ),
    "weighted": BuiltIn(
        description="The node of least weighted score, at full frequency.",
        places=ByScore(),
    ),
    "joint": BuiltIn(
        description="The node and operating point of least weighted score, chosen together.",
        places=ByScore(levels=Levels.ALL),
    ),
    "shifting": BuiltIn(
        description="As joint; deferrable tasks also wait for greener supply within their deadline.",
        places=ByScore(levels=Levels.ALL),
        traits=Traits(shifts=Shifts.TO_GREEN_ENERGY),
    ),
    "oracle": BuiltIn(
        description="As shifting, but told the supply to come without error: a yardstick, not a policy for use.",
        places=ByScore(levels=Levels.ALL),
        traits=Traits(shifts=Shifts.TO_GREEN_ENERGY, sees_future=True),
    ),
    "rolling-horizon": BuiltIn(
        description="The node that a plan of the next day has for it. Made anew every hour, it says who stays awake, "
        "where and when deferrable tasks run, and when batteries charge.",
        places=ByPlan(),
        traits=Traits(plans=Plans.GREEDILY),
    ),
    "rolling-horizon-lp": BuiltIn(
        description="As rolling-horizon, by the plans of a linear programme: what its greedy plans are measured by, at "
        "tens of times their price.",
        places=ByPlan(),
        traits=Traits(plans=Plans.BY_PROGRAMME),
    ),
    "kubernetes-least-allocated": BuiltIn(
        description="Peer after Kubernetes' NodeResourcesFit: the node whose processor is free first; of several the "
        "one with the least share of its memory requested.",
        places=ByRequest(),
    ),
    "kubernetes-most-allocated": BuiltIn(
        description="Peer after Kubernetes' NodeResourcesFit: the node whose processor is free first; of several the "
        "one with the greatest share of its memory requested.",
        places=ByRequest(most=True),
    ),
    "wait-awhile-like": BuiltIn(
        description="Peer after Let's Wait Awhile (Wiesner et al. 2021): as least-loaded; deferrable tasks also wait "
        "for a cleaner grid within their deadline.",
        places=ByOrder(place=place_least_loaded),
        traits=Traits(shifts=Shifts.TO_CLEAN_GRID),
    ),
    "casper-like": BuiltIn(
        description="Peer after CASPER (Souza et al. 2023): least grams for this task now, weighed equally with load.",
        places=ByScore(weights=Weights(carbon=0.5, load=0.5)),
    ),
    "carbon-greedy": BuiltIn(
        description="Peer: the node whose supply for this task is greenest now, whatever it spends.",
        places=ByScore(weights=Weights(grid=1.0, latency=_TIE)),
    ),
    _ANY_NODE: BuiltIn(
        description="All tasks to one node; the best of these in hindsight is a baseline.",
        places=ByOrder(place=place_least_loaded),
    ),
}
"""The policies by name, in the order of the reference page. To add one is to add a row."""


def built_in(name: str) -> BuiltIn | None:
    """Return the row of a policy; None for one of a user's own.

    Raises ValueError, in one line, for a plain name that no policy has. The name alone does not tell whether the
    cluster has the node of a `single-node:NAME`, nor whether a user's own policy can be imported.
    """
    if is_users(name):
        return None
    row = POLICIES.get(name if single_node(name) is None else _ANY_NODE)
    if row is None:
        raise ValueError(f'expected one of {", ".join(POLICIES)}, or package.module:Class, got "{name}"')
    return row


def traits(name: str) -> Traits:
    """Return the traits of the policy of this name; a user's own has none. Raises ValueError as `built_in` does."""
    row = built_in(name)
    return Traits() if row is None else row.traits


def weights_of(name: str, weights: Weights) -> Weights | None:
    """Return a policy's normalised weights, from `weights` where they are the configured ones; None without a score.

    Raises ValueError as `built_in` does.
    """
    row = built_in(name)
    if row is None or not isinstance(row.places, ByScore):
        return None
    return (row.places.weights or weights).normalised()


def build_policy(name: str, weights: Weights, *, levels: Levels, backend: Backend) -> Policy:
    """Build a fresh policy of the simulator's for one run; `load_policy` builds users' own.

    `levels` limits the policies that choose an operating point. Raises ValueError for an unknown name.
    """
    row = built_in(name)
    if row is None:
        raise ValueError(f"expected a policy of the simulator's, got {name}")
    match row.places:
        case ByScore(weights=own, levels=allowed, least_loaded=least_loaded):
            allowed = levels if allowed is Levels.ALL else Levels.FASTEST
            scored = LeastLoaded if least_loaded else Scored
            return scored(name, own or weights, levels=allowed, backend=backend)
        case ByTurn(by_speed=by_speed):
            return InTurnBySpeed(name, backend) if by_speed else InTurn(name, backend)
        case ByRequest(most=most):
            return ByRequests(name, most=most, backend=backend)
        case ByPlan():
            return AsPlanned(name, levels=levels, backend=backend)
        case ByOrder(place=place):
            return InOrder(name, place, only=single_node(name), backend=backend)
