"""The engine's side of the ledger: what a device measures and serves becomes signed claims, and records to be opened.

Nobody but the ledger books a certificate or a credit, and nobody here knows a price.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from exporter.core.units import JOULES_PER_KWH
from simulator.ledger.booking.state import State
from simulator.ledger.devices.metering import Carried, meter
from simulator.ledger.record.codec import encode
from simulator.ledger.record.keys import SecretKey
from simulator.ledger.record.merkle import StoredNodes, inclusion_path
from simulator.ledger.record.types import (
    Capacity,
    Claim,
    KeyPossession,
    Message,
    ModelRecord,
    Opening,
    Registration,
    SignedMessage,
    TaskRecord,
)

MILLIGRAMS_PER_GRAM = 1000
"""Definition of a milligram."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An interval of a device until `end`, in seconds since genesis.

    `joules` are by flow, in the order of `simulator.ledger.devices.metering.FLOWS`. `on_time` are the records of tasks
    on time by class, `others` those of all other tasks that ended in the interval.
    """

    end: int
    joules: tuple[float, ...]
    grams_per_joule: float
    intensity_source: bytes
    on_time: tuple[tuple[TaskRecord, ...], ...]
    others: tuple[TaskRecord, ...] = ()


class Producer:
    """A device that meters, numbers and signs, and keeps its records for validators to open."""

    def __init__(self, device: int, key: SecretKey, chain_id: bytes, *, start: int = 0) -> None:
        """Begin to claim at `start`, in seconds since genesis, once the device is registered."""
        self.device = device
        self._key = key
        self._chain_id = chain_id
        self._end = start
        self._sequence = 0
        self._carried = Carried()
        self._records: dict[int, tuple[tuple[TaskRecord, ...], StoredNodes]] = {}

    def register(self, project: int, owner: SecretKey, capacity: Capacity) -> SignedMessage:
        """Return the device's registration by its owner."""
        shown = KeyPossession(device=self.device, project=project, key=self._key.public)
        registration = Registration(
            device=self.device,
            project=project,
            key=self._key.public,
            capacity=capacity,
            start=self._end,
            possession=self._key.sign(self._chain_id, shown),
        )
        return _signed(self._chain_id, registration, owner)

    def claim(self, interval: Interval) -> SignedMessage:
        """Return the claim of the interval that follows the last one."""
        energies, self._carried = meter(interval.joules, self._carried)
        records = (*(record for records in interval.on_time for record in records), *interval.others)
        nodes = StoredNodes()
        nodes.extend(map(encode, records))
        self._sequence += 1
        claim = Claim(
            device=self.device,
            sequence=self._sequence,
            start=self._end,
            end=interval.end,
            generation=energies.generation,
            load=energies.load,
            grid_import=energies.grid_import,
            export=energies.export,
            charge=energies.charge,
            discharge=energies.discharge,
            curtailed=energies.curtailed,
            intensity=compute_intensity(interval.grams_per_joule),
            intensity_source=interval.intensity_source,
            tasks=tuple(map(len, interval.on_time)),
            records=len(records),
            records_root=nodes.tree.root(),
            models=compute_models_digest(records),
        )
        self._end = interval.end
        if records:
            self._records[self._sequence] = (records, nodes)
        return _signed(self._chain_id, claim, self._key)

    def open(self, sequence: int, index: int) -> Opening:
        """Return a record of a claim with its path. Raises KeyError for a forgotten claim."""
        records, nodes = self._records[sequence]
        return Opening(
            sequence=sequence,
            index=index,
            record=records[index],
            path=tuple(inclusion_path(index, len(records), nodes.node)),
        )

    def forget_until(self, sequence: int) -> None:
        """Forget the records of claims up to this one, which are credited or not."""
        self._records = {number: kept for number, kept in self._records.items() if number > sequence}


def compute_intensity(grams_per_joule: float) -> int:
    """Return an intensity in whole milligrams per kWh, to the nearest."""
    return round(grams_per_joule * JOULES_PER_KWH * MILLIGRAMS_PER_GRAM)


def compute_models_digest(records: Iterable[TaskRecord]) -> bytes:
    """Return SHA-256 over the digests of the models that ran, in order and each once."""
    return hashlib.sha256(b"".join(sorted({record.model for record in records}))).digest()


def open_drawn(state: State, producers: Mapping[int, Producer], validator: int, key: SecretKey) -> list[SignedMessage]:
    """Return all drawn records that nobody opened yet, opened by a validator: a message for each device."""
    found: dict[int, list[Opening]] = {}
    waiting = [item for item in state.pending.items() if len(item[1].opened) < len(item[1].drawn)]
    for (device, sequence), pending in sorted(waiting):
        closed = [index for index in pending.drawn if not pending.is_opened(index)]
        found.setdefault(device, []).extend(producers[device].open(sequence, index) for index in closed)
    return [
        _signed(state.chain_id, ModelRecord(validator=validator, device=device, openings=tuple(openings)), key)
        for device, openings in found.items()
    ]


def _signed(chain_id: bytes, message: Message, key: SecretKey) -> SignedMessage:
    return SignedMessage(chain_id=chain_id, message=message, signature=key.sign(chain_id, message))
