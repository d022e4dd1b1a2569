"""Flags that several commands of `ecotrack` share, and how long they ask a running exporter."""

import argparse
import os
from pathlib import Path

from exporter.core.units import Seconds

DEFAULT_ADDRESS = "127.0.0.1:10110"

ASK_SECONDS = Seconds(2.0)
"""Time for which a running exporter is asked at most, at all addresses together; it answers within milliseconds."""


def add_config_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag of the configuration."""
    parser.add_argument(
        "--config.file",
        dest="config_file",
        metavar="FILE",
        type=Path,
        help="YAML configuration; without it, defaults",
    )


def add_folder_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the state folder and of the places of procfs and sysfs."""
    parser.add_argument(
        "--state.dir",
        dest="state_dir",
        metavar="DIR",
        type=Path,
        default=_default_state_dir(),
        help="folder of totals, budgets and calibration (default: %(default)s)",
    )
    for name, usual, kind in (("procfs", "/proc", _procfs), ("sysfs", "/sys", _folder)):
        mounted = f"where {name} is mounted (default: %(default)s)"
        parser.add_argument(f"--path.{name}", dest=name, metavar="DIR", type=kind, default=usual, help=mounted)


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f'expected a folder, got "{text}"')
    return Path(text)


def _procfs(text: str) -> Path:
    """Check a procfs for the files without which there is neither power nor the size of the machine."""
    folder = _folder(text)
    if not all(os.access(folder / name, os.R_OK) for name in ("stat", "meminfo")):
        raise argparse.ArgumentTypeError(f'expected a procfs that can be read, got "{text}"')
    return folder


def _default_state_dir() -> Path:
    """Choose the state folder: systemd's if it names one, the system's for root, otherwise the user's."""
    if given := os.environ.get("STATE_DIRECTORY"):
        return Path(given)
    if os.geteuid() == 0:
        return Path("/var/lib/ecotrack")
    if base := os.environ.get("XDG_STATE_HOME"):
        return Path(base) / "ecotrack"
    try:
        return Path.home() / ".local/state/ecotrack"
    except RuntimeError:  # a user whom the system does not know, as in a container, without HOME
        return Path(f"/var/lib/ecotrack-{os.geteuid()}")
