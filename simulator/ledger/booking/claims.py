"""Claims: what a device says that it did in an interval, and the bounds within which it is believed.

A bound cannot tell a false meter from a true one. It limits what a false one can gain: no more than the registered
capacity, no energy from nowhere, no second count of a second, and no second left out.
"""

from simulator.ledger.booking.certificates import certify
from simulator.ledger.booking.credits import book_emissions, compute_allowance
from simulator.ledger.booking.state import Meter, Pending, State
from simulator.ledger.record.keys import check
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import MAX_INTEGER, Capacity, ChainConfig, Claim

MAX_ALLOWANCE = 2**40
"""Micrograms that the tasks of one claim can earn at most, about a tonne, so that an account fits into 63 bits."""


def process_claim(state: State, claim: Claim, signature: bytes, now: int) -> None:
    """Book a claim that arrives at a time in seconds since genesis.

    Emissions count at once. Tasks earn when the drawn ones among their records were opened and found true. Raises
    RuleError, and leaves the state as it was.
    """
    device = state.devices.get(claim.device)
    if device is None:
        raise RuleError(Rule.UNKNOWN_SIGNER, f"no device {claim.device}")
    meter = state.meters[claim.device]
    check_interval(claim, meter, state.config, now)
    check_energies(claim, device.capacity)
    check_tasks(claim, state.config)
    check(device.key, state.chain_id, claim, signature)
    certify(state, claim, meter, device)
    book_emissions(state, device.project, claim.grid_import * claim.intensity)
    if any(claim.tasks) and not device.struck:
        state.pending[claim.device, claim.sequence] = Pending(
            epoch=state.epoch,
            start=claim.start,
            end=claim.end,
            tasks=claim.tasks,
            records=claim.records,
            records_root=claim.records_root,
        )


def check_interval(claim: Claim, meter: Meter, config: ChainConfig, now: int) -> None:
    """Check that a claim follows the device's last one. Raises RuleError."""
    if claim.sequence != meter.sequence + 1:
        raise RuleError(Rule.SEQUENCE_GAP, f"claim {claim.sequence} after {meter.sequence}")
    if claim.end - claim.start != config.claim_seconds:
        raise RuleError(Rule.BAD_INTERVAL, f"an interval from {claim.start} to {claim.end} s")
    if claim.start != meter.end:
        rule = Rule.OVERLAP if claim.start < meter.end else Rule.INTERVAL_GAP
        raise RuleError(rule, f"an interval from {claim.start} s after one until {meter.end} s")
    if claim.end > now:
        raise RuleError(Rule.FUTURE, f"an interval until {claim.end} s at {now} s")


def check_energies(claim: Claim, capacity: Capacity) -> None:
    """Check that energies are within the capacity and balance. Raises RuleError."""
    found = (claim.generation, claim.grid_import, claim.discharge, claim.load, claim.export, claim.charge)
    if min(*found, claim.curtailed, claim.intensity) < 0:
        raise RuleError(Rule.NEGATIVE, "an energy or intensity below zero")
    if max(*found, claim.curtailed, claim.intensity) > MAX_INTEGER:
        raise RuleError(Rule.OVERFLOW, "an energy or intensity of more than 63 bits")
    seconds = claim.end - claim.start
    if (
        claim.generation > capacity.generation * seconds
        or claim.load > capacity.load * seconds
        or claim.grid_import > capacity.grid * seconds
        or claim.export > capacity.grid * seconds
        or claim.charge > capacity.charge * seconds
        or claim.discharge > capacity.discharge * seconds
    ):
        raise RuleError(Rule.OVER_CAPACITY, f"more energy in {seconds} s than the device's capacity")
    left = claim.generation + claim.grid_import + claim.discharge
    right = claim.load + claim.export + claim.charge + claim.curtailed
    if left != right or claim.curtailed > claim.generation:
        raise RuleError(Rule.IMBALANCE, f"{left} mJ came and {right} mJ went, {claim.curtailed} mJ curtailed")


def check_tasks(claim: Claim, config: ChainConfig) -> None:
    """Check intensity and tasks against what the chain knows. Raises RuleError."""
    if claim.intensity > config.max_intensity:
        raise RuleError(Rule.BAD_INTENSITY, f"{claim.intensity} mg/kWh")
    if len(claim.tasks) != len(config.benchmarks):
        raise RuleError(Rule.BAD_TASKS, f"{len(claim.tasks)} classes of tasks for {len(config.benchmarks)} benchmarks")
    if min(claim.tasks, default=0) < 0:
        raise RuleError(Rule.NEGATIVE, "a number of tasks below zero")
    if sum(claim.tasks) > claim.records:
        raise RuleError(Rule.BAD_TASKS, f"{sum(claim.tasks)} tasks on time in {claim.records} records")
    if compute_allowance(config, claim.tasks) > MAX_ALLOWANCE:
        raise RuleError(Rule.OVERFLOW, "tasks that earn more than a claim can")
