"""The matrices of the linear programme of a plan, see `simulator.scheduling.horizon.linear`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from exporter.core.units import SECONDS_PER_HOUR
from simulator.arrays import BoolArray, CountArray, FloatArray, IntArray
from simulator.scheduling.horizon.efficient import efficient
from simulator.scheduling.horizon.fronts import LEAST_AWAKE
from simulator.scheduling.horizon.problem import PROMPT_SHARE, Prospect, moved_joules
from simulator.scheduling.interface import Cluster

if TYPE_CHECKING:
    from scipy.sparse import coo_array, csc_array  # type: ignore[import-untyped]

DEAR = 10.0
"""Price of a second of work left undone over the grams of doing it in the worst place: any number above 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkVariables:
    """The work variables of an hour: `node`, `task_class` and `level` (C,) of each, and whether it is `prompt` (C,).

    `classes` (P,) are the prompt classes and `waiting` (D,) those that may wait, each of which some node takes.
    """

    node: CountArray
    task_class: CountArray
    level: CountArray
    prompt: BoolArray
    classes: CountArray
    waiting: CountArray

    @classmethod
    def of(cls, prospect: Prospect, serves: BoolArray, levels: IntArray | None) -> "WorkVariables":
        """Return those for which the prospect expects any work; the others are as `Programme` takes them."""
        cluster = prospect.cluster
        prompt = prospect.prompt.max(axis=0) > 0.0
        waiting = np.logical_and(prospect.arrived.max(axis=0) > 0.0, ~prompt)
        takes = np.where(prompt, serves, cluster.fits & waiting)
        useful = efficient(cluster.service, cluster.extra_watts)
        if levels is not None:
            given = levels[:, :, np.newaxis] == np.arange(cluster.service.shape[2])
            useful = np.where(prompt[:, np.newaxis], useful, given)
        node, task_class, level = np.nonzero(useful & takes[:, :, np.newaxis])
        return cls(
            node=node,
            task_class=task_class,
            level=level,
            prompt=prompt[task_class],
            classes=np.flatnonzero(takes.any(axis=0) & prompt),
            waiting=np.flatnonzero(takes.any(axis=0) & waiting),
        )

    def service(self, cluster: Cluster) -> FloatArray:
        """Return the seconds (C,) of a node per second of reference work."""
        found: FloatArray = cluster.service[self.node, self.task_class, self.level]
        return found

    def watts(self, cluster: Cluster) -> FloatArray:
        """Return the power (C,) above idle while a task executes."""
        found: FloatArray = cluster.extra_watts[self.node, self.level]
        return found


LEAST_DUE = 1e-6
"""Tasks in an interval of naps that stand for none, so that a division has a limit: a choice, far below any rate."""

GROUPS = (
    "work",
    "front",
    "batch",
    "rises",
    "bought",
    "charge",
    "discharge",
    "left",
    "stored",
    "done",
    "undone",
    "late",
)
"""The variables, in the order of the columns."""


