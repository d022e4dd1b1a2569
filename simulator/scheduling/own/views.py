"""The views that a policy of a user's own gets: small frozen values, made afresh each time that it is asked.

All times are seconds of the simulated clock, energy is in joules, power in watts. Nodes, sites and task classes are
known by their index, from 0; sites count from north to south.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """The task to place or to release, which arrives at a `site`.

    `work` is its time on the reference device. With several sites each kind of task is a class of its own at each,
    those of the first site first.
    """

    task_class: int
    site: int
    release: float
    deadline: float
    priority: float
    work: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeView:
    """A node as this task would meet it.

    `fits` says whether the model fits into the memory and the wait is short enough. `wait` is in seconds: for the
    queue, for a node asleep to wake, or for the task's input from another site, whichever is longest; `move_seconds` is
    the last of these, `move_joules` and `move_grams` are what the network then takes and emits, all 0 at the task's own
    site. `green_joules` is left of the energy without emissions that the node's bus is expected to have until the
    weather's next point, which comes every 300 s. `seconds`, `joules` (above idle) and `grams` (as if all of it came
    from the grid) are by operating point, in ascending frequency.
    """

    index: int
    name: str
    site: int
    asleep: bool
    fits: bool
    wait: float
    green_joules: float
    move_seconds: float
    move_joules: float
    move_grams: float
    seconds: tuple[float, ...]
    joules: tuple[float, ...]
    grams: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HourView:
    """An hour to come as it is expected, by site: `green_joules`, generation less idle power, and `grams_per_joule` of
    the grid. The first of several begins now, and may be short."""

    start: float
    green_joules: tuple[float, ...]
    grams_per_joule: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SleeperView:
    """A node that could sleep, or sleeps.

    `may_sleep` says whether it could go to sleep now: it can sleep at all, is awake and has no task. `awake` holds
    while it wakes, too. `idle_seconds` is how long it has been idle, and `busy_seconds` how long it worked in the last
    step. `speed` is the reference work that it does in a second, the mean over the classes that fit. Sleep saves energy
    once it lasts longer than `break_even_seconds`.
    """

    index: int
    name: str
    site: int
    may_sleep: bool
    awake: bool
    idle_seconds: float
    busy_seconds: float
    speed: float
    idle_watts: float
    sleep_watts: float
    wake_seconds: float
    break_even_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryView:
    """A battery at the start of a step of so many `seconds`, and the `nodes` that it serves.

    `efficiency` is the part that it gives back of the energy it took. `grams_per_joule` and `dollars_per_joule` are
    those of its grid now; `expected_grams_per_joule` are by hour for a day, the present hour first.
    """

    site: int
    nodes: tuple[int, ...]
    seconds: float
    stored_joules: float
    capacity_joules: float
    efficiency: float
    grams_per_joule: float
    dollars_per_joule: float
    expected_grams_per_joule: tuple[float, ...]


Choice = tuple[int, int] | None
"""Index of the node and of its operating point, or None to drop the task."""
