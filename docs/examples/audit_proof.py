"""Check a proof of ecochain without ecochain: `python audit_proof.py PROOF [HEAD]`. It needs PyNaCl.

It checks that a claim, and a task record of it, is under the head of a ledger, or that a ledger began with an older
one; that a validator of the genesis signed each head; and what the proof shows of a measured hour. HEAD is one that
you noted: the proof has to be about it."""

import json
import sys
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from nacl.bindings import crypto_sign_open
from nacl.exceptions import CryptoError

FAULTS = (CryptoError, LookupError, TypeError, ValueError, OSError, OverflowError, RecursionError)
# Shapes: a number within a range, so many bytes, a type, an array of these in order, or one of any length.
DIGEST, SIGNATURE = 32, 64
UNSIGNED, POSITIVE, INTEGER = range(1 << 63), range(1, 1 << 63), range(-1 << 63, 1 << 64)
HEADER = (range(2, 3), UNSIGNED, UNSIGNED, POSITIVE, *[DIGEST] * 5)
CLAIM = (range(5, 6), *[UNSIGNED] * 4, *[INTEGER] * 8, DIGEST, [INTEGER], UNSIGNED, DIGEST, DIGEST)
TASK_RECORD = (range(6, 7), *[UNSIGNED] * 5, DIGEST, UNSIGNED, UNSIGNED)
CONFIG = (bytes, [UNSIGNED], *[POSITIVE] * 4, *[UNSIGNED] * 6)
SUBJECT, TIME = ["kind", "instance", "job", "prometheus", "begins", "key"], "%Y-%m-%dT%H:%M:%SZ"
BAND, NO_BAND = "nine machines in ten lie within ", "the claim has no uncertainty band of this power stored"
GENESIS = (CONFIG, [(DIGEST, UNSIGNED, DIGEST, bool)], [(DIGEST, UNSIGNED)])
# Shapes of the file, by names.
HEAD = {"blocks": int, "root": str, "last": bytes, "path": bytes}
RECORD = {"place": int, "record": bytes, "path": bytes}
MEASURED = {"instance": str, "start": str, "end": str, "energy_millijoules": int, "emissions_micrograms": int,
            "intensity_source": str, "models": str, "prometheus_is_trusted": bool}  # fmt: skip
PROOFS = {
    "growth": {"kind": str, "old": HEAD, "head": HEAD, "path": bytes, "genesis": bytes, "format": int},
    "claim": {"kind": str, "claim": str, "message": bytes, "place": int, "leaves": int, "body_path": bytes,
              "header": bytes, "block": int, "history_path": bytes, "head": HEAD, "genesis": bytes, "record": RECORD,
              "measured": MEASURED, "format": int},
}  # fmt: skip
# Forms of MessagePack: the bytes of a number, and the least number, or the highest below zero, that needs so many.
FORMS = {0xC4: (1, 0), 0xC5: (2, 1 << 8), 0xC6: (4, 1 << 16), 0xCC: (1, 128), 0xCD: (2, 1 << 8), 0xCE: (4, 1 << 16),
         0xCF: (8, 1 << 32), 0xD0: (1, -33), 0xD1: (2, -129), 0xD2: (4, -32769), 0xD3: (8, -(1 << 31) - 1),
         0xDC: (2, 16), 0xDD: (4, 1 << 16)}  # fmt: skip


def digest(*parts):
    return sha256(b"".join(parts)).digest()


def need(holds, what):
    if not holds:
        raise ValueError(what)


def printable(text):
    """Return a text as it is safe to print: what a file says must not steer the terminal."""
    return "".join(one if one.isprintable() else "?" for one in text)


def named(found, shape):
    """Return a value of the file as its shape says: bytes are base64, and a part that may be left out is None."""
    if isinstance(shape, dict):
        need(type(found) is dict and found.keys() <= shape.keys(), "it is no proof that this program reads")
        absent = {"measured"} - found.keys() | {"record"} - {one for one in found if found[one] is not None}
        return {one: None if one in absent else named(found[one], part) for one, part in shape.items()}
    need(type(found) is (str if shape is bytes else shape), "it is no proof that this program reads")
    return b64decode(found, validate=True) if shape is bytes else found


