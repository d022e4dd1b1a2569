"""Check of the write-ahead log that lies beside a ledger whose writer was killed.

SQLite takes a frame of the log that does not agree with its checksum for the end of what was written: all later frames,
whole blocks, are gone without a word. A transaction begins once the one before it is on the disk, and until it is there
itself a disk may write its frames in any order: so a power cut leaves gaps and unfinished frames in the last
transaction, and what is wrong before it is damage. The format is that of SQLite's file format, section 4.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter.core.regular_file import read_file
from simulator.ledger.file.faults import DamagedError
from simulator.ledger.file.seal import PAGE_BYTES, log_of

HEADER_BYTES = 32
"""Bytes of a log before its first frame (SQLite's file format, section 4.1)."""

FRAME_BYTES = 24 + PAGE_BYTES
"""Bytes of a frame: its own header of 24 and a page (section 4.1)."""

_MAGIC = 0x377F_0682
"""First word of a log with little-endian checksums; the next number is that of big-endian ones (section 4.1)."""

_MASK = 0xFFFF_FFFF
"""Lowest 32 bits, to which checksums are cut (section 4.2)."""

Sums = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """A frame: its page, whether it ends a transaction, and whether its checksum agrees.

    `salts` counts those that it has in common with the log: two, unless it is of an earlier use or damaged.
    """

    page: int
    is_commit: bool
    salts: int
    is_whole: bool


def check_log(path: Path) -> None:
    """Check the log beside a ledger that nobody has open.

    Raises DamagedError, which tells the first fault, and OSError.
    """
    log = log_of(path)
    content = read_file(log) if log.exists() else b""
    # A log without a whole frame has nothing to lose.
    if len(content) < HEADER_BYTES + FRAME_BYTES:
        return
    magic, _, page_bytes, _ = struct.unpack_from(">4I", content)
    order = ">" if magic & 1 else "<"
    if (
        magic | 1 != _MAGIC | 1
        or page_bytes != PAGE_BYTES
        or _summed((0, 0), content[:24], order) != _pair(content, 24)
    ):
        raise DamagedError(f"{log}: its header is damaged")
    # A log is used again from its beginning with other salts, so frames of an earlier use may follow the last one.
    frames = list(_frames(content, order))
    present = [number for number, frame in enumerate(frames, 1) if frame.salts == 2]
    frames = frames[: max(present, default=0)]
    is_damaged = [frame.salts < 2 or not frame.is_whole for frame in frames]
    first = next((number for number, found in enumerate(is_damaged, 1) if found), None)
    if first is not None and not _is_last_transaction(frames, first):
        raise DamagedError(f"{log}: frame {first} is damaged")


def _is_last_transaction(frames: Sequence[_Frame], first: int) -> bool:
    """Tell whether a frame, the first that is damaged, and all that follow it may be of one transaction.

    Only its last frame ends a transaction, and none holds a page twice: each writes the head of the ledger.
    """
    begin = max((number for number, frame in enumerate(frames[: first - 1], 1) if frame.is_commit), default=0)
    rest = frames[begin:]
    written = [frame for frame in rest if frame.salts == 2]
    return (
        not any(frame.salts == 1 for frame in rest)
        and not any(frame.is_commit for frame in written[:-1])
        and len({frame.page for frame in written}) == len(written)
    )


def _frames(content: bytes, order: str) -> Iterator[_Frame]:
    salts, sums = _pair(content, 16), _pair(content, 24)
    for start in range(HEADER_BYTES, len(content) - FRAME_BYTES + 1, FRAME_BYTES):
        found = _pair(content, start + 8)
        agreeing = (found[0] == salts[0]) + (found[1] == salts[1])
        is_whole = False
        if agreeing == 2:
            # Each checksum goes on from the one before, as it is told.
            page = content[start + 24 : start + FRAME_BYTES]
            is_whole = _summed(_summed(sums, content[start : start + 8], order), page, order) == _pair(
                content, start + 16
            )
            sums = _pair(content, start + 16)
        page_number, pages_after = _pair(content, start)
        yield _Frame(page=page_number, is_commit=pages_after > 0, salts=agreeing, is_whole=is_whole)


def _summed(sums: Sums, content: bytes, order: str) -> Sums:
    first, second = sums
    words: Sequence[int] = struct.unpack(f"{order}{len(content) // 4}I", content)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & _MASK
        second = (second + odd + first) & _MASK
    return first, second


def _pair(content: bytes, start: int) -> Sums:
    first, second = struct.unpack_from(">2I", content, start)
    return first, second
