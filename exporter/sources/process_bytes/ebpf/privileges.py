"""Privileges of this process, looked at before the kernel is asked: a filter of system calls may end who asks."""

from pathlib import Path

from exporter.sources.process_bytes.ebpf.unavailable import EbpfUnavailableError

OWN_STATUS = Path("/proc/self/status")

CAPABILITIES = {"CAP_PERFMON": 38, "CAP_BPF": 39}
"""Number of each capability that is needed (include/uapi/linux/capability.h)."""

CAP_SYS_ADMIN = 21
"""Number of the capability that holds the others (include/uapi/linux/capability.h)."""


def check_privileges(status: Path = OWN_STATUS) -> None:
    """Do nothing where this process has the capabilities. Raises EbpfUnavailableError, which names what is missing."""
    held = _effective(status)
    missing = [name for name, number in CAPABILITIES.items() if not held & (1 << number | 1 << CAP_SYS_ADMIN)]
    if missing:
        raise EbpfUnavailableError(f"it takes CAP_BPF and CAP_PERFMON, and the exporter lacks {' and '.join(missing)}")


def _effective(status: Path) -> int:
    for line in status.read_bytes().splitlines():
        name, _, value = line.partition(b":")
        if name == b"CapEff":
            return int(value, 16)
    raise EbpfUnavailableError(f"{status} does not tell capabilities")
