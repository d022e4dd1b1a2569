"""The view of one validator: the blocks and votes that it has seen, and which chain among them it follows.

The head is found by going from the last justified checkpoint to the child with most stake behind it, again and again;
stake stands behind the head of its last vote. Between equals the larger root wins, wherever the blocks came first.
Only chains whose votes justify it are followed, be it with the next epoch: whoever votes on such a chain is bound to
that justification, and could not vote on another. What is final is never left.
"""

from collections import defaultdict
from dataclasses import dataclass, field, replace

from simulator.ledger.consensus.slashing import find_vote_offence, get_offender
from simulator.ledger.consensus.state import State, compute_epoch, compute_start_slot, get_epoch
from simulator.ledger.consensus.transition import ProcessMessages, process_slots, state_transition
from simulator.ledger.record.codec import digest
from simulator.ledger.record.keys import check
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import Attestation, Block, Checkpoint, DoubleProposal, Evidence, SignedHeader

REMEMBERED_VOTES = 256
"""Votes of each validator with which a new one is compared, to find a vote that surrounds another."""

REMEMBERED_BLOCKS = 4096
"""Blocks before or beside the final one by whose roots a branch off the final chain is known as such at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Block of the tree: its parent, the state after it, and what its chain's votes justify in the next epoch."""

    parent: bytes
    state: State
    justified: Checkpoint


def get_known(parent: bytes, state: State) -> Known:
    """Return a block of the tree, given the state after it."""
    following = compute_start_slot(state.config, get_epoch(state) + 1)
    return Known(parent=parent, state=state, justified=process_slots(state, following).justified)


@dataclass(slots=True)
class Votes:
    """Votes of one validator by the epoch to which they lead, the oldest first."""

    by_target: dict[int, Attestation] = field(default_factory=dict)
    latest: Attestation | None = None

    def add(self, vote: Attestation) -> Evidence | None:
        """Note a vote, and return the evidence that it makes with an earlier one; nothing for the same vote again."""
        found = None
        epoch = vote.data.target.epoch
        same = self.by_target.get(epoch)
        if same is None or same.data != vote.data:
            found = next((one for other in self.by_target.values() if (one := find_vote_offence(vote, other))), None)
        self.by_target.setdefault(epoch, vote)
        if len(self.by_target) > REMEMBERED_VOTES:
            del self.by_target[next(iter(self.by_target))]
        if self.latest is None or epoch > self.latest.data.target.epoch:
            self.latest = vote
        return found


