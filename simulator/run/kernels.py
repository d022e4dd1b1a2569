"""The kernels of a run: plain Python over flat arrays, as those of placement, which numba compiles as they stand.

`advance` takes a run on, step by step. A step has five phases:

    OPEN    the green energy that is left for tasks is looked at, and nodes that have been idle go to sleep
    PLACE   the tasks that are released in the step are placed, by the policy's order
    WAKE    nodes asleep wake for what was placed on them
    ENTER   what was placed joins the queues
    SETTLE  the nodes' load is served and booked, and the tasks that have finished are counted

Who has something to do between two phases, such as a policy of a user's own, lets the run advance up to there.
Interpreted or compiled, the same source gives the same bits. Arrays named as outputs, state or totals are changed in
place, and nothing is allocated.

Shapes: M tasks that enter in a step, N nodes, B buses, K classes, L operating points, S steps of a block, C places for
tasks in execution or in a queue, H rows of a ring: step s has the row s mod H. Of the tasks in those places `numbers`
(5, C) are arrival, deadline, start, finish and work, `marks` (3, C) class, node and level.
"""

# ruff: noqa: PLR0912, PLR0913, PLR0917 - flat functions, for the compiler's sake

import math
from typing import NamedTuple

from simulator.arrays import BoolArray, CountArray, FloatArray, IntArray
from simulator.energy.bus import (
    BUS_GENERATION,
    BUS_LOAD,
    BUS_SOLAR,
    DISCHARGE_EFFICIENCY,
    MINIMUM,
    STORED,
    settle_buses,
)
from simulator.run.totals import (
    ASLEEP_SECONDS,
    AVOIDED,
    BATTERY,
    BUSY_SECONDS,
    CHARGED,
    CHARGING_DOLLARS,
    CHARGING_GRAMS,
    CURTAILED,
    ELECTRICITY_DOLLARS,
    EMISSIONS,
    EXPORTED,
    GENERATION,
    GRID,
    IDLE,
    LEDGER,
    LIFE_CYCLE,
    RENEWABLE,
    STORED_GRID,
    TRANSITIONS,
    Sums,
)
from simulator.scheduling.kernels.placement import Order, Rule

OPEN, PLACE, WAKE, ENTER, SETTLE = 0, 1, 2, 3, 4
PHASES = 5
"""The phases of a step. Phase p of step s is position s x 5 + p of a run."""

GRID_SHARE, GREEN, SEEN_GREEN = range(5, 8)
"""The rows of buses after those of `settle_buses`: the part of what batteries hold that came from the grid, the joules
of green energy that are left for tasks in this point, and room for an order to change."""

POINT_LIMIT, IDLE_WATTS = range(6, 8)
"""The rows of batteries after those of `settle_buses`: the joules that they give in a point at most, and the idle watts
of the nodes on their bus."""

STANDING, LOAD, SEEN_FREE, SEEN_WAKE = range(4)
"""The rows of nodes: joules of the last step beside tasks and altogether, and room for an order to change."""

MOST_STEPS = 60
"""Steps of a block at most; it ends with the hour, too. A choice: a block costs far less than its steps."""


class Tables(NamedTuple):
    """The figures that a run never changes; a tuple because numba takes no dataclasses.

    A point of the weather has `point_seconds` and so many steps. `batteries` (8, B) have the rows above.
    `ledger` (4,) is what a node spends on the ledger: joules for each step, for the record of each task that ended in
    it, and for each record that is opened; and how many are at most of one interval of a claim, a point of the weather.
    """

    step_seconds: float
    point_seconds: float
    steps_per_point: int
    bus: IntArray
    extra_watts: FloatArray
    idle_watts: FloatArray
    batteries: FloatArray
    sells: BoolArray
    ledger: FloatArray
    latency_bounds: FloatArray


