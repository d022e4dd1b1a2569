"""The calibration in the state folder: one small file beside the totals, made and taken back by one command."""

import math

import msgspec

from exporter.core.units import UnixSeconds, Watts
from exporter.kept import KeptFile
from exporter.power.component import Coverage

_FORMAT = "ecotrack-calibration"

BLOCK = 512
"""Bytes that are written at first, so that a full disk shows: more than a calibration has. Chosen."""


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Idle and full power of what `source` measured: of the whole machine, or of its CPU packages alone."""

    at: UnixSeconds
    source: str
    covers: Coverage
    idle_watts: Watts
    full_watts: Watts
    format: str = _FORMAT

    def __post_init__(self) -> None:
        """Refuse what cannot be a machine's power."""
        if self.format != _FORMAT:
            raise ValueError(f'expected the format "{_FORMAT}"')
        if self.covers not in {Coverage.MACHINE, Coverage.PACKAGE}:
            raise ValueError("expected power of the machine or of its packages")
        if not (math.isfinite(self.full_watts) and 0.0 < self.idle_watts < self.full_watts):
            raise ValueError("expected full power above idle power above 0")


CALIBRATION = KeptFile(
    name="calibration.json",
    subject="calibration",
    command="ecotrack calibrate",
    remedy="`ecotrack calibrate --undo` removes it",
    kind=Calibration,
    block=BLOCK,
)
"""The file of the last calibration."""
