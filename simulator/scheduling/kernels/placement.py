"""The placement kernel: plain Python over flat arrays, which numba compiles as it stands.

Interpreted or compiled, the same source gives the same bits: there is no `fastmath`, no reduction whose order is left
open, and no random number. A function calls at most functions of this file, which numba compiles into it: what it keeps
of a file holds until that file changes. Arrays named as outputs or state are changed in place; nothing is allocated per
task.

Shapes: M tasks in order of release, N nodes, K classes, L operating points, G groups of equal nodes, B buses.
"""

# ruff: noqa: PLR0912, PLR0913, PLR0915, PLR0917 - one flat function per order of placement, for the compiler's sake
# ruff: noqa: ARG001 - orders share one signature, and an order need not look at all of it

import math
from typing import NamedTuple, Protocol

from simulator.arrays import BoolArray, CountArray, FloatArray, IntArray


class Rule(NamedTuple):
    """The tables by which an order places tasks; a tuple because numba takes no dataclasses.

    Of one type for all orders, so that who calls an order is compiled once; what an order does not need is empty.

    `service` and `joules` (N, K, L) are seconds and extra joules per second of reference work, `energy` (N, K, L) the
    energy term, `fits` (N, K), `delay` (N, K) the seconds that a task's input takes to the node. `moved_energy` and
    `moved_carbon` (N, K) are what moving the input adds to those terms, `intensity` (B,) is that of each bus's grid
    over the highest, `bus` (N,) the bus of each node. `urgency` (K,) = priority / deadline, `weights` (5,) in the order
    of `simulator.scheduling.weights.TERMS`. No task may wait for more than `longest_wait` seconds. Operating points
    from `first_level` on are open. `nodes` and `first` list the nodes by group, see `place_by_score_in_groups`, and
    `scratch` (5, N) is room for it. `tries` and the state `cursor` (1,) are those of `place_in_turn`.
    """

    service: FloatArray
    joules: FloatArray
    energy: FloatArray
    fits: BoolArray
    delay: FloatArray
    moved_energy: FloatArray
    moved_carbon: FloatArray
    intensity: FloatArray
    bus: IntArray
    urgency: FloatArray
    weights: FloatArray
    longest_wait: float
    first_level: int
    nodes: IntArray
    first: IntArray
    scratch: FloatArray
    tries: int
    cursor: IntArray


class Order(Protocol):
    """An order of placement: a function `place_...` of this file."""

    def __call__(
        self,
        rule: Rule,
        release: FloatArray,
        task_class: IntArray,
        work: FloatArray,
        free_at: FloatArray,
        wake: FloatArray,
        green: FloatArray,
        choice: IntArray,
        times: FloatArray,
        terms: FloatArray,
        /,
    ) -> None:
        """Place all tasks: write `choice` (2, M), their nodes and operating points, and `times` (2, M), their start and
        finish, and add to `terms` (5,).

        `free_at` and `wake` (N,) and `green` (B,) are the state before: when each queue is empty, the seconds that an
        idle node would take to be awake (0 where it is), and the green joules left, none negative. They are the order's
        to change as it places.

        A task is placed where its model fits and where it starts within `longest_wait` of its release. One that no node
        can take has the node -1, and NaN for start and finish. Ties go to the lowest node.
        """


def waiting(release: float, free_at: float, wake: float, delay: float) -> float:
    """Return the seconds from the release of a task to its start on a node: until the queue is empty and the node then
    awake, or until the input has arrived, whichever is later."""
    wait = free_at - release if free_at > release else 0.0
    wait = wait + wake
    return wait if wait > delay else delay


def starting(release: float, free_at: float, wake: float, delay: float) -> float:
    """Return the time at which a task starts on a node; `waiting` is the time until then."""
    ready = free_at if free_at > release else release
    ready = ready + wake
    there = release + delay
    return ready if ready > there else there


def grid_share(need: float, green: float) -> float:
    """Return the share of `need` joules that `green` joules do not cover."""
    return 0.0 if green >= need else 1.0 - green / need


