"""The kernels of a planner: placement as a plan wants it, and the choice of hours and nodes for work that may wait.

Plain Python over flat arrays, as those of `simulator.scheduling.kernels.placement`, which numba compiles as they stand:
interpreted or compiled, the same source gives the same bits.

Shapes: M tasks, N nodes, K classes, L operating points, B buses, H hours, G lots of work.
"""

# ruff: noqa: PLR0912, PLR0913, PLR0915, PLR0917 - flat functions, for the compiler's sake
# ruff: noqa: ARG001 - orders share one signature, and an order need not look at all of it

import math

from simulator.arrays import BoolArray, FloatArray, IntArray
from simulator.scheduling.kernels.placement import (
    DELAY,
    MOVED_SCORE,
    Rule,
    grid_share,
    is_idle,
    starting,
    waiting,
)

TIER, RANK = range(2)
"""The rows of the `memory` of `place_as_planned`."""

LAST_CLASS, LAST_CHOSEN, LAST_SECOND, LAST_TERM = range(1, 5)
"""The entries of its `cursor` after the first, which tell of the last placement."""

BY_PLAN, BY_GRID, BY_NETWORK, BY_DEADLINE = range(4)
"""The terms in which two nodes may differ most."""


def before(
    tier: float,
    grams: float,
    lasts: float,
    rank: float,
    other_tier: float,
    other_grams: float,
    other_lasts: float,
    other_rank: float,
) -> bool:
    """Return whether a choice comes before another: by the first of its figures in which they differ."""
    if tier != other_tier:
        return tier < other_tier
    if grams != other_grams:
        return grams < other_grams
    if lasts != other_lasts:
        return lasts < other_lasts
    return rank < other_rank


