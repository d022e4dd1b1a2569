"""Proof of Stake: agreement of validators on one chain of blocks, whatever the blocks hold."""
