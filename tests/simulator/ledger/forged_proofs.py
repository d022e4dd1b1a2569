"""Ways to damage a proof, and proofs of what validators signed and should not have."""

import base64
import hashlib
import json
import random
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import msgspec

from simulator.ledger.file.measured import Subject, measured_by, text_digest
from simulator.ledger.file.proofs import ClaimProof, GrowthProof, RecordProof, ShownHead
from simulator.ledger.record.codec import compute_chain_id, decode, digest, encode
from simulator.ledger.record.merkle import leaf_hash, node_hash, root_of
from simulator.ledger.record.types import BlockHeader, Claim, Genesis, SignedHeader, SignedMessage
from tests.simulator.ledger.story import story

VALUES: Sequence[Any] = (
    *(-1, 0, 1, 127, 128, 255, 256, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1, -33, -(2**63), True, False, None),
    *("text", 1.5, [], [1], {}, b"", bytes(31), bytes(32), bytes(33), bytes(64), bytes(65), bytes(300)),
)
"""Values that a record may hold where another should stand."""


def flip_a_byte(content: bytes, draw: random.Random, _: Sequence[bytes]) -> bytes:
    damaged = bytearray(content)
    damaged[draw.randrange(len(content))] = draw.choice([draw.randrange(256), *b' 09azA=/+"\\{}'])
    return bytes(damaged)


def edit_a_field(content: bytes, draw: random.Random, others: Sequence[bytes]) -> bytes:
    """Give a field another value, or one of another proof, remove it, or add one."""
    found, other = json.loads(content), json.loads(draw.choice(others))
    within, source = draw.choice(
        [
            (found, other),
            *[
                (found[one], other.get(one) or other["head"])
                for one in ("head", "record", "measured")
                if found.get(one)
            ],
        ]
    )
    name = draw.choice(sorted(within))
    value = within[name]
    match draw.randrange(5):
        case 0:
            del within[name]
        case 1:
            within[draw.choice(["more", "kind", "record", "old"])] = draw.choice([None, 1, "growth", "claim", {}])
        case 2:
            within[name] = source.get(name)
        case 3 if isinstance(value, int):
            within[name] = value + draw.choice([-1, 1, 2, 1000, -1000, 2**64, 10**30])
        case 4 if isinstance(value, str):
            within[name] = draw.choice([value[4:], value + value, value + " ", value[:-4], value.upper(), ""])
        case _:
            within[name] = draw.choice([None, True, 1, 1.0, -1, "", "AAAA", "x", [], {}, [value]])
    return json.dumps(found).encode()


def encode_a_record_again(content: bytes, draw: random.Random, _: Sequence[bytes]) -> bytes:
    """Change a value within the bytes of a record."""
    found = json.loads(content)
    within, name = draw.choice(
        [(found, one) for one in ("message", "header", "genesis") if one in found]
        + [(found["head"], "last"), *([(found["record"], "record")] if found.get("record") else [])]
    )
    within[name] = base64.b64encode(altered(base64.b64decode(within[name]), draw)).decode()
    return json.dumps(found).encode()


def altered(data: bytes, draw: random.Random) -> bytes:
    """Return the bytes of a record with another value in it, or another form of one."""
    if draw.randrange(3) == 0:
        at = draw.randrange(len(data))
        return draw.choice(
            [
                data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :],
                data[:at],
                data + b"\0",
                # Longer forms of the numbers and arrays that begin here, if some do.
                data[:at] + bytes([0xCC, data[at]]) + data[at + 1 :],
                data[:at] + bytes([0xDC, 0, data[at] & 15]) + data[at + 1 :],
                data[:at] + bytes([0xC5, 0]) + data[at + 1 :],
                data[:at] + b"\x91" * 5000 + data[at:],
            ]
        )
    record = msgspec.msgpack.decode(data)
    array = record
    while inner := [one for one in array if isinstance(one, list) and one]:
        if draw.randrange(3) == 0:
            break
        array = draw.choice(inner)
    place = draw.randrange(len(array))
    match draw.randrange(4):
        case 0:
            del array[place]
        case 1:
            array.insert(place, draw.choice(VALUES))
        case _:
            array[place] = draw.choice(VALUES)
    return msgspec.msgpack.encode(record)


