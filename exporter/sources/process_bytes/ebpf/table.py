"""The maps in which the kernel counts, as the exporter reads them."""

import errno
import struct

from exporter.sources.process_bytes.ebpf.program import ENTRY, KEY, Maps
from exporter.sources.process_bytes.ebpf.syscalls import Buffer, Command, RefusedError, bpf

LOOKUP = struct.Struct("=IxxxxQQQ")
BATCH = struct.Struct("=QQQQIIQQ")
COUNT_AT = 32
"""Place of the number of entries in the attributes of a reading of many (`union bpf_attr`)."""

TOTAL = struct.Struct("=Q")


class Table:
    """Entries of processes in the kernel."""

    def __init__(self, maps: Maps, room: int) -> None:
        self._maps = maps
        self._room = room

    def entries(self) -> list[tuple[bytes, bytes]]:
        """Return keys and values of all processes. Raises OSError."""
        keys, values, position = Buffer(self._room * KEY.size), Buffer(self._room * ENTRY.size), Buffer(8)
        question = BATCH.pack(0, position.address, keys.address, values.address, self._room, self._maps.entries, 0, 0)
        asked = Buffer(question)
        try:
            bpf(Command.MAP_LOOKUP_BATCH, asked)
        except RefusedError as refused:
            if refused.errno != errno.ENOENT:  # which says that these were the last ones
                raise
        (count,) = struct.unpack_from("=I", asked.content(), COUNT_AT)
        count = min(count, self._room)
        key_bytes, value_bytes = keys.content(), values.content()
        return [
            (key_bytes[at * KEY.size : (at + 1) * KEY.size], value_bytes[at * ENTRY.size : (at + 1) * ENTRY.size])
            for at in range(count)
        ]

    def remove(self, key: bytes) -> bytes | None:
        """Return the last value of a process that has ended, and remove it; None where it is gone. Raises OSError."""
        try:
            value = self._value(self._maps.entries, key, ENTRY.size)
            memory = Buffer(key)
            bpf(Command.MAP_DELETE, LOOKUP.pack(self._maps.entries, memory.address, 0, 0))
        except RefusedError as refused:
            if refused.errno != errno.ENOENT:
                raise
            return None
        return value

    def lost(self) -> int:
        """Return the bytes that had no room. Raises OSError."""
        total: int = TOTAL.unpack(self._value(self._maps.lost, bytes(4), TOTAL.size))[0]
        return total

    def _value(self, descriptor: int, key: bytes, size: int) -> bytes:
        asked, value = Buffer(key), Buffer(size)
        bpf(Command.MAP_LOOKUP, LOOKUP.pack(descriptor, asked.address, value.address, 0))
        return value.content()
