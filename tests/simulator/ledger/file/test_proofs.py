"""Proofs that stand alone: what is in a ledger can be proven by a small file, and nothing else can."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.ledger.file.proofs import (
    ClaimProof,
    Proof,
    ProofError,
    RecordProof,
    ShownHead,
    check_proof,
    head_text,
    proof_bytes,
    prove_claim,
    prove_growth,
    read_proof,
)
from simulator.ledger.file.reading import ClaimName, Head, Reader, open_reader
from simulator.ledger.file.store import create_store
from simulator.ledger.record.codec import decode, encode
from simulator.ledger.record.merkle import HASH_BYTES
from simulator.ledger.record.types import SignedHeader
from tests.simulator.ledger.chains import Chain

CLAIM = ClaimName(1, 3)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    chain, path = Chain(), tmp_path_factory.mktemp("proofs") / "a.db"
    with create_store(path, chain.genesis) as store:
        for block, told in chain.blocks(70, 130):
            store.append(block, told)
    return path


@pytest.fixture
def reader(ledger: Path) -> Iterator[Reader]:
    with open_reader(ledger) as reader:
        yield reader


def test_every_claim_and_record_is_proven(reader: Reader) -> None:
    for row in reader.each_claim():
        proof = prove_claim(reader, row.name, row.number)
        first, second, signed = check_proof(proof, reader.head())
        assert (
            signed == f"validator 2 of the chain {reader.genesis_root.hex()} signed the head {head_text(reader.head())}"
        )
        assert first.startswith(f"claim {row.name} is in block {row.block} of the ledger with the head 70:")
        assert second == f"task record {row.number} of {130 + row.name.device} is in that claim"


def test_every_growth_is_proven(reader: Reader) -> None:
    for since in range(1, 71):
        proof = prove_growth(reader, since)
        for head in (reader.head(), reader.head_at(since)):
            said, *signed = check_proof(proof, head)
            assert f"begins with all blocks of that with {since}:" in said
            assert signed[0].endswith(f" signed the head {head_text(reader.head_at(since))}")
            assert signed[1].endswith(f" signed the head {head_text(reader.head())}")


def test_a_proof_stands_in_a_small_file(reader: Reader, tmp_path: Path) -> None:
    for proof in (prove_claim(reader, CLAIM, 7), prove_claim(reader, CLAIM), prove_growth(reader, 33)):
        path = tmp_path / "proof.json"
        path.write_bytes(proof_bytes(proof))
        assert read_proof(path) == proof
        assert path.stat().st_size < 4096
    proof = prove_claim(reader, CLAIM, 7)
    assert proof.record is not None
    assert max(len(proof.body_path), len(proof.history_path), len(proof.record.path)) <= 8 * HASH_BYTES


def test_there_is_no_proof_of_what_is_not_there(reader: Reader) -> None:
    with pytest.raises(ProofError, match=r"a\.db: has no claim 7/1$"):
        prove_claim(reader, ClaimName(7, 1))
    with pytest.raises(ProofError, match=r"claim 1/3 has 131 task records, numbered from 0$"):
        prove_claim(reader, CLAIM, 131)
    for since in (0, 71):
        with pytest.raises(ProofError, match=rf"has 70 blocks, of which none is number {since}$"):
            prove_growth(reader, since)


def test_a_proof_of_another_head_than_the_trusted_one_does_not_hold(reader: Reader) -> None:
    for proof in (prove_claim(reader, CLAIM), prove_growth(reader, 33)):
        for other in (Head(70, bytes(32)), reader.head_at(69), Head(71, reader.head().root)):
            with pytest.raises(ProofError, match=r"not about the trusted one$"):
                check_proof(proof, other)


def forgeries(proof: ClaimProof, other: ClaimProof) -> dict[str, ClaimProof]:
    """Return what an attacker may put together from true proofs."""
    record, others = proof.record, other.record
    assert record is not None
    assert others is not None
    change = msgspec.structs.replace
    return {
        "another claim": change(proof, message=other.message),
        "another name": change(proof, claim="2/3"),
        "another block": change(proof, header=other.header),
        "another place": change(proof, place=0),
        "another number of the block": change(proof, block=other.block),
        "a block beyond the head": change(proof, block=71),
        "a shorter ledger": change(proof, head=change(proof.head, blocks=5)),
        "another record": change(proof, record=change(record, record=others.record)),
        "a record at another place": change(proof, record=change(record, place=8)),
        "a record of another claim": change(proof, record=others),
        "a node for a record": change(
            proof, record=RecordProof(place=0, record=record.path[:64], path=record.path[64:])
        ),
        "an overlong path": change(proof, history_path=proof.history_path + bytes(32)),
        "a path that ends within a hash": change(proof, body_path=proof.body_path[:-1]),
        "no path": change(proof, history_path=b""),
        "no message": change(proof, message=b""),
        "another record for a header": change(proof, header=proof.message),
        "no head": change(proof, head=change(proof.head, root="zz")),
    }


def unsigned(head: ShownHead, older: ShownHead, chain: Chain) -> dict[str, ShownHead]:
    """Return what an attacker may show for the signature of a head."""
    change = msgspec.structs.replace
    last = decode(head.last, SignedHeader)
    header = last.header

    def by(validator: int, **changes: object) -> ShownHead:
        other = change(header, **changes)
        signed = SignedHeader(header=other, signature=chain.keys[validator].sign(chain.id, other))
        return change(head, last=encode(signed))

    return {
        "no signature": change(head, last=encode(change(last, signature=bytes(64)))),
        "that of an older head": change(head, last=older.last, path=older.path),
        "that of another validator": by(0),
        "that of a stranger": by(0, proposer=4),
        "that of whoever calls itself the proposer": by(0, proposer=0),
        "that of a header of another number": by(2, number=69),
        "that of a header of another history": by(2, history_root=bytes(32)),
        "that of the parent's history": by(2, history_root=bytes.fromhex(older.root)),
        "another path": change(head, path=bytes(len(head.path))),
        "no path": change(head, path=b""),
        "nothing": change(head, last=b""),
    }


def test_invalid_signatures_of_a_head(reader: Reader) -> None:
    proof, growth, chain = prove_claim(reader, CLAIM, 7), prove_growth(reader, 68), Chain()
    for name, forged in unsigned(proof.head, growth.old, chain).items():
        for whole in (
            msgspec.structs.replace(proof, head=forged),
            msgspec.structs.replace(growth, head=forged),
            msgspec.structs.replace(growth, old=forged, head=forged, path=b""),
        ):
            with pytest.raises(ProofError, match=r"^the head is not "):
                pytest.fail(f"{name}: {check_proof(whole)}")


def test_invalid_signature_on_another_chain(reader: Reader) -> None:
    other = encode(Chain(name=b"other").genesis)
    for proof in (prove_claim(reader, CLAIM, 7), prove_growth(reader, 33)):
        for genesis in (other, b""):
            with pytest.raises(ProofError, match=r"^the head is not signed: "):
                check_proof(msgspec.structs.replace(proof, genesis=genesis))


def test_invalid_proofs_put_together_from_true_ones(reader: Reader) -> None:
    proof, other = prove_claim(reader, CLAIM, 7), prove_claim(reader, ClaimName(0, 9), 11)
    for name, forged in forgeries(proof, other).items():
        with pytest.raises(ProofError):
            pytest.fail(f"{name}: {check_proof(forged)}")


def test_invalid_history_that_was_rewritten(reader: Reader, tmp_path: Path) -> None:
    chain, path = Chain(), tmp_path / "other.db"
    with create_store(path, chain.genesis) as store:
        for block, told in chain.blocks(80, 9):
            store.append(block, told)
        other = prove_growth(store, 33)
    proof = prove_growth(reader, 33)
    assert check_proof(other)[1].split(" signed ")[0] == check_proof(proof)[1].split(" signed ")[0]
    change = msgspec.structs.replace
    for forged in (
        change(proof, head=other.head, path=other.path),
        change(proof, old=other.old),
        change(proof, old=proof.head, head=proof.old),
        change(proof, path=b""),
        change(proof, path=proof.path + bytes(32)),
    ):
        with pytest.raises(ProofError, match=r"^the ledger did not grow from the older head: "):
            check_proof(forged)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(data=st.data())
def test_a_damaged_proof_never_proves_anything_else(ledger: Path, tmp_path: Path, data: st.DataObject) -> None:
    with open_reader(ledger) as reader:
        proofs: list[Proof] = [prove_claim(reader, CLAIM, 7), prove_growth(reader, 33)]
        proof = data.draw(st.sampled_from(proofs))
        head = reader.head()
    content = bytearray(proof_bytes(proof))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.json"
    path.write_bytes(content)
    try:
        found = read_proof(path)
        said = check_proof(found, head)
    except ProofError:
        return
    # Spaces, the number of leaves where it leaves the way as it was, and bits that base64 does not use.
    assert said == check_proof(proof, head)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"kind": "claim", "format": 3}', b'{"kind": "other"}', b"\xff\xfe"]
)
def test_what_is_no_proof_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "proof.json"
    path.write_bytes(content)
    with pytest.raises(ProofError, match=r"proof\.json: is no proof that this version reads; "):
        read_proof(path)


@pytest.mark.parametrize(("format_", "told"), [("", "1 or 2"), (', "format": 2', "2"), (', "format": 4', "4")])
@pytest.mark.parametrize("kind", ["claim", "growth"])
def test_a_proof_of_another_format_is_told_by_its_number(tmp_path: Path, kind: str, format_: str, told: str) -> None:
    path = tmp_path / "proof.json"
    path.write_text(f'{{"kind": "{kind}"{format_}}}')
    with pytest.raises(ProofError, match=rf"proof\.json: is a proof of format {told}, which only the version that "):
        read_proof(path)
