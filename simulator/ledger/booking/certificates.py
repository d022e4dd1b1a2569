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

from msgspec.structs import replace

from simulator.ledger.booking.holdings import issue
from simulator.ledger.booking.state import Device, Meter, State, Totals, count_units
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import MAX_INTEGER, Capacity, Claim, Instrument

MILLIJOULES_PER_WATT_HOUR = 3_600_000
"""Definition of the unit of a certificate."""

PARTS_PER_MILLION = 1_000_000
"""Definition of the unit of an efficiency."""


def certify(state: State, claim: Claim, meter: Meter, device: Device) -> None:
    """Advance a device's meter by a claim, and issue the whole Wh that it certifies to the project's owner.

    Raises RuleError: storage laundering, over capacity of the battery, overflow.
    """
    own_charge = compute_own_charge(claim)
    moved = replace(
        meter,
        sequence=claim.sequence,
        end=claim.end,
        total_in=meter.total_in + claim.charge,
        total_out=meter.total_out + claim.discharge,
        certified_in=meter.certified_in + own_charge,
    )
    if claim.charge or claim.discharge:
        check_storage(moved, device.capacity)
    output = compute_certified_output(claim.discharge, moved, device.capacity.efficiency_ppm)
    certified = meter.remainder + claim.generation - claim.curtailed - own_charge + output
    whole, remainder = divmod(certified, MILLIJOULES_PER_WATT_HOUR)
    if whole:
        _issue(state, claim.device, state.accounts[device.project].owner, whole)
    state.meters[claim.device] = replace(moved, remainder=remainder, certified_out=meter.certified_out + output)


def compute_own_charge(claim: Claim) -> int:
    """Return the part of a claim's charge that came from its generation, in millijoules."""
    surplus = claim.generation - claim.load - claim.export - claim.curtailed
    return min(claim.charge, surplus) if surplus > 0 else 0


def check_storage(meter: Meter, capacity: Capacity) -> None:
    """Check that a battery gave no more than it took, less its losses, and holds no more than it can.

    The charge at registration, with which the total input begins, may come out without a loss. Raises RuleError.
    """
    if meter.total_in > MAX_INTEGER:
        raise RuleError(Rule.OVERFLOW, "more energy charged than 63 bits hold")
    charged, ppm = meter.total_in - capacity.stored, capacity.efficiency_ppm
    if charged * ppm < (meter.total_out - capacity.stored) * PARTS_PER_MILLION:
        raise RuleError(Rule.STORAGE_LAUNDERING, f"{meter.total_out} mJ discharged, {meter.total_in} mJ charged")
    if meter.total_in * ppm - meter.total_out * PARTS_PER_MILLION > capacity.storage * PARTS_PER_MILLION:
        raise RuleError(Rule.OVER_CAPACITY, "more energy charged than the battery holds")


def compute_certified_output(discharge: int, meter: Meter, efficiency_ppm: int) -> int:
    """Return the part of a discharge that counts as the device's own generation, in millijoules.

    The meter has the discharge in its totals, but not yet in its certified output.
    """
    if not discharge:
        return 0
    declared = meter.certified_in * efficiency_ppm // PARTS_PER_MILLION
    measured = meter.certified_in * meter.total_out // meter.total_in
    return max(0, min(discharge, declared - meter.certified_out, measured - meter.certified_out))


def _issue(state: State, device: int, owner: bytes, count: int) -> None:
    key = (int(Instrument.CERTIFICATE), device)
    state.series[key] = issue(state.series.get(key, ()), owner, count)
    count_units(state, Instrument.CERTIFICATE, Totals(issued=count, held=count))
