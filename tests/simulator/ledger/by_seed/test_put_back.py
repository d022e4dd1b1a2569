"""A validator whose whole disk is put back, with the memory of what it signed, may convict itself, and only itself."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.simulator.ledger.by_seed.disk import Disk
from tests.simulator.ledger.by_seed.folder import memory_folder
from tests.simulator.ledger.by_seed.laws import Law
from tests.simulator.ledger.by_seed.plan import SHORT, Fault, Kind, Plan, plan_of
from tests.simulator.ledger.by_seed.run import Machine, told

RESTORED = 1
"""The validator whose disk is put back."""


class WholeDisk(Disk):
    """A disk of which a copy has all: the ledger, and what was signed."""

    def copy(self) -> None:
        """Put a copy of all aside."""
        super().copy()
        shutil.copyfile(self.signed_path, self._folder / "old-signed")

    def put_back(self) -> bool:
        """Put all of it back."""
        is_there = super().put_back()
        if is_there:
            shutil.copyfile(self._folder / "old-signed", self.signed_path)
        return is_there


class RestoredMachine(Machine):
    """A run with such disks, which tells at its end whom the chain has convicted by the word of each validator."""

    kind_of_disk = WholeDisk
    convicted: tuple[set[int], ...] = ()

    def close(self, audit: Callable[[Path], str] | None) -> None:
        """Note who is convicted, and check all."""
        views = [peer.view for seat in self.seats for peer in seat.peers]
        members = [view.blocks[view.get_head()].state.members for view in views]
        self.convicted = tuple({who for who, member in enumerate(one) if member.slashed} for one in members)
        super().close(audit)


def plan() -> Plan:
    """Return a plan in which nothing fails, but the disk of one of four validators is put back by two slots, often."""
    faults = tuple(Fault(kind=Kind.OLD, slot=slot, slots=2, who=RESTORED) for slot in range(9, 60, 5))
    calm = plan_of(0, SHORT)
    return replace(
        calm,
        kinds=frozenset({Kind.OLD}),
        stakes=(100,) * 4,
        late=0.02,
        lost_per_mille=0,
        doubled_per_mille=0,
        links=4096,
        drift=(0.0,) * 4,
        twin=None,
        liar=None,
        faults=faults,
    )


@pytest.mark.slow
def test_a_ledger_that_is_put_back_alone_convicts_nobody() -> None:
    with memory_folder() as folder:
        assert told(Machine(plan(), folder)).broken == ""


@pytest.mark.slow
def test_a_memory_that_is_put_back_convicts_its_validator() -> None:
    """No file can tell that it is old. This is why a restored validator needs another key."""
    with memory_folder() as folder:
        broken = told(RestoredMachine(plan(), folder)).broken
    assert broken.startswith(f"{Law.SIGNS_TWICE}: validator [{RESTORED}]")


@pytest.mark.slow
def test_the_others_convict_it_hold_one_history_and_go_on() -> None:
    with memory_folder() as folder:
        machine = RestoredMachine(plan(), folder)
        machine.guilty = {RESTORED}
        assert told(machine).broken == ""
    assert machine.convicted == ({RESTORED},) * 4