def place_as_planned(
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
    """Place tasks where the plan means them to be, and the others by its tiers.

    Tasks that were released for a node have it in `nodes` (R,), in the order in which they are placed, and its
    operating point in `first` (R,); `cursor`[0] counts those that have been placed. Any other task, and one that its
    node could not start in time, goes to the node where it ends within `urgency` (K,) seconds of its release and where
    `memory`[TIER] (N, K) is least; of several, to the one with the least grams: `share` (N, K) for being awake, the
    network's, and those of `joules` that the green energy of the bus does not cover. Then come the shorter wait and the
    lower `memory`[RANK]. Where no node ends it in time it goes to the one that ends it first. Slower operating points
    are for tasks that start at once and end in time.
    """
    service, joules, fits, bus = rule.service, rule.joules, rule.fits, rule.bus
    longest_wait, first_level, cursor = rule.longest_wait, rule.first_level, rule.cursor
    nodes, _, levels = service.shape
    chosen, level, begin, end = choice[0], choice[1], times[0], times[1]
    for i in range(len(release)):
        k = task_class[i]
        released = release[i]
        amount = work[i]
        best = -1
        best_level = levels - 1
        at = cursor[0]
        if at < len(rule.nodes):
            cursor[0] = at + 1
            n = rule.nodes[at]
            if n >= 0 and fits[n, k]:
                its_wake = None if wake is None else wake[n]
                its_delay = None if moved is None else moved[DELAY, n, k]
                if waiting(released, free_at[n], its_wake, its_delay) <= longest_wait:
                    best = n
                    best_level = rule.first[at]
        if best < 0:
            second = -1
            tier = grams = lasts = rank = math.inf
            next_tier = next_grams = next_lasts = next_rank = math.inf
            for n in range(nodes):
                if not fits[n, k]:
                    continue
                waking = None if wake is None else wake[n]
                delay = None if moved is None else moved[DELAY, n, k]
                wait = waiting(released, free_at[n], waking, delay)
                if wait > longest_wait:
                    continue
                here_tier = 2.0
                here_lasts = wait + amount * service[n, k, levels - 1]
                here_grams = here_lasts
                here_level = levels - 1
                lowest = first_level if is_idle(released, free_at[n], waking) else levels - 1
                if here_lasts <= rule.urgency[k]:
                    here_tier = rule.memory[TIER, n, k]
                    least = math.inf
                    for option in range(lowest, levels):
                        if wait + amount * service[n, k, option] > rule.urgency[k]:
                            continue
                        need = amount * joules[n, k, option]
                        found = need * grid_share(need, green[bus[n]]) * rule.intensity[bus[n]] if need > 0.0 else 0.0
                        if found < least:
                            least = found
                            here_level = option
                    here_grams = least + rule.share[n, k]
                    if moved is not None:
                        here_grams = here_grams + moved[MOVED_SCORE, n, k]
                    here_lasts = wait
                here_rank = rule.memory[RANK, n, k]
                if before(here_tier, here_grams, here_lasts, here_rank, tier, grams, lasts, rank):
                    second = best
                    next_tier, next_grams, next_lasts, next_rank = tier, grams, lasts, rank
                    best = n
                    best_level = here_level
                    tier, grams, lasts, rank = here_tier, here_grams, here_lasts, here_rank
                elif before(here_tier, here_grams, here_lasts, here_rank, next_tier, next_grams, next_lasts, next_rank):
                    second = n
                    next_tier, next_grams, next_lasts, next_rank = here_tier, here_grams, here_lasts, here_rank
            cursor[LAST_SECOND] = second
            cursor[LAST_TERM] = BY_GRID
            if next_tier >= 2.0 > tier:
                cursor[LAST_TERM] = BY_DEADLINE
            elif next_tier > tier:
                cursor[LAST_TERM] = BY_PLAN
            elif (
                moved is not None
                and second >= 0
                and moved[MOVED_SCORE, second, k] - moved[MOVED_SCORE, best, k] > 0.5 * (next_grams - grams)
            ):
                cursor[LAST_TERM] = BY_NETWORK
        else:
            cursor[LAST_SECOND] = -1
            cursor[LAST_TERM] = BY_PLAN
        cursor[LAST_CLASS] = k
        cursor[LAST_CHOSEN] = best
        chosen[i] = best
        level[i] = best_level
        begin[i] = math.nan
        end[i] = math.nan
        if best < 0:
            continue
        last_wake = None if wake is None else wake[best]
        last_delay = None if moved is None else moved[DELAY, best, k]
        begin[i] = starting(released, free_at[best], last_wake, last_delay)
        end[i] = begin[i] + amount * service[best, k, best_level]
        free_at[best] = end[i]
        taken = amount * joules[best, k, best_level]
        left = green[bus[best]]
        green[bus[best]] = left - taken if left > taken else 0.0
        if wake is not None:
            wake[best] = 0.0


CAPACITY, MINIMUM, CHARGE_WATTS, DISCHARGE_WATTS, CHARGE_EFFICIENCY, DISCHARGE_EFFICIENCY = range(6)
"""The rows of batteries (6, B): as those of a bus, with the limits in watts."""


def bought(
    stored: float, net: float, asked: float, seconds: float, batteries: FloatArray, b: int
) -> tuple[float, float]:
    """Return the joules that a bus buys in an hour and those that its battery holds then, from what it held before.

    `net` are the joules of generation less load. It is the balance of `simulator.energy.bus`.
    """
    surplus = net if net > 0.0 else 0.0
    deficit = surplus - net
    takes = 0.0
    if batteries[CHARGE_EFFICIENCY, b] > 0.0:
        takes = min(
            (batteries[CAPACITY, b] - stored) / batteries[CHARGE_EFFICIENCY, b], batteries[CHARGE_WATTS, b] * seconds
        )
    from_surplus = min(surplus, takes)
    if asked > 0.0:
        from_grid = min(takes - from_surplus, asked)
        return deficit + from_grid, stored + (from_surplus + from_grid) * batteries[CHARGE_EFFICIENCY, b]
    gives = min(
        (stored - batteries[MINIMUM, b]) * batteries[DISCHARGE_EFFICIENCY, b], batteries[DISCHARGE_WATTS, b] * seconds
    )
    discharge = min(deficit, gives) if gives > 0.0 else 0.0
    drawn = discharge / batteries[DISCHARGE_EFFICIENCY, b] if discharge > 0.0 else 0.0
    return deficit - discharge, stored + from_surplus * batteries[CHARGE_EFFICIENCY, b] - drawn


DOUBT = 0.05
"""Share of the grid's mean intensity that counts for every joule, whatever its source: forecasts err, and what should
be free is not to be wasted. A choice."""

LATER = 0.01
"""Share by which grams count more for each hour until then: of choices that are nearly equal the earlier one is safe. A
choice."""

STORED, TAIL = range(2)
"""The rows of a course (2, H + 1, B): the joules in batteries before each hour, and the grams from it on."""


def follow(
    b: int,
    load: FloatArray,
    generation: FloatArray,
    grams_per_joule: FloatArray,
    asked: FloatArray,
    seconds: FloatArray,
    batteries: FloatArray,
    course: FloatArray,
) -> None:
    """Follow bus b through all hours, from what its battery holds before the first; the rest of `course` is output."""
    hours = len(seconds)
    for h in range(hours):
        buys, stored = bought(
            course[STORED, h, b], generation[h, b] - load[h, b], asked[h, b], seconds[h], batteries, b
        )
        course[STORED, h + 1, b] = stored
        course[TAIL, h, b] = buys * grams_per_joule[h, b]
    course[TAIL, hours, b] = 0.0
    for back in range(hours):
        h = hours - 1 - back
        course[TAIL, h, b] += course[TAIL, h + 1, b]


def price(
    b: int,
    more: float,
    load: FloatArray,
    generation: FloatArray,
    grams_per_joule: FloatArray,
    asked: FloatArray,
    seconds: FloatArray,
    batteries: FloatArray,
    course: FloatArray,
    prices: FloatArray,
) -> None:
    """Find the grams per joule (H, B) of `more` joules of load on bus b in each hour, by what follows from them to the
    last hour, and DOUBT of the grid; `course` is that of the load without them."""
    hours = len(seconds)
    doubt = 0.0
    for h in range(hours):
        doubt += DOUBT / hours * grams_per_joule[h, b]
    for h in range(hours):
        grams = 0.0
        stored = course[STORED, h, b]
        extra = more
        for later in range(h, hours):
            buys, stored = bought(
                stored, generation[later, b] - load[later, b] - extra, asked[later, b], seconds[later], batteries, b
            )
            grams += buys * grams_per_joule[later, b]
            extra = 0.0
            if stored == course[STORED, later + 1, b]:
                # From here on nothing differs.
                grams += course[TAIL, later + 1, b]
                break
        prices[h, b] = (grams - course[TAIL, h, b]) / more + doubt


def allocate(
    lots: IntArray,
    amounts: FloatArray,
    open_to: BoolArray,
    service: FloatArray,
    watts: FloatArray,
    network: FloatArray,
    starting_joules: FloatArray,
    rank: IntArray,
    bus: IntArray,
    room: FloatArray,
    used: BoolArray,
    quantum: FloatArray,
    load: FloatArray,
    generation: FloatArray,
    grams_per_joule: FloatArray,
    asked: FloatArray,
    seconds: FloatArray,
    batteries: FloatArray,
    course: FloatArray,
    prices: FloatArray,
    work: FloatArray,
) -> None:
    """Give lots of work the hours and nodes with the least grams, one lot after the other, part by part.

    `lots` (3, G): class, first and last hour of each, with `amounts` (G,) of reference work, which become what no room
    was left for. `open_to` (H, N, K): whether a node is for a class in an hour. `service` and `watts` (N, K): seconds
    for each second of work, and power above sleep. `network` (H, N, K): grams per second of work. `starting_joules`
    (N,): what it takes to wake a node for work in an hour in which it is not `used` (H, N) yet. `room` (H, N): seconds.
    A part takes no more than `quantum` (B,) joules, by which buses are priced. `load`, `course` and `prices` are state
    as the work is added; `work` (H, N, K) is output.
    """
    nodes = room.shape[1]
    for g in range(lots.shape[1]):
        k = lots[0, g]
        while amounts[g] > 1e-9:
            least = math.inf
            best_hour = -1
            best = -1
            for h in range(lots[1, g], lots[2, g] + 1):
                for n in range(nodes):
                    if not open_to[h, n, k] or room[h, n] <= 1e-6:
                        continue
                    lasts = min(amounts[g] * service[n, k], room[h, n])
                    joules = lasts * watts[n, k]
                    if not used[h, n]:
                        joules += starting_joules[n]
                    grams = joules * prices[h, bus[n]] / (lasts / service[n, k]) + network[h, n, k]
                    grams *= 1.0 + LATER * h
                    if grams < least or (
                        grams == least and (h < best_hour or (h == best_hour and rank[n] < rank[best]))
                    ):
                        least = grams
                        best_hour = h
                        best = n
            if best < 0:
                break
            h = best_hour
            n = best
            b = bus[n]
            lasts = min(amounts[g] * service[n, k], room[h, n], max(quantum[b] / watts[n, k], 1e-3))
            load[h, b] += lasts * watts[n, k]
            if not used[h, n]:
                used[h, n] = True
                load[h, b] += starting_joules[n]
            part = lasts / service[n, k]
            room[h, n] -= lasts
            amounts[g] = max(0.0, amounts[g] - part)
            work[h, n, k] += part
            follow(b, load, generation, grams_per_joule, asked, seconds, batteries, course)
            price(b, quantum[b], load, generation, grams_per_joule, asked, seconds, batteries, course, prices)


def choose_charges(
    b: int,
    parts: int,
    gain: float,
    load: FloatArray,
    generation: FloatArray,
    grams_per_joule: FloatArray,
    asked: FloatArray,
    seconds: FloatArray,
    batteries: FloatArray,
    course: FloatArray,
) -> None:
    """Let the battery of bus b charge from the grid in hours in which that saves grams to the last hour, best first.

    It is charged by one of `parts` equal parts of its capacity at a time, and once over at most. Each part has to save
    more than the share `gain` of the grams that it emits. `asked` (H, B) and `course` are state and output.
    """
    part = batteries[CAPACITY, b] / parts
    for _ in range(parts):
        follow(b, load, generation, grams_per_joule, asked, seconds, batteries, course)
        before = course[TAIL, 0, b]
        most = 0.0
        best = -1
        for h in range(len(seconds)):
            if asked[h, b] + part > batteries[CHARGE_WATTS, b] * seconds[h]:
                continue
            kept = asked[h, b]
            asked[h, b] = kept + part
            follow(b, load, generation, grams_per_joule, asked, seconds, batteries, course)
            asked[h, b] = kept
            saved = before - course[TAIL, 0, b]
            if saved > most and saved > gain * part * grams_per_joule[h, b]:
                most = saved
                best = h
        if best < 0:
            break
        asked[best, b] += part
    follow(b, load, generation, grams_per_joule, asked, seconds, batteries, course)
