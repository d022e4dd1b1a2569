"""Places of fields in the structures of the running kernel, which describes them itself (Documentation/bpf/btf.rst).

The file has some 5 MB. It is read into memory of its own, which is given back once the few answers are known.
"""

import mmap
import os
import struct
from array import array
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from io import BufferedReader
from pathlib import Path

from exporter.sources.process_bytes.ebpf.unavailable import EbpfUnavailableError

VMLINUX = Path("/sys/kernel/btf/vmlinux")

MAGIC = 0xEB9F
"""First number of a file of types (Documentation/bpf/btf.rst)."""

MOST_BYTES = 64 << 20
"""Size up to which a file of types is read. Judgement: ten times that of a kernel with most parts built in."""

DEEPEST = 8
"""Nested structures and renamed types that are followed. Judgement: `struct sock` needs four."""

HEADER = struct.Struct("<HBBIIIII")
RECORD = struct.Struct("<III")
THREE_NUMBERS = struct.Struct("<III")


class Kind(IntEnum):
    """Kind of a type (Documentation/bpf/btf.rst)."""

    INT = 1
    POINTER = 2
    ARRAY = 3
    STRUCT = 4
    UNION = 5
    ENUM = 6
    FORWARD = 7
    TYPEDEF = 8
    VOLATILE = 9
    CONST = 10
    RESTRICT = 11
    FUNCTION = 12
    PROTOTYPE = 13
    VARIABLE = 14
    SECTION = 15
    FLOAT = 16
    DECLARATION_TAG = 17
    TYPE_TAG = 18
    ENUM64 = 19


TAILS = {
    Kind.INT: (4, 0),
    Kind.ARRAY: (12, 0),
    Kind.STRUCT: (0, 12),
    Kind.UNION: (0, 12),
    Kind.ENUM: (0, 8),
    Kind.PROTOTYPE: (0, 8),
    Kind.VARIABLE: (4, 0),
    Kind.SECTION: (0, 12),
    Kind.DECLARATION_TAG: (4, 0),
    Kind.ENUM64: (0, 12),
}
"""Bytes after the record of a type, and for each of its parts, where there are any (Documentation/bpf/btf.rst)."""

RENAMED = {Kind.TYPEDEF, Kind.VOLATILE, Kind.CONST, Kind.RESTRICT, Kind.TYPE_TAG}
"""Kinds that are another type, by another name or under a condition."""

CALLABLE = RENAMED | {Kind.FUNCTION, Kind.POINTER}
"""Kinds that may lead to the prototype of a function."""

COMPOSED = {Kind.STRUCT, Kind.UNION}

POINTER_BYTES = 8


@dataclass(frozen=True, slots=True)
class Field:
    """Place of a field in a structure, and its size, both in bytes."""

    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class _Record:
    """Head of a type: where its name stands, kind, number of parts, size or other type, and where its parts begin."""

    name: int
    kind: int
    parts: int
    has_bits: bool
    size: int
    rest: int


@contextmanager
def kernel_types(path: Path, wanted: Collection[tuple[Kind, str]]) -> Iterator["Types"]:
    """Read a file of types for as long as questions are asked.

    Raises EbpfUnavailableError where the kernel has none, and where what it has is damaged, now or at a question.
    """
    try:
        with path.open("rb") as file, _content(file) as memory:
            yield Types(memory, wanted)
    except FileNotFoundError as error:
        raise EbpfUnavailableError(f"the kernel does not describe its types: {path} is missing") from error
    except OSError as error:
        raise EbpfUnavailableError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, IndexError, struct.error) as error:
        raise EbpfUnavailableError(f"{path} does not describe a kernel's types") from error


def _content(file: BufferedReader) -> mmap.mmap:
    """Return a copy that takes nothing from the memory of Python's own, which keeps some of what it once had."""
    size = os.fstat(file.fileno()).st_size
    if not HEADER.size <= size <= MOST_BYTES:
        raise ValueError("no size of a file of types")
    memory = mmap.mmap(-1, size)
    file.readinto(memory)
    return memory


