"""Sockets by protocol, from `sockstat` and `sockstat6` of a procfs `net` folder.

The kernel keeps these counts, so that they cost the same however many sockets there are. Of TCP, `inuse` are those of
this network namespace and IP version that are bound or connected, `tw` those of this namespace in TIME_WAIT, over both
versions; `orphan` (without a process) and `alloc` (with memory, bound or not) are of the whole kernel
(net/ipv4/proc.c). The kinds overlap. The memory of the file is in pages, and no number of sockets.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from exporter.sources.reading import NotPresentError, ReadingUnavailableError, require_counts

PROTOCOLS = ("TCP", "UDP", "TCP6", "UDP6")

KINDS = ("inuse", "orphan", "tw", "alloc")


def sockets(net: Path) -> Mapping[tuple[str, str], int]:
    """Return the number of sockets by protocol and kind, over IPv4 and IPv6 where the machine has it.

    Raises NotPresentError where the kernel has no such file, ReadingUnavailableError where it has no count, and
    ValueError where a count is no number.
    """
    try:
        text = (net / "sockstat").read_text(encoding="ascii")
    except FileNotFoundError:
        raise NotPresentError from None
    version_6 = net / "sockstat6"
    if version_6.exists():
        text += version_6.read_text(encoding="ascii")
    counts = dict(_counts(text))
    require_counts(net / "sockstat", *counts.values())
    if not counts:
        raise ReadingUnavailableError(f"{net / 'sockstat'} has no count of sockets")
    return counts


def _counts(text: str) -> Iterator[tuple[tuple[str, str], int]]:
    """Yield the counts of lines such as `TCP: inuse 13 orphan 0 tw 190 alloc 13 mem 0`."""
    for line in text.splitlines():
        protocol, _, fields = line.partition(":")
        if protocol in PROTOCOLS:
            words = fields.split()
            for kind, count in zip(words[::2], words[1::2], strict=True):
                if kind in KINDS:
                    yield (protocol.lower(), kind), int(count)
