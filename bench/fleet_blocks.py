"""Blocks of Prometheus' database for many devices, copied from the blocks of a few.

`promtool` would take an hour to read a day of 500 devices as text. Here it reads that of some patterns, and each of the
other devices gets the chunks of its pattern as files of its own, with its name in the index. The formats are those of
`tsdb/docs/format/index.md` and `chunks.md` of Prometheus, index version 2.
"""

import json
import shutil
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAGIC = 0xBAAAD700
VERSION = 2
ALIGNMENT = 16
"""Bytes at which series begin; a series is referred to by its offset in these."""

TRAILER = 52
"""Length in bytes of the table of contents: six offsets and a checksum."""

CASTAGNOLI = 0x82F63B78
"""Polynomial of CRC-32C, bits reversed (RFC 3720, appendix B.4)."""

Labels = tuple[tuple[str, str], ...]
"""Pairs of name and value, sorted by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Series of a block: its labels, and its chunks as they stand in the index, without where the first one begins.

    `first` are time and length of the first chunk, `reference` is where it begins, `others` are the chunks after it.
    """

    labels: Labels
    count: int
    first: bytes
    reference: int
    others: bytes


def multiply(block: Path, target: Path, copies: Mapping[str, Sequence[str]]) -> int:
    """Write the block with each `instance` under all of its names in `copies`; returns the number of series.

    Series of other instances, and without one, are kept once.
    """
    originals = list(_read(block / "index"))
    written = sorted(_copied(originals, copies), key=lambda one: one.labels)
    (target / "chunks").mkdir(parents=True)
    for number in range(max(map(len, copies.values()), default=1)):
        shutil.copyfile(block / "chunks/000001", target / f"chunks/{number + 1:06d}")
    shutil.copyfile(block / "tombstones", target / "tombstones")
    _write(target / "index", written)
    meta = json.loads((block / "meta.json").read_text(encoding="utf-8"))
    meta["stats"] |= {"numSeries": len(written), "numChunks": sum(one.count for one in written)}
    (target / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    return len(written)


def _copied(originals: Iterable[Series], copies: Mapping[str, Sequence[str]]) -> Iterator[Series]:
    for one in originals:
        names = copies.get(dict(one.labels).get("instance", ""))
        if names is None:
            yield one
        for number, name in enumerate(names or ()):
            labels = tuple((label, name if label == "instance" else value) for label, value in one.labels)
            # The upper half of a reference is the number of the file of chunks.
            reference = one.reference + (number << 32)
            yield Series(labels=labels, count=one.count, first=one.first, reference=reference, others=one.others)


def _read(index: Path) -> Iterator[Series]:
    data = index.read_bytes()
    assert struct.unpack(">IB", data[:5]) == (MAGIC, VERSION), index
    symbols_at, at, end, *_ = struct.unpack(">6Q", data[-TRAILER:-4])
    symbols = list(_symbols(data, symbols_at))
    while (at := -(-at // ALIGNMENT) * ALIGNMENT) < end:
        length, begin = _uvarint(data, at)
        yield _series(data[begin : begin + length], symbols)
        at = begin + length + 4


def _symbols(data: bytes, at: int) -> Iterator[str]:
    _, count = struct.unpack(">II", data[at : at + 8])
    at += 8
    for _ in range(count):
        length, at = _uvarint(data, at)
        yield data[at : at + length].decode()
        at += length


def _series(data: bytes, symbols: Sequence[str]) -> Series:
    pairs, at = _uvarint(data, 0)
    labels = []
    for _ in range(pairs):
        name, at = _uvarint(data, at)
        value, at = _uvarint(data, at)
        labels.append((symbols[name], symbols[value]))
    count, at = _uvarint(data, at)
    begin = at
    _, at = _uvarint(data, at)
    _, at = _uvarint(data, at)
    reference, rest = _uvarint(data, at)
    return Series(labels=tuple(labels), count=count, first=data[begin:at], reference=reference, others=data[rest:])


def _write(path: Path, series: Sequence[Series]) -> None:
    """Write an index of series that are sorted by their labels."""
    symbols = sorted({text for one in series for pair in one.labels for text in pair}, key=str.encode)
    numbers = {text: number for number, text in enumerate(symbols)}
    table = struct.pack(">I", len(symbols)) + b"".join(_text(one) for one in symbols)
    out = bytearray(struct.pack(">IB", MAGIC, VERSION) + _section(table))
    out += bytes(-len(out) % ALIGNMENT)
    series_at = len(out)
    postings: dict[tuple[str, str], list[int]] = defaultdict(list)
    bodies = [_body(one, numbers) for one in series]
    for one, body, checksum in zip(series, bodies, _checksums(bodies), strict=True):
        number = len(out) // ALIGNMENT
        for pair in (("", ""), *one.labels):
            postings[pair].append(number)
        out += _uvarint_of(len(body)) + body + struct.pack(">I", checksum)
        out += bytes(-len(out) % ALIGNMENT)
    postings_at = len(out)
    offsets = b""
    for pair in sorted(postings, key=lambda one: (one[0].encode(), one[1].encode())):
        found = postings[pair]
        offsets += b"\2" + _text(pair[0]) + _text(pair[1]) + _uvarint_of(len(out))
        out += _section(struct.pack(f">I{len(found)}I", len(found), *found))
    offsets_at = len(out)
    out += _section(struct.pack(">I", len(postings)) + offsets)
    contents = struct.pack(">6Q", 5, series_at, postings_at, 0, postings_at, offsets_at)
    path.write_bytes(bytes(out) + contents + struct.pack(">I", _checksum(contents)))


def _body(one: Series, numbers: Mapping[str, int]) -> bytes:
    labels = b"".join(_uvarint_of(numbers[text]) for pair in one.labels for text in pair)
    chunks = one.first + _uvarint_of(one.reference) + one.others
    return _uvarint_of(len(one.labels)) + labels + _uvarint_of(one.count) + chunks


def _section(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body + struct.pack(">I", _checksum(body))


def _text(text: str) -> bytes:
    return _uvarint_of(len(text.encode())) + text.encode()


def _uvarint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, the lowest first, and where it ends."""
    value = shift = 0
    while data[at] & 0x80:
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return value | data[at] << shift, at + 1


def _uvarint_of(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _remainders() -> NDArray[np.uint32]:
    found = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        found = np.where(found & 1, found >> 1 ^ CASTAGNOLI, found >> 1).astype(np.uint32)
    return found


def _checksum(data: bytes) -> int:
    table, value = _remainders().tolist(), 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


def _checksums(bodies: Sequence[bytes]) -> list[int]:
    """Return the CRC-32C of each of many short texts, all of them a byte at a time."""
    table = _remainders()
    lengths = np.array([len(body) for body in bodies])
    longest = int(lengths.max(initial=0))
    padded = np.frombuffer(b"".join(body.ljust(longest, b"\0") for body in bodies), np.uint8)
    columns = padded.reshape(len(bodies), longest).T
    values = np.full(len(bodies), 0xFFFFFFFF, dtype=np.uint32)
    for number, column in enumerate(columns):
        following = table[(values ^ column) & 0xFF] ^ values >> 8
        values = np.where(number < lengths, following, values)
    return [int(one) for one in values ^ 0xFFFFFFFF]
