"""Records of the ledger: frozen structures of integers and bytes, encoded as arrays in the order of their fields.

Energies are millijoules, powers milliwatts, masses micrograms, intensities milligrams per kWh, times whole seconds of
simulated time since genesis. Energies of a claim and changes of stake may hold any integer that can be encoded: what is
below zero or too large is refused by a rule of its own, not by the decoder. A field's type bounds only what has no
meaning otherwise. `simulator.ledger.record.codec` turns a structure into bytes, and says what of it is signed.
"""

from enum import IntEnum
from typing import Annotated

import msgspec
from msgspec import Meta

MAX_INTEGER = 2**63 - 1
"""The largest integer of any record. Sums of products are bounded by rules, so that no language overflows."""

DIGEST_BYTES = 32
"""Size of SHA-256, which names blocks, states, sources, models and roots (FIPS 180-4)."""

Unsigned = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
Positive = Annotated[int, Meta(ge=1, le=MAX_INTEGER)]
Digest = Annotated[bytes, Meta(min_length=DIGEST_BYTES, max_length=DIGEST_BYTES)]
PublicKey = Annotated[bytes, Meta(min_length=32, max_length=32)]
Signature = Annotated[bytes, Meta(min_length=64, max_length=64)]


class Record(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, kw_only=True, gc=False):
    """A structure with one canonical encoding."""


class ChainConfig(Record, frozen=True):
    """Figures that all validators of a chain agree on, and that never change.

    `benchmarks` are the counterfactual of a credit: micrograms of CO2e per task on time, by class. A claim tells of
    `claim_seconds`, the supply step, which is an epoch of 60 slots of 5 s. Credits are settled each `crediting_epochs`.
    Of a claim's records, `samples_per_claim` are drawn, and validators have `opening_epochs` from then on to open them.
    A change of stake is announced at least `stake_delay_epochs` whole epochs ahead.
    """

    name: bytes
    benchmarks: tuple[Unsigned, ...]
    slot_seconds: Positive = 5
    slots_per_epoch: Positive = 60
    claim_seconds: Positive = 300
    crediting_epochs: Positive = 288
    samples_per_claim: Unsigned = 4
    opening_epochs: Unsigned = 2
    stake_delay_epochs: Unsigned = 2
    slashed_permille: Unsigned = 1000
    max_block_bytes: Unsigned = 1 << 20
    max_intensity: Unsigned = 2_000_000


class Validator(Record, frozen=True):
    """A validator: its key, its stake, and the commitment to which its reveals lead.

    The commitment is the link of slot 0 of a chain of hashes, in which a slot's link is SHA-256 of the next slot's. A
    block reveals the link of its slot, so that a proposer has one reveal and no choice but to withhold it. A signature
    would not do: Ed25519 has many valid signatures of one message.
    """

    key: PublicKey
    stake: Unsigned
    commitment: Digest
    slashed: bool = False


class Project(Record, frozen=True):
    """All devices of one operator, whose emissions and tasks are credited together; a validator answers for it."""

    owner: PublicKey
    sponsor: Unsigned


class Genesis(Record, frozen=True):
    """The beginning of a chain; its digest is the chain id."""

    config: ChainConfig
    validators: tuple[Validator, ...]
    projects: tuple[Project, ...] = ()


class Checkpoint(Record, frozen=True):
    """Last block before the first slot of an epoch: all have had time to see it when they vote for it."""

    epoch: Unsigned
    root: Digest


class AttestationData(Record, frozen=True, tag=1):
    """A validator's vote: the head that it saw in a slot, and the link from a justified checkpoint to a later one."""

    validator: Unsigned
    slot: Unsigned
    head: Digest
    source: Checkpoint
    target: Checkpoint


class Attestation(Record, frozen=True):
    """A signed vote."""

    data: AttestationData
    signature: Signature


class BlockHeader(Record, frozen=True, tag=2):
    """Header of a block, which its proposer signs.

    `number` counts the blocks of the chain from 1. `history_root` is the root of the tree (RFC 9162) whose leaves are
    the roots of all blocks before this one, so whoever signs a header signs the head of the ledger that it goes on
    with. `state_root` is of the state after the block, the parent's root is the digest of its header. The leaves of
    the body's tree are the encodings of its attestations, evidence and messages, in this order.
    """

    slot: Unsigned
    proposer: Unsigned
    number: Positive
    parent_root: Digest
    history_root: Digest
    state_root: Digest
    body_root: Digest
    randomness_reveal: Digest


class SignedHeader(Record, frozen=True):
    """A header with its proposer's signature, which also proves a double proposal to others."""

    header: BlockHeader
    signature: Signature


class DoubleProposal(Record, frozen=True, tag=1):
    """Evidence of two headers by one proposer for one slot."""

    first: SignedHeader
    second: SignedHeader


class DoubleVote(Record, frozen=True, tag=2):
    """Evidence of two different votes by one validator for one target epoch."""

    first: Attestation
    second: Attestation


class SurroundVote(Record, frozen=True, tag=3):
    """Evidence of two votes by one validator, of which the link of the first encloses that of the second."""

    first: Attestation
    second: Attestation


Evidence = DoubleProposal | DoubleVote | SurroundVote