def score(
    latency: float,
    energy: float,
    share: float,
    load: float,
    weight_latency: float,
    weight_energy: float,
    weight_grid: float,
    weight_carbon: float,
    moving: float,
) -> float:
    """Return the score of a choice; the formula is with `Weights`. `latency` is in seconds, and `weight_latency` the
    weight times the urgency of the class; `share` is that of the grid, `weight_carbon` the weight times the relative
    intensity of the node's grid, and `load` and `moving` are terms times their weights."""
    own = weight_latency * latency + weight_energy * energy + share * (weight_grid + weight_carbon * energy) + load
    return own + moving


def place_by_score(
    rule: Rule,
    release: FloatArray,
    task_class: IntArray,
    work: FloatArray,
    free_at: FloatArray,
    wake: FloatArray,
    green: FloatArray,
    choice: IntArray,
    times: FloatArray,
    terms: FloatArray,
) -> None:
    """Give each task the node and the operating point of least score; the formula is with `Weights`.

    Operating points from `first_level` on are open to a task that starts at once. One that has to wait runs at full
    frequency: to slow it down would delay all who wait behind it, which its own score does not count, and an overloaded
    cluster would throttle itself. Choices are looked at in ascending order of node and level, and only a lesser score
    replaces the best so far, so that ties go to the lowest.
    """
    service, joules, energy, fits = rule.service, rule.joules, rule.energy, rule.fits
    delay, moved_energy, moved_carbon = rule.delay, rule.moved_energy, rule.moved_carbon
    intensity, bus, urgency, weights = rule.intensity, rule.bus, rule.urgency, rule.weights
    longest_wait, first_level = rule.longest_wait, rule.first_level
    nodes, _, levels = service.shape
    weight_energy, weight_grid, weight_carbon, weight_load = weights[1], weights[2], weights[3], weights[4]
    for i in range(len(release)):
        k = task_class[i]
        weight_latency = weights[0] * urgency[k]
        best = math.inf
        best_node = -1
        best_level = 0
        for n in range(nodes):
            if not fits[n, k]:
                continue
            wait = waiting(release[i], free_at[n], wake[n], delay[n, k])
            if wait > longest_wait:
                continue
            load = weight_load * (wait / longest_wait)
            moving = weight_energy * moved_energy[n, k] + weight_carbon * moved_carbon[n, k]
            lowest = first_level if free_at[n] <= release[i] and wake[n] == 0.0 else levels - 1
            for option in range(lowest, levels):
                share = grid_share(work[i] * joules[n, k, option], green[bus[n]])
                found = score(
                    wait + work[i] * service[n, k, option],
                    energy[n, k, option],
                    share,
                    load,
                    weight_latency,
                    weight_energy,
                    weight_grid,
                    weight_carbon * intensity[bus[n]],
                    moving,
                )
                if found < best:
                    best = found
                    best_node = n
                    best_level = option
        choice[0, i] = best_node
        choice[1, i] = best_level
        if best_node < 0:
            times[0, i] = math.nan
            times[1, i] = math.nan
            continue
        n = best_node
        seconds = work[i] * service[n, k, best_level]
        need = work[i] * joules[n, k, best_level]
        wait = waiting(release[i], free_at[n], wake[n], delay[n, k])
        share = grid_share(need, green[bus[n]])
        times[0, i] = starting(release[i], free_at[n], wake[n], delay[n, k])
        times[1, i] = times[0, i] + seconds
        free_at[n] = times[1, i]
        wake[n] = 0.0
        green[bus[n]] = green[bus[n]] - need if green[bus[n]] > need else 0.0
        terms[0] += urgency[k] * (wait + seconds)
        terms[1] += energy[n, k, best_level] + moved_energy[n, k]
        terms[2] += share
        terms[3] += share * energy[n, k, best_level] * intensity[bus[n]] + moved_carbon[n, k]
        terms[4] += wait / longest_wait


