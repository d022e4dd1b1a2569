"""`ecochain`, which is also `python -m simulator`: it runs where the system is one that it knows."""

import sys

from exporter.core.supported import unsupported


def main() -> int:
    """Run the command and return its exit status. On another system nothing else is imported, which would fail."""
    reason = unsupported(sys.platform, sys.version_info[:2])
    if reason is not None:
        sys.stderr.write(f"ecochain: {reason}\n")
        return 2
    from simulator.cli import main as run  # noqa: PLC0415 - as above

    return run()


# Worker processes import this file anew and are not to run the command again.
if __name__ == "__main__":
    sys.exit(main())
