"""The kernels of a step: plain Python over flat arrays, as those of placement, which numba compiles as they stand.

Interpreted or compiled, the same source gives the same bits. A function calls at most functions of this file: what the
compiler keeps of a file holds until that file changes. Arrays named as outputs or state are changed in place.

Shapes: M tasks that enter in a step, N nodes, B buses, K classes, L operating points, C places for tasks in execution
or in a queue, H rows of a ring: step s has the row s mod H. Of the tasks in those places `numbers` (5, C) are arrival,
deadline, start, finish and work, `marks` (3, C) class, node and level.
"""

# ruff: noqa: PLR0913, PLR0917 - flat functions, for the compiler's sake

import math

from simulator.arrays import CountArray, FloatArray, IntArray

GRAMS_PER_TONNE = 1e6


def enter(
    arrival: FloatArray,
    task_class: IntArray,
    work: FloatArray,
    deadline: FloatArray,
    node: IntArray,
    level: IntArray,
    start: FloatArray,
    finish: FloatArray,
    extra_watts: FloatArray,
    step_seconds: float,
    index: int,
    count: int,
    numbers: FloatArray,
    marks: IntArray,
    free_at: FloatArray,
    last_level: IntArray,
    busy_joules: FloatArray,
    busy_seconds: FloatArray,
    class_tasks: CountArray,
    placed: CountArray,
) -> int:
    """Add the tasks placed in step `index` to the `count` in execution or queues; those without a node are dropped.

    Their energy above idle and their time are spread over the rows (H, N) of the steps that they overlap. `free_at`
    (N,) becomes the end of each node's queue, and `last_level` (N,) the operating point of its last task. Totals are
    `class_tasks` (K, 3), of which dropped tasks are the last column, and `placed` (1,).

    Returns the new count; or, with nothing changed, minus the rows that are needed where there are fewer.
    """
    latest = -math.inf
    for i in range(len(node)):
        if node[i] >= 0 and finish[i] > latest:
            latest = finish[i]
    rows = len(busy_joules)
    if latest > -math.inf:
        needed = math.ceil(latest / step_seconds) - index + 1
        if needed > rows:
            return -needed
    for i in range(len(node)):
        n = node[i]
        if n < 0:
            class_tasks[task_class[i], 2] += 1
            continue
        numbers[0, count] = arrival[i]
        numbers[1, count] = deadline[i]
        numbers[2, count] = start[i]
        numbers[3, count] = finish[i]
        numbers[4, count] = work[i]
        marks[0, count] = task_class[i]
        marks[1, count] = n
        marks[2, count] = level[i]
        count += 1
        placed[0] += 1
        last_level[n] = level[i]
        free_at[n] = max(free_at[n], finish[i])
        step = math.floor(start[i] / step_seconds)
        since = start[i]
        while since < finish[i]:
            until = min((step + 1) * step_seconds, finish[i])
            if until > since:
                busy_seconds[step % rows, n] += until - since
                busy_joules[step % rows, n] += extra_watts[n, level[i]] * (until - since)
                since = until
            step += 1
    return count


def complete(
    end: float,
    count: int,
    numbers: FloatArray,
    marks: IntArray,
    bounds: FloatArray,
    class_tasks: CountArray,
    node_tasks: CountArray,
    placements: CountArray,
    latency: FloatArray,
    histogram: CountArray,
) -> int:
    """Count the outcomes of the tasks that finish by `end`, and return how many are left; these keep their order.

    `class_tasks` (K, 3): completed, those of them that were late, dropped; `node_tasks` (N, 2): completed, late;
    `placements` (N, L); `latency` (K, 2): sum and sum of squares of finish - arrival; `histogram` (K, B): tasks
    at or below each of the ascending `bounds` (B,), not cumulated; the last bound is +Inf.
    """
    left = 0
    for i in range(count):
        if numbers[3, i] > end:
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
        late = 1 if numbers[3, i] > numbers[1, i] else 0
        class_tasks[k, 0] += 1
        class_tasks[k, 1] += late
        node_tasks[n, 0] += 1
        node_tasks[n, 1] += late
        placements[n, marks[2, i]] += 1
        seconds = numbers[3, i] - numbers[0, i]
        latency[k, 0] += seconds
        latency[k, 1] += seconds * seconds
        b = 0
        while seconds > bounds[b]:
            b += 1
        histogram[k, b] += 1
    return left