def read(data, at=0):
    """Return the value at a place of canonical MessagePack, and the place behind it."""
    code, at = data[at], at + 1
    if code < 0x80 or code >= 0xE0:
        return code - 256 * (code >= 0xE0), at
    if code in (0xC2, 0xC3):
        return code == 0xC3, at
    number = code - 0x90
    if not 0 <= number < 16:
        width, least = FORMS[code]
        number, at = int.from_bytes(data[at : at + width], "big", signed=least < 0), at + width
        need(number <= least if least < 0 else number >= least, "it is not canonical")
    if 0xCC <= code <= 0xD3:
        return number, at
    if 0xC4 <= code <= 0xC6:
        return data[at : at + number], at + number
    found = []
    for _ in range(number):
        value, at = read(data, at)
        found.append(value)
    return found, at


def fits(value, shape):
    """Tell whether a value has a shape."""
    if isinstance(shape, range):
        return type(value) is int and value in shape
    if isinstance(shape, int):
        return type(value) is bytes and len(value) == shape
    if isinstance(shape, type):
        return type(value) is shape
    shapes = shape * len(value) if isinstance(shape, list) and type(value) is list else shape
    return type(value) is list and len(value) == len(shapes) and all(map(fits, value, shapes))


def record(data, shape, what):
    """Return the fields of a record from its bytes."""
    value, end = read(data)
    need(end == len(data) and fits(value, shape), f"it holds what is no {what}")
    return value


def hashes(path):
    need(len(path) % 32 == 0, "a path with something that is no hash")
    return [path[at : at + 32] for at in range(0, len(path), 32)]


def node(left, right):
    return digest(b"\1", left, right)


def climb(place, last, path):
    """Yield the hashes of a path, and whether each stands to the left (RFC 9162, 2.1.3.2 and 2.1.4.2)."""
    for one in path:
        need(last, "a path is too long")
        is_left = place & 1 or place == last
        yield one, is_left
        while is_left and place and not place & 1:
            place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    need(not last, "a path is too short")


def includes(leaf, place, size, path, root, what):
    """Check that a leaf stands at a place of the tree of a root."""
    found = digest(b"\0", leaf)
    need(0 <= place < size, f"{what}: there is no such place")
    for one, is_left in climb(place, size - 1, hashes(path)):
        found = node(one, found) if is_left else node(found, one)
    need(found == root, what)


def grown(proof):
    """Check that a ledger begins with all blocks of an older one, and tell it."""
    old, size = proof["old"]["blocks"], proof["head"]["blocks"]
    old_root, root = bytes.fromhex(proof["old"]["root"]), bytes.fromhex(proof["head"]["root"])
    need(0 < old <= size, "the older head is not the older one")
    place, last = (old - 1, size - 1) if old < size else (0, 0)
    while place & 1:
        place, last = place >> 1, last >> 1
    first, *rest = hashes(proof["path"]) if place else [old_root, *hashes(proof["path"])]
    before = after = first
    for one, is_left in climb(place, last, rest):
        before, after = node(one, before) if is_left else before, node(one, after) if is_left else node(after, one)
    need((before, after) == (old_root, root), "the ledger did not grow from the older head")
    return [f"the ledger with {size} blocks begins with all of that with {old}"]


def signed(head, genesis, chain):
    """Check that a validator signed a head, in the header of its last block, and tell which."""
    last, root = record(head["last"], (HEADER, SIGNATURE), "signed header"), bytes.fromhex(head["root"])
    (header, signature), validators = last, record(genesis, GENESIS, "genesis")[1]
    _, _, proposer, number, _, history_root, *_ = header
    data = head["last"][1 : -len(signature) - 2]
    crypto_sign_open(signature + digest(b"ecochain/3/BlockHeader\0", chain, data), validators[proposer][0])
    includes(digest(data), head["blocks"] - 1, head["blocks"], head["path"], root, "the head is not the signed one")
    # The path of a last leaf has the peaks of the tree without it, from which its root follows.
    first, *rest = hashes(head["path"]) or [digest()]
    for one in rest:
        first = node(one, first)
    need((number, history_root) == (head["blocks"], first), "the head is not the signed one")
    return f"validator {proposer} of {len(validators)} signed the head {head['blocks']}:{root.hex()}"


def claimed(proof):
    """Check a claim and what comes with it, and return what holds in sentences."""
    _, claim, _ = record(proof["message"], (DIGEST, CLAIM, SIGNATURE), "claim")
    _, device, sequence, *_, records, records_root, _ = claim
    need(proof["claim"] == f"{device}/{sequence}", "it is the proof of another claim")
    body_root = record(proof["header"], HEADER, "header")[7]
    includes(proof["message"], proof["place"], proof["leaves"], proof["body_path"], body_root, "it is not in the block")
    place, path, blocks = proof["block"] - 1, proof["history_path"], proof["head"]["blocks"]
    root = bytes.fromhex(proof["head"]["root"])
    includes(digest(proof["header"]), place, blocks, path, root, "the block is not in the ledger")
    said = [f"claim {proof['claim']} is in block {proof['block']} of the ledger with the head {blocks}:{root.hex()}"]
    if one := proof["record"]:
        record(one["record"], TASK_RECORD, "task record")
        includes(one["record"], one["place"], records, one["path"], records_root, "the record is not in the claim")
        said.append(f"task record {one['place']} of {records} is in that claim")
    return said


