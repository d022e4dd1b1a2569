"""Bytes of disks between two readings."""

from exporter.sources.reading import DiskBytes, Timed
from exporter.usage.events import Events


def disk_usage(previous: Timed[DiskBytes] | None, current: Timed[DiskBytes] | None, events: Events) -> DiskBytes | None:
    """The sum over disks falls when one is unplugged; what the others moved meanwhile is not known."""
    if previous is None or current is None:
        return None
    read = current.value.read - previous.value.read
    written = current.value.written - previous.value.written
    if read < 0 or written < 0:
        events.reset("disk")
        events.discard("disk", "reset")
        return None
    return DiskBytes(read=read, written=written)