def change_a_path(content: bytes, draw: random.Random, _: Sequence[bytes]) -> bytes:
    """Make a path longer or shorter, or have it begin at another place of another tree."""
    found = json.loads(content)
    parts = [one for one in (found, found["head"], found.get("old"), found.get("record")) if one]
    within, name = draw.choice([(part, name) for part in parts for name in part if name.endswith("path")])
    path = base64.b64decode(within[name])
    path = draw.choice([path[:-32], path[32:], path + bytes(32), bytes(32) + path, path + b"\0", path[:-1], path, path])
    within[name] = base64.b64encode(path).decode()
    for part in parts:
        for number in part.keys() & {"place", "leaves", "block", "blocks"}:
            part[number] = draw.choice([*[part[number]] * 4, draw.randrange(-2, 40)])
    return json.dumps(found).encode()


DAMAGES: Sequence[Callable[[bytes, random.Random, Sequence[bytes]], bytes]] = (
    flip_a_byte,
    edit_a_field,
    encode_a_record_again,
    change_a_path,
)


def forged(message: bytes, record: RecordProof | None, genesis: bytes, header: BlockHeader) -> ClaimProof:
    """Return the proof of a ledger of one block which a validator has signed, whatever it holds."""
    body = root_of([message])
    header = msgspec.structs.replace(header, body_root=body, number=1, history_root=root_of([]), proposer=0)
    signature = story().validators[0].sign(chain_of(genesis), header)
    return ClaimProof(
        format=3,
        claim="1/2",
        message=message,
        place=0,
        leaves=1,
        body_path=b"",
        header=encode(header),
        block=1,
        history_path=b"",
        head=ShownHead(
            blocks=1,
            root=leaf_hash(digest(header)).hex(),
            last=encode(SignedHeader(header=header, signature=signature)),
            path=b"",
        ),
        genesis=genesis,
        record=record,
    )


def signed_heads(growth: GrowthProof, draw: random.Random) -> GrowthProof:
    """Return a proof of growth whose heads, or one of them, a validator signed although they are none."""

    def told(head: ShownHead) -> ShownHead:
        signed = msgspec.msgpack.decode(head.last, type=SignedHeader)
        path = draw.choice([head.path, head.path, head.path[:-32], bytes(32) + head.path])
        hashes = [path[at : at + 32] for at in range(0, len(path), 32)]
        before = reduce(lambda found, one: node_hash(one, found), hashes) if hashes else root_of([])
        wrong = draw.choice(roots)
        changes: Sequence[dict[str, Any]] = (
            {},
            *[{"history_root": before}, {"state_root": wrong}] * 2,
            {"history_root": wrong},
            {"number": 7},
        )
        header = msgspec.structs.replace(signed.header, **draw.choice(changes))
        blocks = draw.choice([*[head.blocks] * 4, draw.randrange(40)])
        root = reduce(lambda found, one: node_hash(one, found), hashes, leaf_hash(digest(header)))
        signature = story().validators[header.proposer].sign(story().chain_id, header)
        last = encode(SignedHeader(header=header, signature=signature))
        return ShownHead(blocks=blocks, root=root.hex(), last=last, path=path)

    roots = [bytes(32), root_of([]), growth.old.head().root, growth.head.head().root]
    old, head = (told(one) if draw.randrange(2) else one for one in (growth.old, growth.head))
    path = draw.choice([growth.path, growth.path, b""])
    if not draw.randrange(3):
        # The same head twice, which it takes no path to go to.
        old, path = head, b""
    return msgspec.structs.replace(growth, old=old, head=head, path=path)


def chain_of(genesis: bytes) -> bytes:
    """Return the id of the chain of a genesis that may be none."""
    return hashlib.sha256(genesis).digest()


