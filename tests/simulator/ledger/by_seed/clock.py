"""Clocks of validators, which run fast or slow, are set, and creep back to the true time."""

from tests.simulator.ledger.by_seed.plan import Kind, Plan

CREEP = 0.25
"""Slots by which a clock that was set wrong comes back in a slot."""


def clock(plan: Plan, who: int, now: float) -> float:
    """Return what the clock of a validator tells, in slots, at a true time. Clocks are right once all is quiet."""
    if now >= plan.quiet:
        return now
    told = now * (1.0 + plan.drift[who])
    for one in plan.faults:
        if one.kind is Kind.STEP and one.who == who and now >= one.slot:
            since = max(0.0, now - one.slot - one.slots)
            left = max(0.0, abs(one.amount) - CREEP * since)
            told += left if one.amount > 0 else -left
    return max(0.0, told)
