"""The books of one project without a chain: what the ledger would make of its devices' claims, if all went well.

Meters, bounds, certificates and credits are the ledger's own functions on its own state. What is left out is what
changes none of them for honest devices: signatures, blocks, votes, and the opening of drawn records.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.ledger.booking.certificates import certify
from simulator.ledger.booking.claims import check_energies
from simulator.ledger.booking.credits import book_allowance, book_emissions, compute_balance, settle
from simulator.ledger.booking.state import Account, Device, Meter, State, Totals
from simulator.ledger.devices.metering import Carried, meter
from simulator.ledger.record.types import DIGEST_BYTES, Capacity, ChainConfig, Claim, Instrument

NOTHING = bytes(DIGEST_BYTES)
"""Digest, key and owner where nobody asks for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """Units of a project after a settlement: certificates in Wh, credits and the balance behind them in micrograms.

    `claims` is the number of claims that they rest on.

    Credits are net: issued, less those that a deficit cancelled or that are owed. A balance below 0 is a deficit.
    """

    claims: int
    certificates: int
    credits: int
    balance: int


class UnsignedBooks:
    """The account of one project and the meters of its devices, without signatures."""

    def __init__(self, config: ChainConfig, capacities: Sequence[Capacity]) -> None:
        """Begin with devices that claim nothing yet."""
        self._state = State(
            config=config,
            chain_id=NOTHING,
            validators=(),
            accounts={0: Account(owner=NOTHING, sponsor=0)},
            devices={one: Device(project=0, key=NOTHING, capacity=it) for one, it in enumerate(capacities)},
            meters={
                one: Meter(sequence=0, end=0, remainder=0, total_in=it.stored) for one, it in enumerate(capacities)
            },
            totals={int(one): Totals() for one in Instrument},
        )
        self._carried = [Carried()] * len(capacities)

    def claim(self, device: int, joules: Sequence[float], intensity: int) -> None:
        """Book an interval of a device: joules by the flows of a claim, and the grid's intensity in mg/kWh.

        Raises RuleError where a claim of it would break a rule.
        """
        state = self._state
        energies, self._carried[device] = meter(joules, self._carried[device])
        before, registered = state.meters[device], state.devices[device]
        claim = Claim(
            device=device,
            sequence=before.sequence + 1,
            start=before.end,
            end=before.end + state.config.claim_seconds,
            generation=energies.generation,
            load=energies.load,
            grid_import=energies.grid_import,
            export=energies.export,
            charge=energies.charge,
            discharge=energies.discharge,
            curtailed=energies.curtailed,
            intensity=intensity,
            intensity_source=NOTHING,
            tasks=(),
            records=0,
            records_root=NOTHING,
            models=NOTHING,
        )
        check_energies(claim, registered.capacity)
        certify(state, claim, before, registered)
        book_emissions(state, registered.project, claim.grid_import * claim.intensity)

    def settled(self, tasks: Sequence[int]) -> Booked:
        """Return what the project has, once it is credited for tasks on time by class."""
        state = self._state
        book_allowance(state, 0, tasks)
        settle(state, 0)
        account, units = state.accounts[0], state.totals[Instrument.CREDIT]
        return Booked(
            claims=sum(one.sequence for one in state.meters.values()),
            certificates=state.totals[Instrument.CERTIFICATE].issued,
            credits=units.issued - units.cancelled - account.owed,
            balance=compute_balance(account),
        )
