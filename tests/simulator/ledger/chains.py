"""Small chains of blocks for the tests of the store, and of proofs and files."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from simulator.ledger.file.contents import body_leaves
from simulator.ledger.file.reading import ClaimName
from simulator.ledger.record.codec import compute_chain_id, digest, encode
from simulator.ledger.record.keys import SecretKey
from simulator.ledger.record.merkle import Tree, root_of
from simulator.ledger.record.types import (
    Block,
    BlockHeader,
    Body,
    ChainConfig,
    Claim,
    Genesis,
    Project,
    SignedHeader,
    SignedMessage,
    TaskRecord,
    Validator,
)


def seed(text: str) -> bytes:
    """Return a digest to draw keys and the like from."""
    return hashlib.sha256(text.encode()).digest()


NOTHING = bytes(32)


def task_records(device: int, sequence: int, count: int) -> list[bytes]:
    """Return the bytes of the records of one claim."""
    return [
        encode(
            TaskRecord(
                task=number,
                task_class=number % 3,
                arrived=300_000 * sequence + number,
                finished=300_000 * sequence + number + 20,
                deadline=300_000 * sequence + number + 100,
                model=seed("model"),
                input_seed=device * 1_000_000 + number,
                output=number % 10,
            )
        )
        for number in range(count)
    ]


@dataclass
class Chain:
    """A chain that anybody may extend: its blocks are signed, and obey no rule of the ledger beyond that."""

    name: bytes = b"demo"
    keys: list[SecretKey] = field(default_factory=lambda: [SecretKey(seed(f"validator {one}")) for one in range(4)])

    def __post_init__(self) -> None:
        self.devices = [SecretKey(seed(f"device {one}")) for one in range(3)]
        self.genesis = Genesis(
            config=ChainConfig(name=self.name, benchmarks=(1000, 2000, 3000)),
            validators=tuple(Validator(key=key.public, stake=100, commitment=NOTHING) for key in self.keys),
            projects=(Project(owner=SecretKey(seed("owner")).public, sponsor=0),),
        )
        self.id = compute_chain_id(self.genesis)
        self._histories: dict[bytes, tuple[int, tuple[bytes, ...]]] = {self.id: (0, ())}

    def block(self, parent: bytes, slot: int, messages: Sequence[SignedMessage] = ()) -> Block:
        """Return a signed block."""
        body = Body(messages=tuple(messages))
        proposer = slot % len(self.keys)
        history = Tree(*self._histories[parent])
        header = BlockHeader(
            slot=slot,
            proposer=proposer,
            number=history.size + 1,
            parent_root=parent,
            history_root=history.root(),
            state_root=NOTHING,
            body_root=root_of(body_leaves(body)),
            randomness_reveal=NOTHING,
        )
        signature = self.keys[proposer].sign(self.id, header)
        history.extend([digest(header)])
        self._histories[digest(header)] = (history.size, history.peaks)
        return Block(signed_header=SignedHeader(header=header, signature=signature), body=body)

    def claim(self, device: int, sequence: int, records: Sequence[bytes]) -> SignedMessage:
        """Return a signed claim about these records."""
        claim = Claim(
            device=device,
            sequence=sequence,
            start=300 * sequence,
            end=300 * (sequence + 1),
            generation=9_000_000,
            load=7_000_000,
            grid_import=0,
            export=1_000_000,
            charge=600_000,
            discharge=0,
            curtailed=400_000,
            intensity=400_000,
            intensity_source=seed("grid"),
            tasks=(len(records), 0, 0),
            records=len(records),
            records_root=root_of(records),
            models=seed("models"),
        )
        signature = self.devices[device].sign(self.id, claim)
        return SignedMessage(chain_id=self.id, message=claim, signature=signature)

    def blocks(self, count: int, records: int = 3) -> Iterator[tuple[Block, dict[ClaimName, list[bytes]]]]:
        """Yield blocks, of which every second one has a claim of each device."""
        parent = self.id
        for number in range(1, count + 1):
            told = {}
            if number % 2:
                told = {
                    ClaimName(device, number // 2 + 1): task_records(device, number // 2 + 1, records + device)
                    for device in range(len(self.devices))
                }
            block = self.block(parent, number, [self.claim(*name, leaves) for name, leaves in told.items()])
            parent = digest(block.signed_header.header)
            yield block, told
