"""System calls by their numbers, and above all bpf(2): Python has no functions for them."""

import ctypes
import errno
import os
import platform
import struct
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, lru_cache

NUMBERS = {"x86_64": 321, "aarch64": 280}
"""Number of bpf(2) by machine (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h)."""


class Command(IntEnum):
    """Requests of bpf(2) (`enum bpf_cmd`, include/uapi/linux/bpf.h)."""

    MAP_CREATE = 0
    MAP_LOOKUP = 1
    MAP_DELETE = 3
    PROGRAM_LOAD = 5
    RAW_TRACEPOINT_OPEN = 17
    MAP_LOOKUP_BATCH = 24


class MapType(IntEnum):
    """Kind of a map (`enum bpf_map_type`). The last one makes room by dropping what was used longest ago."""

    HASH = 1
    ARRAY = 2
    RECENTLY_USED = 9


class AttachType(IntEnum):
    """Kinds of places where a program of the type *tracing* runs (`enum bpf_attach_type`)."""

    RAW_TRACEPOINT = 23
    FUNCTION_EXIT = 25


class ProgramType(IntEnum):
    """Kind of a program (`enum bpf_prog_type`). One for tracing reads the kernel's structures by their types."""

    PROBE = 2
    TRACING = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """Kind of a program; of one for tracing also the kind of place, and the number of the type there."""

    program_type: ProgramType
    attach_type: int = 0
    target: int = 0


LICENSE = b"Dual MIT/GPL"
"""Licence that the kernel is told: reading its structures is for programs under GPL alone (include/linux/license.h)."""

LOG_BYTES = 1 << 16
"""Size of the verifier's answer. Judgement: its last line is what is read."""


class RefusedError(OSError):
    """A refusal of the kernel, with the last line that its verifier has said, if any."""

    def __init__(self, number: int, said: str = "") -> None:
        super().__init__(number, os.strerror(number))
        self.said = said


@lru_cache(maxsize=32)
def _bytes_of(size: int) -> "type[ctypes.Array[ctypes.c_char]]":
    """Return the type of so many bytes; ctypes would make another one for each sample, which only a collector ends."""
    return ctypes.c_char * size


class Buffer:
    """Memory that the kernel reads or fills, by an address that is good for as long as the object is kept."""

    def __init__(self, content: bytes | int) -> None:
        """Take a copy of some bytes, or so many zeros."""
        self.size = len(content) if isinstance(content, bytes) else content
        self._memory = _bytes_of(self.size)()
        if isinstance(content, bytes):
            self._memory.raw = content
        self.address = ctypes.addressof(self._memory)

    def content(self) -> bytes:
        """Return what stands in it."""
        return self._memory.raw


def call_system(number: int, *arguments: int) -> int:
    """Make a system call by its number, and return its result. Raises RefusedError."""
    result: int = _system().syscall(ctypes.c_long(number), *(ctypes.c_long(one) for one in arguments))
    if result < 0:
        raise RefusedError(ctypes.get_errno())
    return result


@cache
def _system() -> ctypes.CDLL:
    """Return the C library, which is looked for once."""
    return ctypes.CDLL(None, use_errno=True)


def bpf(command: int, attributes: bytes | Buffer) -> int:
    """Call bpf(2) and return its result. Raises RefusedError, with ENOSYS on a machine that is not in `NUMBERS`."""
    number = NUMBERS.get(platform.machine())
    if number is None:
        raise RefusedError(errno.ENOSYS)
    memory = attributes if isinstance(attributes, Buffer) else Buffer(attributes)
    return call_system(number, command, memory.address, memory.size)


def create_map(kind: MapType, name: str, sizes: tuple[int, int], entries: int) -> int:
    """Return the descriptor of a new map with room for `entries` of so many bytes of key and value."""
    return bpf(Command.MAP_CREATE, struct.pack("=7I16s", kind, *sizes, entries, 0, 0, 0, name.encode()))


def load_program(code: bytes, name: str, purpose: Purpose) -> int:
    """Return the descriptor of a program that the kernel has verified.

    Raises RefusedError with what the verifier has said last.
    """
    try:
        return _load(code, name, purpose, None)
    except RefusedError as refused:
        log = Buffer(LOG_BYTES)
        try:
            return _load(code, name, purpose, log)
        except RefusedError:
            said = [line for line in log.content().split(b"\0")[0].decode("ascii", "replace").splitlines() if line]
            spoken = [line for line in said if not line.startswith("processed ")]
            raise RefusedError(refused.errno or 0, spoken[-1] if spoken else "") from refused


def _load(code: bytes, name: str, purpose: Purpose, log: Buffer | None) -> int:
    instructions, license_name = Buffer(code), Buffer(LICENSE + b"\0")
    head = struct.pack("=IIQQ", purpose.program_type, len(code) // 8, instructions.address, license_name.address)
    logging = struct.pack("=IIQ", 1, LOG_BYTES, log.address) if log else bytes(16)
    # Neither a kernel's version nor a device; and no types or lines of its own.
    named = struct.pack("=II16sII", 0, 0, name.encode(), 0, purpose.attach_type)
    return bpf(Command.PROGRAM_LOAD, head + logging + named + bytes(36) + struct.pack("=I", purpose.target))


def attach(program: int) -> int:
    """Return the descriptor of a link; the program runs until it is closed."""
    return bpf(Command.RAW_TRACEPOINT_OPEN, struct.pack("=QI4x", 0, program))
