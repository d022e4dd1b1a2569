"""A chain as validators make it, small enough for a test.

Devices claim, validators vote and open task records, and what was issued is sold, used and taken out of circulation.
"""

import hashlib
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from simulator.ledger.booking.holdings import Lot, Status
from simulator.ledger.consensus.proposal import Sign, build_block, build_vote
from simulator.ledger.consensus.randomness import RevealChain
from simulator.ledger.consensus.state import State, get_block_proposer
from simulator.ledger.consensus.transition import process_slots
from simulator.ledger.file.reading import ClaimName
from simulator.ledger.file.replay import Replay
from simulator.ledger.file.store import Records, Store, create_store
from simulator.ledger.record.codec import encode
from simulator.ledger.record.keys import SecretKey
from simulator.ledger.record.merkle import StoredNodes, inclusion_path
from simulator.ledger.record.types import (
    Attestation,
    Block,
    Body,
    Cancellation,
    Capacity,
    ChainConfig,
    Claim,
    Evidence,
    Genesis,
    Instrument,
    KeyPossession,
    Lots,
    Message,
    ModelRecord,
    Opening,
    Project,
    Registration,
    Retirement,
    SignedMessage,
    TaskRecord,
    Transfer,
    Validator,
)
from simulator.models.integer import IntegerModel, train

CAPACITY = Capacity(
    generation=4_000_000,
    load=1_000_000,
    grid=4_000_000,
    charge=1_000_000,
    discharge=1_000_000,
    storage=200_000_000,
    efficiency_ppm=900_000,
)


def key(name: str) -> SecretKey:
    """Return a key that follows from a name."""
    return SecretKey(hashlib.sha256(name.encode()).digest())


DEVICES = [key(f"device {number}") for number in range(3)]
OWNER, BUYER = key("owner"), key("buyer")


@cache
def reveals(validator: int) -> RevealChain:
    """Return the reveals of a validator."""
    return RevealChain(hashlib.sha256(b"reveals %d" % validator).digest(), 8192)


@cache
def model() -> IntegerModel:
    """Return the model that all tasks use."""
    return train("mlp")


def execute(digest: bytes, seed: int) -> int | None:
    """Execute the model; None for any other."""
    return model().run(seed) if digest == model().digest else None


