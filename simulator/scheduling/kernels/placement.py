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
    energy term, `fits` (N, K). `moved` (4, N, K) has the rows below, and is None where no task ever moves. `intensity`
    (B,) is that of each bus's grid over the highest, `bus` (N,) the bus of each node, and `carbon` (N,) the intensity
    there times the weight of carbon. `urgency` (K,) = priority / deadline, `weights` (5,) in the order of
    `simulator.scheduling.weights.TERMS`. No task may wait for more than `longest_wait` seconds. Operating points from
    `first_level` on are open. `nodes` and `first` list the nodes by group, see `place_by_score_in_groups`, and
    `scratch` (4, N) is room for it. `share` (N, K) is what an order without a score knows of nodes and classes, and
    `cursor` and `memory` (., ., .) are state, what it remembers from step to step.
    """

    service: FloatArray
    joules: FloatArray
    energy: FloatArray
    fits: BoolArray
    moved: FloatArray | None
    intensity: FloatArray
    bus: IntArray
    carbon: FloatArray
    urgency: FloatArray
    weights: FloatArray
    longest_wait: float
    first_level: int
    nodes: IntArray
    first: IntArray
    scratch: FloatArray
    share: FloatArray
    cursor: IntArray
    memory: FloatArray


DELAY, MOVED_ENERGY, MOVED_CARBON, MOVED_SCORE = range(4)
"""The rows of `moved`: the seconds that a task's input takes to a node, and what moving it adds to the terms of energy
and carbon, and to the score. Orders without a score need the first alone."""


class Order(Protocol):
    """An order of placement: a function `place_...` of this file."""

    def __call__(
        self,
        rule: Rule,
        moved: FloatArray | None,
        release: FloatArray,
        task_class: IntArray,
        work: FloatArray,
        free_at: FloatArray,
        wake: FloatArray | None,
        green: FloatArray,
        choice: IntArray,
        times: FloatArray,
        terms: FloatArray,
        /,
    ) -> None:
        """Place all tasks: write `choice` (2, M), their nodes and operating points, and `times` (2, M), their start and
        finish, and add to `terms` (5,).

        `free_at` and `wake` (N,) and `green` (B,) are the state before: when each queue is empty, the seconds that an
        idle node would take to be awake (0 where it is; None where no node ever sleeps), and the green joules left,
        none negative. They are the order's to change as it places.

        A task is placed where its model fits and where it starts within `longest_wait` of its release. One that no node
        can take has the node -1, and NaN for start and finish. Ties go to the lowest node.
        """


def waiting(release: float, free_at: float, wake: float | None, delay: float | None) -> float:
    """Return the seconds from the release of a task to its start on a node: until the queue is empty and the node then
    awake, or until the input has arrived, whichever is later."""
    wait = free_at - release if free_at > release else 0.0
    if wake is not None:
        wait = wait + wake
    if delay is not None:
        wait = wait if wait > delay else delay
    return wait


def starting(release: float, free_at: float, wake: float | None, delay: float | None) -> float:
    """Return the time at which a task starts on a node; `waiting` is the time until then."""
    ready = free_at if free_at > release else release
    if wake is not None:
        ready = ready + wake
    if delay is not None:
        there = release + delay
        ready = ready if ready > there else there
    return ready


def is_idle(release: float, free_at: float, wake: float | None) -> bool:
    """Return whether a node has nothing to do at the release of a task, and is awake."""
    if wake is not None:
        return free_at <= release and wake == 0.0
    return free_at <= release


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
    moving: float | None,
) -> float:
    """Return the score of a choice; the formula is with `Weights`. `latency` is in seconds, and `weight_latency` the
    weight times the urgency of the class; `share` is that of the grid, `weight_carbon` the weight times the relative
    intensity of the node's grid, and `load` and `moving` are terms times their weights."""
    own = weight_latency * latency + weight_energy * energy + share * (weight_grid + weight_carbon * energy) + load
    return own if moving is None else own + moving


