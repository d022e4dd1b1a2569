"""Bytes of disks between two readings."""

from exporter.sources.reading import DiskBytes, Timed
from exporter.usage.events import Events


def disk_usage(previous: Timed[DiskBytes] | None, current: Timed[DiskBytes] | None, events: Events) -> DiskBytes | None:
    """Return the bytes read and written; None where a reading is missing or the sum over disks fell.

    The sum falls when a disk is unplugged; the bytes of the others are then unknown.
    """
    if previous is None or current is None:
        return None
    read = current.value.read - previous.value.read
    written = current.value.written - previous.value.written
    if read < 0 or written < 0:
        events.reset("disk")
        events.discard("disk", "reset")
        return None
    return DiskBytes(read=read, written=written)