class Capacity(Record, frozen=True):
    """Limits of a device in milliwatts, and what its battery holds at most and at first, in millijoules.

    `efficiency_ppm` is the battery's declared round-trip efficiency in parts per million. A figure is rounded up.
    """

    generation: Unsigned
    load: Unsigned
    grid: Unsigned
    charge: Unsigned = 0
    discharge: Unsigned = 0
    storage: Unsigned = 0
    stored: Unsigned = 0
    efficiency_ppm: Annotated[int, Meta(ge=0, le=1_000_000)] = 1_000_000


class KeyPossession(Record, frozen=True, tag=3):
    """Statement that a new device signs to show that it has the key, so that nobody registers a key of others."""

    device: Unsigned
    project: Unsigned
    key: PublicKey


class Registration(Record, frozen=True, tag=4):
    """Registration of a device, for good, signed by the project's owner.

    The claims of the device begin at `start` and leave no time out: what is not claimed would not be counted.
    """

    device: Unsigned
    project: Unsigned
    key: PublicKey
    capacity: Capacity
    start: Unsigned
    possession: Signature


class Claim(Record, frozen=True, tag=5):
    """Account of a device from `start` to `end`, which it signs.

    Charge and discharge count at the battery's terminals. To the millijoule, generation + import + discharge
    = load + export + charge + curtailed. `intensity` is that of the grid's electricity, with the digest of its source.
    `tasks` are those on time, by class. `records` task records have the Merkle root `records_root` (RFC 9162); those of
    tasks on time come first, by class and then by number, so that a record's place says what is claimed for it.
    `models` is a digest over the models and checkpoints that ran.
    """

    device: Unsigned
    sequence: Unsigned
    start: Unsigned
    end: Unsigned
    generation: int
    load: int
    grid_import: int
    export: int
    charge: int
    discharge: int
    curtailed: int
    intensity: int
    intensity_source: Digest
    tasks: tuple[int, ...]
    records: Unsigned
    records_root: Digest
    models: Digest


class TaskRecord(Record, frozen=True, tag=6):
    """A task that a device served: a leaf under the root of its claim. Times are milliseconds since genesis.

    `output` is the index of the class that the integer model `model` gives for the input drawn from `input_seed`.
    """

    task: Unsigned
    task_class: Unsigned
    arrived: Unsigned
    finished: Unsigned
    deadline: Unsigned
    model: Digest
    input_seed: Unsigned
    output: Unsigned


class Opening(Record, frozen=True):
    """A drawn task record of a claim: the claim's number, the record's place, and its path to the claim's root."""

    sequence: Unsigned
    index: Unsigned
    record: TaskRecord
    path: tuple[Digest, ...]


class ModelRecord(Record, frozen=True, tag=7):
    """Model verification: drawn task records of a device, opened by a validator under one signature.

    They stand in the order of their claims and places, each once, so that the same records have one encoding.
    """

    validator: Unsigned
    device: Unsigned
    openings: tuple[Opening, ...]


class Instrument(IntEnum):
    """The two instruments, which are never exchanged for one another."""

    CERTIFICATE = 0
    """A Wh that a device generated; the series is that of the device."""
    CREDIT = 1
    """A microgram that a project avoided against its benchmark; the series is that of the project."""


class Lots(Record, frozen=True):
    """The units [first, end) of a series of an instrument. Units of a series are numbered from 0 as they are issued."""

    instrument: Instrument
    series: Unsigned
    first: Unsigned
    end: Unsigned


class Transfer(Record, frozen=True, tag=8):
    """Transfer of held units, signed by the holder, whose messages are numbered from 1."""

    holder: PublicKey
    sequence: Unsigned
    lots: Lots
    to: PublicKey


class Retirement(Record, frozen=True, tag=9):
    """Retirement of held units on behalf of somebody: the use that they are for, which they have once."""

    holder: PublicKey
    sequence: Unsigned
    lots: Lots
    beneficiary: Digest


class Cancellation(Record, frozen=True, tag=10):
    """Removal of held units from circulation without any use."""

    holder: PublicKey
    sequence: Unsigned
    lots: Lots


class StakeChange(Record, frozen=True, tag=11):
    """Change of a validator's stake from an epoch on, signed by the validator, whose changes are numbered from 1.

    Stake is not made on the chain: a validator has at stake what it brought at genesis, or less.
    """

    validator: Unsigned
    sequence: Unsigned
    epoch: Unsigned
    change: int


class RevealRenewal(Record, frozen=True, tag=12):
    """Commitment of a validator to a new chain of reveals, signed by it and numbered among its changes of stake.

    `commitment` is the link of a slot that has passed. It takes effect at the bound of epochs at which it is final.
    """

    validator: Unsigned
    sequence: Unsigned
    slot: Unsigned
    commitment: Digest


Message = Registration | Claim | ModelRecord | Transfer | Retirement | Cancellation | StakeChange | RevealRenewal

Signable = Message | AttestationData | BlockHeader | KeyPossession


class SignedMessage(Record, frozen=True):
    """A message, the chain that it is for, and the signature over both of the one whom the message names."""

    chain_id: Digest
    message: Message
    signature: Signature


class Body(Record, frozen=True):
    """Contents of a block."""

    attestations: tuple[Attestation, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    messages: tuple[SignedMessage, ...] = ()


class Block(Record, frozen=True):
    """A signed header and its body."""

    signed_header: SignedHeader
    body: Body