def place_by_score(
    rule: Rule,
    moved: FloatArray | None,
    release: FloatArray,
    task_class: IntArray,
    work: FloatArray,
    free_at: FloatArray,
    wake: FloatArray | None,
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
    bus, carbon, longest_wait, first_level = rule.bus, rule.carbon, rule.longest_wait, rule.first_level
    nodes, _, levels = service.shape
    weights = rule.weights
    weight_soon, weight_energy, weight_grid, weight_load = weights[0], weights[1], weights[2], weights[4]
    chosen, level, begin, end = choice[0], choice[1], times[0], times[1]
    for i in range(len(release)):
        k = task_class[i]
        released = release[i]
        amount = work[i]
        urgency = rule.urgency[k]
        weight_latency = weight_soon * urgency
        best = math.inf
        best_node = -1
        best_level = 0
        for n in range(nodes):
            if not fits[n, k]:
                continue
            free = free_at[n]
            waking = None if wake is None else wake[n]
            wait = waiting(released, free, waking, None if moved is None else moved[DELAY, n, k])
            if wait > longest_wait:
                continue
            left = green[bus[n]]
            load = weight_load * (wait / longest_wait)
            moving = None if moved is None else moved[MOVED_SCORE, n, k]
            weight_carbon = carbon[n]
            for option in range(first_level if is_idle(released, free, waking) else levels - 1, levels):
                found = score(
                    wait + amount * service[n, k, option],
                    energy[n, k, option],
                    grid_share(amount * joules[n, k, option], left),
                    load,
                    weight_latency,
                    weight_energy,
                    weight_grid,
                    weight_carbon,
                    moving,
                )
                if found < best:
                    best = found
                    best_node = n
                    best_level = option
        chosen[i] = best_node
        level[i] = best_level
        if best_node < 0:
            begin[i] = math.nan
            end[i] = math.nan
            continue
        n = best_node
        b = bus[n]
        seconds = amount * service[n, k, best_level]
        need = amount * joules[n, k, best_level]
        term = energy[n, k, best_level]
        left = green[b]
        share = grid_share(need, left)
        waking = None if wake is None else wake[n]
        wait = waiting(released, free_at[n], waking, None if moved is None else moved[DELAY, n, k])
        start = starting(released, free_at[n], waking, None if moved is None else moved[DELAY, n, k])
        finish = start + seconds
        begin[i] = start
        end[i] = finish
        free_at[n] = finish
        green[b] = left - need if left > need else 0.0
        if wake is not None:
            wake[n] = 0.0
        terms[0] += urgency * (wait + seconds)
        terms[1] += term if moved is None else term + moved[MOVED_ENERGY, n, k]
        terms[2] += share
        grams = share * term * rule.intensity[b]
        terms[3] += grams if moved is None else grams + moved[MOVED_CARBON, n, k]
        terms[4] += wait / longest_wait


def place_by_score_in_groups(
    rule: Rule,
    moved: FloatArray | None,
    release: FloatArray,
    task_class: IntArray,
    work: FloatArray,
    free_at: FloatArray,
    wake: FloatArray | None,
    green: FloatArray,
    choice: IntArray,
    times: FloatArray,
    terms: FloatArray,
) -> None:
    """Make the choices of `place_by_score`, bit for bit, without looking at every node.

    Nodes of one group have equal rows in all tables, so the tables are (G, K, L), `fits` is (G, K), and `moved`
    (4, G, K). The rule's `nodes` (N,) lists the nodes group by group, ascending within each; those of group g are at
    the positions first[g] to first[g + 1]. Its `bus` and `carbon` are by position, as the queues are here.

    Why the choices are equal. For a given task, class and level, the score is computed from the wait and the green
    joules of a node by the operations of `place_by_score` in their order. Each of them is a correctly rounded sum,
    product or quotient of numbers >= 0 in which the wait only ever increases and the green joules only ever decrease
    the result, and rounding is monotone; so with f the computed score of a node in a group at one level,

        wait' >= wait and green' <= green  imply  f(wait', green') >= f(wait, green).           (1)

    The share is one such operation: it is 0 where the green joules reach the need, and so least, and above that 1 -
    green / need, which lies in [0, 1] and rises as the green joules fall. A longer wait opens no further operating
    point on an idle node; take f as infinite at those that are closed, and (1) still holds. The choice is the least of
    (score, node, level) in lexicographic order over the admitted nodes. Four kinds of node are passed over, none of
    which can be it:

    - All of a group whose bound exceeds the best score, or equals it while its lowest node is above the best one. The
      bound is the least f over the levels with a wait no longer, green joules no fewer and a grid no dirtier than those
      of any node of the group: free_at only grows and green only falls while tasks are placed, so a minimum and a
      maximum taken earlier still hold; of `wake`, which falls, it is 0. By (1) the bound is at most any score in the
      group.
    - A node that has a queue no shorter than the wait of an earlier one of its group to which only the last level was
      open, and which at that wait would score worse than the best even on the green joules and the grid of the bound.
      Its own wait is no shorter than its queue, and to a node with a queue only the last level is open, too.
    - A node that waits no shorter than an earlier, lower one of its group, to which no other levels are open, whose
      grid is no cleaner, and which has no more green joules, or whatever it has while the earlier one's need is covered
      at all levels: by (1) it scores no better at any level, and a tie goes to the lower node.
    - The rest of a group after a node whose wait and levels are the bound's, whose grid is the cleanest of the group
      and whose green joules are the bound's or cover its need at all levels: they are of the third kind.
    """
    service, joules, energy, fits = rule.service, rule.joules, rule.energy, rule.fits
    bus, carbon, longest_wait, first_level = rule.bus, rule.carbon, rule.longest_wait, rule.first_level
    order, first = rule.nodes, rule.first
    groups, _, levels = service.shape
    weights = rule.weights
    weight_soon, weight_energy, weight_grid, weight_load = weights[0], weights[1], weights[2], weights[4]
    earliest, greenest, cleanest, queues = rule.scratch[0], rule.scratch[1], rule.scratch[2], rule.scratch[3]
    for g in range(groups):
        earliest[g] = math.inf
        greenest[g] = 0.0
        cleanest[g] = math.inf
        for p in range(first[g], first[g + 1]):
            queues[p] = free_at[order[p]]
            earliest[g] = min(earliest[g], queues[p])
            greenest[g] = max(greenest[g], green[bus[p]])
            cleanest[g] = min(cleanest[g], carbon[p])
    chosen, level, begin, end = choice[0], choice[1], times[0], times[1]
    for i in range(len(release)):
        k = task_class[i]
        released = release[i]
        amount = work[i]
        urgency = rule.urgency[k]
        weight_latency = weight_soon * urgency
        best = math.inf
        best_node = -1
        best_level = 0
        best_group = 0
        best_place = 0
        for g in range(groups):
            delay = None if moved is None else moved[DELAY, g, k]
            free = earliest[g]
            least_wait = waiting(released, free, None, delay)
            if least_wait > longest_wait or not fits[g, k]:
                continue
            most_green = greenest[g]
            least_carbon = cleanest[g]
            load = weight_load * (least_wait / longest_wait)
            moving = None if moved is None else moved[MOVED_SCORE, g, k]
            bound = math.inf
            most_open = first_level if free <= released else levels - 1
            for option in range(most_open, levels):
                found = score(
                    least_wait + amount * service[g, k, option],
                    energy[g, k, option],
                    grid_share(amount * joules[g, k, option], most_green),
                    load,
                    weight_latency,
                    weight_energy,
                    weight_grid,
                    least_carbon,
                    moving,
                )
                bound = min(bound, found)
            if bound > best or (bound == best and order[first[g]] > best_node):
                continue
            hopeless = math.inf
            kept_score = math.inf
            kept_wait = math.inf
            kept_green = 0.0
            kept_carbon = math.inf
            kept_lowest = levels
            kept_covered = False
            soonest = math.inf
            whole = True
            for p in range(first[g], first[g + 1]):
                free = queues[p]
                soonest = min(soonest, free)
                wait = waiting(released, free, None, None)
                if wait >= hopeless:
                    continue
                left = green[bus[p]]
                no_better = (kept_covered or left <= kept_green) and (
                    kept_carbon == least_carbon or carbon[p] >= kept_carbon
                )
                # No task waits less than for its queue: most nodes need no more than this look.
                if wait >= kept_wait and no_better:
                    continue
                waking = None if wake is None else wake[order[p]]
                wait = waiting(released, free, waking, delay)
                lowest = first_level if is_idle(released, free, waking) else levels - 1
                if wait > longest_wait or (wait >= kept_wait and lowest >= kept_lowest and no_better):
                    continue
                weight_carbon = carbon[p]
                load = weight_load * (wait / longest_wait)
                least = math.inf
                least_level = 0
                covered = True
                for option in range(lowest, levels):
                    need = amount * joules[g, k, option]
                    covered = covered and left >= need
                    found = score(
                        wait + amount * service[g, k, option],
                        energy[g, k, option],
                        grid_share(need, left),
                        load,
                        weight_latency,
                        weight_energy,
                        weight_grid,
                        weight_carbon,
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
                elif lowest == levels - 1 and wait < hopeless:
                    found = score(
                        wait + amount * service[g, k, lowest],
                        energy[g, k, lowest],
                        grid_share(amount * joules[g, k, lowest], most_green),
                        load,
                        weight_latency,
                        weight_energy,
                        weight_grid,
                        least_carbon,
                        moving,
                    )
                    if found > best:
                        hopeless = wait
                if least < kept_score:
                    kept_score = least
                    kept_wait = wait
                    kept_green = left
                    kept_carbon = weight_carbon
                    kept_lowest = lowest
                    kept_covered = covered
                greenest_of_all = weight_carbon <= least_carbon and (covered or left >= most_green)
                if wait == least_wait and lowest == most_open and greenest_of_all:
                    whole = False
                    break
            if whole:
                earliest[g] = soonest
        chosen[i] = best_node
        level[i] = best_level
        if best_node < 0:
            begin[i] = math.nan
            end[i] = math.nan
            continue
        p = best_place
        g = best_group
        b = bus[p]
        seconds = amount * service[g, k, best_level]
        need = amount * joules[g, k, best_level]
        term = energy[g, k, best_level]
        left = green[b]
        share = grid_share(need, left)
        waking = None if wake is None else wake[best_node]
        delay = None if moved is None else moved[DELAY, g, k]
        wait = waiting(released, queues[p], waking, delay)
        start = starting(released, queues[p], waking, delay)
        finish = start + seconds
        begin[i] = start
        end[i] = finish
        queues[p] = finish
        green[b] = left - need if left > need else 0.0
        if wake is not None:
            wake[best_node] = 0.0
        terms[0] += urgency * (wait + seconds)
        terms[1] += term if moved is None else term + moved[MOVED_ENERGY, g, k]
        terms[2] += share
        grams = share * term * rule.intensity[b]
        terms[3] += grams if moved is None else grams + moved[MOVED_CARBON, g, k]
        terms[4] += wait / longest_wait


def place_in_turn(
    rule: Rule,
    moved: FloatArray | None,
    release: FloatArray,
    task_class: IntArray,
    work: FloatArray,
    free_at: FloatArray,
    wake: FloatArray | None,
    green: FloatArray,
    choice: IntArray,
    times: FloatArray,
    terms: FloatArray,
) -> None:
    """Place round robin at full frequency: on the next node that fits, counted from `cursor` (1,), which is state.

    Where that node cannot start the task in time, the next that fit are tried; where none can, the task is dropped, and
    the turn stays. It passes to the node after the one chosen.
    """
    service, fits, longest_wait = rule.service, rule.fits, rule.longest_wait
    cursor = rule.cursor
    nodes, _, levels = service.shape
    chosen, level, begin, end = choice[0], choice[1], times[0], times[1]
    for i in range(len(release)):
        k = task_class[i]
        chosen[i] = -1
        level[i] = levels - 1
        begin[i] = math.nan
        end[i] = math.nan
        at = cursor[0]
        for _ in range(nodes):
            n = at
            at = at + 1 if at + 1 < nodes else 0
            if not fits[n, k]:
                continue
            free = free_at[n]
            waking = None if wake is None else wake[n]
            delay = None if moved is None else moved[DELAY, n, k]
            wait = waiting(release[i], free, waking, delay)
            if wait <= longest_wait:
                start = starting(release[i], free, waking, delay)
                finish = start + work[i] * service[n, k, levels - 1]
                chosen[i] = n
                begin[i] = start
                end[i] = finish
                free_at[n] = finish
                if wake is not None:
                    wake[n] = 0.0
                cursor[0] = at
                break


def place_in_turn_by_speed(
    rule: Rule,
    moved: FloatArray | None,
    release: FloatArray,
    task_class: IntArray,
    work: FloatArray,
    free_at: FloatArray,
    wake: FloatArray | None,
    green: FloatArray,
    choice: IntArray,
    times: FloatArray,
    terms: FloatArray,
) -> None:
    """Place in turn at full frequency, a node as often as it is fast: `share` (N, K) is the speed for each class.

    Each task gives every node that fits and can start it in time a credit of its speed, and takes the sum of these from
    the node that then has the most, which gets the task. `memory` (1, N, K) holds the credits.
    """
    service, fits, longest_wait, speed = rule.service, rule.fits, rule.longest_wait, rule.share
    credit = rule.memory[0]
    nodes, _, levels = service.shape
    chosen, level, begin, end = choice[0], choice[1], times[0], times[1]
    for i in range(len(release)):
        k = task_class[i]
        best = -1
        most = -math.inf
        given = 0.0
        for n in range(nodes):
            if not fits[n, k]:
                continue
            waking = None if wake is None else wake[n]
            if waiting(release[i], free_at[n], waking, None if moved is None else moved[DELAY, n, k]) > longest_wait:
                continue
            given += speed[n, k]
            credit[n, k] += speed[n, k]
            if credit[n, k] > most:
                most = credit[n, k]
                best = n
        chosen[i] = best
        level[i] = levels - 1
        if best < 0:
            begin[i] = math.nan
            end[i] = math.nan
            continue
        credit[best, k] -= given
        waking = None if wake is None else wake[best]
        delay = None if moved is None else moved[DELAY, best, k]
        begin[i] = starting(release[i], free_at[best], waking, delay)
        end[i] = begin[i] + work[i] * service[best, k, levels - 1]
        free_at[best] = end[i]
        if wake is not None:
            wake[best] = 0.0


def place_by_requests(
    rule: Rule,
    moved: FloatArray | None,
    release: FloatArray,
    task_class: IntArray,
    work: FloatArray,
    free_at: FloatArray,
    wake: FloatArray | None,
    green: FloatArray,
    choice: IntArray,
    times: FloatArray,
    terms: FloatArray,
) -> None:
    """Place each task on the node that is free of requests first, at full frequency; of several by what they have.

    A task requests the whole processor of its node, as it executes alone, so a node takes a task when it has no other
    and is awake: until then tasks are pending, in order of release. Of nodes that are free at the same time the one
    with the least share of its memory requested takes the task, or with the most where the weight is negative; of equal
    ones the next in turn. A task that cannot start in time there is dropped.

    `share` (N, K) is the part of its memory that a class requests; `weights`[0] is 1 for the least, -1 for the most;
    `cursor`[0] is the node whose turn it is.
    """
    service, fits, longest_wait, share = rule.service, rule.fits, rule.longest_wait, rule.share
    nodes, _, levels = service.shape
    sign, turn = rule.weights[0], rule.cursor
    chosen, level, begin, end = choice[0], choice[1], times[0], times[1]
    for i in range(len(release)):
        k = task_class[i]
        best = -1
        earliest = least = math.inf
        for offset in range(nodes):
            n = turn[0] + offset
            n = n - nodes if n >= nodes else n
            if not fits[n, k]:
                continue
            ready = starting(release[i], free_at[n], None if wake is None else wake[n], None)
            if ready < earliest or (ready == earliest and sign * share[n, k] < least):
                best = n
                earliest = ready
                least = sign * share[n, k]
        chosen[i] = -1
        level[i] = levels - 1
        begin[i] = math.nan
        end[i] = math.nan
        if best < 0:
            continue
        waking = None if wake is None else wake[best]
        delay = None if moved is None else moved[DELAY, best, k]
        if waiting(release[i], free_at[best], waking, delay) > longest_wait:
            continue
        chosen[i] = best
        begin[i] = starting(release[i], free_at[best], waking, delay)
        end[i] = begin[i] + work[i] * service[best, k, levels - 1]
        free_at[best] = end[i]
        turn[0] = best + 1 if best + 1 < nodes else 0
        if wake is not None:
            wake[best] = 0.0


def place_least_loaded(
    rule: Rule,
    moved: FloatArray | None,
    release: FloatArray,
    task_class: IntArray,
    work: FloatArray,
    free_at: FloatArray,
    wake: FloatArray | None,
    green: FloatArray,
    choice: IntArray,
    times: FloatArray,
    terms: FloatArray,
) -> None:
    """Place each task on the node that can start first, at full frequency. Where even that one cannot start in time,
    the task is dropped."""
    fits, longest_wait = rule.fits, rule.longest_wait
    nodes, _, levels = rule.service.shape
    service = rule.service
    chosen, level, begin, end = choice[0], choice[1], times[0], times[1]
    for i in range(len(release)):
        k = task_class[i]
        best = -1
        earliest = math.inf
        for n in range(nodes):
            free = free_at[n]
            # No task starts before its queue is empty: most nodes need no more than this look.
            if free >= earliest or not fits[n, k]:
                continue
            if wake is not None or moved is not None:
                waking = None if wake is None else wake[n]
                free = starting(release[i], free, waking, None if moved is None else moved[DELAY, n, k])
                if free >= earliest:
                    continue
            best = n
            earliest = free
            if free <= release[i]:
                break
        level[i] = levels - 1
        if best < 0 or earliest - release[i] > longest_wait:
            chosen[i] = -1
            begin[i] = math.nan
            end[i] = math.nan
            continue
        chosen[i] = best
        begin[i] = earliest if earliest > release[i] else release[i]
        end[i] = begin[i] + work[i] * service[best, k, levels - 1]
        free_at[best] = end[i]
        if wake is not None:
            wake[best] = 0.0


def place_least_loaded_by_score(
    rule: Rule,
    moved: FloatArray | None,
    release: FloatArray,
    task_class: IntArray,
    work: FloatArray,
    free_at: FloatArray,
    wake: FloatArray | None,
    green: FloatArray,
    choice: IntArray,
    times: FloatArray,
    terms: FloatArray,
) -> None:
    """Place each task on the node of `place_least_loaded`, there at the operating point of least score.

    Of the points from `first_level` on, as in `place_by_score`: they are open to a task that starts at once, and one
    that has to wait runs at full frequency. Of points with equal scores it is the lowest.
    """
    service, joules, energy, fits = rule.service, rule.joules, rule.energy, rule.fits
    bus, carbon, longest_wait, first_level = rule.bus, rule.carbon, rule.longest_wait, rule.first_level
    nodes, _, levels = service.shape
    weights = rule.weights
    weight_soon, weight_energy, weight_grid, weight_load = weights[0], weights[1], weights[2], weights[4]
    chosen, level, begin, end = choice[0], choice[1], times[0], times[1]
    for i in range(len(release)):
        k = task_class[i]
        released = release[i]
        amount = work[i]
        best = -1
        earliest = math.inf
        for n in range(nodes):
            free = free_at[n]
            if free >= earliest or not fits[n, k]:
                continue
            if wake is not None or moved is not None:
                waking = None if wake is None else wake[n]
                free = starting(released, free, waking, None if moved is None else moved[DELAY, n, k])
                if free >= earliest:
                    continue
            best = n
            earliest = free
            if free <= released:
                break
        level[i] = levels - 1
        if best < 0 or earliest - released > longest_wait:
            chosen[i] = -1
            begin[i] = math.nan
            end[i] = math.nan
            continue
        n = best
        b = bus[n]
        left = green[b]
        urgency = rule.urgency[k]
        waking = None if wake is None else wake[n]
        wait = waiting(released, free_at[n], waking, None if moved is None else moved[DELAY, n, k])
        least = math.inf
        least_level = levels - 1
        for option in range(first_level if is_idle(released, free_at[n], waking) else levels - 1, levels):
            found = score(
                wait + amount * service[n, k, option],
                energy[n, k, option],
                grid_share(amount * joules[n, k, option], left),
                weight_load * (wait / longest_wait),
                weight_soon * urgency,
                weight_energy,
                weight_grid,
                carbon[n],
                None if moved is None else moved[MOVED_SCORE, n, k],
            )
            if found < least:
                least = found
                least_level = option
        need = amount * joules[n, k, least_level]
        term = energy[n, k, least_level]
        share = grid_share(need, left)
        chosen[i] = n
        level[i] = least_level
        begin[i] = earliest if earliest > released else released
        end[i] = begin[i] + amount * service[n, k, least_level]
        free_at[n] = end[i]
        green[b] = left - need if left > need else 0.0
        if wake is not None:
            wake[n] = 0.0
        terms[0] += urgency * (wait + amount * service[n, k, least_level])
        terms[1] += term if moved is None else term + moved[MOVED_ENERGY, n, k]
        terms[2] += share
        grams = share * term * rule.intensity[b]
        terms[3] += grams if moved is None else grams + moved[MOVED_CARBON, n, k]
        terms[4] += wait / longest_wait


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
    nodes = len(service)
    for s in range(len(first) - 1):
        asked = False
        for i in range(first[s], first[s + 1]):
            asked = asked or waits[i]
        if not asked:
            continue
        start = outlook_start[s]
        now = round(start / point_seconds)
        for past in range(point[0], min(now, point[0] + rows)):
            row = past % rows
            # One by one: an assignment of slices takes the compiler seconds.
            for b in range(promised_joules.shape[1]):
                promised_joules[row, b] = 0.0
            for n in range(nodes):
                promised_seconds[row, n] = 0.0
                put_off[row, n] = -1.0
        point[0] = now
        first_row = now % rows
        green = green_watts[s]
        grid = grams_per_joule[first_grams[s] : first_grams[s] + steps]
        cleanest = math.inf
        dark = True
        for h in range(steps):
            for b in range(green.shape[1]):
                cleanest = min(cleanest, grid[h, b])
                dark = dark and green[h, b] <= 0.0
        for i in range(first[s], first[s + 1]):
            if not waits[i]:
                continue
            k = task_class[i]
            amount = work[i]
            released = release[i]
            last = latest[i]
            # No choice emits less than this; without green energy it is known, and the search ends with the first
            # point.
            floor = 0.0
            if dark:
                floor = math.inf
                for n in range(nodes):
                    if fits[n, k]:
                        floor = min(floor, amount * joules[n, k] * cleanest)
            present = math.floor((released - start) / point_seconds)
            least = math.inf
            best_node = -1
            best_point = -1
            best_begin = 0.0
            for h in range(present, steps):
                if h > present and (start + h * point_seconds > last or least * (1.0 - gain) <= floor):
                    break
                for n in range(nodes):
                    if not fits[n, k]:
                        continue
                    at = h
                    row = (first_row + h) % rows
                    promised = promised_seconds[row, n]
                    if h == present:
                        # Queue behind tasks released before, but not behind one that was put off and is yet to come.
                        free = put_off[row, n] <= released
                        while free and promised >= point_seconds:
                            at += 1
                            row = (first_row + at) % rows
                            promised = promised_seconds[row, n]
                            free = put_off[row, n] < 0.0 and at < rows - 1
                        if not free:
                            continue
                        begin = max(at * point_seconds + promised, released - start)
                    else:
                        begin = h * point_seconds + promised
                        if promised >= point_seconds or start + begin > last:
                            continue
                    seconds = service[n, k]
                    done = begin + amount * seconds
                    if h > present and done > steps * point_seconds:
                        continue
                    until = min(begin + amount * hold[n, k], rows * point_seconds)
                    held = at + 1
                    while held * point_seconds < until and promised_seconds[(first_row + held) % rows, n] == 0.0:
                        held += 1
                    if held * point_seconds < until:
                        continue
                    b = bus[n]
                    watts = joules[n, k] / seconds
                    grams = 0.0
                    since = begin
                    at = min(at, steps - 1)
                    while since < done and grams < least:
                        end = min((at + 1) * point_seconds, done) if at < steps - 1 else done
                        if end > since:
                            spare = green[at, b] * point_seconds - promised_joules[(first_row + at) % rows, b]
                            grams += max(0.0, watts * (end - since) - max(0.0, spare)) * grid[at, b]
                            since = end
                        at += 1
                    if grams < least * (1.0 - gain):
                        least = grams
                        best_node = n
                        best_point = h
                        best_begin = begin
            if best_node < 0:
                continue
            n = best_node
            b = bus[n]
            if best_point > present:
                release[i] = start + best_begin
                put_off[(first_row + best_point) % rows, n] = release[i]
            watts = joules[n, k] / service[n, k]
            done = best_begin + amount * service[n, k]
            until = min(best_begin + amount * hold[n, k], rows * point_seconds)
            at = math.floor(best_begin / point_seconds)
            while at * point_seconds < until:
                row = (first_row + at) % rows
                since = max(best_begin, at * point_seconds)
                promised_joules[row, b] += watts * max(0.0, min(done, (at + 1) * point_seconds) - since)
                promised_seconds[row, n] = min(point_seconds, until - at * point_seconds)
                at += 1
