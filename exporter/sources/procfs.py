"""A mounted procfs, of this machine or of the host that a container looks at."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

USUAL = Path("/proc")


@dataclass(frozen=True, slots=True)
class Procfs:
    """The kernel's folder, and the part of it that shows the host's network.

    Below a foreign procfs `self`, and with it `net`, is still this process in its own network namespace (proc(5)). The
    host's network is that of its first process.
    """

    root: Path = USUAL

    @property
    def net_owner(self) -> Path:
        """Folder of the process whose `net` is the machine's network."""
        return self.root / ("self" if self.root == USUAL else "1")

    @property
    def net(self) -> Path:
        """Folder of the network's files."""
        return self.net_owner / "net"


@contextmanager
def psutil_reading(folder: Path) -> Iterator[None]:
    """Point psutil at another procfs for the length of a call; it knows only this one global way."""
    before = psutil.PROCFS_PATH
    psutil.PROCFS_PATH = str(folder)
    try:
        yield
    finally:
        psutil.PROCFS_PATH = before
