"""The proof of the last hour whose consumption somebody has signed, from a file that `ecochain ledger attest` writes.

What the file says is told as it stands there: nothing here checks a signature, and `ecochain ledger check` does.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from exporter.core.clock import Clock
from exporter.core.regular_file import open_file
from exporter.core.units import JOULES_PER_KWH, SECONDS_PER_HOUR, Grams, Joules, Seconds, UnixSeconds
from exporter.power.component import MAX_MACHINE_WATTS
from exporter.sources.reading import Attestation, ReadingUnavailableError

MOST_BYTES = 65_536
"""Size up to which a proof is read. Judgement: one of a ledger with a million blocks has some ten thousand bytes."""

MOST_AHEAD = Seconds(60.0)
"""Time by which an attested hour may end after the present. Judgement: clocks of two machines that NTP sets differ by
less."""

EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
"""Time before which no hour was attested: the first version that attests is of that year."""

SETTLED = Seconds(2.0)
"""Age from which a file that has changed is taken to be whole. A file system may give two changes within its clock's
step one time; the coarsest step, of FAT, is 2 s."""

MOST_GRAMS_PER_KWH = 2000.0
"""Carbon intensity above which a proof is refused: the most that `ecochain ledger attest` claims."""


class _Measured(msgspec.Struct, frozen=True, kw_only=True):
    """The measured hour of a proof."""

    instance: Annotated[str, Meta(min_length=1, max_length=256)]
    start: Annotated[datetime, Meta(tz=True)]
    end: Annotated[datetime, Meta(tz=True)]
    energy_millijoules: Annotated[int, Meta(ge=0, le=2**53)]
    emissions_micrograms: Annotated[int, Meta(ge=0, le=2**53)]


class _Proof(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a proof that is shown; the rest is for those who check it."""

    kind: Literal["claim"]
    measured: _Measured


class ProofFile:
    """The file of a proof, read when it has changed."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self._seen: tuple[int, ...] = ()
        self._found: Attestation | str = ""

    def read(self) -> Attestation:
        """Return what the file says now. Raises OSError, or ReadingUnavailableError where it is no proof of an hour."""
        if not self._seen or _mark(os.stat(self.path)) != self._seen:  # noqa: PTH116 - once a sample
            self._look()
        found = self._found
        if isinstance(found, Attestation) and found.end > self._clock.wall() + MOST_AHEAD:
            found = "is a proof of an hour that is not over"
        if isinstance(found, str):
            raise ReadingUnavailableError(f"{self.path} {found}")
        return found

    def _look(self) -> None:
        """Read the file, and remember its mark unless it may still be changing."""
        self._seen = ()
        with open_file(self.path) as file:
            status = os.fstat(file.fileno())
            content = file.read(MOST_BYTES + 1)
        self._found = _understood(content)
        if self._clock.wall() - status.st_mtime >= SETTLED:
            self._seen = _mark(status)


def _mark(status: os.stat_result) -> tuple[int, ...]:
    """Return what differs between a file and the one that took its place, and before and after a change of it."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _understood(content: bytes) -> Attestation | str:
    """Return what a proof says, or why it is none."""
    if len(content) > MOST_BYTES:
        return f"is no proof: it has more than {MOST_BYTES:,} bytes"
    try:
        told = msgspec.json.decode(content, type=_Proof).measured
    except (ValueError, RecursionError):  # msgspec's errors are the former; what they quote may be anything
        return "is no proof of a measured hour: `ecochain ledger attest` writes one"
    hour = (told.end - told.start).total_seconds()
    energy, emissions = Joules(told.energy_millijoules / 1e3), Grams(told.emissions_micrograms / 1e6)
    if hour != SECONDS_PER_HOUR or told.start < EARLIEST:
        return "is a proof of a time that is no hour since 2026"
    if energy > MAX_MACHINE_WATTS * hour or emissions > energy / JOULES_PER_KWH * MOST_GRAMS_PER_KWH:
        return "is a proof of more than any machine takes or emits"
    return Attestation(
        instance=told.instance,
        start=UnixSeconds(told.start.timestamp()),
        end=UnixSeconds(told.end.timestamp()),
        energy=energy,
        emissions=emissions,
        proof=content,
    )
