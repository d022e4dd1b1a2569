"""Settings of a check: who takes part, who of them signs anything, and how far the branches go."""

from dataclasses import dataclass

from simulator.ledger.record.types import Checkpoint

COMMON, LEFT, RIGHT = range(3)
"""Sides on which a block lies: before the fork, or on one of the two branches."""

SIDES = ("common", "left", "right")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Bound of a check.

    Each branch has so many checkpoints after genesis. The fork is in the epoch of genesis, or with `forks_late` in any
    epoch. With `evidence`, blocks may hold evidence against the faulty, who can always be made to look guilty: two
    votes that differ in the head alone are enough.
    """

    stakes: tuple[int, ...] = (1, 1, 1, 1)
    faulty: frozenset[int] = frozenset({3})
    checkpoints: int = 4
    forks_late: bool = False
    evidence: bool = False

    @property
    def is_accountable(self) -> bool:
        """True where the faulty hold a third of the stake, so that forks exist and have to convict them."""
        return 3 * sum(self.stakes[one] for one in self.faulty) >= sum(self.stakes)

    @property
    def last_epoch(self) -> int:
        """Epoch at whose beginning all votes are counted: a vote may stand in a block of the next epoch."""
        return self.checkpoints + 2

    def groups(self) -> list[tuple[int, int]]:
        """Return where validators that are interchangeable begin and end: honest ones, or faulty ones, with one stake.

        Evidence is kept by validator in the state of a branch, so with it each of the faulty is alone.
        """
        kinds = [
            (index in self.faulty, stake, index if self.evidence and index in self.faulty else -1)
            for index, stake in enumerate(self.stakes)
        ]
        starts = [index for index, kind in enumerate(kinds) if index == 0 or kind != kinds[index - 1]]
        return list(zip(starts, [*starts[1:], len(kinds)], strict=True))


def label(side: int, epoch: int) -> bytes:
    """Return what stands for the root of a branch's last block before an epoch."""
    return bytes([side, epoch]) + bytes(30)


def mirrored(checkpoint: Checkpoint) -> Checkpoint:
    """Return the checkpoint in whose place left and right have changed sides."""
    side, epoch = checkpoint.root[:2]
    return Checkpoint(epoch=checkpoint.epoch, root=label((COMMON, RIGHT, LEFT)[side], epoch))


def conflict(one: Checkpoint, other: Checkpoint) -> bool:
    """Tell whether two checkpoints lie on different branches, so that neither comes after the other."""
    return {one.root[0], other.root[0]} == {LEFT, RIGHT}
