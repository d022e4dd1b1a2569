"""Measured hours: what the proof of a claim says of the host, the hour and the meter behind it, and what that rests on.

A chain of attestations says in its name whose hours it counts, which hour its time begins with, and which Prometheus
was believed. So all that a proof shows follows from the signed claim and the genesis, but for two texts, whose digests
are in the claim.
"""

import hashlib
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from exporter.core.printable import printable
from simulator.ledger.booking.certificates import MILLIJOULES_PER_WATT_HOUR
from simulator.ledger.booking.credits import PARTS_PER_MICROGRAM
from simulator.ledger.record.types import Claim, Genesis

MICROGRAMS_PER_GRAM = 1_000_000
"""Definition of a microgram."""

MILLIGRAMS_PER_GRAM = 1000
"""Definition of a milligram."""

TIME = "%Y-%m-%dT%H:%M:%SZ"

_BAND = "nine machines in ten lie within "
"""Beginning of the part of a claim's text on power that states its uncertainty band."""


class Subject(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="attested"):
    """Subject of a chain of attestations, as JSON in the name of the chain.

    The host is an instance of a job of the Prometheus of a URL; the hour `begins` is that of second 0 of the chain;
    `key` is the verifier of the key that signs the blocks, as signed notes write it.
    """

    instance: str
    job: str
    prometheus: str
    begins: str
    key: str

    def name(self) -> bytes:
        """Return the name of the chain."""
        return msgspec.json.encode(self)

    def at(self, seconds: int) -> datetime:
        """Return the time at so many seconds of the chain. Raises ValueError or OverflowError where there is none."""
        return datetime.strptime(self.begins, TIME).replace(tzinfo=UTC) + timedelta(seconds=seconds)


class Measured(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Figures of an hour of a measured host, as the proof of its claim shows them, and the two texts of its claim."""

    instance: str
    start: str
    end: str
    energy_millijoules: int
    emissions_micrograms: int
    intensity_source: str
    models: str
    prometheus_is_trusted: Literal[True] = True


def band_text(low: float, high: float) -> str:
    """Return how the text on power states its band, whose ends are shares of the power."""
    return f"{_BAND}{low:.2f} to {high:.2f} times the figure"


def _band_of(measured: Measured) -> str:
    """Return what a claim says of its band, in Wh."""
    stated = re.compile(f"{_BAND}([0-9]+[.][0-9]{{2}}) to ([0-9]+[.][0-9]{{2}}) times the figure")
    found = next(filter(None, map(stated.fullmatch, measured.models.split("; "))), None)
    if found is None:
        return "the claim has no uncertainty band of this power stored"
    low, high = (float(share) * measured.energy_millijoules / MILLIJOULES_PER_WATT_HOUR for share in found.groups())
    return f"the band of that is {low:.3f} to {high:.3f} Wh; the grams have no band of their own"


def text_digest(text: str) -> bytes:
    """Return the digest by which a claim names a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def read_subject(genesis: Genesis) -> Subject | None:
    """Return the subject of a chain.

    None where it is no chain of attestations, its key does not sign its blocks, or credits can come of it.
    """
    try:
        found = msgspec.json.decode(genesis.config.name, type=Subject)
        found.at(0)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, OverflowError):
        return None
    signs = [b64encode(b"\x01" + one.key).decode() for one in genesis.validators]
    is_whole = found.name() == genesis.config.name and [found.key.split("+", 2)[-1]] == signs
    return found if is_whole and not genesis.config.benchmarks else None


def measured_by(subject: Subject, claim: Claim, intensity_source: str, models: str) -> Measured | None:
    """Return what a claim of a chain of attestations says of its hour.

    None where the texts are not those of its digests, or its times are none.
    """
    if (text_digest(intensity_source), text_digest(models)) != (claim.intensity_source, claim.models):
        return None
    try:
        start, end = subject.at(claim.start), subject.at(claim.end)
    except (ValueError, OverflowError):
        return None
    return Measured(
        instance=subject.instance,
        start=start.strftime(TIME),
        end=end.strftime(TIME),
        energy_millijoules=claim.grid_import,
        emissions_micrograms=claim.grid_import * claim.intensity // PARTS_PER_MICROGRAM,
        intensity_source=intensity_source,
        models=models,
    )


def _figure_of(measured: Measured) -> str:
    """Return the carbon intensity of a claim; nothing where no energy tells it."""
    if measured.energy_millijoules == 0:
        return ""
    milligrams = measured.emissions_micrograms * PARTS_PER_MICROGRAM / measured.energy_millijoules
    return f"; {milligrams / MILLIGRAMS_PER_GRAM:.1f} g/kWh on average, of a year that is not stated"


def sentences(subject: Subject, measured: Measured) -> list[str]:
    """Return in words what a claim says of its hour, and what nobody has checked."""
    energy = measured.energy_millijoules / MILLIJOULES_PER_WATT_HOUR
    mass = measured.emissions_micrograms / MICROGRAMS_PER_GRAM
    said = (
        f"{measured.instance} drew {energy:.3f} Wh and emitted {mass:.3f} g of CO2e from {measured.start} to "
        f"{measured.end}",
        f"power: {measured.models}",
        _band_of(measured),
        f"carbon intensity: {measured.intensity_source}{_figure_of(measured)}",
        "the energy is that of the machine alone, without the network's",
        f"whoever holds the key {subject.key} says so, and signed the block with it",
        f"the Prometheus at {subject.prometheus} is trusted, and nobody has checked the meter; no credits come of it",
    )
    return [printable(one) for one in said]
