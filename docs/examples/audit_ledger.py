"""Audit a ledger file of ecochain without ecochain: `python audit_ledger.py FILE`. It needs PyNaCl.

It checks the seal, all rows, headers, signatures and votes, sequence and balance of claims, and that each unit counts
once in the signed state; not elections, issues and what models give: where a device lied, it may refuse a good file.
Exit status: 0 good, 1 something does not hold, 2 no file of a ledger, or a mistake in the command."""

import sqlite3
import sys
from hashlib import sha256
from pathlib import Path

from nacl.bindings import crypto_sign_open
from nacl.exceptions import CryptoError

KINDS = "Registration Claim - ModelRecord Transfer Retirement Cancellation StakeChange RevealRenewal".split()
# Forms of MessagePack: the bytes of a number, and the least number, or the highest below zero, that needs so many.
FORMS = {0xC4: (1, 0), 0xC5: (2, 1 << 8), 0xC6: (4, 1 << 16), 0xCC: (1, 128), 0xCD: (2, 1 << 8), 0xCE: (4, 1 << 16),
         0xCF: (8, 1 << 32), 0xD0: (1, -33), 0xD1: (2, -129), 0xD2: (4, -32769), 0xD3: (8, -(1 << 31) - 1),
         0xDC: (2, 16), 0xDD: (4, 1 << 16)}  # fmt: skip
MOST_EPOCHS = 1 << 20  # between two blocks; of epochs of a minute, two years
SCHEMA = "c7cba041a8f521e64e134caf17d4a063614fe3c973e55d326e3416e70d3eb6c6"
FAULTS = (CryptoError, LookupError, TypeError, ValueError, OSError, RecursionError, sqlite3.Error, ArithmeticError,
          AttributeError)  # fmt: skip


class Array(list):
    """An array, with the bytes from which it was read as `raw`."""


def digest(*parts):
    return sha256(b"".join(parts)).digest()


def need(holds, what, fault=ValueError):
    if not holds:
        raise fault(what)


def printable(text):
    """Return a text as it is safe to print: what a file says must not steer the terminal."""
    return "".join(one if one.isprintable() else "?" for one in text)


def told(error):
    """Return a fault in words; one that Python found came of bytes which are not what the place is for."""
    if isinstance(error, (ValueError, OSError, CryptoError, sqlite3.Error)):
        return getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"it does not read as what a ledger holds ({error or type(error).__name__})"


def unsealed(wrong):
    """Say which pages are not as they were sealed; of many, how many."""
    first, last = wrong[:-1], wrong[-1]
    if not first:
        return f"page {last} is not as it was sealed"
    first, last = (first, last) if len(first) < 4 else (first[:3], f"{len(wrong) - 3} others")
    return f"pages {', '.join(map(str, first))} and {last} are not as they were sealed"


def read(data, at=0):
    """Return the value at a place of canonical MessagePack, and the place behind it."""
    start, code, at = at, data[at], at + 1
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
        need(at + number <= len(data), "it is cut off")
        return data[at : at + number], at + number
    found = Array()
    for _ in range(number):
        value, at = read(data, at)
        found.append(value)
    found.raw = data[start:at]
    return found, at


def merkle(leaves):
    """Return the perfect subtrees of the tree of RFC 9162, by height, and its root."""
    rows = [[digest(b"\0", leaf) for leaf in leaves]]
    while row := rows[-1]:
        rows.append([digest(b"\1", left, right) for left, right in zip(row[::2], row[1::2], strict=False)])
    return rows, root_at(rows, len(rows[0]))


def root_at(rows, size):
    """Return the root that a tree had when it had so many leaves: each bit of the size is a perfect subtree."""
    root = b""
    for peak in [rows[up][(size >> up) - 1] for up in range(size.bit_length()) if size >> up & 1]:
        root = digest(b"\1", peak, root) if root else peak
    return root or digest()


def is_sealed(path):
    """Check every byte of a file that was closed, and tell whether it was: each page ends with its digest."""
    for one in [Path(f"{path}{ending}") for ending in ("", "-wal", "-shm", "-journal")]:
        need(one.is_file() or not one.exists(), f"{one.name}: expected a file, got something else", OSError)
    content = path.read_bytes()
    need(content[:1] != b"{", "is a proof, which audit_proof.py checks", OSError)
    need(content[:16] == b"SQLite format 3\0", "is no ledger: it does not begin as one", OSError)
    pages = [content[start : start + 4096] for start in range(0, len(content), 4096)]
    digests = [digest(number.to_bytes(8, "big"), page[:4064]) for number, page in enumerate(pages, 1)]
    digests[0] = digest((1).to_bytes(8, "big"), pages[0][:4064], digest(*digests[1:]))
    wrong = [number for number, page in enumerate(pages, 1) if page[4064:] != digests[number - 1]]
    need(not wrong or pages[0][4064:] == bytes(32), wrong and unsealed(wrong))
    return not wrong


