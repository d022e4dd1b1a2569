"""The ledger of one measured host: hours become signed claims in it, one after the other, and each only once.

A device's claims leave no time out. So where hours are refused, those after them are claimed by a new device of the
same host, with a key of its own: every chain of claims is whole, and a gap between two of them shows.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from exporter.core.config import ConfigError
from exporter.core.units import SECONDS_PER_DAY, SECONDS_PER_HOUR
from simulator.ledger.attest.hour import Hour
from simulator.ledger.attest.stored import Exporter
from simulator.ledger.attest.validator import SLOT_SECONDS, Secrets, Validator, reveals_of
from simulator.ledger.file.faults import DamagedError
from simulator.ledger.file.measured import TIME, Subject, measured_by, read_subject, text_digest
from simulator.ledger.file.proofs import ClaimProof, Proof, head_text, prove_claim
from simulator.ledger.file.reading import ClaimName
from simulator.ledger.file.shown import counted
from simulator.ledger.file.store import Store, create_store, open_store
from simulator.ledger.record.key_file import NoteKey
from simulator.ledger.record.keys import SecretKey
from simulator.ledger.record.merkle import root_of
from simulator.ledger.record.rules import RuleError
from simulator.ledger.record.types import (
    Capacity,
    ChainConfig,
    Claim,
    Genesis,
    KeyPossession,
    Message,
    Project,
    Registration,
    SignedMessage,
)
from simulator.ledger.record.types import Validator as Founder

CLAIM_SECONDS = round(SECONDS_PER_HOUR)
"""Seconds that a claim is of."""

STAKE = 1
"""Stake of the only validator. Chosen: any would do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A claim that is in the ledger, and the Unix time at which its hour begins."""

    name: ClaimName
    start: float


class Book:
    """The ledger file of a measured host, opened to go on with it."""

    def __init__(self, store: Store, key: NoteKey) -> None:
        """Take up an open file. Raises ConfigError where it is no ledger of attestations, or one of another key."""
        subject = read_subject(store.genesis)
        if subject is None:
            raise ConfigError([f"{store.path}: is no ledger that `ecochain ledger attest` began"])
        if subject.key != key.verifier():
            raise ConfigError([f"--key: {store.path} was begun with the key {subject.key}"])
        self.subject = subject
        self._store = store
        self._key = key
        secrets = Secrets(key=key.key(), reveals=reveals_of(_secret(key, subject, "reveals")))
        self._validator = Validator(store, secrets)

    @property
    def begins(self) -> float:
        """Unix time of second 0 of the chain."""
        return self.subject.at(0).timestamp()

    @property
    def end(self) -> float:
        """Unix time until which all hours are claimed or passed over."""
        return self.begins + max((one.end for one in self._validator.books.meters.values()), default=0)

    @property
    def reached(self) -> float:
        """Unix time at which the slot of the last block begins."""
        return self.begins + self._validator.slot * SLOT_SECONDS

    @property
    def last(self) -> Claimed | None:
        """The last claim; None while there is none."""
        meters = self._validator.books.meters
        if not meters:
            return None
        device = max(meters)
        return Claimed(name=ClaimName(device, meters[device].sequence), start=self.end - CLAIM_SECONDS)

    def milliwatts(self) -> int | None:
        """Return the most that the last device is registered with; None while there is none."""
        devices = self._validator.books.devices
        return devices[max(devices)].capacity.load if devices else None

    def claim(self, start: float, hour: Hour, milliwatts: int) -> ClaimName:
        """Write the claim of the hour that begins at a Unix time, and return its name.

        Raises StoreError, ConfigError where the chain has come to its end, and RuleError where the hour breaks a rule.
        """
        begin = round(start - self.begins)
        device, sequence, messages = self._device(begin, milliwatts)
        claim = Claim(
            device=device,
            sequence=sequence,
            start=begin,
            end=begin + CLAIM_SECONDS,
            generation=0,
            load=hour.energy,
            grid_import=hour.energy,
            export=0,
            charge=0,
            discharge=0,
            curtailed=0,
            intensity=hour.intensity,
            intensity_source=text_digest(hour.intensity_source),
            tasks=(),
            records=0,
            records_root=root_of([]),
            models=text_digest(hour.models),
        )
        messages.append(self._signed(claim, self._secret_key(f"device {device}")))
        self._validator.add(claim.end // SLOT_SECONDS, messages)
        return ClaimName(device, sequence)

    def _device(self, begin: int, milliwatts: int) -> tuple[int, int, list[SignedMessage]]:
        """Return the device that claims an hour, the number of its claim, and its registration if it is new."""
        books = self._validator.books
        last = max(books.devices, default=0)
        if last and books.meters[last].end == begin and books.devices[last].capacity.load == milliwatts:
            return last, books.meters[last].sequence + 1, []
        key = self._secret_key(f"device {last + 1}")
        shown = KeyPossession(device=last + 1, project=0, key=key.public)
        registration = Registration(
            device=last + 1,
            project=0,
            key=key.public,
            capacity=Capacity(generation=0, load=milliwatts, grid=milliwatts),
            start=begin,
            possession=key.sign(self._store.genesis_root, shown),
        )
        return last + 1, 1, [self._signed(registration, self._secret_key("owner"))]

    def make_final(self, now: float) -> None:
        """Let the last claim become final, as far as slots have begun. Raises StoreError."""
        last = self.last
        row = None if last is None else self._store.claim_row(last.name)
        if row is not None:
            self._validator.make_final(row.block, int((now - self.begins) // SLOT_SECONDS))

    def proof(self, name: ClaimName, intensity_source: str, models: str) -> ClaimProof | None:
        """Return the proof of a claim; None where the texts are not those of the claim."""
        proof = prove_claim(self._store, name)
        message = self._store.decoded(proof.message, SignedMessage).message
        measured = None
        if isinstance(message, Claim):
            measured = measured_by(self.subject, message, intensity_source, models)
        return None if measured is None else msgspec.structs.replace(proof, measured=measured)

    def is_proven_by(self, proof: Proof) -> bool:
        """Tell whether a proof shows what was measured in the hour of the last claim."""
        if self.last is None or not isinstance(proof, ClaimProof) or proof.measured is msgspec.UNSET:
            return False
        return proof.message == prove_claim(self._store, self.last.name).message

    def summary(self) -> str:
        """Return in words how many blocks there are, and the head."""
        blocks = counted(self._store.blocks, "block")
        return f"{blocks}, {self._store.finalized} of them final; head {head_text(self._store.head())}"

    def _signed(self, message: Message, key: SecretKey) -> SignedMessage:
        chain_id = self._store.genesis_root
        return SignedMessage(chain_id=chain_id, message=message, signature=key.sign(chain_id, message))

    def _secret_key(self, role: str) -> SecretKey:
        return SecretKey(_secret(self._key, self.subject, role))


def _secret(key: NoteKey, subject: Subject, role: str) -> bytes:
    """Return the secret of a role in a chain, of which other roles and chains tell nothing."""
    return key.derived(f"attest {role} {hashlib.sha256(subject.name()).hexdigest()}")


@contextmanager
def opened(path: Path, key: NoteKey) -> Iterator[Book]:
    """Open a ledger of attestations to go on with it, and close it. Raises ConfigError, StoreError and DamagedError."""
    with open_store(path) as store:
        try:
            book = Book(store, key)
        except RuleError as error:
            raise DamagedError(f"{path}: {error}") from error
        yield book


def begin(path: Path, subject: Subject, key: NoteKey) -> None:
    """Begin a ledger file. Raises StoreError where there is one or none can be written."""
    reveals = reveals_of(_secret(key, subject, "reveals"))
    genesis = Genesis(
        config=ChainConfig(
            name=subject.name(),
            benchmarks=(),
            slot_seconds=SLOT_SECONDS,
            slots_per_epoch=1,
            claim_seconds=CLAIM_SECONDS,
            crediting_epochs=round(SECONDS_PER_DAY) // SLOT_SECONDS,
        ),
        validators=(Founder(key=key.key().public, stake=STAKE, commitment=reveals.commitment),),
        projects=(Project(owner=SecretKey(_secret(key, subject, "owner")).public, sponsor=0),),
    )
    create_store(path, genesis).close()


def subject_of(exporter: Exporter, prometheus: str, start: float, key: NoteKey) -> Subject:
    """Return the subject of a chain whose first hour begins at a Unix time."""
    return Subject(
        instance=exporter.instance,
        job=exporter.job or "",
        prometheus=prometheus,
        begins=datetime.fromtimestamp(start, UTC).strftime(TIME),
        key=key.verifier(),
    )
