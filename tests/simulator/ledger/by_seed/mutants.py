"""Bugs that are put into the shipped code on purpose, so that it is known that runs by seed find such ones."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from simulator.ledger.booking import claims
from simulator.ledger.consensus import finality, peer
from simulator.ledger.consensus.fork_choice import View
from simulator.ledger.consensus.memory import Signed
from simulator.ledger.consensus.peer import Peer
from simulator.ledger.consensus.renewal import Reveals
from simulator.ledger.file import reading, store, wal
from simulator.ledger.file.faults import told
from simulator.ledger.file.store import Store
from simulator.ledger.node.signed_file import SignedFile
from simulator.ledger.record.rules import Rule, RuleError

Patch = pytest.MonkeyPatch


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug by its name, how it is put in, and a seed whose day finds it."""

    name: str
    put: Callable[[Patch], None]
    seed: int


def _votes_are_forgotten(patch: Patch) -> None:
    """Keep in memory what was signed, once the file was begun."""
    keep = SignedFile.keep

    def in_memory(self: SignedFile, signed: Signed) -> None:
        if not self.path.exists():
            keep(self, signed)
        self.last = signed

    patch.setattr(SignedFile, "keep", in_memory)


def _votes_may_surround(patch: Patch) -> None:
    """Vote once in an epoch, from whatever source."""
    patch.setattr(peer, "is_safe_to_sign", lambda vote, last: last is None or last.target.epoch < vote.target.epoch)


def _a_slot_is_proposed_twice(patch: Patch) -> None:
    """Remember votes, and no proposals."""
    keep = SignedFile.keep
    patch.setattr(SignedFile, "keep", lambda self, signed: keep(self, replace(signed, proposed=0)))


def _a_half_is_enough(patch: Patch) -> None:
    patch.setattr(finality, "is_supermajority", lambda weight, total: 2 * weight >= total > 0)


def _logs_are_believed(patch: Patch) -> None:
    patch.setattr(store, "check_log", lambda _path: None)


def _torn_logs_are_refused(patch: Patch) -> None:
    """Take a gap before the last frame for damage."""
    patch.setattr(wal, "_is_last_transaction", lambda frames, first: first == len(frames))


def _nothing_is_synchronised(patch: Patch) -> None:
    def connect(path: Path) -> sqlite3.Connection:
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("PRAGMA synchronous = OFF")
        return database

    patch.setattr(store, "_connect", connect)


def _a_block_is_many_transactions(patch: Patch) -> None:
    @contextmanager
    def transaction(self: Store) -> Iterator[None]:
        with told(self.path):
            yield

    patch.setattr(Store, "_transaction", transaction)


def _claims_are_booked_again(patch: Patch) -> None:
    check = claims.check_interval

    def lax(*arguments: object) -> None:
        try:
            check(*arguments)  # type: ignore[arg-type]
        except RuleError as error:
            if error.rule is not Rule.SEQUENCE_GAP:
                raise

    patch.setattr(claims, "check_interval", lax)


def _blocks_of_the_future_are_taken(patch: Patch) -> None:
    add = View.add_block
    patch.setattr(
        View, "add_block", lambda self, block, _now, *, needed=False: add(self, block, 1 << 40, needed=needed)
    )


def _the_lightest_branch_is_followed(patch: Patch) -> None:
    weights = View._get_weights
    patch.setattr(View, "_get_weights", lambda self: {root: -one for root, one in _all(self, weights(self))})


def _all(view: View, weights: dict[bytes, int]) -> Iterator[tuple[bytes, int]]:
    yield from ((root, weights.get(root, 0)) for root in view.blocks)


def _missing_blocks_are_not_sent(patch: Patch) -> None:
    patch.setattr(Peer, "_find", lambda _self, _request: ())


def _heads_are_not_asked_for(patch: Patch) -> None:
    patch.setattr(Peer, "_ask_for_head", lambda _self, _sender, _vote: [])


def _more_is_final_than_is_proven(patch: Patch) -> None:
    """Let a file claim what the votes of a branch that it left have made final."""
    write = Store._write_finalized
    patch.setattr(Store, "_write_finalized", lambda self, number, **_: write(self, number))


def _renewals_are_forgotten(patch: Patch) -> None:
    patch.setattr(Reveals, "follow", lambda _self, _order: None)


def _closed_files_are_believed(patch: Patch) -> None:
    patch.setattr(store, "check_closed", lambda _path: None)
    patch.setattr(store, "check_contents", lambda _reader: None)
    patch.setattr(reading, "check_closed", lambda _path: None)


MUTANTS = (
    Mutant("votes are forgotten with a restart", _votes_are_forgotten, 2),
    Mutant("votes may surround earlier ones", _votes_may_surround, 2),
    Mutant("a slot is proposed twice", _a_slot_is_proposed_twice, 2),
    Mutant("half of the stake is enough", _a_half_is_enough, 740),
    Mutant("more is final than is proven", _more_is_final_than_is_proven, 513),
    Mutant("logs are believed", _logs_are_believed, 2),
    Mutant("a power cut is taken for damage", _torn_logs_are_refused, 2),
    Mutant("nothing is synchronised", _nothing_is_synchronised, 0),
    Mutant("a block is many transactions", _a_block_is_many_transactions, 2),
    Mutant("claims are booked again", _claims_are_booked_again, 0),
    Mutant("blocks of the future are taken", _blocks_of_the_future_are_taken, 2),
    Mutant("the lightest branch is followed", _the_lightest_branch_is_followed, 0),
    Mutant("missing blocks are not sent", _missing_blocks_are_not_sent, 0),
    Mutant("heads of votes are not asked for", _heads_are_not_asked_for, 39),
    Mutant("renewals are forgotten with a restart", _renewals_are_forgotten, 14),
    Mutant("damaged files are believed", _closed_files_are_believed, 3),
)