class Network(NamedTuple):
    """The cost of moving the input of tasks between sites; without a network there is a single site.

    `site_of_bus` (B,), and `home` (K,), a bus at the site where tasks of a class arrive. Their input has `input_bytes`
    (K,), and takes `joules` (N, K) to each node.
    """

    site_of_bus: IntArray
    home: IntArray
    input_bytes: FloatArray
    joules: FloatArray


class Sleep(NamedTuple):
    """The nodes' sleep.

    `able` (N,). `table` (6, N): watts asleep, seconds and joules to fall asleep, seconds and joules to wake, and the
    least seconds asleep. `timeout` (N,) are the seconds of idleness after which a node goes to sleep by itself.

    State: `cycle` (4, N), when the parts of the present cycle begin: falling asleep, asleep, waking, awake; infinite
    where that is not known. `work` (N,): seconds of work in the last step. Of `failures` (N, F), how many wakes fail
    before one does not, in the order of the wakes, `woken` (N,) have been used. `late` (N,) is room for a step.
    """

    able: BoolArray
    table: FloatArray
    timeout: FloatArray
    cycle: FloatArray
    work: FloatArray
    failures: CountArray
    woken: CountArray
    late: FloatArray


class State(NamedTuple):
    """The state of a run beside its totals: few arrays, because each takes the compiler time.

    `at` (3,): the position, and the places and rows that are lacking in the queue, if any. `ledger` (2,): what a node
    spends on the records of the last step, and the tasks that have ended in this interval of a claim. `free_at`,
    `last_level`, `work`, `queued`, `numbers` and `marks` are those of `Queue`.

    `buses` (8, B) and `nodes` (4, N) have the rows above. `summary` (B, 7) is that of the last step; so are `flows`
    (1, B, 4, 5), or, where somebody asks for them, those of each step of a block, (60, B, 4, 5).

    Of its tasks: `choice` (2, M), nodes and operating points; `times` (2, M), start and finish; and the sums of their
    `terms` (5,).
    """

    at: CountArray
    ledger: FloatArray
    free_at: FloatArray
    last_level: IntArray
    work: FloatArray
    queued: CountArray
    numbers: FloatArray
    marks: IntArray
    buses: FloatArray
    nodes: FloatArray
    flows: FloatArray
    summary: FloatArray
    choice: IntArray
    times: FloatArray
    terms: FloatArray


WATTS, SOLAR_WATTS, EXPECTED_WATTS, LIFE_CYCLE_GRAMS = range(4)
"""The rows of `power`: the generation, the part of it that the sun gives, what was expected of it at the start of the
step, and the grams of making the sources."""


class Block(NamedTuple):
    """The outside of a run in S steps, in all of which the grid is the same.

    `begin` is the first step. The tasks released in step s are those from `first`[s] up to `first`[s + 1], in order of
    their `release`; `arrival` is their true one, and `offered` (S, K) counts those that arrive in each step. `power`
    (4, S, B) has the rows above, `grid` (2, B) grams and dollars per joule.
    """

    begin: int
    first: CountArray
    release: FloatArray
    arrival: FloatArray
    task_class: IntArray
    work: FloatArray
    deadline: FloatArray
    offered: CountArray
    power: FloatArray
    grid: FloatArray


