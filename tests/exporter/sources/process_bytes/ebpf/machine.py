"""The kernel's virtual machine as far as the counting program needs it, over one flat memory (RFC 9669)."""

from collections.abc import Callable
from dataclasses import dataclass, field

from exporter.sources.process_bytes.ebpf.access import Helper
from exporter.sources.process_bytes.ebpf.assembler import INSTRUCTION, Operation, Register, Shift, Test

WORD = (1 << 64) - 1
SIZES = {0x10: 1, 0x08: 2, 0x00: 4, 0x18: 8}
SIZE_BITS = 0x18
STACK_BYTES = 512
MOST_STEPS = 10_000
TESTS: dict[int, Callable[[int, int], bool]] = {
    Test.EQUAL: lambda one, other: one == other,
    Test.NOT_EQUAL: lambda one, other: one != other,
    Test.ANY_BIT: lambda one, other: bool(one & other),
    Test.SIGNED_AT_MOST: lambda one, other: _signed(one, 64) <= _signed(other, 64),
}


@dataclass(slots=True)
class Machine:
    """Memory, maps by descriptor, and the thread that runs."""

    memory: bytearray = field(default_factory=lambda: bytearray(1 << 14))
    maps: dict[int, dict[bytes, int]] = field(default_factory=dict)
    sizes: dict[int, tuple[int, int]] = field(default_factory=dict)
    room: int = 8
    thread: int = 0
    next_free: int = STACK_BYTES + 64

    def put(self, content: bytes) -> int:
        """Put bytes into memory, and return their address."""
        at, self.next_free = self.next_free, self.next_free + len(content) + 8
        self.memory[at : at + len(content)] = content
        return at

    def number(self, at: int, size: int) -> int:
        """Return the number at an address; nothing is read below the stack or beyond what was put."""
        assert 0 < at <= self.next_free - size, "read outside"
        return int.from_bytes(self.memory[at : at + size], "little")

    def write(self, at: int, size: int, value: int) -> None:
        """Write a number to an address."""
        assert 0 < at <= self.next_free - size, "written outside"
        self.memory[at : at + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")

    def run(self, program: bytes, context: int) -> None:
        """Run a program to its end. Fail where it does not end, or ends elsewhere."""
        registers = [0] * len(Register)
        registers[Register.R1], registers[Register.FP] = context, STACK_BYTES
        code = list(INSTRUCTION.iter_unpack(program))
        at = 0
        for _ in range(MOST_STEPS):
            operation, both, offset, constant = code[at]
            to, source = both & 15, both >> 4
            at += 1
            if operation == Operation.EXIT:
                return
            if operation == Operation.CALL:
                registers[0] = self._call(constant, registers[1:6])
            elif operation == Operation.WIDE_CONSTANT:
                registers[to] = self.maps[constant][bytes(4)] if source == 2 else constant
                at += 1
            elif operation & 7 in (Operation.JUMP, Operation.JUMP_32) and operation != Operation.JUMP:
                at += offset if self._jumps(operation, registers, both, constant) else 0
            elif operation == Operation.JUMP:
                at += offset
            else:
                self._compute(operation, registers, (to, source), offset, constant)
        raise AssertionError("no end")

    def _jumps(self, operation: int, registers: list[int], both: int, constant: int) -> bool:
        one = registers[both & 15]
        other = registers[both >> 4] if operation & 0x08 else constant & WORD
        if operation & 7 == Operation.JUMP_32:
            one, other = one & 0xFFFFFFFF, other & 0xFFFFFFFF
        return TESTS[operation & 0xF0](one, other)

    def _compute(self, operation: int, registers: list[int], both: tuple[int, int], offset: int, constant: int) -> None:
        to, source = both
        size = SIZES[operation & SIZE_BITS]
        if operation == Operation.MOVE:
            registers[to] = registers[source]
        elif operation == Operation.MOVE_CONSTANT:
            registers[to] = constant & WORD
        elif operation == Operation.ADD_CONSTANT:
            registers[to] = registers[to] + constant & WORD
        elif operation == Operation.SHIFT | Shift.LEFT:
            registers[to] = registers[to] << constant & WORD
        elif operation == Operation.SHIFT | Shift.RIGHT_WITH_SIGN:
            registers[to] = _signed(registers[to], 64) >> constant & WORD
        elif operation == Operation.ATOMIC_ADD:
            self.write(registers[to] + offset, 8, self.number(registers[to] + offset, 8) + registers[source])
        elif operation & ~SIZE_BITS == Operation.LOAD:
            registers[to] = self.number(registers[source] + offset, size)
        elif operation & ~SIZE_BITS == Operation.STORE:
            self.write(registers[to] + offset, size, registers[source])
        elif operation & ~SIZE_BITS == Operation.STORE_CONSTANT:
            self.write(registers[to] + offset, size, constant)
        else:
            raise AssertionError(f"operation {operation:#x}")

    def _call(self, helper: int, arguments: list[int]) -> int:
        one, two, three, *_ = arguments
        if helper in (Helper.CURRENT_TASK, Helper.CURRENT_TASK_WITH_TYPE):
            return self.thread
        if helper == Helper.CURRENT_IDS:
            return self.number(self.thread, 8)
        if helper == Helper.READ_KERNEL:
            readable = 0 < three <= self.next_free - two
            self.memory[one : one + two] = self.memory[three : three + two] if readable else bytes(two)
            return 0 if readable else -14 & WORD
        return self._ask_map(helper, one, two, three)

    def _ask_map(self, helper: int, which: int, key_at: int, value_at: int) -> int:
        key_bytes, value_bytes = self.sizes[which]
        entries, key = self.maps[which], bytes(self.memory[key_at : key_at + key_bytes])
        if helper == Helper.MAP_LOOKUP:
            return entries.get(key, 0)
        if helper == Helper.MAP_DELETE:
            return 0 if entries.pop(key, None) else -2 & WORD
        assert helper == Helper.MAP_UPDATE
        if key not in entries and len(entries) >= self.room:
            return -7 & WORD
        entries[key] = self.put(bytes(self.memory[value_at : value_at + value_bytes]))
        return 0


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 else value