class View:
    """View of the chain from a state on that the validator trusts: that of genesis, or of a checkpoint told by others.

    A checkpoint is what protects whoever was away for long: keys that are worth nothing any more can sign another
    history from genesis on, which looks as good as the true one.
    """

    def __init__(self, trusted: State, process_messages: ProcessMessages) -> None:
        """Begin with the block that is the head of the trusted state, as the last final one."""
        self._process_messages = process_messages
        self._config, self._chain_id = trusted.config, trusted.chain_id
        self._keys = tuple(one.key for one in trusted.members)
        self.blocks = {trusted.head: get_known(trusted.head, trusted)}
        here = Checkpoint(epoch=compute_epoch(trusted.config, trusted.slot), root=trusted.head)
        self.justified = self.finalized = here
        self._votes = [Votes() for _ in self._keys]
        self._proposals: dict[tuple[int, int], SignedHeader] = {}
        self._settled: dict[bytes, None] = {}
        self.evidence: dict[int, Evidence] = {}

    def add_block(self, block: Block, now: int, *, needed: bool = False) -> State:
        """Take a block into the tree, and return the state after it.

        `now` is the present slot by the validator's own clock. A second block of a proposer for one slot is refused
        and kept as evidence, unless it is `needed` because others have built on it.
        Raises RuleError: future, head rollback, wrong parent for an unknown one, equivocation, or a rule of blocks.
        """
        signed = block.signed_header
        header, root = signed.header, digest(signed.header)
        if root in self.blocks:
            return self.blocks[root].state
        if header.slot > now:
            raise RuleError(Rule.FUTURE, f"block of slot {header.slot} in slot {now}")
        if header.slot <= self.blocks[self.finalized.root].state.slot or header.parent_root in self._settled:
            raise RuleError(Rule.HEAD_ROLLBACK, f"block of slot {header.slot} beside the final chain")
        parent = self.blocks.get(header.parent_root)
        if parent is None:
            raise RuleError(Rule.WRONG_PARENT, "the parent is unknown")
        state = state_transition(self._process_messages, parent.state, block)
        earlier = self._proposals.setdefault((header.slot, header.proposer), signed)
        if earlier.header != header:
            self._convict(DoubleProposal(first=earlier, second=signed))
            if not needed:
                raise RuleError(Rule.EQUIVOCATION, f"validator {header.proposer} proposed twice in slot {header.slot}")
        self.blocks[root] = get_known(header.parent_root, state)
        for vote in block.body.attestations:
            self._note(vote)
        for evidence in block.body.evidence:
            self._convict(evidence)
        self._follow(self.blocks[root])
        return state

    def add_vote(self, vote: Attestation, now: int) -> None:
        """Count a vote. Raises RuleError: future, unknown signer, bad attestation, or that of the signature."""
        data = vote.data
        if data.slot > now:
            raise RuleError(Rule.FUTURE, f"vote of slot {data.slot} in slot {now}")
        if not 0 <= data.validator < len(self._keys):
            raise RuleError(Rule.UNKNOWN_SIGNER, f"no validator {data.validator}")
        if compute_epoch(self._config, data.slot) != data.target.epoch:
            raise RuleError(Rule.BAD_ATTESTATION, f"vote of slot {data.slot} for epoch {data.target.epoch}")
        check(self._keys[data.validator], self._chain_id, data, vote.signature)
        self._note(vote)

    def get_head(self) -> bytes:
        """Return the root of the block on which to build."""
        children = defaultdict(list)
        for root, known in self.blocks.items():
            if root != known.parent:
                children[known.parent].append(root)
        weights, viable = self._get_weights(), self._get_viable()
        head = self.justified.root
        while candidates := [one for one in children[head] if one in viable]:
            head = max(candidates, key=lambda root: (weights[root], root))
        return head

    def _get_weights(self) -> dict[bytes, int]:
        """Return the stake behind each block or one of its descendants, by the stakes of the justified block."""
        weights: dict[bytes, int] = defaultdict(int)
        stakes = self.blocks[self.justified.root].state.stakes
        for index, votes in enumerate(self._votes):
            if votes.latest and index not in self.evidence and votes.latest.data.head in self.blocks:
                weights[votes.latest.data.head] += stakes[index]
        for root in sorted(self.blocks, key=lambda root: self.blocks[root].state.slot, reverse=True):
            parent = self.blocks[root].parent
            if parent != root:
                weights[parent] += weights[root]
        return weights

    def _get_viable(self) -> set[bytes]:
        """Return the blocks from which a chain leads on that knows of the last justification; all where none does."""
        viable: set[bytes] = set()
        for leaf, known in self.blocks.items():
            if known.justified == self.justified:
                root = leaf
                while root not in viable and root in self.blocks:
                    viable.add(root)
                    root = self.blocks[root].parent
        return viable or set(self.blocks)

    def _note(self, vote: Attestation) -> None:
        evidence = self._votes[vote.data.validator].add(vote)
        if evidence:
            self._convict(evidence)

    def _convict(self, evidence: Evidence) -> None:
        self.evidence.setdefault(get_offender(evidence), evidence)

    def _follow(self, known: Known) -> None:
        """Go along with what a new block has justified and made final, and forget what lies beside."""
        state = known.state
        if known.justified.epoch > self.justified.epoch and known.justified.root in self.blocks:
            self.justified = known.justified
        if state.finalized.epoch > self.finalized.epoch and state.finalized.root in self.blocks:
            self.finalized = state.finalized
            self._prune()

    def _prune(self) -> None:
        """Forget all blocks that do not descend from the last final one, and proposals of slots before it."""
        kept: dict[bytes, Known] = {}
        final = self.finalized.root
        for root in sorted(self.blocks, key=lambda root: self.blocks[root].state.slot):
            if root == final or self.blocks[root].parent in kept:
                kept[root] = self.blocks[root]
        kept[final] = replace(kept[final], parent=final)
        self._settled |= dict.fromkeys(root for root in self.blocks if root not in kept)
        for root in list(self._settled)[:-REMEMBERED_BLOCKS]:
            del self._settled[root]
        self.blocks = kept
        if self.justified.root not in kept:
            self.justified = self.finalized
        start = compute_start_slot(self._config, self.finalized.epoch)
        self._proposals = {key: one for key, one in self._proposals.items() if key[0] >= start}