def advance(
    order: Order,
    rule: Rule,
    tables: Tables,
    network: Network | None,
    sleep: Sleep | None,
    state: State,
    sums: Sums,
    block: Block,
    until: int,
    most_missed: float,
) -> None:
    """Advance to the position `until` within a block, or to the end of a step with more than so many late or dropped
    tasks; no further than the room in the queues lasts, see `lacking`."""
    step = tables.step_seconds
    at = state.at
    while at[0] < until:
        index = at[0] // PHASES
        phase = at[0] % PHASES
        s = index - block.begin
        first = block.first[s]
        last = block.first[s + 1]
        if phase == OPEN:
            for k in range(sums.of_class.shape[1]):
                sums.of_class[3, k] += block.offered[s, k]
            if index % tables.steps_per_point == 0 and (last > first or tables.steps_per_point > 1):
                look(block.power, s, tables.point_seconds, tables.batteries, state.buses)
            if sleep is not None:
                fall_asleep(index * step, sleep.able, sleep.table, sleep.timeout, sleep.cycle, state.free_at)
        elif phase == PLACE and last > first:
            for n in range(len(state.free_at)):
                state.nodes[SEEN_FREE, n] = state.free_at[n]
            if sleep is not None:
                for n in range(len(state.free_at)):
                    state.nodes[SEEN_WAKE, n] = (
                        sleep.table[3, n] if is_down(sleep.cycle[0, n], sleep.cycle[2, n]) else 0.0
                    )
            for b in range(state.buses.shape[1]):
                state.buses[SEEN_GREEN, b] = state.buses[GREEN, b]
            for term in range(len(state.terms)):
                state.terms[term] = 0.0
            order(
                rule,
                rule.moved,
                block.release[first:last],
                block.task_class[first:last],
                block.work[first:last],
                state.nodes[SEEN_FREE],
                None if sleep is None else state.nodes[SEEN_WAKE],
                state.buses[SEEN_GREEN],
                state.choice,
                state.times,
                state.terms,
            )
        elif phase == WAKE and last > first:
            if sleep is not None:
                wake(
                    last - first,
                    state.choice,
                    state.times,
                    sleep.table,
                    sleep.cycle,
                    sleep.failures,
                    sleep.woken,
                    sleep.late,
                    sums.of_node,
                )
        elif phase == ENTER and last > first:
            at[1], at[2] = lacking(
                last - first, state.choice, state.times, step, index, state.queued[0], state.numbers, state.work
            )
            if at[1] > 0 or at[2] > 0:
                return
            state.queued[0] = enter(
                first,
                last,
                block.arrival,
                block.task_class,
                block.work,
                block.deadline,
                state.choice,
                state.times,
                tables.extra_watts,
                tables.bus,
                step,
                state.queued[0],
                state.numbers,
                state.marks,
                state.free_at,
                state.last_level,
                state.work,
                state.buses,
                sums.of_class,
                sums.placed,
            )
            if network is not None:
                move(
                    first,
                    last,
                    block.task_class,
                    state.choice,
                    tables.bus,
                    network.site_of_bus,
                    network.home,
                    network.input_bytes,
                    network.joules,
                    block.grid,
                    sums.moved,
                    sums.moving,
                )
            for term in range(len(state.terms)):
                sums.terms[term] += state.terms[term]
        elif phase == SETTLE:
            row = index % state.work.shape[1]
            if sleep is not None:
                stand(
                    index * step,
                    step,
                    row,
                    state.work,
                    tables.idle_watts,
                    sleep.able,
                    sleep.table,
                    sleep.cycle,
                    sleep.work,
                    state.nodes,
                    sums.by_node,
                )
            load_buses(
                row,
                state.work,
                state.nodes,
                state.ledger[0],
                tables.bus,
                block.power,
                s,
                step,
                state.buses,
                sums.by_node,
                sums.by_bus,
            )
            flows = state.flows[s % len(state.flows)]
            settle_buses(state.buses, tables.batteries, tables.sells, flows, state.summary)
            book(
                flows,
                state.summary,
                state.buses,
                state.nodes,
                tables.bus,
                block.grid,
                sums.by_node,
                sums.by_bus,
                sums.flows,
            )
            queued = state.queued[0]
            state.queued[0] = complete(
                (index + 1) * step,
                state.queued[0],
                state.numbers,
                state.marks,
                tables.latency_bounds,
                sums.of_class,
                sums.of_node,
                sums.placements,
                sums.latency,
                sums.histogram,
            )
            # The ledger records a step once it has ended: its energy counts in the next step.
            if index % tables.steps_per_point == 0:
                state.ledger[1] = 0.0
            record(float(queued - state.queued[0]), tables.ledger, state.ledger)
            missed = 0
            for k in range(sums.of_class.shape[1]):
                missed += sums.of_class[1, k] + sums.of_class[2, k]
            if missed > most_missed:
                at[0] += 1
                return
        at[0] += 1


