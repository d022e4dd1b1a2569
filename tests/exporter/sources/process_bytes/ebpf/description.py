"""A kernel's description of its types, as a test makes it up."""

import struct

from exporter.sources.process_bytes.ebpf.btf import HEADER, MAGIC, Kind

FLAG = 1 << 31


class Description:
    """A file of types under construction; types count from 1 on."""

    def __init__(self) -> None:
        self._strings = b"\0"
        self._types: list[bytes] = []

    def add(self, kind: Kind, name: str, size: int, tail: bytes = b"", parts: int = 0, flag: int = 0) -> int:
        self._types.append(struct.pack("<III", self.name(name), kind << 24 | parts | flag, size) + tail)
        return len(self._types)

    def structure(self, name: str, size: int, *members: tuple[str, int, int], kind: Kind = Kind.STRUCT) -> int:
        """Add a structure of members, each with its name, type and first bit."""
        tail = b"".join(struct.pack("<III", self.name(member), of, bit) for member, of, bit in members)
        return self.add(kind, name, size, tail, len(members), FLAG)

    def name(self, name: str) -> int:
        if not name:
            return 0
        found = self._strings.find(b"\0%s\0" % name.encode())
        if found < 0:
            found = len(self._strings) - 1
            self._strings += name.encode() + b"\0"
        return found + 1

    def content(self) -> bytes:
        types = b"".join(self._types)
        head = HEADER.pack(MAGIC, 1, 0, HEADER.size, 0, len(types), len(types), len(self._strings))
        return head + types + self._strings

    def function(self, name: str, arguments: int) -> int:
        """Add a function with so many arguments."""
        call = self.add(Kind.PROTOTYPE, "", 0, bytes(8 * arguments), parts=arguments)
        return self.add(Kind.FUNCTION, name, call, parts=1)

    def tracepoint(self, name: str, arguments: int) -> int:
        """Add the type by which a tracepoint's arguments are known."""
        call = self.add(Kind.PROTOTYPE, "", 0, bytes(8 * arguments), parts=arguments)
        return self.add(Kind.TYPEDEF, f"btf_trace_{name}", self.add(Kind.POINTER, "", call))
