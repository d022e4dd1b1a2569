"""The column of a validator in a state of the model: all of its past that can still matter, as one small integer.

From its lowest bit on, a column has

- two bits for each branch: the vote of the present epoch stands in a block of it, and so does that of the last one;
- ACTED: the validator has had its turn in this epoch, where they take turns;
- CONVICTED: two votes that it has signed convict it;
- the number of its memory: the mask of votes that it may sign next, and that of votes which would convict it;
- the number of the mask of votes that it has signed, and that a branch would still take.

The masks of a memory are computed by the shipped functions from the votes themselves. They are all that the past of a
validator means to its future, so two histories with the same masks are one state.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

ACTED, CONVICTED = 16, 32
_FLAGS = ACTED | CONVICTED
_BITS = 15
_MEMORY, _WAITING = 6, 18
"""Places of the two numbers in a column."""
_LARGEST = (1 << _WAITING - _MEMORY) - 1


class Column(NamedTuple):
    """Column, unpacked. `bits` are those of both branches, the rest masks of votes."""

    bits: int
    flags: int
    allowed: int
    convicting: int
    waiting: int

    def get_bits(self, shift: int) -> int:
        """Return the bits of one branch."""
        return self.bits >> shift & 3

    def with_bits(self, shift: int, bits: int) -> "Column":
        """Return the column with other bits of one branch."""
        return self._replace(bits=self.bits & ~(3 << shift) | bits << shift)


@dataclass(slots=True)
class Columns:
    """Columns as integers: the same one for the same column."""

    _memories: list[tuple[int, int]] = field(default_factory=list)
    _masks: list[int] = field(default_factory=list)
    _numbers: dict[tuple[int, ...], int] = field(default_factory=dict)

    def pack(self, column: Column) -> int:
        """Return a column as an integer. Raises OverflowError for more kinds of memory than there is room for."""
        memory = self._numbers.setdefault((column.allowed, column.convicting), len(self._memories))
        if memory == len(self._memories):
            self._memories.append((column.allowed, column.convicting))
        mask = self._numbers.setdefault((column.waiting,), len(self._masks))
        if mask == len(self._masks):
            self._masks.append(column.waiting)
        if memory > _LARGEST:
            raise OverflowError(f"{memory} kinds of memory")
        return column.bits | column.flags | memory << _MEMORY | mask << _WAITING

    def unpack(self, packed: int) -> Column:
        """Return the column that an integer stands for."""
        memory = self._memories[packed >> _MEMORY & _LARGEST]
        return Column(packed & _BITS, packed & _FLAGS, *memory, self._masks[packed >> _WAITING])
