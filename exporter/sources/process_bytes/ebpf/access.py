"""Reading the kernel's structures from a program in it, by the two ways that there are."""

from enum import IntEnum
from typing import Protocol

from exporter.sources.process_bytes.ebpf.assembler import Assembler, Register
from exporter.sources.process_bytes.ebpf.btf import Field

R0, R1, R2, R3, R4 = Register.R0, Register.R1, Register.R2, Register.R3, Register.R4
FP = Register.FP

SOCK = Register.R6
"""The socket; later the first thread of the process."""

BYTES = Register.R7
"""Result of the call: the number of bytes, or an error."""

MESSAGE = Register.R8
"""The message of the call, where there is one; later the thread that runs."""

ENTRY_OF_PROCESS = Register.R9
"""The entry of the process that the bytes belong to."""

# Places on the stack, from its end down. The addresses lie where a probe had its thread and note, which are done with.

SCRATCH_AT = -8
"""A field that is looked at, in 8 bytes."""

THREAD_AT = -16
"""The thread that calls, in 8 bytes: the key of a note."""

NOTE_AT = -40
"""The note of a call that has begun (`call.NOTE`)."""

PEER_AT = -24
"""The address of the peer, in 16 bytes."""

OWN_AT = -40
"""The socket's own address, in 16 bytes."""

ADDRESS_AT = -72
"""The address of a message (`addresses.ADDRESS_BYTES`)."""

KEY_AT = -88
"""The key of the process's entry (`program.KEY`)."""

ENTRY_AT = -120
"""A new entry of a process (`program.ENTRY`)."""


class Helper(IntEnum):
    """A function of the kernel for such programs (include/uapi/linux/bpf.h)."""

    MAP_LOOKUP = 1
    MAP_UPDATE = 2
    MAP_DELETE = 3
    CURRENT_IDS = 14
    CURRENT_TASK = 35
    READ_KERNEL = 113
    CURRENT_TASK_WITH_TYPE = 158


class Access(Protocol):
    """A way of reading. It leaves the registers R6 to R9 as they are, and takes a structure from one of them."""

    current_task: Helper

    def load(self, code: Assembler, to: Register, base: Register, field: Field) -> None:
        """Load a field of up to 8 bytes."""

    def copy(self, code: Assembler, at: int, base: Register, field: Field) -> None:
        """Copy a field of whole quads to a place on the stack."""


class ByType:
    """Loads that the kernel allows where it knows the type of a pointer, and checks as it takes the program."""

    current_task = Helper.CURRENT_TASK_WITH_TYPE

    def load(self, code: Assembler, to: Register, base: Register, field: Field) -> None:
        """See `Access.load`."""
        code.load(field.size, to, base, field.offset)

    def copy(self, code: Assembler, at: int, base: Register, field: Field) -> None:
        """See `Access.copy`."""
        for part in range(0, field.size, 4):
            code.load(4, R3, base, field.offset + part)
            code.store(4, FP, at + part, R3)


class ByHelper:
    """Calls of a function that reads any memory of the kernel: what a program has that knows no types."""

    current_task = Helper.CURRENT_TASK

    def load(self, code: Assembler, to: Register, base: Register, field: Field) -> None:
        """See `Access.load`."""
        self.copy(code, SCRATCH_AT, base, field)
        code.load(field.size, to, FP, SCRATCH_AT)

    def copy(self, code: Assembler, at: int, base: Register, field: Field) -> None:
        """See `Access.copy`. What cannot be read is zero."""
        code.move(R3, base)
        code.add(R3, field.offset)
        stack_address(code, R1, at)
        code.move(R2, field.size)
        code.call(Helper.READ_KERNEL)


def stack_address(code: Assembler, to: Register, at: int) -> None:
    """Set a register to a place on the stack."""
    code.move(to, FP)
    code.add(to, at)


def look_up(code: Assembler, table: int, key_at: int) -> None:
    """Set R0 to the entry of a key on the stack; 0 where there is none."""
    code.map(R1, table)
    stack_address(code, R2, key_at)
    code.call(Helper.MAP_LOOKUP)
