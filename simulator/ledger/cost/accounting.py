"""The interface of the ledger of carbon credits. Until there is one, two stand-ins account for its cost."""

from typing import Protocol

from exporter.core.units import Joules, Seconds
from simulator.ledger.cost.cost_profile import CostProfile


class Ledger(Protocol):
    """A keeper of records of avoided emissions."""

    @property
    def name(self) -> str:
        """Return the name in `ecochain_run_info`."""

    @property
    def earns_credits(self) -> bool:
        """Return whether avoided emissions become credits that are sold."""

    def joules(self, seconds: Seconds, nodes: int) -> Joules:
        """Return the energy that the cluster spends on recording a step in which so many nodes avoided emissions.

        It is spread evenly over all nodes.
        """


class NullLedger:
    """No ledger: no records, no energy."""

    name = "none"
    earns_credits = False

    def joules(self, seconds: Seconds, nodes: int) -> Joules:  # noqa: ARG002 - the protocol's
        """Return zero, as nothing is recorded."""
        return Joules(0.0)


class AccountedLedger:
    """The cost of a ledger from a measured profile, without a chain."""

    name = "accounted"
    earns_credits = True

    def __init__(self, profile: CostProfile, *, slot: Seconds, validators: int) -> None:
        self._profile = profile
        self._slot = slot
        self._validators = validators

    def joules(self, seconds: Seconds, nodes: int) -> Joules:
        """Return the energy of a block per slot.

        A block has one signature of its proposer and one of each other validator, and one record of each node
        that avoided emissions. Steps shorter than a slot are charged their part of it.
        """
        blocks = seconds / self._slot
        signing = blocks * self._validators * self._profile.joules_per_signature
        checking = blocks * self._validators * self._validators * self._profile.joules_per_verification
        storing = blocks * nodes * self._validators * self._profile.joules_per_record
        return Joules(signing + checking + storing + blocks * self._validators * self._profile.joules_per_block)
