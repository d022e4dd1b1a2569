"""Randomness that no validator chooses: each block opens one link of a chain of hashes, to which its proposer was bound
before anybody knew the others' links.

A signature would not do: Ed25519 lets its signer make any number of valid signatures of one message, and keep the best.
A link has one preimage. It belongs to a slot and not to a proposal, so that what a validator opened on a fork that was
given up tells nothing of its later slots.
"""

import hashlib
from math import isqrt

MOST_LINKS = 1 << 20
"""Most links that are looked through for a reveal, and so most slots that a chain can serve: 60 days of 5 s."""

LINK_BYTES = 32
"""Bytes of a link, which is a SHA-256."""


def compute_link(reveal: bytes, steps: int) -> bytes:
    """Return the link that lies so many slots before a reveal."""
    for _ in range(steps):
        reveal = hashlib.sha256(reveal).digest()
    return reveal


def is_valid_reveal(reveal: bytes, slot: int, commitment: bytes, committed: int) -> bool:
    """Tell whether a reveal for a slot leads to the commitment, or to the validator's last reveal, of an earlier slot.

    It costs a hash for each slot between them.
    """
    return 0 < slot - committed <= MOST_LINKS and compute_link(reveal, slot - committed) == commitment


def compute_mix(mix: bytes, reveal: bytes) -> bytes:
    """Return the mix of all reveals so far with one more. The order counts, so that no two reveals cancel out."""
    return hashlib.sha256(b"mix" + mix + reveal).digest()


def compute_seed(mix: bytes, epoch: int) -> bytes:
    """Return the seed of an epoch's elections from the mix on which they rest."""
    return hashlib.sha256(b"seed" + mix + epoch.to_bytes(8)).digest()


class RevealChain:
    """A validator's chain of hashes, of which some links are kept: as many as lie between two of them.

    So memory and the hashes of a lookup are the square root of the chain's length, 1,024 for the longest.
    """

    def __init__(self, secret: bytes, slots: int = MOST_LINKS, first: int = 0) -> None:
        """Make the links of `slots` slots after the first one, whose link is `commitment`. None tells of the secret."""
        self.first, self.last = first, first + slots
        self._secret = secret
        self._stride = max(1, isqrt(slots))
        links = [hashlib.sha256(b"last link" + secret).digest()]
        for _ in range(slots // self._stride):
            links.append(compute_link(links[-1], self._stride))
        self._kept = b"".join(links)
        self.commitment = self.reveal(first)

    def reveal(self, slot: int) -> bytes:
        """Return the link of a slot. Raises ValueError for a slot that the chain does not reach."""
        if not self.first <= slot <= self.last:
            raise ValueError(f"the reveals end with slot {self.last}")
        kept, steps = divmod(self.last - slot, self._stride)
        return compute_link(self._kept[kept * LINK_BYTES : (kept + 1) * LINK_BYTES], steps)

    def renewed(self, first: int) -> "RevealChain":
        """Return a chain of the same length from a later slot on, of whose secret this one's links tell nothing."""
        secret = hashlib.sha256(b"renewed" + self._secret + first.to_bytes(8)).digest()
        return RevealChain(secret, self.last - self.first, first)

    def leads_to(self, reveal: bytes, slot: int) -> bool:
        """Tell whether a reveal, or a commitment, of a slot is of this chain."""
        return self.first <= slot <= self.last and self.reveal(slot) == reveal