def record(ended: float, costs: FloatArray, ledger: FloatArray) -> None:
    """Charge the ledger for a step in which so many tasks ended, after others in the same interval of a claim."""
    before = ledger[1]
    now = before + ended
    opened = (now if now < costs[3] else costs[3]) - (before if before < costs[3] else costs[3])
    ledger[0] = costs[0] + ended * costs[1] + opened * costs[2]
    ledger[1] = now


def look(power: FloatArray, s: int, seconds: float, batteries: FloatArray, buses: FloatArray) -> None:
    """Look at the energy free of emissions that should be left for tasks until the weather's next point.

    The end of the step would be too near: a step of a second never has the energy for a task of a minute, and the
    choices of a policy would depend on the step.
    """
    for b in range(buses.shape[1]):
        gives = (buses[STORED, b] - batteries[MINIMUM, b]) * batteries[DISCHARGE_EFFICIENCY, b]
        limit = batteries[POINT_LIMIT, b]
        gives = gives if gives < limit else limit
        green = (power[EXPECTED_WATTS, s, b] - batteries[IDLE_WATTS, b]) * seconds + gives
        buses[GREEN, b] = green if green > 0.0 else 0.0


def is_down(enters: float, wakes: float) -> bool:
    """Return whether a node is asleep or falling asleep, and has not been woken: by the beginnings of both."""
    return enters < math.inf and wakes == math.inf


def fall_asleep(
    start: float,
    able: BoolArray,
    table: FloatArray,
    timeout: FloatArray,
    cycle: FloatArray,
    free_at: FloatArray,
) -> None:
    """Send the nodes to sleep that have been idle for their `timeout` at the start of a step; see `Sleep`.

    `free_at` (N,) becomes the earliest end of the sleep.
    """
    for n in range(len(able)):
        if cycle[3, n] <= start:
            cycle[0, n] = cycle[1, n] = cycle[2, n] = cycle[3, n] = math.inf
        free = free_at[n]
        if able[n] and cycle[0, n] == math.inf and free <= start and start - free >= timeout[n]:
            cycle[0, n] = start
            asleep = start + table[1, n]
            cycle[1, n] = asleep
            free_at[n] = asleep + table[5, n]


def wake(
    count: int,
    choice: IntArray,
    times: FloatArray,
    table: FloatArray,
    cycle: FloatArray,
    failures: CountArray,
    woken: CountArray,
    late: FloatArray,
    of_node: CountArray,
) -> None:
    """Wake the nodes on which tasks were placed, as late as the first of them allows; see `Sleep`.

    A wake that fails is tried again at once, and takes its time and its energy each time: tasks placed on the node
    start later by as much. Totals are `of_node`, those of `Sums`.
    """
    for i in range(count):
        n = choice[0, i]
        if n >= 0 and is_down(cycle[0, n], cycle[2, n]) and times[0, i] < cycle[3, n]:
            cycle[3, n] = times[0, i]
    any_late = False
    for n in range(len(late)):
        late[n] = 0.0
        awake = cycle[3, n]
        if is_down(cycle[0, n], cycle[2, n]) and awake < math.inf:
            failed = failures[n, woken[n]]
            woken[n] += 1
            of_node[2, n] += 1
            of_node[3, n] += failed
            seconds = failed * table[3, n]
            late[n] = seconds
            any_late = any_late or failed > 0
            cycle[2, n] = awake - table[3, n]
            cycle[3, n] = awake + seconds
    if any_late:
        for i in range(count):
            n = choice[0, i]
            if n >= 0:
                times[0, i] += late[n]
                times[1, i] += late[n]