class Programme:
    """The programme of a prospect: its variables, with their least and greatest values, and its rows.

    Work is in shares of an hour and energy in units of `joules`, so that all figures are near 1. `least` and `most`
    (V,) bound the variables, and `at_least` and `at_most` (R,) the rows of `matrix` (R, V).
    """

    def __init__(self, prospect: Prospect, serves: BoolArray, levels: IntArray | None = None) -> None:
        """Take `serves` (N, K), which nodes do work of a class that may not wait in time, and the operating points
        `levels` (N, K) of the other work, by default all."""
        cluster, standing = prospect.cluster, prospect.standing
        self.prospect, self._serves = prospect, serves
        self.work = work = WorkVariables.of(prospect, serves, levels)
        hours, buses = prospect.generation.shape
        nodes = len(cluster.names)
        self._naps = np.zeros(nodes, np.bool_)
        if standing.nap_seconds is not None and standing.tail_seconds > 0.0:
            self._naps = standing.able & np.isfinite(standing.nap_seconds)
        self._least_watts = np.where(standing.able, standing.asleep_watts, cluster.idle_watts)
        standing_joules = cluster.idle_watts.sum() * prospect.seconds.max()
        self.joules = max(float(prospect.generation.max()), float(standing_joules), 1.0)
        widths = (len(work.node), *[nodes] * 3, *[buses] * 5, len(work.waiting), len(work.classes), len(work.waiting))
        ends = np.cumsum([hours * width for width in widths]).tolist()
        self._columns = {
            group: slice(end - hours * width, end) for group, width, end in zip(GROUPS, widths, ends, strict=True)
        }
        self.size = ends[-1]
        self.least, self.most = self._bounds()
        self.matrix, self.at_least, self.at_most = self._rows()

    def part(self, values: FloatArray, group: str) -> FloatArray:
        """Return the values (H, W) of a group of variables."""
        return values[self._columns[group]].reshape(len(self.prospect.seconds), -1)

    def keep_in_front(self, front: BoolArray) -> None:
        """Let the nodes `front` (H, N), and no others, be in front, for whole hours.

        They do no work that may wait, unless it fits on no other node.
        """
        waiting, fits = self.work.waiting, self.prospect.cluster.fits
        behind = fits & ~front[..., np.newaxis]
        takes = np.where(behind.any(axis=1, keepdims=True), behind, fits)
        kept = front.size
        self.at_least[:kept] = (front & ~self._naps).ravel()
        self.at_least[kept : kept + len(front) * len(self.work.classes)] = 0.0
        self.part(self.least, "front")[:] = LEAST_AWAKE * front
        self.part(self.most, "front")[:] = front
        self.part(self.most, "batch")[:] = takes[..., waiting].any(axis=2)
        open_to = np.where(self.work.prompt, front[:, self.work.node], takes[:, self.work.node, self.work.task_class])
        self.part(self.most, "work")[~open_to] = 0.0

    def costs(self, thrift: float) -> tuple[FloatArray, FloatArray]:
        """Return the grams (V,) of each variable, and what it costs beyond: for work left undone, and for `thrift`."""
        prospect, work, cluster = self.prospect, self.work, self.prospect.cluster
        grams, extra = np.zeros((2, self.size))
        intensity = prospect.grams_per_joule
        both = (intensity[:, cluster.bus[work.node]] + intensity[:, cluster.home[work.task_class]]) / 2.0
        moving = moved_joules(cluster)[work.node, work.task_class]
        self.part(grams, "work")[:] = both * moving * prospect.seconds[:, np.newaxis]
        self.part(grams, "bought")[:] = intensity * self.joules
        dearest = float(intensity.max()) or 1.0
        service, standing = work.service(cluster), prospect.standing
        awake_watts = cluster.idle_watts - self._least_watts
        worst = service * (
            work.watts(cluster) + (awake_watts[work.node] + standing.cycle_joules[work.node]) / PROMPT_SHARE
        )
        napping = self._naps[work.node] * self._awake_seconds().max() / cluster.work[work.task_class]
        worst = worst + awake_watts[work.node] * napping
        undone = DEAR * dearest * float((worst + moving).max(initial=1.0)) * SECONDS_PER_HOUR
        self.part(extra, "undone")[:] = undone * len(prospect.seconds)
        self.part(extra, "late")[:] = undone
        later = 1.0 + np.arange(len(prospect.seconds)) / len(prospect.seconds)
        price = thrift * dearest * later[:, np.newaxis] * prospect.seconds[:, np.newaxis]
        self.part(extra, "work")[:] = price * (service * work.watts(cluster))
        self.part(extra, "front")[:] = self.part(extra, "batch")[:] = price * awake_watts
        self.part(extra, "rises")[:] = thrift * dearest * standing.cycle_joules
        return grams, extra

    def _rows(self) -> tuple["csc_array", FloatArray, FloatArray]:
        """Return the matrix of the rows, and the least and the greatest value of each."""
        from scipy import sparse  # type: ignore[import-untyped] # noqa: PLC0415 - slower than the CLI may start

        widths = {group: columns.stop - columns.start for group, columns in self._columns.items()}
        found = [*self._shares(), *self._tasks(), *self._energy()]
        blocks = [
            [parts.get(group, sparse.coo_array((len(least), width))) for group, width in widths.items()]
            for parts, least, _ in found
        ]
        matrix = sparse.block_array(blocks).tocsc()
        return matrix, *(np.concatenate([row[side] for row in found]) for side in (1, 2))

    def _shares(self) -> Iterator["Rows"]:
        """Yield the rows of nodes' time: the sum of shares, tasks within each, rises, and who is in front for whom."""
        from scipy import sparse  # noqa: PLC0415 - as above

        cluster, work, hours = self.prospect.cluster, self.work, len(self.prospect.seconds)
        nodes, each = len(cluster.names), sparse.eye_array(hours)
        per_node = sparse.eye_array(hours * nodes)
        yield Rows({"front": per_node, "batch": per_node}, *_below(np.ones(hours * nodes)))
        serving = sparse.coo_array(self._serves[:, work.classes].T.astype(np.float64))
        always = ~(self._serves & self._naps[:, np.newaxis])[:, work.classes].any(axis=0)
        asked = ((self.prospect.prompt[:, work.classes] > 0.0) & always).ravel()
        yield Rows({"front": sparse.kron(each, serving)}, asked.astype(np.float64), np.full(len(asked), np.inf))
        service, naps = work.service(cluster), np.tile(self._naps, hours).astype(np.float64)
        prompt = sparse.kron(each, self._by_node(service * work.prompt))
        on_duty = sparse.diags_array(-PROMPT_SHARE * (1.0 - naps))
        yield Rows({"work": prompt, "front": on_duty}, *_below(PROMPT_SHARE * naps))
        napping = self._by_node(work.prompt * self._naps[work.node] / cluster.work[work.task_class])
        awake = sparse.kron(sparse.diags_array(self._awake_seconds()), napping)
        yield Rows({"work": awake, "front": -per_node}, *_below(np.zeros(hours * nodes)))
        patient = sparse.kron(each, self._by_node(service * ~work.prompt))
        yield Rows({"work": patient, "batch": -per_node}, *_below(np.zeros(hours * nodes)))
        change = sparse.kron(each - sparse.eye_array(hours, k=-1), sparse.eye_array(nodes))
        before = np.zeros((hours, nodes))
        before[0] = self.prospect.standing.awake
        yield Rows({"front": change, "batch": change, "rises": -per_node}, *_below(before.ravel()))

    def _awake_seconds(self) -> FloatArray:
        """Return the least seconds (H,) that a node in front which naps is awake for each task; see `awake_shares`.

        They fall with the rate of tasks, so they are least where all tasks of an hour come to one node.
        """
        prospect, interval = self.prospect, 2.0 * self.prospect.standing.tail_seconds
        rate = (prospect.prompt / prospect.cluster.work).sum(axis=1) / prospect.seconds
        due = np.maximum(rate * interval, LEAST_DUE)
        least: FloatArray = (1.0 + np.expm1(-due) / due) / due * interval
        return least

    def _tasks(self) -> Iterator["Rows"]:
        """Yield the rows of the work: what is prompt, what may wait, and what is due of it."""
        from scipy import sparse  # noqa: PLC0415 - as above

        prospect, work = self.prospect, self.work
        lasts = sparse.diags_array(prospect.seconds / SECONDS_PER_HOUR)
        since = sparse.eye_array(len(prospect.seconds)) - sparse.eye_array(len(prospect.seconds), k=-1)

        def of(classes: CountArray) -> "coo_array":
            kind = (classes[:, np.newaxis] == work.task_class).astype(np.float64)
            return sparse.kron(lasts, sparse.coo_array(kind))

        prompt = prospect.prompt[:, work.classes].ravel() / SECONDS_PER_HOUR
        yield Rows({"work": of(work.classes), "undone": sparse.eye_array(len(prompt))}, prompt, prompt)
        due = prospect.due[:, work.waiting].ravel() / SECONDS_PER_HOUR
        each, none = sparse.eye_array(len(due)), np.zeros(len(due))
        done = sparse.kron(since, sparse.eye_array(len(work.waiting)))
        yield Rows({"work": -of(work.waiting), "done": done}, none, none)
        yield Rows({"done": each, "late": each}, due, np.full(len(due), np.inf))

    def _energy(self) -> Iterator["Rows"]:
        """Yield the rows of the balance of each bus and of its battery."""
        from scipy import sparse  # noqa: PLC0415 - as above

        prospect, cluster, work, batteries = self.prospect, self.prospect.cluster, self.work, self.prospect.batteries
        hours, buses = prospect.generation.shape
        nodes = len(cluster.names)
        each, lasts = sparse.eye_array(hours), sparse.diags_array(prospect.seconds / self.joules)
        of_bus = sparse.coo_array((np.ones(nodes), (cluster.bus, np.arange(nodes))), shape=(buses, nodes))
        awake = sparse.kron(lasts, -of_bus @ sparse.diags_array(cluster.idle_watts - self._least_watts))
        per_bus = sparse.eye_array(hours * buses)
        balance = {
            "work": sparse.kron(lasts, -of_bus @ self._by_node(work.service(cluster) * work.watts(cluster))),
            "front": awake,
            "batch": awake,
            "rises": sparse.kron(each, -of_bus @ sparse.diags_array(prospect.standing.cycle_joules / self.joules)),
            "bought": per_bus,
            "charge": -per_bus,
            "discharge": per_bus,
            "left": -per_bus,
        }
        load = np.outer(prospect.seconds, of_bus @ self._least_watts)
        net = (load - prospect.generation).ravel() / self.joules
        yield Rows(balance, net, net)
        since = sparse.kron(each - sparse.eye_array(hours, k=-1), sparse.eye_array(buses))
        given = np.divide(1.0, batteries.discharge_efficiency, out=np.zeros(buses), where=self._gives())
        storage = {
            "charge": sparse.kron(each, sparse.diags_array(-batteries.charge_efficiency)),
            "discharge": sparse.kron(each, sparse.diags_array(given)),
            "stored": since,
        }
        before = np.zeros((hours, buses))
        before[0] = prospect.stored / self.joules
        yield Rows(storage, before.ravel(), before.ravel())

    def _by_node(self, values: FloatArray) -> "coo_array":
        """Return the matrix (N, C) that sums up values (C,) of the work by node."""
        from scipy import sparse  # noqa: PLC0415 - as above

        work = self.work
        shape = (len(self.prospect.cluster.names), len(values))
        return sparse.coo_array((values, (work.node, np.arange(len(values)))), shape=shape)

    def _gives(self) -> BoolArray:
        """Return whether each battery (B,) can be discharged."""
        gives: BoolArray = self.prospect.batteries.discharge_efficiency > 0.0
        return gives

    def _bounds(self) -> tuple[FloatArray, FloatArray]:
        """Return the least and the greatest value (V,) of each variable."""
        prospect, batteries = self.prospect, self.prospect.batteries
        least, most = np.zeros(self.size), np.full(self.size, np.inf)
        seconds = prospect.seconds[:, np.newaxis] / self.joules
        self.part(most, "front")[:] = self.part(most, "batch")[:] = 1.0
        takes = np.where(batteries.charge_efficiency > 0.0, batteries.charge_limit, 0.0)
        self.part(most, "charge")[:] = takes * seconds
        self.part(most, "discharge")[:] = np.where(self._gives(), batteries.discharge_limit, 0.0) * seconds
        self.part(least, "stored")[:] = np.minimum(batteries.minimum, prospect.stored) / self.joules
        self.part(most, "stored")[:] = np.maximum(batteries.capacity, prospect.stored) / self.joules
        arrived = np.maximum(prospect.arrived, prospect.due)[:, self.work.waiting]
        self.part(most, "done")[:] = arrived / SECONDS_PER_HOUR
        return least, most


class Rows(NamedTuple):
    """Some rows of the programme: their matrices by group of variables, and the least and greatest value of each."""

    parts: Mapping[str, "coo_array"]
    least: FloatArray
    most: FloatArray


def _below(most: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the least and greatest values of rows that have no least."""
    return np.full(len(most), -np.inf), most