class Story:
    """A chain that grows block by block, with all of its keys."""

    def __init__(self, validators: int = 4, slots_per_epoch: int = 4, name: bytes = b"a story") -> None:
        """Begin it: claims are about an epoch, which is short, so that little has to be told."""
        self.validators = [key(f"validator {number}") for number in range(validators)]
        self.slots_per_epoch = slots_per_epoch
        self.epoch_seconds = 5 * slots_per_epoch
        self.genesis = Genesis(
            config=ChainConfig(
                name=name,
                benchmarks=(50_000, 90_000),
                slots_per_epoch=slots_per_epoch,
                claim_seconds=self.epoch_seconds,
                crediting_epochs=6,
            ),
            validators=tuple(
                Validator(key=one.public, stake=100 + number, commitment=reveals(number).commitment)
                for number, one in enumerate(self.validators)
            ),
            projects=(Project(owner=OWNER.public, sponsor=0),),
        )
        self.replay = Replay(self.genesis, execute)
        self.chain_id = self.replay.consensus.chain_id
        self.blocks: list[Block] = []
        self.records: list[Records] = []
        self.finalized: list[int] = []
        self.snapshots: list[bytes] = []
        self._claims: dict[ClaimName, tuple[TaskRecord, ...]] = {}

    def tell(self, epochs: int) -> "Story":
        """Go on for so many epochs, in which everything happens that may."""
        begin = (self.replay.consensus.slot + 1) // self.slots_per_epoch
        for epoch in range(begin, begin + epochs):
            first = epoch * self.slots_per_epoch
            if epoch:
                self.add(first, self.claims(epoch))
            else:
                self.add(first + 1, [self.registration(number) for number in range(len(DEVICES))])
            # An empty slot follows, with the votes of all.
            self.add(first + 2, self.openings(), self.votes(first + 1))
            self.add(first + 3, self.trade())
            for slot in range(first + 4, first + self.slots_per_epoch):
                self.add(slot)
        return self

    def add(
        self,
        slot: int,
        messages: Sequence[SignedMessage] = (),
        votes: Sequence[Attestation] = (),
        evidence: Sequence[Evidence] = (),
    ) -> None:
        """Add the block of a slot."""
        state = process_slots(self.replay.consensus, slot)
        body = Body(attestations=tuple(votes), evidence=tuple(evidence), messages=tuple(messages))
        proposer = get_block_proposer(state)
        sign = self.signer(self.validators[proposer])
        process = self.replay.application.process_messages
        self.take(build_block(process, state, reveals(proposer).reveal(slot), body, sign))

    def take(self, block: Block) -> None:
        """Take the next block."""
        self.replay.see(len(self.blocks) + 1, block)
        self.note(block)

    def note(self, block: Block) -> None:
        """Note a block, be it good or bad."""
        told = [one.message for one in block.body.messages]
        names = [ClaimName(one.device, one.sequence) for one in told if isinstance(one, Claim)]
        self.blocks.append(block)
        self.records.append({name: [encode(one) for one in self._claims[name]] for name in names})
        self.finalized.append(self.replay.finalized)
        self.snapshots.append(self.replay.snapshot())

    def write(self, path: Path, blocks: int | None = None) -> None:
        """Write all blocks, or the first ones, to a ledger file, and close it."""
        with create_store(path, self.genesis) as store:
            self.append(store, blocks)

    def append(self, store: Store, blocks: int | None = None) -> None:
        """Write to a ledger the blocks that it lacks, up to all of them or so many."""
        rows = zip(self.blocks, self.records, self.finalized, self.snapshots, strict=True)
        for block, records, finalized, snapshot in list(rows)[store.blocks : blocks]:
            store.append(block, records, finalized=finalized, snapshot=snapshot)

    def signer(self, by: SecretKey) -> Sign:
        """Return the signing of records by a key."""
        return lambda record: by.sign(self.chain_id, record)

    def signed(self, message: Message, by: SecretKey) -> SignedMessage:
        """Return a message for this chain, signed."""
        return SignedMessage(chain_id=self.chain_id, message=message, signature=by.sign(self.chain_id, message))

    def votes(self, slot: int) -> list[Attestation]:
        """Return the votes at a slot of all validators who may vote."""
        state: State = process_slots(self.replay.consensus, slot)
        voting = [index for index, one in enumerate(state.members) if not one.slashed]
        return [build_vote(state, index, self.signer(self.validators[index])) for index in voting]

    def registration(self, device: int) -> SignedMessage:
        """Return the registration of a device."""
        shown = KeyPossession(device=device, project=0, key=DEVICES[device].public)
        registration = Registration(
            device=device,
            project=0,
            key=DEVICES[device].public,
            capacity=CAPACITY,
            start=0,
            possession=DEVICES[device].sign(self.chain_id, shown),
        )
        return self.signed(registration, OWNER)

    def claims(self, epoch: int) -> list[SignedMessage]:
        """Return a claim of each device about the epoch before."""
        return [self.signed(self.claim(device, epoch), DEVICES[device]) for device in range(len(DEVICES))]

    def claim(self, device: int, epoch: int) -> Claim:
        """Return a claim about the epoch before, and keep its records."""
        tasks = (3 + device, epoch % 4)
        classes = [one for one, count in enumerate((*tasks, 2)) for _ in range(count)]
        records = tuple(self._record(device, epoch, number, one) for number, one in enumerate(classes))
        nodes = StoredNodes()
        nodes.extend(map(encode, records))
        self._claims[ClaimName(device, epoch)] = records
        generation = 20_000_000 + 1_111_111 * device + 7 * epoch
        # By day the battery is charged, by night it gives a part of that.
        charge, discharge = (9_000_000, 0) if epoch % 2 else (0, 5_000_000)
        load, imported = 8_000_000, 400_000 * device
        return Claim(
            device=device,
            sequence=epoch,
            start=self.epoch_seconds * (epoch - 1),
            end=self.epoch_seconds * epoch,
            generation=generation,
            load=load,
            grid_import=imported,
            export=generation + imported + discharge - load - charge - 1_000,
            charge=charge,
            discharge=discharge,
            curtailed=1_000,
            intensity=400_000,
            intensity_source=hashlib.sha256(b"a grid").digest(),
            tasks=tasks,
            records=len(records),
            records_root=nodes.tree.root(),
            models=model().digest,
        )

    def openings(self) -> list[SignedMessage]:
        """Return the drawn task records that nobody has opened yet, opened: those of a device in one message."""
        found: dict[int, list[Opening]] = {}
        for (device, sequence), pending in sorted(self.replay.ledger.pending.items()):
            closed = [index for index in pending.drawn if not pending.is_opened(index)]
            if closed:
                name = ClaimName(device, sequence)
                found.setdefault(device, []).extend(self.opening(name, index) for index in closed)
        return [self.opened(device, *openings) for device, openings in found.items()]

    def opened(self, device: int, *openings: Opening) -> SignedMessage:
        """Return task records of a device, opened by a validator."""
        message = ModelRecord(validator=1, device=device, openings=openings)
        return self.signed(message, self.validators[1])

    def opening(self, name: ClaimName, index: int) -> Opening:
        """Return a task record of a claim with its path."""
        records = self._claims[name]
        nodes = StoredNodes()
        nodes.extend(map(encode, records))
        return Opening(
            sequence=name.sequence,
            index=index,
            record=records[index],
            path=tuple(inclusion_path(index, len(records), nodes.node)),
        )

    def trade(self) -> list[SignedMessage]:
        """Return a transfer of some units of each series from the owner, and what the buyer makes of its units."""
        sequences = dict(self.replay.ledger.holders)
        found = []
        for by, lots, lot in self._held():
            sequences[by.public] = sequences.get(by.public, 0) + 1
            number = sequences[by.public]
            if by is OWNER:
                message: Message = Transfer(holder=by.public, sequence=number, lots=lots, to=BUYER.public)
            elif lot.first % 3:
                message = Retirement(holder=by.public, sequence=number, lots=lots, beneficiary=model().digest)
            else:
                message = Cancellation(holder=by.public, sequence=number, lots=lots)
            found.append(self.signed(message, by))
        return found

    def _held(self) -> Iterator[tuple[SecretKey, Lots, Lot]]:
        for (instrument, number), series in self.replay.ledger.series.items():
            held = [lot for lot in series if lot.status is Status.HELD]
            for by in (OWNER, BUYER):
                for lot in [one for one in held if one.holder == by.public][:1]:
                    end = lot.first + max(1, (lot.end - lot.first) // 2)
                    lots = Lots(instrument=Instrument(instrument), series=number, first=lot.first, end=end)
                    yield by, lots, lot

    def _record(self, device: int, epoch: int, number: int, task_class: int) -> TaskRecord:
        seed = 1000 * epoch + 10 * device + number
        return TaskRecord(
            task=seed,
            task_class=task_class,
            arrived=self.epoch_seconds * 1000 * (epoch - 1) + number,
            finished=self.epoch_seconds * 1000 * (epoch - 1) + number + 50,
            deadline=self.epoch_seconds * 1000 * (epoch - 1) + number + 900,
            model=model().digest,
            input_seed=seed,
            output=model().run(seed),
        )


@cache
def story() -> Story:
    """Return a story of 24 blocks, 15 of them final, for all who do not go on with it."""
    return Story().tell(8)


if __name__ == "__main__":
    Path(sys.argv[1]).parent.mkdir(parents=True, exist_ok=True)
    story().write(Path(sys.argv[1]))