def place_by_score_in_groups(
    rule: Rule,
    release: FloatArray,
    task_class: IntArray,
    work: FloatArray,
    free_at: FloatArray,
    wake: FloatArray,
    green: FloatArray,
    choice: IntArray,
    times: FloatArray,
    terms: FloatArray,
) -> None:
    """Make the choices of `place_by_score`, bit for bit, without looking at every node.

    Nodes of one group have equal rows in all tables, so the tables are (G, K, L), and `fits`, `delay` and what moving
    adds (G, K). The rule's `nodes` (N,) lists the nodes group by group, ascending within each; those of group g are at
    the positions first[g] to first[g + 1]. Its `bus` is by position, as the state is here.

    Why the choices are equal. For a given task, class and level, the score is computed from the wait and the green
    joules of a node by the operations of `place_by_score` in their order. Each of them is a correctly rounded sum,
    product or quotient of numbers >= 0 in which the wait only ever increases and the green joules only ever decrease
    the result, and rounding is monotone; so with f the computed score of a node in a group at one level,

        wait' >= wait and green' <= green  imply  f(wait', green') >= f(wait, green).           (1)

    The share is one such operation: it is 0 where the green joules reach the need, and so least, and above that 1 -
    green / need, which lies in [0, 1] and rises as the green joules fall. A longer wait opens no further operating
    point on an idle node; take f as infinite at those that are closed, and (1) still holds. The choice is the least of
    (score, node, level) in lexicographic order over the admitted nodes. Three kinds of node are passed over, none of
    which can be it:

    - All of a group whose bound exceeds the best score, or equals it while its lowest node is above the best one. The
      bound is the least f over the levels with a wait no longer, green joules no fewer and a grid no dirtier than those
      of any node of the group: free_at only grows and green only falls while tasks are placed, so a minimum and a
      maximum taken earlier still hold; of `wake`, which falls, it is 0. By (1) the bound is at most any score in the
      group.
    - A node that waits no shorter than an earlier, lower one of its group, to which no other levels are open, whose
      grid is no cleaner, and which has no more green joules, or whatever it has while the earlier one's need is covered
      at all levels: by (1) it scores no better at any level, and a tie goes to the lower node.
    - The rest of a group after a node whose wait and levels are the bound's, whose grid is the cleanest of the group
      and whose green joules are the bound's or cover its need at all levels: they are of the second kind.
    """
    service, joules, energy, fits = rule.service, rule.joules, rule.energy, rule.fits
    delay, moved_energy, moved_carbon = rule.delay, rule.moved_energy, rule.moved_carbon
    intensity, bus, urgency, weights = rule.intensity, rule.bus, rule.urgency, rule.weights
    longest_wait, first_level = rule.longest_wait, rule.first_level
    order, first = rule.nodes, rule.first
    queues, wakes = rule.scratch[3], rule.scratch[4]
    for p in range(len(order)):
        queues[p] = free_at[order[p]]
        wakes[p] = wake[order[p]]
    free_at, wake = queues, wakes
    groups, _, levels = service.shape
    weight_energy, weight_grid, weight_carbon, weight_load = weights[1], weights[2], weights[3], weights[4]
    earliest, greenest, cleanest = rule.scratch[0], rule.scratch[1], rule.scratch[2]
    for g in range(groups):
        earliest[g] = math.inf
        greenest[g] = 0.0
        cleanest[g] = math.inf
        for p in range(first[g], first[g + 1]):
            earliest[g] = min(earliest[g], free_at[p])
            greenest[g] = max(greenest[g], green[bus[p]])
            cleanest[g] = min(cleanest[g], intensity[bus[p]])
    for i in range(len(release)):
        k = task_class[i]
        weight_latency = weights[0] * urgency[k]
        best = math.inf
        best_node = -1
        best_level = 0
        best_group = 0
        best_place = 0
        for g in range(groups):
            least_wait = waiting(release[i], earliest[g], 0.0, delay[g, k])
            if least_wait > longest_wait or not fits[g, k]:
                continue
            load = weight_load * (least_wait / longest_wait)
            moving = weight_energy * moved_energy[g, k] + weight_carbon * moved_carbon[g, k]
            bound = math.inf
            most_open = first_level if earliest[g] <= release[i] else levels - 1
            for option in range(most_open, levels):
                share = grid_share(work[i] * joules[g, k, option], greenest[g])
                found = score(
                    least_wait + work[i] * service[g, k, option],
                    energy[g, k, option],
                    share,
                    load,
                    weight_latency,
                    weight_energy,
                    weight_grid,
                    weight_carbon * cleanest[g],
                    moving,
                )
                bound = min(bound, found)
            if bound > best or (bound == best and order[first[g]] > best_node):
                continue
            kept_score = math.inf
            kept_wait = math.inf
            kept_green = 0.0
            kept_intensity = 0.0
            kept_lowest = levels
            kept_covered = False
            soonest = math.inf
            whole = True
            for p in range(first[g], first[g + 1]):
                soonest = min(soonest, free_at[p])
                b = bus[p]
                wait = waiting(release[i], free_at[p], wake[p], delay[g, k])
                lowest = first_level if free_at[p] <= release[i] and wake[p] == 0.0 else levels - 1
                no_greener = intensity[b] >= kept_intensity and (kept_covered or green[b] <= kept_green)
                if wait > longest_wait or (wait >= kept_wait and lowest >= kept_lowest and no_greener):
                    continue
                load = weight_load * (wait / longest_wait)
                least = math.inf
                least_level = 0
                covered = True
                for option in range(lowest, levels):
                    need = work[i] * joules[g, k, option]
                    covered = covered and green[b] >= need
                    share = grid_share(need, green[b])
                    found = score(
                        wait + work[i] * service[g, k, option],
                        energy[g, k, option],
                        share,
                        load,
                        weight_latency,
                        weight_energy,
                        weight_grid,
                        weight_carbon * intensity[b],
                        moving,
                    )
                    if found < least:
                        least = found
                        least_level = option
                if least < best or (least == best and order[p] < best_node):
                    best = least
                    best_node = order[p]
                    best_level = least_level
                    best_group = g
                    best_place = p
                if least < kept_score:
                    kept_score = least
                    kept_wait = wait
                    kept_green = green[b]
                    kept_intensity = intensity[b]
                    kept_lowest = lowest
                    kept_covered = covered
                greenest_of_all = intensity[b] <= cleanest[g] and (covered or green[b] >= greenest[g])
                if wait == least_wait and lowest == most_open and greenest_of_all:
                    whole = False
                    break
            if whole:
                earliest[g] = soonest
        choice[0, i] = best_node
        choice[1, i] = best_level
        if best_node < 0:
            times[0, i] = math.nan
            times[1, i] = math.nan
            continue
        p = best_place
        seconds = work[i] * service[best_group, k, best_level]
        need = work[i] * joules[best_group, k, best_level]
        b = bus[p]
        wait = waiting(release[i], free_at[p], wake[p], delay[best_group, k])
        share = grid_share(need, green[b])
        times[0, i] = starting(release[i], free_at[p], wake[p], delay[best_group, k])
        times[1, i] = times[0, i] + seconds
        free_at[p] = times[1, i]
        wake[p] = 0.0
        green[b] = green[b] - need if green[b] > need else 0.0
        terms[0] += urgency[k] * (wait + seconds)
        terms[1] += energy[best_group, k, best_level] + moved_energy[best_group, k]
        terms[2] += share
        terms[3] += share * energy[best_group, k, best_level] * intensity[b] + moved_carbon[best_group, k]
        terms[4] += wait / longest_wait


