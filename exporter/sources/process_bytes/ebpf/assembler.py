"""Instructions of the kernel's virtual machine, and a program of them with labels (RFC 9669)."""

import struct
from enum import IntEnum

INSTRUCTION = struct.Struct("<BBhi")
"""Operation, registers, offset and constant of an instruction (RFC 9669, section 3.1), on a little-endian machine."""


class Register(IntEnum):
    """A register: `R0` has results, `R1` to `R5` arguments that a call destroys, `FP` is the end of the stack."""

    R0 = 0
    R1 = 1
    R2 = 2
    R3 = 3
    R4 = 4
    R5 = 5
    R6 = 6
    R7 = 7
    R8 = 8
    R9 = 9
    FP = 10


class Test(IntEnum):
    """Condition of a jump (RFC 9669, table 6)."""

    EQUAL = 0x10
    ANY_BIT = 0x40
    NOT_EQUAL = 0x50
    SIGNED_AT_MOST = 0xD0


class Shift(IntEnum):
    """Shift of a register (RFC 9669, table 4)."""

    LEFT = 0x60
    RIGHT_WITH_SIGN = 0xC0


SIZE_BITS = {1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18}
"""Bits of an operation by the bytes that it loads or stores (RFC 9669, table 11)."""


class Operation(IntEnum):
    """First byte of an instruction, without the size of what is loaded and the test of a jump (RFC 9669)."""

    LOAD = 0x61
    STORE = 0x63
    STORE_CONSTANT = 0x62
    ATOMIC_ADD = 0xDB
    ADD_CONSTANT = 0x07
    SHIFT = 0x07
    MOVE = 0xBF
    MOVE_CONSTANT = 0xB7
    WIDE_CONSTANT = 0x18
    JUMP = 0x05
    JUMP_32 = 0x06
    JUMP_REGISTER = 0x0D
    CALL = 0x85
    EXIT = 0x95


MAP = 1
"""Source register of a wide constant that is the descriptor of a map (RFC 9669, section 5.4)."""

MAP_VALUE = 2
"""Source register of a wide constant that is the address of a map's only value (RFC 9669, section 5.4)."""


class Assembler:
    """A program under construction. Each method appends an instruction; a jump names a label that may come later."""

    def __init__(self) -> None:
        self._code: list[bytes] = []
        self._labels: dict[str, int] = {}
        self._jumps: dict[int, str] = {}

    def label(self, name: str) -> None:
        """Give the next instruction a name. Raises ValueError where another one has it."""
        if name in self._labels:
            raise ValueError(f"two labels {name}")
        self._labels[name] = len(self._code)

    def move(self, to: Register, value: Register | int) -> None:
        """Set a register."""
        if isinstance(value, Register):
            self._append(Operation.MOVE, to, value)
        else:
            self._append(Operation.MOVE_CONSTANT, to, constant=value)

    def add(self, to: Register, constant: int) -> None:
        """Add a constant to a register."""
        self._append(Operation.ADD_CONSTANT, to, constant=constant)

    def shift(self, which: Shift, to: Register, bits: int) -> None:
        """Shift a register."""
        self._append(Operation.SHIFT | which, to, constant=bits)

    def load(self, size: int, to: Register, base: Register, offset: int) -> None:
        """Load 1, 2, 4 or 8 bytes, without sign."""
        self._append(Operation.LOAD | SIZE_BITS[size], to, base, offset)

    def store(self, size: int, base: Register, offset: int, value: Register | int) -> None:
        """Store 1, 2, 4 or 8 bytes of a register, or a constant of 32 bits with its sign."""
        if isinstance(value, Register):
            self._append(Operation.STORE | SIZE_BITS[size], base, value, offset)
        else:
            self._append(Operation.STORE_CONSTANT | SIZE_BITS[size], base, Register.R0, offset, value)

    def atomic_add(self, base: Register, offset: int, value: Register) -> None:
        """Add a register to 8 bytes in memory, beside whom else adds to them."""
        self._append(Operation.ATOMIC_ADD, base, value, offset)

    def map(self, to: Register, descriptor: int) -> None:
        """Set a register to a map."""
        self._wide(to, MAP, descriptor)

    def map_value(self, to: Register, descriptor: int) -> None:
        """Set a register to the address of the value of a map that has one."""
        self._wide(to, MAP_VALUE, descriptor)

    def call(self, helper: int) -> None:
        """Call one of the kernel's functions for such programs."""
        self._append(Operation.CALL, constant=helper)

    def jump(self, label: str) -> None:
        """Go to a label."""
        self._jump(label, Operation.JUMP)

    def jump_if(self, register: Register, test: Test, value: Register | int, label: str) -> None:
        """Go to a label where a register of 64 bits passes a test against another, or a constant with its sign."""
        if isinstance(value, Register):
            self._jump(label, Operation.JUMP_REGISTER | test, register, value)
        else:
            self._jump(label, Operation.JUMP | test, register, constant=value)

    def jump_if_32(self, register: Register, test: Test, constant: int, label: str) -> None:
        """Go to a label where the lower 32 bits of a register pass a test against a constant of 32 bits."""
        signed = constant - (1 << 32) if constant >= 1 << 31 else constant
        self._jump(label, Operation.JUMP_32 | test, register, constant=signed)

    def exit(self) -> None:
        """End the program with what is in R0."""
        self._append(Operation.EXIT)

    def assembled(self) -> bytes:
        """Return the program. Raises KeyError where a label is missing."""
        code = list(self._code)
        for at, label in self._jumps.items():
            operation, registers, _, constant = INSTRUCTION.unpack(code[at])
            code[at] = INSTRUCTION.pack(operation, registers, self._labels[label] - at - 1, constant)
        return b"".join(code)

    def _jump(
        self,
        label: str,
        operation: int,
        register: Register = Register.R0,
        other: Register = Register.R0,
        constant: int = 0,
    ) -> None:
        self._jumps[len(self._code)] = label
        self._append(operation, register, other, 0, constant)

    def _wide(self, to: Register, kind: int, descriptor: int) -> None:
        self._code.append(INSTRUCTION.pack(Operation.WIDE_CONSTANT, to | kind << 4, 0, descriptor))
        self._code.append(INSTRUCTION.pack(0, 0, 0, 0))

    def _append(
        self,
        operation: int,
        to: Register = Register.R0,
        source: Register = Register.R0,
        offset: int = 0,
        constant: int = 0,
    ) -> None:
        self._code.append(INSTRUCTION.pack(operation, to | source << 4, offset, constant))