def load_buses(
    row: int,
    busy_joules: FloatArray,
    busy_seconds: FloatArray,
    standing: FloatArray,
    ledger: float,
    bus: IntArray,
    watts: FloatArray,
    solar_watts: FloatArray,
    step_seconds: float,
    load: FloatArray,
    bus_load: FloatArray,
    generation: FloatArray,
    solar: FloatArray,
    total_seconds: FloatArray,
    total_idle: FloatArray,
    total_ledger: FloatArray,
) -> None:
    """Sum up the energy that a step takes: `load` (N,) of nodes and `bus_load` (B,), in joules, and clear its row.

    A node takes `standing` (N,) joules beside its tasks and `ledger` for the ledger, and is busy as the row says. The
    buses generate `watts` (B,), of which `solar_watts` from the sun: `generation` and `solar` (B,) in joules.
    """
    for b in range(len(bus_load)):
        bus_load[b] = 0.0
        generation[b] = watts[b] * step_seconds
        solar[b] = solar_watts[b] * step_seconds
    for n in range(len(load)):
        load[n] = standing[n] + busy_joules[row, n] + ledger
        bus_load[bus[n]] += load[n]
        total_seconds[n] += busy_seconds[row, n]
        total_idle[n] += standing[n]
        total_ledger[n] += ledger
        busy_joules[row, n] = 0.0
        busy_seconds[row, n] = 0.0


def book(
    flows: FloatArray,
    summary: FloatArray,
    stored: FloatArray,
    grid_share: FloatArray,
    load: FloatArray,
    bus: IntArray,
    grams: FloatArray,
    dollars: FloatArray,
    dollars_per_tonne: float,
    renewable: FloatArray,
    battery: FloatArray,
    stored_grid: FloatArray,
    bought: FloatArray,
    emissions: FloatArray,
    avoided: FloatArray,
    electricity_dollars: FloatArray,
    credit_dollars: FloatArray,
    generation: FloatArray,
    charged: FloatArray,
    exported: FloatArray,
    curtailed: FloatArray,
    charging_grams: FloatArray,
    charging_dollars: FloatArray,
    total_flows: FloatArray,
) -> tuple[int, float]:
    """Add a step's `flows` (B, 4, 5) and `summary` (B, 7), as `settle_buses` gives them, to the totals.

    A node has its share of its bus's flows by its `load` (N,). `stored` (B,) is what batteries hold after the step, and
    `grid_share` (B,), state, the part of it that came from the grid: what a battery holds is mixed. The grid has
    `grams` and `dollars` (B,) per joule. What a node consumed without the grid, neither now nor by way of a battery,
    avoided the grams of the same from the grid, and earned `dollars_per_tonne`.

    Totals are those of `simulator.run.totals.Totals`. Returns the number of nodes that avoided anything, and
    the grams that all avoided.
    """
    avoiding = 0
    together = 0.0
    for n in range(len(load)):
        b = bus[n]
        if not summary[b, 3] > 0.0:
            continue
        share = load[n] / summary[b, 3]
        from_grid = flows[b, 3, 0] * share
        back = flows[b, 2, 0] * grid_share[b]
        # The difference could be negative by rounding, and no total may fall.
        green = max(0.0, summary[b, 3] - flows[b, 3, 0] - back) * share * grams[b]
        renewable[n] += min(summary[b, 0], summary[b, 3]) * share
        battery[n] += flows[b, 2, 0] * share
        stored_grid[n] += back * share
        bought[n] += from_grid
        emissions[n] += from_grid * grams[b]
        electricity_dollars[n] += from_grid * dollars[b]
        avoided[n] += green
        credit_dollars[n] += green / GRAMS_PER_TONNE * dollars_per_tonne
        if green != 0.0:
            avoiding += 1
            together += green
    for b in range(len(summary)):
        generation[b] += summary[b, 0]
        charged[b] += summary[b, 4]
        exported[b] += summary[b, 5]
        curtailed[b] += summary[b, 6]
        kept = flows[b, 3, 1]
        charging_grams[b] += (kept + flows[b, 3, 4]) * grams[b]
        charging_dollars[b] += (kept + flows[b, 3, 4]) * dollars[b]
        stayed = stored[b] - flows[b, 0, 1] - flows[b, 1, 1] - kept
        kept += grid_share[b] * max(0.0, stayed)
        grid_share[b] = min(1.0, kept / stored[b]) if kept > 0.0 else 0.0
        for source in range(flows.shape[1]):
            for sink in range(flows.shape[2]):
                total_flows[b, source, sink] += flows[b, source, sink]
    return avoiding, together