def within(begins: float, ends: float, start: float, end: float) -> float:
    """Return the seconds of an interval that lie within a step; none of an interval that never begins."""
    return max(0.0, min(ends, end) - max(min(begins, end), start))


def spread(joules: float, lasts: float, inside: float, begins: float, start: float, end: float) -> float:
    """Return the joules of a transition in a step: even over its time, all at once where it takes none."""
    if lasts > 0.0:
        return joules / lasts * inside
    return joules if lasts == 0.0 and begins >= start and begins < end else 0.0


def stand(
    start: float,
    seconds: float,
    row: int,
    ring: FloatArray,
    idle_watts: FloatArray,
    able: BoolArray,
    table: FloatArray,
    cycle: FloatArray,
    work: FloatArray,
    nodes: FloatArray,
    by_node: FloatArray,
) -> None:
    """Find the joules of nodes that can sleep beside their tasks in a step, and note their work; see `Sleep`.

    Totals are `by_node`, those of `Sums`.
    """
    end = start + seconds
    for n in range(len(able)):
        work[n] = ring[1, row, n]
        if not able[n]:
            continue
        enters, sleeps, wakes = cycle[0, n], cycle[1, n], cycle[2, n]
        entering = within(enters, sleeps, start, end)
        asleep = within(sleeps, wakes, start, end)
        waking = within(wakes, cycle[3, n], start, end)
        moving = spread(table[2, n], table[1, n], entering, enters, start, end)
        moving += spread(table[4, n], table[3, n], waking, wakes, start, end)
        awake = seconds - entering - asleep - waking
        nodes[STANDING, n] = idle_watts[n] * awake + table[0, n] * asleep + moving
        by_node[TRANSITIONS, n] += moving
        by_node[ASLEEP_SECONDS, n] += asleep


def move(
    first: int,
    last: int,
    task_class: IntArray,
    choice: IntArray,
    bus: IntArray,
    site_of_bus: IntArray,
    home: IntArray,
    input_bytes: FloatArray,
    network_joules: FloatArray,
    grid: FloatArray,
    moved: FloatArray,
    moving: FloatArray,
) -> None:
    """Count the tasks by the sites where they arrived and where they are placed, and the input that moves between them.

    It has `input_bytes` (K,) and takes `network_joules` (N, K). Of the network's energy each half is bought at one end,
    by the `grid` (2, B) there. Totals are `moved` and
    `moving`, those of `Sums`.
    """
    for i in range(first, last):
        n = choice[0, i - first]
        if n < 0:
            continue
        k = task_class[i]
        there = bus[n]
        here = home[k]
        source = site_of_bus[here]
        target = site_of_bus[there]
        joules = network_joules[n, k]
        if source != target:
            moved[0, source, target] += input_bytes[k]
        moved[2, source, target] += 1.0
        moved[1, source, target] += joules
        moving[0] += joules * (grid[0, here] + grid[0, there]) / 2.0
        moving[1] += joules * (grid[1, here] + grid[1, there]) / 2.0


def lacking(
    count: int,
    choice: IntArray,
    times: FloatArray,
    step_seconds: float,
    index: int,
    queued: int,
    numbers: FloatArray,
    ring: FloatArray,
) -> tuple[int, int]:
    """Return the places and the rows that the tasks placed in a step need, 0 where there are as many."""
    latest = -math.inf
    for i in range(count):
        if choice[0, i] >= 0 and times[1, i] > latest:
            latest = times[1, i]
    needed = 0
    if latest > -math.inf:
        needed = math.ceil(latest / step_seconds) - index + 1
    places = queued + count
    return places if places > numbers.shape[1] else 0, needed if needed > ring.shape[1] else 0


