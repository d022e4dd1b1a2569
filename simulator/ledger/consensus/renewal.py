"""A validator's reveals over time: each of its chains of hashes ends, and it binds itself to the next one before."""

from simulator.ledger.consensus.proposal import Sign
from simulator.ledger.consensus.randomness import RevealChain
from simulator.ledger.consensus.stake import is_final
from simulator.ledger.consensus.state import Member, State
from simulator.ledger.record.types import RevealRenewal, SignedMessage

CHAINS_KEPT = 16
"""Chains of reveals that a validator keeps beside the present one: their renewals may still become final."""


class Reveals:
    """The chains of a validator: the one to which it is bound, and those whose renewals may yet come into force."""

    def __init__(self, first: RevealChain) -> None:
        self._chains = [first]

    def get_reveal(self, member: Member, slot: int) -> bytes | None:
        """Return the validator's link of a slot; None where the chain to which it is bound does not reach it."""
        chain = self._get_chain(member)
        return chain.reveal(slot) if chain is not None and chain.first <= slot <= chain.last else None

    def renew(self, state: State, index: int, sign: Sign) -> SignedMessage | None:
        """Return the message that binds the validator of an index to a new chain.

        None while a quarter of the present one is left, and where a renewal is on its way. Chains before the present
        one are forgotten once a reveal of it is final: no branch binds the validator to them any more.
        """
        member = state.members[index]
        chain = self._get_chain(member)
        if chain is not None and chain.first < member.revealed and is_final(state, member.revealed):
            self._chains = [one for one in self._chains if one is chain or one.first > chain.first]
        waiting = any(one.validator == index for one in state.renewals)
        if chain is None or waiting or 4 * (chain.last - state.slot) >= chain.last - chain.first:
            return None
        after = chain.renewed(state.slot)
        self._chains = [chain, *[one for one in self._chains if one is not chain][-CHAINS_KEPT:], after]
        order = RevealRenewal(
            validator=index,
            sequence=member.changes + 1,
            slot=state.slot,
            commitment=after.commitment,
        )
        return SignedMessage(chain_id=state.chain_id, message=order, signature=sign(order))

    def follow(self, order: RevealRenewal) -> None:
        """Make the chain anew to which an order of this validator, made before a restart, binds it.

        Nothing happens where it is known, and where no chain that is known leads to it.
        """
        if any((one.first, one.commitment) == (order.slot, order.commitment) for one in self._chains):
            return
        for one in reversed(self._chains):
            if (after := one.renewed(order.slot)).commitment == order.commitment:
                self._chains = [*self._chains[-CHAINS_KEPT:], after]
                return

    def _get_chain(self, member: Member) -> RevealChain | None:
        return next((one for one in self._chains if one.leads_to(member.reveal, member.revealed)), None)