def measured(proof, chain):
    """Check the measured hour that a proof shows against its claim and its genesis, and tell what it rests on."""
    shown, (config, validators, _) = proof["measured"], record(proof["genesis"], GENESIS, "genesis")
    claim_chain, claim, _ = record(proof["message"], (DIGEST, CLAIM, SIGNATURE), "claim")
    subject = json.loads(config[0].decode())
    need(list(subject) == SUBJECT and all(type(one) is str for one in subject.values()), "nothing was measured")
    need(json.dumps(subject, ensure_ascii=False, separators=(",", ":")).encode() == config[0], "it is not canonical")
    keys = [b64encode(b"\1" + validator[0]).decode() for validator in validators]
    need(subject["kind"] == "attested" and [subject["key"].split("+", 2)[-1]] == keys, "another key signs the blocks")
    need(claim_chain == chain, "a claim for another chain")
    need(not config[1], "credits can come of it")
    texts = [digest(shown[one].encode()) for one in ("intensity_source", "models")]
    need(texts == [claim[13], claim[-1]], "the claim is about other texts")
    begin, energy, intensity = datetime.strptime(subject["begins"], TIME), claim[7], claim[12]
    times = [(begin + timedelta(seconds=one)).strftime(TIME) for one in claim[3:5]]
    figures = [subject["instance"], *times, energy, energy * intensity // 3_600_000, shown["intensity_source"]]
    need(list(shown.values()) == [*figures, shown["models"], True], "the claim says otherwise")
    return [
        f"{subject['instance']} drew {energy / 3.6e6:.3f} Wh and emitted {figures[4] / 1e6:.3f} g of CO2e from "
        f"{times[0]} to {times[1]}, says the key {subject['key']}",
        f"power of the machine alone, without the network's: {shown['models']}",
        *([] if any(one.startswith(BAND) for one in shown["models"].split("; ")) else [NO_BAND]),
        f"carbon intensity: {shown['intensity_source']}",
        f"trusted: the Prometheus at {subject['prometheus']}, and the meter",
    ]


def audit(path, noted=None):
    """Return in sentences what a proof proves, and what is trusted. Raises one of FAULTS where it does not hold."""
    need(path.is_file() or not path.exists(), "expected a file, got something else")
    text = path.read_bytes().decode()
    content = json.loads(text)
    kind = content.get("kind") if type(content) is dict else None
    need(kind in PROOFS and content.get("format") == 3, "it is no proof of format 3")
    proof = named(content, PROOFS[kind])
    heads, chain = [proof[one] for one in ("old", "head") if one in proof], digest(proof["genesis"])
    known = [f"{one['blocks']}:{bytes.fromhex(one['root']).hex()}" for one in heads]
    need(known == [f"{one['blocks']}:{one['root']}" for one in heads], "a root is not in small letters")
    need(noted in (None, *known), f"it is about the head {' and '.join(known)}, not about the one that you noted")
    holds = grown(proof) if kind == "growth" else claimed(proof)
    holds += [signed(one, proof["genesis"], chain) for one in heads]
    if proof.get("measured"):
        again = json.dumps(proof, default=lambda one: b64encode(one).decode(), ensure_ascii=False, indent=2)
        need(text == again + "\n", "it is not as it was written")
        holds += measured(proof, chain)
    elif kind == "claim":
        name = record(proof["genesis"], GENESIS, "genesis")[0][0]
        holds += ["the claim is of a measured hour, which this proof leaves out"] if b'"attested"' in name[:30] else []
        holds.append("trusted: the meter, and the validators to have seen that the claim is the device's own")
    if noted is None:
        holds.append(f"trusted: that this head is one of the chain which you mean, {chain.hex()}")
    return holds if noted is None else [*holds, "that is the head which you noted"]


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python audit_proof.py PROOF [HEAD]")
    try:
        for sentence in audit(Path(sys.argv[1]), *sys.argv[2:]):
            print(printable(f"{sys.argv[1]}: {sentence}"))
    except FAULTS as error:
        sys.exit(printable(f"{sys.argv[1]}: does not hold: {str(error) or type(error).__name__}"))