def enter(
    first: int,
    last: int,
    arrival: FloatArray,
    task_class: IntArray,
    work: FloatArray,
    deadline: FloatArray,
    choice: IntArray,
    times: FloatArray,
    extra_watts: FloatArray,
    bus: IntArray,
    step_seconds: float,
    count: int,
    numbers: FloatArray,
    marks: IntArray,
    free_at: FloatArray,
    last_level: IntArray,
    ring: FloatArray,
    buses: FloatArray,
    of_class: CountArray,
    placed: CountArray,
) -> int:
    """Add the tasks placed in a step to the `count` in execution or queues; those without a node are dropped.

    Their energy above idle and their time are spread over the rows of `ring` (2, H, N) of the steps that they overlap,
    and the energy is taken from the green joules that are left. `free_at` (N,) becomes the end of each node's queue,
    and `last_level` (N,) the operating point of its last task. Totals are `of_class` and `placed`, those of `Sums`.

    Returns the new count.
    """
    rows = ring.shape[1]
    for b in range(buses.shape[1]):
        buses[SEEN_GREEN, b] = 0.0
    for i in range(first, last):
        at = i - first
        k = task_class[i]
        n = choice[0, at]
        if n < 0:
            of_class[2, k] += 1
            continue
        level = choice[1, at]
        start = times[0, at]
        finish = times[1, at]
        watts = extra_watts[n, level]
        numbers[0, count] = arrival[i]
        numbers[1, count] = deadline[i]
        numbers[2, count] = start
        numbers[3, count] = finish
        numbers[4, count] = work[i]
        marks[0, count] = k
        marks[1, count] = n
        marks[2, count] = level
        count += 1
        placed[0] += 1
        last_level[n] = level
        free_at[n] = finish if finish > free_at[n] else free_at[n]
        buses[SEEN_GREEN, bus[n]] += watts * (finish - start)
        step = math.floor(start / step_seconds)
        since = start
        while since < finish:
            until = (step + 1) * step_seconds
            until = until if until < finish else finish
            if until > since:
                row = step % rows
                ring[1, row, n] += until - since
                ring[0, row, n] += watts * (until - since)
                since = until
            step += 1
    for b in range(buses.shape[1]):
        left = buses[GREEN, b] - buses[SEEN_GREEN, b]
        buses[GREEN, b] = left if left > 0.0 else 0.0
    return count


def complete(
    end: float,
    count: int,
    numbers: FloatArray,
    marks: IntArray,
    bounds: FloatArray,
    of_class: CountArray,
    of_node: CountArray,
    placements: CountArray,
    latency: FloatArray,
    histogram: CountArray,
) -> int:
    """Count the outcomes of the tasks that finish by `end`, and return how many are left; these keep their order.

    Totals are those of `Sums`: completed tasks and late ones of them, by class and by node; `placements` (N, L);
    `latency` (K, 2), sum and sum of squares of finish - arrival; `histogram` (K, B), tasks at or below each of the
    ascending `bounds` (B,), not cumulated; the last bound is +Inf.
    """
    left = 0
    for i in range(count):
        finish = numbers[3, i]
        if finish > end:
            if left < i:
                # One by one: an assignment of slices takes the compiler seconds.
                for row in range(len(numbers)):
                    numbers[row, left] = numbers[row, i]
                for row in range(len(marks)):
                    marks[row, left] = marks[row, i]
            left += 1
            continue
        k = marks[0, i]
        n = marks[1, i]
        late = 1 if finish > numbers[1, i] else 0
        of_class[0, k] += 1
        of_class[1, k] += late
        of_node[0, n] += 1
        of_node[1, n] += late
        placements[n, marks[2, i]] += 1
        seconds = finish - numbers[0, i]
        latency[k, 0] += seconds
        latency[k, 1] += seconds * seconds
        b = 0
        while seconds > bounds[b]:
            b += 1
        histogram[k, b] += 1
    return left