def place_in_turn(
    rule: Rule,
    release: FloatArray,
    task_class: IntArray,
    work: FloatArray,
    free_at: FloatArray,
    wake: FloatArray,
    green: FloatArray,
    choice: IntArray,
    times: FloatArray,
    terms: FloatArray,
) -> None:
    """Place round robin at full frequency: on the next node that fits, counted from `cursor` (1,), which is state.

    Where that node cannot start the task in time, the next that fit are tried, up to `tries` in all; then the task is
    dropped. The turn passes to the node after the last one tried; where fewer than `tries` fit and none can, it stays.
    """
    service, fits, delay, longest_wait = rule.service, rule.fits, rule.delay, rule.longest_wait
    tries, cursor = rule.tries, rule.cursor
    nodes, _, levels = service.shape
    for i in range(len(release)):
        k = task_class[i]
        choice[0, i] = -1
        choice[1, i] = levels - 1
        times[0, i] = math.nan
        times[1, i] = math.nan
        tried = 0
        at = cursor[0]
        for _ in range(nodes):
            n = at
            at = at + 1 if at + 1 < nodes else 0
            if not fits[n, k]:
                continue
            wait = waiting(release[i], free_at[n], wake[n], delay[n, k])
            if wait <= longest_wait:
                choice[0, i] = n
                times[0, i] = starting(release[i], free_at[n], wake[n], delay[n, k])
                times[1, i] = times[0, i] + work[i] * service[n, k, levels - 1]
                free_at[n] = times[1, i]
                wake[n] = 0.0
            tried += 1
            if wait <= longest_wait or tried == tries:
                cursor[0] = at
                break


