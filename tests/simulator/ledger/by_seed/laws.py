"""The laws of a run, each of which holds at every step or at its end, whatever fails."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from simulator.ledger.booking.state import State as Books
from simulator.ledger.booking.state import check_conservation
from simulator.ledger.consensus.peer import Peer
from simulator.ledger.record.codec import digest
from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import Block, Claim


class Law(StrEnum):
    """A promise of the ledger."""

    ONE_HISTORY = "no two validators hold two histories for final"
    DURABLE = "what was acknowledged is there after a restart"
    BELIEVED = "a damaged file is refused, or has nothing that was never written"
    REFUSED = "a file whose disk kept its promises is not refused"
    SIGNS_TWICE = "no honest validator signs twice"
    CONVICTED = "no honest validator is convicted"
    BALANCED = "units are counted once"
    GAPLESS = "the claims of a device have no gap and none is booked twice"
    RULES = "honest validators break no rule of blocks"
    PRESENT = "no block is taken before its time"
    REVEALS = "a validator knows the chain of reveals to which it has bound itself"
    GOES_ON = "once nothing fails any more, all agree and go on"
    FILES = "every file is good, and tells the same history"
    REPLAYED = "a seed is one run"
    RUNS = "nothing ends in an error that nobody foresaw"


class BrokenError(AssertionError):
    """A law that did not hold."""

    def __init__(self, law: Law, what: str) -> None:
        super().__init__(f"{law}: {what}")
        self.law = law


def need(holds: bool, law: Law, what: str) -> None:
    """Raise BrokenError unless a law holds."""
    if not holds:
        raise BrokenError(law, what)


HARMLESS = {
    Rule.FUTURE,
    Rule.WRONG_PARENT,
    Rule.HEAD_ROLLBACK,
    Rule.EQUIVOCATION,
}
"""Rules that clocks, cuts and those who act twice let honest validators run into."""


class History:
    """The final history as all validators know it, block by block."""

    def __init__(self) -> None:
        self._roots: dict[int, bytes] = {}
        self._seen: dict[int, bytes] = {}

    def see(self, who: int, peer: Peer) -> int | None:
        """Compare what is final for a validator with what is for others; return its number where it is new."""
        root = final = peer.view.finalized.root
        if self._seen.get(who) == root:
            return None
        self._seen[who] = root
        while (block := peer.archive.get(root)) is not None:
            number = block.signed_header.header.number
            known = self._roots.setdefault(number, root)
            need(known == root, Law.ONE_HISTORY, f"block {number}: validator {who} has another one")
            root = block.signed_header.header.parent_root
            if self._roots.get(number - 1) == root:
                break
        block = peer.archive.get(final)
        return 0 if block is None else block.signed_header.header.number


def check_signed(peers: Iterable[Peer], honest: Iterable[int]) -> None:
    """Check that nobody has evidence against an honest validator, and that no chain convicts one."""
    innocent = set(honest)
    for one in peers:
        accused = set(one.view.evidence) & innocent
        need(not accused, Law.SIGNS_TWICE, f"validator {sorted(accused)} as validator {one.identity.index} has seen")
        members = one.view.blocks[one.view.get_head()].state.members
        convicted = {index for index, member in enumerate(members) if member.slashed} & innocent
        need(not convicted, Law.CONVICTED, f"{sorted(convicted)}")


def check_not_of_the_future(peers: Iterable[Peer], block: Block, slot: int) -> None:
    """Check that a block of a later slot than the present one by a validator's clock was not taken."""
    header = block.signed_header.header
    if header.slot > slot:
        taken = any(digest(header) in one.view.blocks and header.proposer != one.identity.index for one in peers)
        need(not taken, Law.PRESENT, f"block of slot {header.slot} in slot {slot}")


def check_reveals(peers: Iterable[Peer]) -> None:
    """Check that each validator that may propose knows what to reveal, as long as its chain lasts."""
    for one in peers:
        state, index = one.view.blocks[one.view.get_head()].state, one.identity.index
        member, first = state.members[index], one.identity.reveals
        is_first = first.leads_to(member.reveal, member.revealed)
        knows = is_first or one._reveals.get_reveal(member, member.revealed + 1) is not None
        need(knows or member.slashed, Law.REVEALS, f"validator {index} does not")


def check_books(books: Books) -> None:
    """Count every unit and every claim's number."""
    check_conservation(books)
    for instrument, totals in books.totals.items():
        need(totals.issued == totals.held + totals.retired + totals.cancelled, Law.BALANCED, f"{instrument}")


def check_claims(peer: Peer) -> int:
    """Check that the claims of each device on the chain of the head follow one another, and return their number."""
    root, chain = peer.view.get_head(), []
    while (block := peer.archive.get(root)) is not None:
        chain.append(block)
        root = block.signed_header.header.parent_root
    last: Counter[int] = Counter()
    for block in reversed(chain):
        for signed in block.body.messages:
            if isinstance(claim := signed.message, Claim):
                last[claim.device] += 1
                need(claim.sequence == last[claim.device], Law.GAPLESS, f"claim {claim.device}/{claim.sequence}")
    return sum(last.values())


def check_rejected(rejected: Mapping[Rule, int], letters: int) -> None:
    """Check that what was rejected is what clocks and cuts explain, and that it is not most of what was sent."""
    strange = {rule: count for rule, count in rejected.items() if rule not in HARMLESS}
    need(not strange, Law.RULES, f"{strange}")
    need(sum(rejected.values()) <= letters, Law.RULES, f"{sum(rejected.values())} of {letters} blocks and votes")