class Audit:
    def __init__(self, database):
        self.rows = lambda statement, *values: database.execute(statement, values).fetchall()
        need(not self.rows("BEGIN") and self.rows("PRAGMA integrity_check") == [("ok",)], "SQLite finds it damaged")
        self.meta = dict(self.rows("SELECT name, value FROM meta"))
        need(len(self.meta) == 5 and self.meta["format"] == b"ecochain ledger 3", "it is no ledger of this version")
        schema = "".join(text for (text,) in self.rows("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"))
        need(digest(schema.encode()).hex() == SCHEMA, "its tables are not those of a ledger")
        self.snapshot = read(self.meta["state"])[0] if self.meta["state"] else [0]
        (config, validators, projects), self.chain = read(self.meta["genesis"])[0], digest(self.meta["genesis"])
        # `ecochain serve` names a chain by a digest of what it simulates; names that people choose are texts.
        self.is_simulated = len(config[0]) == 32 and not config[0].decode(errors="surrogateescape").isprintable()
        self.slots_per_epoch, self.owners, self.parent = config[3], [one[0] for one in projects], self.chain
        self.keys, self.stakes = [one[0] for one in validators], [one[1] for one in validators]
        self.devices, self.meters, self.orders, self.used, self.changes, self.slashed = {}, {}, {}, [], [], set()
        self.heads, self.claims, self.nodes, self.record, self.slot, self.epoch = [], [], [], 1, 0, 0
        self.starts, self.votes, self.justified, self.final = {0: (0, self.chain, self.stakes)}, {}, {0}, 0

    def run(self):
        for number, root, data in self.rows("SELECT number, root, data FROM block ORDER BY number"):
            try:
                (signed_header, body), end = read(data)
                need((number, len(data)) == (len(self.heads) + 1, end), "it is too long, or the one before is missing")
                self.block(number, root, *signed_header, body)
            except FAULTS as error:
                raise ValueError(f"block {number}: {told(error)}") from error
        blocks, final, (tree, root) = len(self.heads), self.starts[self.final][0], merkle(one[0] for one in self.heads)
        for number, (_, *stated) in enumerate(self.heads):
            need(stated == [number + 1, root_at(tree, number)], f"block {number + 1}: it states other blocks before it")
        self.nodes += [(0, 6 + up, at, one) for up, row in enumerate(tree[6:]) for at, one in enumerate(row)]
        need(self.rows("SELECT * FROM claim ORDER BY number") == self.claims, "the table of claims differs")
        need(self.rows("SELECT * FROM node ORDER BY 1, 2, 3") == sorted(self.nodes), "the table of nodes differs")
        need(self.rows("SELECT count(*) FROM record") == [(self.record - 1,)], "it has task records of no claim")
        need(self.meta["head"] == blocks.to_bytes(8, "big") + root, "its head is not that of its blocks")
        need(self.meta["finalized"] == final.to_bytes(8, "big"), f"by the votes, block {final} is final")
        need(self.snapshot[0] <= blocks, "its state is of no block")
        return f"{blocks} blocks, {final} of them final, {len(self.claims)} claims; head {blocks}:{root.hex()}"

    def signed(self, key, kind, record, signature):
        crypto_sign_open(signature + digest(b"ecochain/3/", kind.encode(), b"\0", self.chain, record.raw), key)

    def block(self, number, root, header, signature, body):
        _, slot, proposer, stated, parent, history_root, state_root, body_root, _ = header
        leaves = [one.raw for part in body for one in part]
        need(len(body) == 3, "its body has other parts")
        need(digest(header.raw) == root and parent == self.parent and slot > self.slot, "it does not follow")
        need(merkle(leaves)[1] == body_root, "its body is not the one that its header is about")
        self.signed(self.keys[proposer], "BlockHeader", header, signature)
        need(slot // self.slots_per_epoch < self.epoch + MOST_EPOCHS, "it comes after more epochs than are followed")
        while self.epoch < slot // self.slots_per_epoch:
            self.end_epoch()
        self.slot, self.parent = slot, root
        self.heads.append((root, stated, history_root))
        self.slashed |= {accused[2] if kind == 1 else accused[1] for kind, (accused, _), _ in body[1]}
        for vote, signature in body[0]:
            self.vote(vote, signature)
        for place, (chain, message, signature) in enumerate(body[2], len(leaves) - len(body[2])):
            need(chain == self.chain, "a message for another chain")
            kind = KINDS[message[0] - 4]
            self.signed(self.message(number, place, kind, message), kind, message, signature)
        if self.snapshot[0] == number:
            self.state(state_root, *self.snapshot[1:])

    def vote(self, vote, signature):
        _, validator, slot, _, source, target = vote
        self.signed(self.keys[validator], "AttestationData", vote, signature)
        need(slot < self.slot and slot // self.slots_per_epoch == target[0], "a vote out of time")
        need(all(self.starts[epoch][1] == root for epoch, root in (source, target)), "a vote for another chain")
        known, voters = self.votes.setdefault(target[0], (source[0], set()))
        need(known == source[0] in self.justified and validator not in voters, "a vote that does not count")
        voters.add(validator)

    def end_epoch(self):
        """Count the votes of the last two epochs: two thirds of the stake justify a step, a short one makes final."""
        steps = []
        for target in {max(0, self.epoch - 1), self.epoch}:
            (source, voters), stakes = self.votes.get(target, (target, set())), self.starts[target][2]
            if source < target and 3 * sum(stakes[one] for one in voters - self.slashed) >= 2 * sum(stakes) > 0:
                steps.append((source, target))
        self.justified |= {target for _, target in steps}
        short = [one for one in steps if one[1] - one[0] <= 2 and self.justified.issuperset(range(*one))]
        self.final, self.epoch = max([self.final, *(source for source, _ in short)]), self.epoch + 1
        due = [one for one in self.changes if one[0] <= self.epoch and one[1] < self.final * self.slots_per_epoch]
        self.changes = [one for one in self.changes if one not in due]
        stakes = [stake + sum(one[3] for one in due if one[2] == index) for index, stake in enumerate(self.stakes)]
        self.stakes = [0 if index in self.slashed else stake for index, stake in enumerate(stakes)]
        self.starts[self.epoch] = (len(self.heads), self.parent, self.stakes)

    def message(self, number, place, kind, message):
        """Follow a message, and return the key that has to have signed it."""
        _, first, second, third, *rest = message
        if kind == "Registration":
            need(first not in self.devices, "a device is registered twice")
            self.devices[first], self.meters[first] = third, (0, rest[1])
            return self.owners[second]
        if kind == "Claim":
            return self.claim(number, place, message)
        if kind in ("StakeChange", "RevealRenewal", "ModelRecord"):
            self.changes += [(third, self.slot, first, rest[0])] if kind == "StakeChange" else []
            return self.keys[first]
        need(second == self.orders.get(first, 0) + 1, "a gap in the sequence of a holder")
        twice = any(one[:2] == third[:2] and one[2] < third[3] and third[2] < one[3] for one, _ in self.used)
        need(not twice and 0 <= third[2] < third[3], "units that were used before")
        self.used += [] if kind == "Transfer" else [(third, kind)]
        self.orders[first] = second
        return first

    def claim(self, number, place, message):
        _, device, sequence, start, end, *flows, _, _, _, count, root, _ = message
        made, load, bought, export, charge, discharge, curtailed = flows
        need((sequence - 1, start) == self.meters[device] and start < end, f"claim {device}/{sequence} does not follow")
        need(min(flows) >= 0 == made + bought + discharge - load - export - charge - curtailed, "a claim unbalanced")
        found = self.rows("SELECT data FROM record WHERE number >= ? AND number < ?", self.record, self.record + count)
        rows, records_root = merkle([data for (data,) in found])
        need((len(found), records_root) == (count, root), f"claim {device}/{sequence} has other task records")
        self.claims.append((len(self.claims) + 1, device, sequence, number, place, self.record))
        self.nodes += [(len(self.claims), 6 + up, at, n) for up, row in enumerate(rows[6:]) for at, n in enumerate(row)]
        self.meters[device], self.record = (sequence, end), self.record + count
        return self.devices[device]

    def state(self, state_root, consensus, parts):
        """Check what validators signed of all units: each is held, retired or cancelled, and none is there twice."""
        application = digest(digest(self.chain, parts[0]), *(digest(one) for one in parts[1:]))
        signed = (digest(consensus), read(consensus)[0][-1]) == (state_root, application)
        need(signed, "its state or its accounts are not the signed ones")
        meters, series, totals = (read(parts[part])[0] for part in (3, 5, 7))
        for instrument, (issued, *counts) in totals:
            lots = [lots for (kind, _), lots in series if kind == instrument]
            need(all([0, *(one[1] for one in part)][:-1] == [one[0] for one in part] for part in lots), "units twice")
            found = [sum(one[1] - one[0] for part in lots for one in part if one[3] == status) for status in range(3)]
            need(issued == sum(counts) and counts == found, "issued is not held, retired and cancelled")
            retired = [one[3] - one[2] for one, kind in self.used if (one[0], kind) == (instrument, "Retirement")]
            need(counts[1] == sum(retired), "units that nobody retired")
        need({one: tuple(meter[:2]) for one, meter in meters} == self.meters, "claims that the state does not know")


def audit(path):
    """Return in words what a good ledger file holds. Raises one of FAULTS for any other."""
    mode = "immutable=1" if is_sealed(path) else "mode=ro"
    ledger = Audit(sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True))
    found = ledger.run() + ("" if mode == "immutable=1" else "; it was not closed, so not every byte is checked")
    simulated = "simulated: its name is the digest of a run of `ecochain serve`"
    return f"{found}\n{path}: {simulated}" if ledger.is_simulated else found


def refuse(what, status):
    print(printable(what), file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        refuse("usage: python audit_ledger.py FILE", 2)
    try:
        print(f"{sys.argv[1]}: good: {audit(Path(sys.argv[1]))}")
    except FAULTS as error:
        refuse(f"{sys.argv[1]}: {told(error)}", 2 if isinstance(error, OSError) else 1)