class Types:
    """Types of a kernel, of which those asked for are known by kind and name."""

    def __init__(self, memory: mmap.mmap, wanted: Collection[tuple[Kind, str]]) -> None:
        """Find all types. Raises ValueError or struct.error where the memory holds something else."""
        magic, _, _, head, types_at, types_size, strings_at, strings_size = HEADER.unpack_from(memory)
        self._memory = memory
        self._strings = head + strings_at
        self._strings_end = self._strings + strings_size
        if magic != MAGIC or max(self._strings_end, head + types_at + types_size) > len(memory):
            raise ValueError("no file of types")
        self._offsets = array("I", [0])
        names = {(kind, self._name(name)): (kind, name) for kind, name in wanted}
        self._found: dict[tuple[Kind, str], int] = {}
        for key, number in self._scan(head + types_at, head + types_at + types_size):
            if key in names:
                self._found.setdefault(names[key], number)

    def _name(self, name: str) -> int:
        """Return where a name stands among the strings; -1 where it does not."""
        at = self._memory.find(b"\0%s\0" % name.encode(), self._strings, self._strings_end)
        return -1 if at < 0 else at + 1 - self._strings

    def _scan(self, at: int, end: int) -> Iterator[tuple[tuple[int, int], int]]:
        """Yield kind and name of each type, and its number, and note where it stands."""
        tails = {kind: TAILS.get(kind, (0, 0)) for kind in Kind}
        while at < end:
            name, info, _ = RECORD.unpack_from(self._memory, at)
            self._offsets.append(at)
            kind = info >> 24 & 0x1F
            if kind not in tails:
                raise ValueError(f"type of unknown kind {kind}")
            fixed, each = tails[kind]
            at += RECORD.size + fixed + (info & 0xFFFF) * each
            yield (kind, name), len(self._offsets) - 1

    def number(self, kind: Kind, name: str) -> int | None:
        """Return the number of a type that was asked for, None where the kernel has no such type."""
        return self._found.get((kind, name))

    def parameters(self, function: int) -> int:
        """Return how many parameters a function has, or a type that leads to one. Raises ValueError for others."""
        record = self._record(function)
        for _ in range(DEEPEST):
            if record.kind == Kind.PROTOTYPE:
                return record.parts
            if record.kind not in CALLABLE:
                break
            record = self._record(record.size)
        raise ValueError("no function")

    def field(self, structure: str, name: str) -> Field:
        """Return the place of a field, which may stand in a nameless part.

        Raises EbpfUnavailableError where there is none.
        """
        wanted = self._name(name)
        parts = [(number, 0) for number in [self.number(Kind.STRUCT, structure)] if number is not None]
        seen: set[int] = set()
        for number, start in parts:
            for member, kind, bits in self._members(number):
                if member == wanted and not (start + bits) % 8:
                    return Field((start + bits) // 8, self._size(kind, DEEPEST))
                if member == 0 and kind not in seen:
                    seen.add(kind)
                    parts.append((kind, start + bits))
        raise EbpfUnavailableError(f"the kernel has no field {name} in struct {structure}")

    def _members(self, number: int) -> Iterator[tuple[int, int, int]]:
        """Yield name, type and first bit of each member of a structure, without those that are no whole bytes."""
        record = self._record(number)
        if record.kind not in COMPOSED:
            return
        for part in range(record.parts):
            member, kind, place = THREE_NUMBERS.unpack_from(self._memory, record.rest + part * THREE_NUMBERS.size)
            bits, width = (place & 0xFFFFFF, place >> 24) if record.has_bits else (place, 0)
            if not width:
                yield member, kind, bits

    def _size(self, number: int, depth: int) -> int:
        record = self._record(number)
        if depth == 0:
            raise ValueError("types nested too deep")
        if record.kind in RENAMED:
            return self._size(record.size, depth - 1)
        if record.kind == Kind.POINTER:
            return POINTER_BYTES
        if record.kind == Kind.ARRAY:
            element, _, count = THREE_NUMBERS.unpack_from(self._memory, record.rest)
            size: int = count * self._size(element, depth - 1)
            return size
        return record.size

    def _record(self, number: int) -> _Record:
        at = self._offsets[number]
        name, info, size = RECORD.unpack_from(self._memory, at)
        return _Record(name, info >> 24 & 0x1F, info & 0xFFFF, bool(info >> 31), size, at + RECORD.size)
