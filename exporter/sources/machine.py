"""Facts about this machine that hold while it is up."""

from pathlib import Path

import psutil


def boot_id(procfs: Path) -> str:
    """Return something that changes when the machine restarts, and only then."""
    try:
        found = (procfs / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        found = ""
    # Of the kernel, which this process has in common with whatever procfs shows.
    return found or f"booted-at-{int(psutil.boot_time())}"
