"""Sleep as a user's own policy chooses it: its method `sleep` names the nodes that go to sleep in a step."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from simulator.arrays import BoolArray
from simulator.scheduling.interface import Cluster
from simulator.scheduling.own.per_task import is_index
from simulator.scheduling.own.users_code import asked, refusal
from simulator.scheduling.own.views import SleeperView
from simulator.scheduling.sleeping import SleepTable, SleepView, speeds


class OwnSleeping:
    """Choice of who sleeps by a function that is asked in every step."""

    def __init__(self, name: str, sleep: Callable[[Sequence[SleeperView]], Sequence[int]]) -> None:
        self.name = name
        self._sleep = sleep
        self._speed: list[float] = []

    def to_sleep(self, cluster: Cluster, table: SleepTable, view: SleepView) -> BoolArray:
        """See `Sleeping.to_sleep`. Raises ConfigError, in one line, for errors of the user's and nodes that may not."""
        self._speed = self._speed or speeds(cluster).tolist()
        may: list[int] = np.flatnonzero(view.may).tolist()
        nodes = tuple(_sleeper(cluster, table, view, n, speed) for n, speed in enumerate(self._speed))
        chosen = np.zeros(len(nodes), np.bool_)
        with asked(self.name, self._sleep):
            answer: object = self._sleep(nodes)
            if not isinstance(answer, list | tuple | AbstractSet | np.ndarray) or not all(
                is_index(one) and one in may for one in answer
            ):
                expected = f"indices of nodes that may sleep now, of {may}"
                raise refusal(self.name, self._sleep, expected, answer)
            chosen[list(answer)] = True
        return chosen


def _sleeper(cluster: Cluster, table: SleepTable, view: SleepView, n: int, speed: float) -> SleeperView:
    return SleeperView(
        index=n,
        name=cluster.names[n],
        site=int(cluster.site_of_bus[cluster.bus[n]]),
        may_sleep=bool(view.may[n]),
        awake=bool(view.awake[n]),
        idle_seconds=float(view.idle_seconds[n]),
        busy_seconds=float(view.work[n]),
        speed=speed,
        idle_watts=float(cluster.idle_watts[n]),
        sleep_watts=float(table.watts[n]) if table.able[n] else float(cluster.idle_watts[n]),
        wake_seconds=float(table.wake_seconds[n]),
        break_even_seconds=float(table.break_even_seconds[n]),
    )