def signed_nonsense(proof: ClaimProof, draw: random.Random) -> ClaimProof:
    """Return a proof in which a validator signed what is no record of a ledger."""
    claim, place = msgspec.msgpack.decode(proof.message, type=SignedMessage), 0
    record = proof.record and RecordProof(place=place, record=altered(proof.record.record, draw), path=b"")
    message, genesis = proof.message, proof.genesis
    match draw.randrange(3):
        case 0:
            message = altered(message, draw)
        case 1:
            genesis = altered(genesis, draw)
        case _ if record is not None:
            changed = msgspec.structs.replace(claim.message, records=1, records_root=root_of([record.record]))
            message = encode(msgspec.structs.replace(claim, message=changed))
    header = msgspec.msgpack.decode(proof.header, type=BlockHeader)
    found = forged(message, record if draw.randrange(2) else None, genesis, header)
    places: Sequence[dict[str, Any]] = ({"place": -1}, {"leaves": 0}, {"place": 1}, {"block": 0}, {"block": 2})
    return msgspec.structs.replace(found, **draw.choice([{}, {}, {}, *places]))


TEXTS = ("", "power: a model", "é 😀 \u2028 \x7f", 'quotes " and \\ and /', "\t\n\b\f\r\x00\x1b", "x" * 300)
BEGINNINGS = (
    "2026-03-01T00:00:00Z",
    "2026-3-1T0:0:0Z",
    "9999-12-31T23:00:00Z",
    "2026-02-30T00:00:00Z",
    "now",
    "",
    "2026-03-01T00:00:00Z\x1b[2J",
)


def measured_nonsense(proof: ClaimProof, draw: random.Random) -> ClaimProof:
    """Return a proof of a measured hour for which whoever has the key of the chain signed what it liked."""
    change, signer = msgspec.structs.replace, story().validators[0]
    genesis, header = decode(proof.genesis, Genesis), decode(proof.header, BlockHeader)
    key = "laptop+00000000+" + base64.b64encode(b"\x01" + signer.public).decode()
    subject = Subject(
        instance=draw.choice(["laptop:10110", *TEXTS]),
        job="ecotrack",
        prometheus="http://127.0.0.1:9090",
        begins=draw.choice([*[BEGINNINGS[0]] * 15, *BEGINNINGS]),
        key=draw.choice([*[key] * 16, key + "=", "laptop+" + key, "laptop", genesis.config.name.decode()[:9]]),
    )
    name = draw.choice([*[subject.name()] * 16, subject.name() + b" ", subject.name()[:-1], b"[]", b"{}", b"\xff"])
    validators = tuple(change(genesis.validators[0], key=signer.public) for _ in range(draw.choice([*[1] * 9, 2])))
    benchmarks = draw.choice([*[()] * 16, (0,)])
    config = change(genesis.config, name=name, benchmarks=benchmarks)
    genesis = change(genesis, config=config, validators=validators)
    power, intensity = draw.choice(TEXTS), draw.choice(TEXTS)
    signed = decode(proof.message, SignedMessage)
    assert isinstance(signed.message, Claim)
    claim = change(
        signed.message,
        intensity_source=text_digest(intensity),
        models=text_digest(power),
        grid_import=draw.choice([43_200_000, 0, 1, -1, 2**63 - 1, -(2**63)]),
        intensity=draw.choice([400_000, 0, 1, -1, 2**63]),
        end=draw.choice([*[7200] * 9, 2**40, 2**63 - 1]),
    )
    chain = draw.choice([*[compute_chain_id(genesis)] * 9, signed.chain_id])
    assert proof.measured
    texts = {"intensity_source": intensity, "models": power}
    shown = measured_by(subject, claim, intensity, power) or change(proof.measured, **texts)
    figures = draw.choice([1, 0, shown.energy_millijoules]), draw.choice(["2026-03-01T00:00:00Z", power])
    wrong: Sequence[dict[str, Any]] = (
        {"energy_millijoules": figures[0]},
        {"emissions_micrograms": figures[0]},
        {"start": figures[1]},
        {"instance": figures[1]},
        {"models": intensity},
    )
    shown = change(shown, **draw.choice([{}, {}, {}, *wrong]))
    message = encode(change(signed, chain_id=chain, message=claim))
    return change(
        forged(message, None, encode(genesis), header), measured=shown, claim=f"{claim.device}/{claim.sequence}"
    )
