"""The energy that a cluster spends on its ledger, from a profile of what each operation takes."""

from dataclasses import dataclass
from typing import Protocol

from exporter.core.units import Joules, Seconds
from simulator.ledger.cost.cost_profile import CostProfile
from simulator.ledger.record.types import ChainConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCost:
    """Joules that all validators and devices spend on a step: for the step itself, for each task record that its
    claims have under their roots, and for each that is opened, of which there are `most_opened` in an interval of a
    claim at most."""

    step: Joules
    record: Joules
    opening: Joules
    most_opened: int


class Ledger(Protocol):
    """Energy of keeping records."""

    @property
    def name(self) -> str:
        """Return the name in `ecochain_run_info`."""

    def cost(self, seconds: Seconds) -> StepCost:
        """Return the energy that the cluster spends on recording a step, which is spread evenly over all nodes."""


class NullLedger:
    """No ledger: no records, no energy."""

    name = "none"

    def cost(self, seconds: Seconds) -> StepCost:  # noqa: ARG002 - the protocol's
        """Return zero, as nothing is recorded."""
        return StepCost(step=Joules(0.0), record=Joules(0.0), opening=Joules(0.0), most_opened=0)


class AccountedLedger:
    """The cost of a ledger from a measured profile: of what `simulator.ledger` does, operation by operation."""

    name = "accounted"

    def __init__(
        self, profile: CostProfile, config: ChainConfig, *, slot: Seconds, validators: int, devices: int
    ) -> None:
        self._profile = profile
        self._config = config
        self._slot = slot
        self._validators = validators
        self._devices = devices

    def cost(self, seconds: Seconds) -> StepCost:
        """Return the energy of a step's blocks, claims, votes and openings.

        In every slot a validator signs a block, which all check and store. In every interval of a claim each device
        signs one and each validator one vote, which all validators check. A task record is hashed by its device and,
        to be stored, by each validator. Of a claim's records at most a sample is opened: by one validator, who signs,
        for all to execute again. Where fewer tasks are on time than devices could have drawn, all count as drawn,
        though some devices may have ended more than others; and each counts with a signature of its own, though those
        of a device are opened under one: a bound from above.
        """
        profile, validators = self._profile, self._validators
        blocks = seconds / self._slot
        intervals = seconds / self._config.claim_seconds
        block = profile.joules_per_signature + validators * (profile.joules_per_block + profile.joules_per_append)
        claim = profile.joules_per_signature + validators * profile.joules_per_claim
        vote = profile.joules_per_signature + validators * profile.joules_per_attestation
        return StepCost(
            step=Joules(blocks * block + intervals * (self._devices * claim + validators * vote)),
            record=Joules((1 + validators) * profile.joules_per_record),
            opening=Joules(profile.joules_per_signature + validators * profile.joules_per_opening),
            most_opened=self._devices * self._config.samples_per_claim,
        )
