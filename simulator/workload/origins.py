"""The sites at which tasks arrive: the classes of one site, repeated for each of several."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR
from simulator.arrays import FloatArray
from simulator.streams import Stream, generator
from simulator.workload.generated import Workload
from simulator.workload.task import Batch


class SpreadWorkload:
    """A workload whose tasks arrive at S sites. Class k of the inner one is class s x K + k where it arrives at site s.

    The draw of the site has a stream of its own, so the same tasks arrive wherever they do.
    """

    def __init__(self, workload: Workload, shares: FloatArray, classes: int, seed: int) -> None:
        """Take `shares` (24, S) by hour of the simulated day, each row with the sum 1, and the number K of classes."""
        self._workload = workload
        self._thresholds = np.cumsum(shares, axis=1)[:, :-1]
        self._classes = classes
        self._seed = seed

    def hour(self, index: int) -> Iterator[Batch]:
        """See `Workload.hour`."""
        random = generator(self._seed, Stream.ORIGIN, index)
        for batch in self._workload.hour(index):
            tasks = batch.tasks
            level = random.random(len(tasks))
            site = np.zeros(len(tasks), dtype=np.int32)
            for threshold in self._thresholds[index % HOURS_PER_DAY]:
                site += level >= threshold
            yield replace(batch, tasks=replace(tasks, task_class=tasks.task_class + np.int32(self._classes) * site))


def hourly_shares(shares: Sequence[float], leads: Sequence[float], factors: Sequence[float]) -> FloatArray:
    """Return the tasks (24, S) that arrive by hour of the simulated day and by site, as relative rates.

    Sites have their `shares`, and each follows the `factors` (24,) of its own day, which begins `leads` seconds before
    the simulated one.
    """
    hours = np.arange(HOURS_PER_DAY)[:, np.newaxis] + np.array(leads) // SECONDS_PER_HOUR
    local: FloatArray = np.array(factors, dtype=np.float64)[(hours % HOURS_PER_DAY).astype(np.intp)]
    rates: FloatArray = local * np.array(shares)
    return rates