def load_buses(
    row: int,
    ring: FloatArray,
    nodes: FloatArray,
    ledger: float,
    bus: IntArray,
    power: FloatArray,
    s: int,
    step_seconds: float,
    buses: FloatArray,
    by_node: FloatArray,
    by_bus: FloatArray,
) -> None:
    """Sum up the energy that step s of a block takes and gives, in joules, and clear its row of the ring.

    A node is loaded by what it takes beside its tasks, by them, and by `ledger` joules for the ledger. Totals are
    `by_node` and `by_bus`, those of `Sums`.
    """
    for b in range(buses.shape[1]):
        buses[BUS_LOAD, b] = 0.0
        buses[BUS_GENERATION, b] = power[WATTS, s, b] * step_seconds
        buses[BUS_SOLAR, b] = power[SOLAR_WATTS, s, b] * step_seconds
        by_bus[LIFE_CYCLE, b] += power[LIFE_CYCLE_GRAMS, s, b]
    for n in range(len(bus)):
        standing = nodes[STANDING, n]
        load = standing + ring[0, row, n] + ledger
        nodes[LOAD, n] = load
        buses[BUS_LOAD, bus[n]] += load
        by_node[BUSY_SECONDS, n] += ring[1, row, n]
        by_node[IDLE, n] += standing
        by_node[LEDGER, n] += ledger
        ring[0, row, n] = 0.0
        ring[1, row, n] = 0.0


def book(
    flows: FloatArray,
    summary: FloatArray,
    buses: FloatArray,
    nodes: FloatArray,
    bus: IntArray,
    grid: FloatArray,
    by_node: FloatArray,
    by_bus: FloatArray,
    total_flows: FloatArray,
) -> None:
    """Add a step's `flows` (B, 4, 5) and `summary` (B, 7), as `settle_buses` gives them, to the totals.

    A node has its share of its bus's flows by its load. What a battery holds is mixed; the part of it that came from
    the grid is state. The `grid` (2, B) has grams and dollars per joule. What a node consumed without the grid, neither
    now nor by way of a battery, avoided the grams of the same from the grid.

    Totals are `by_node`, `by_bus` and `total_flows`, those of `Sums`.
    """
    for n in range(len(bus)):
        b = bus[n]
        load = summary[b, 3]
        if not load > 0.0:
            continue
        share = nodes[LOAD, n] / load
        grams = grid[0, b]
        bought = flows[b, 3, 0]
        from_grid = bought * share
        discharged = flows[b, 2, 0]
        back = discharged * buses[GRID_SHARE, b]
        # The difference could be negative by rounding, and no total may fall.
        green = load - bought - back
        green = green * share * grams if green > 0.0 else 0.0
        generation = summary[b, 0]
        by_node[RENEWABLE, n] += (generation if generation < load else load) * share
        by_node[BATTERY, n] += discharged * share
        by_node[STORED_GRID, n] += back * share
        by_node[GRID, n] += from_grid
        by_node[EMISSIONS, n] += from_grid * grams
        by_node[ELECTRICITY_DOLLARS, n] += from_grid * grid[1, b]
        by_node[AVOIDED, n] += green
    for b in range(buses.shape[1]):
        by_bus[GENERATION, b] += summary[b, 0]
        by_bus[CHARGED, b] += summary[b, 4]
        by_bus[EXPORTED, b] += summary[b, 5]
        by_bus[CURTAILED, b] += summary[b, 6]
        kept = flows[b, 3, 1]
        bought = kept + flows[b, 3, 4]
        by_bus[CHARGING_GRAMS, b] += bought * grid[0, b]
        by_bus[CHARGING_DOLLARS, b] += bought * grid[1, b]
        stored = buses[STORED, b]
        stayed = stored - flows[b, 0, 1] - flows[b, 1, 1] - kept
        kept += buses[GRID_SHARE, b] * stayed if stayed > 0.0 else 0.0
        buses[GRID_SHARE, b] = 0.0 if kept <= 0.0 else kept / stored if kept < stored else 1.0
        for source in range(flows.shape[1]):
            for sink in range(flows.shape[2]):
                total_flows[b, source, sink] += flows[b, source, sink]
