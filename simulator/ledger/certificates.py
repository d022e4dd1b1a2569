"""Certificates: a whole Wh that a device generated and somebody can use, each once.

Of generation, what is curtailed is not certified, and what charges the battery only as far as it comes out again. How
much of a battery's output is the device's own generation is inferred in both ways that the Granular Certificate Scheme
of EnergyTag knows, and the smaller figure holds, exactly, in integers and since the device's registration:

- by the declared efficiency e: certified out <= certified in x e;
- by the total input and output: certified out / total out <= certified in / total in, which allocates the output in
  proportion to what was charged and finds the losses by itself. The charge at registration counts as not certified.

Generation serves the load first, then exports, and charges with what is left; a claim does not say where its charge
came from, so no claim can say it wrongly.
"""

from simulator.ledger.holdings import issue
from simulator.ledger.rules import Rule, RuleError
from simulator.ledger.state import Device, Meter, State, Totals, count_units
from simulator.ledger.types import MAX_INTEGER, Capacity, Claim, Instrument

MILLIJOULES_PER_WATT_HOUR = 3_600_000
"""Definition of the unit of a certificate."""

PARTS_PER_MILLION = 1_000_000
"""Definition of the unit of an efficiency."""


def certify(state: State, claim: Claim, meter: Meter, device: Device) -> None:
    """Advance a device's meter by a claim, and issue the whole Wh that it certifies to the project's owner.

    Raises RuleError: storage laundering, over capacity of the battery, overflow.
    """
    own_charge = compute_own_charge(claim)
    total_in, total_out = meter.total_in + claim.charge, meter.total_out + claim.discharge
    if claim.charge or claim.discharge:
        check_storage(total_in, total_out, device.capacity)
    certified_in = meter.certified_in + own_charge
    certified_out = meter.certified_out
    if claim.discharge:
        certified_out += compute_certified_output(claim.discharge, meter, (certified_in, total_in, total_out), device)
    whole, remainder = divmod(
        meter.remainder + claim.generation - claim.curtailed - own_charge + certified_out - meter.certified_out,
        MILLIJOULES_PER_WATT_HOUR,
    )
    if total_in > MAX_INTEGER:
        raise RuleError(Rule.OVERFLOW, "more energy charged than 63 bits hold")
    if whole:
        _issue(state, claim.device, state.accounts[device.project].owner, whole)
    state.meters[claim.device] = Meter(
        sequence=claim.sequence,
        end=claim.end,
        remainder=remainder,
        total_in=total_in,
        total_out=total_out,
        certified_in=certified_in,
        certified_out=certified_out,
    )


def compute_own_charge(claim: Claim) -> int:
    """Return the part of a claim's charge that came from its generation, in millijoules."""
    surplus = claim.generation - claim.load - claim.export - claim.curtailed
    return min(claim.charge, surplus) if surplus > 0 else 0


def check_storage(total_in: int, total_out: int, capacity: Capacity) -> None:
    """Check that a battery gives no more than it took, less its losses, and holds no more than it can.

    `total_in` begins with the charge at registration, which may come out without a loss. Raises RuleError.
    """
    content = (total_in - capacity.stored) * capacity.efficiency_ppm + (capacity.stored - total_out) * PARTS_PER_MILLION
    if content < 0:
        raise RuleError(Rule.STORAGE_LAUNDERING, f"{total_out} mJ discharged after {total_in} mJ were charged")
    if total_in * capacity.efficiency_ppm - total_out * PARTS_PER_MILLION > capacity.storage * PARTS_PER_MILLION:
        raise RuleError(Rule.OVER_CAPACITY, "more energy charged than the battery holds")


def compute_certified_output(discharge: int, meter: Meter, totals: tuple[int, int, int], device: Device) -> int:
    """Return the part of a discharge that counts as the device's own generation, in millijoules.

    `totals` are certified input, total input and total output with the claim's own.
    """
    certified_in, total_in, total_out = totals
    declared = certified_in * device.capacity.efficiency_ppm // PARTS_PER_MILLION
    measured = certified_in * total_out // total_in
    return max(0, min(discharge, declared - meter.certified_out, measured - meter.certified_out))


def _issue(state: State, device: int, owner: bytes, count: int) -> None:
    key = (int(Instrument.CERTIFICATE), device)
    state.series[key] = issue(state.series.get(key, ()), owner, count)
    count_units(state, Instrument.CERTIFICATE, Totals(issued=count, held=count))
