"""The place where the ledger of carbon credits is plugged in. Until it is there, two stand-ins tell its cost."""

from dataclasses import dataclass
from typing import Protocol

from exporter.core.units import Grams, Joules, Seconds
from simulator.ledger.cost_profile import CostProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotReport:
    """What a step of the simulation hands to the ledger: its length, and how many nodes avoided how much in it."""

    seconds: Seconds
    nodes: int
    avoided: Grams


class Ledger(Protocol):
    """Keeps records of avoided emissions."""

    @property
    def name(self) -> str:
        """As `ecochain_run_info` tells it."""

    @property
    def earns_credits(self) -> bool:
        """Whether avoided emissions become credits that are sold."""

    def process(self, report: SlotReport) -> Joules:
        """Energy that the cluster spends on recording this, spread evenly over its nodes."""


class NullLedger:
    """No ledger: no records, no energy."""

    name = "none"
    earns_credits = False

    def process(self, report: SlotReport) -> Joules:  # noqa: ARG002 - the protocol's
        """Nothing."""
        return Joules(0.0)


class AccountedLedger:
    """Charges what a ledger would cost, from a measured profile; it keeps no chain."""

    name = "accounted"
    earns_credits = True

    def __init__(self, profile: CostProfile, *, slot: Seconds, validators: int) -> None:
        self._profile = profile
        self._slot = slot
        self._validators = validators

    def process(self, report: SlotReport) -> Joules:
        """A block per slot, with one signature of its proposer and one of each other validator, and one record of each
        node that avoided emissions. Steps shorter than a slot are charged their part of it.
        """
        blocks = report.seconds / self._slot
        signing = blocks * self._validators * self._profile.joules_per_signature
        checking = blocks * self._validators * self._validators * self._profile.joules_per_verification
        storing = blocks * report.nodes * self._validators * self._profile.joules_per_record
        return Joules(signing + checking + storing + blocks * self._validators * self._profile.joules_per_block)