def place_least_loaded(
    rule: Rule,
    release: FloatArray,
    task_class: IntArray,
    work: FloatArray,
    free_at: FloatArray,
    wake: FloatArray,
    green: FloatArray,
    choice: IntArray,
    times: FloatArray,
    terms: FloatArray,
) -> None:
    """Place each task on the node that can start first, at full frequency. Where even that one cannot start in time,
    the task is dropped."""
    service, fits, delay, longest_wait = rule.service, rule.fits, rule.delay, rule.longest_wait
    nodes, _, levels = service.shape
    for i in range(len(release)):
        k = task_class[i]
        best = -1
        earliest = math.inf
        for n in range(nodes):
            # No task starts before its queue is empty: most nodes need no more than this look.
            if free_at[n] >= earliest or not fits[n, k]:
                continue
            begin = starting(release[i], free_at[n], wake[n], delay[n, k])
            if begin < earliest:
                best = n
                earliest = begin
                if earliest <= release[i]:
                    break
        choice[1, i] = levels - 1
        if best < 0 or earliest - release[i] > longest_wait:
            choice[0, i] = -1
            times[0, i] = math.nan
            times[1, i] = math.nan
            continue
        choice[0, i] = best
        times[0, i] = earliest
        times[1, i] = times[0, i] + work[i] * service[best, k, levels - 1]
        free_at[best] = times[1, i]
        wake[best] = 0.0


def choose_releases(
    first: CountArray,
    waits: BoolArray,
    task_class: IntArray,
    work: FloatArray,
    latest: FloatArray,
    service: FloatArray,
    joules: FloatArray,
    hold: FloatArray,
    fits: BoolArray,
    bus: IntArray,
    outlook_start: FloatArray,
    point_seconds: float,
    green_watts: FloatArray,
    grams_per_joule: FloatArray,
    first_grams: CountArray,
    gain: float,
    point: CountArray,
    promised_joules: FloatArray,
    promised_seconds: FloatArray,
    put_off: FloatArray,
    release: FloatArray,
) -> None:
    """Put off the tasks that may wait, of `waits` (M,), to the greenest time; see `TemporalShifting`.

    Those that arrive in step s are from `first`[s] up to `first`[s + 1] (S + 1,). `latest` (M,) bounds their release.
    `service` and `joules` (N, K) are those of full frequency; for `hold` (N, K) seconds per second of reference work,
    `service` or more, a node is promised to no other task. The others up to `first_grams` are those of `Outlook`; what
    lies beyond the H points of an outlook is taken to be as its last. Only a share of the grams greater than `gain`
    makes one choice better than another.

    State are the `point` (1,) up to which promises are forgotten, and rings of R >= H rows, in which a point has the
    row of its number mod R: `promised_joules` (R, B) and `promised_seconds` (R, N), the latter from the start of each
    point on without a gap, and `put_off` (R, N), the latest time to which a task is put off in a point, -1 where there
    is none. `release` (M,) holds the arrivals, and the answer in the end.
    """
    rows = len(promised_joules)
    steps = green_watts.shape[1]
    for s in range(len(first) - 1):
        asked = False
        for i in range(first[s], first[s + 1]):
            asked = asked or waits[i]
        if not asked:
            continue
        now = round(outlook_start[s] / point_seconds)
        for past in range(point[0], min(now, point[0] + rows)):
            # One by one: an assignment of slices takes the compiler seconds.
            for b in range(promised_joules.shape[1]):
                promised_joules[past % rows, b] = 0.0
            for n in range(len(service)):
                promised_seconds[past % rows, n] = 0.0
                put_off[past % rows, n] = -1.0
        point[0] = now
        choose_in_step(
            first[s],
            first[s + 1],
            waits,
            task_class,
            work,
            latest,
            service,
            joules,
            hold,
            fits,
            bus,
            outlook_start[s],
            point_seconds,
            green_watts[s],
            grams_per_joule[first_grams[s] : first_grams[s] + steps],
            gain,
            now % rows,
            promised_joules,
            promised_seconds,
            put_off,
            release,
        )


def choose_in_step(
    first_task: int,
    last_task: int,
    waits: BoolArray,
    task_class: IntArray,
    work: FloatArray,
    latest: FloatArray,
    service: FloatArray,
    joules: FloatArray,
    hold: FloatArray,
    fits: BoolArray,
    bus: IntArray,
    outlook_start: float,
    step_seconds: float,
    green_watts: FloatArray,
    grams_per_joule: FloatArray,
    gain: float,
    first_row: int,
    promised_joules: FloatArray,
    promised_seconds: FloatArray,
    put_off: FloatArray,
    release: FloatArray,
) -> None:
    """Put off the tasks of one step as `choose_releases` does. Its `green_watts` and `grams_per_joule` are (H, B), and
    point h of its outlook, called a step here, has the row `first_row` + h."""
    nodes = len(service)
    rows = len(promised_joules)
    steps = len(grams_per_joule)
    cleanest = math.inf
    dark = True
    for h in range(steps):
        for b in range(green_watts.shape[1]):
            cleanest = min(cleanest, grams_per_joule[h, b])
            dark = dark and green_watts[h, b] <= 0.0
    for i in range(first_task, last_task):
        if not waits[i]:
            continue
        k = task_class[i]
        # No choice emits less than this; without green energy it is known, and the search ends with the first step.
        floor = 0.0
        if dark:
            floor = math.inf
            for n in range(nodes):
                if fits[n, k]:
                    floor = min(floor, work[i] * joules[n, k] * cleanest)
        present = math.floor((release[i] - outlook_start) / step_seconds)
        least = math.inf
        best_node = -1
        best_step = -1
        best_begin = 0.0
        for h in range(present, steps):
            if h > present and (outlook_start + h * step_seconds > latest[i] or least * (1.0 - gain) <= floor):
                break
            for n in range(nodes):
                if not fits[n, k]:
                    continue
                first = h
                row = (first_row + h) % rows
                if h == present:
                    # Queue behind tasks released before, but not behind a task that was put off and is yet to come.
                    free = put_off[row, n] <= release[i]
                    while free and promised_seconds[row, n] >= step_seconds:
                        first += 1
                        row = (first_row + first) % rows
                        free = put_off[row, n] < 0.0 and first < rows - 1
                    if not free:
                        continue
                    begin = max(first * step_seconds + promised_seconds[row, n], release[i] - outlook_start)
                else:
                    begin = h * step_seconds + promised_seconds[row, n]
                    if promised_seconds[row, n] >= step_seconds or outlook_start + begin > latest[i]:
                        continue
                done = begin + work[i] * service[n, k]
                if h > present and done > steps * step_seconds:
                    continue
                until = min(begin + work[i] * hold[n, k], rows * step_seconds)
                at = first + 1
                while at * step_seconds < until and promised_seconds[(first_row + at) % rows, n] == 0.0:
                    at += 1
                if at * step_seconds < until:
                    continue
                watts = joules[n, k] / service[n, k]
                grams = 0.0
                since = begin
                at = min(first, steps - 1)
                while since < done and grams < least:
                    end = min((at + 1) * step_seconds, done) if at < steps - 1 else done
                    if end > since:
                        spare = (
                            green_watts[at, bus[n]] * step_seconds - promised_joules[(first_row + at) % rows, bus[n]]
                        )
                        grams += max(0.0, watts * (end - since) - max(0.0, spare)) * grams_per_joule[at, bus[n]]
                        since = end
                    at += 1
                if grams < least * (1.0 - gain):
                    least = grams
                    best_node = n
                    best_step = h
                    best_begin = begin
        if best_node < 0:
            continue
        n = best_node
        if best_step > present:
            release[i] = outlook_start + best_begin
            put_off[(first_row + best_step) % rows, n] = release[i]
        watts = joules[n, k] / service[n, k]
        done = best_begin + work[i] * service[n, k]
        until = min(best_begin + work[i] * hold[n, k], rows * step_seconds)
        at = math.floor(best_begin / step_seconds)
        while at * step_seconds < until:
            row = (first_row + at) % rows
            since = max(best_begin, at * step_seconds)
            promised_joules[row, bus[n]] += watts * max(0.0, min(done, (at + 1) * step_seconds) - since)
            promised_seconds[row, n] = min(step_seconds, until - at * step_seconds)
            at += 1
