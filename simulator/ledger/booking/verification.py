"""Model verification: a sample of a claim's tasks on time, drawn by chance, is executed again.

The sample is drawn from randomness that nobody knew when the claim was included, a whole epoch before. Any validator
opens what was drawn of a device, each record with its path to its claim's root, under one signature; all of them
execute the model on the same input, and compare. A false output strikes the device off, and its project's sponsor loses
its stake. A record that nobody opened in time costs the claim what its tasks would have earned: hiding is not punished
as lying is, but pays no more.

Models are integer models, whose output is the index of a class, and the executor is passed in: `Executor` gives the
index for a model's digest and an input's seed, or None for a model that it does not know.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Callable
from fractions import Fraction
from itertools import accumulate, pairwise
from math import comb

from msgspec.structs import replace

from simulator.ledger.booking.credits import book_allowance
from simulator.ledger.booking.state import ClaimKey, Opened, Pending, State
from simulator.ledger.record.codec import encode
from simulator.ledger.record.keys import check
from simulator.ledger.record.merkle import HASH_BYTES, InvalidProofError, check_inclusion, leaf_hash, node_hash
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import ChainConfig, ModelRecord, Opening, TaskRecord

Executor = Callable[[bytes, int], int | None]
"""Execution of a model by its digest on the input of a seed: the index of the class, None for an unknown model."""

MILLISECONDS = 1000
"""Milliseconds of a second, in which records tell times."""

DRAW_EPOCHS = 2
"""Epochs from a claim's inclusion to its draw: the one that follows is whole, so its reveals came after the claim."""


def compute_detection_probability(tasks: int, false: int, samples: int) -> Fraction:
    """Return the probability that a sample of a claim's tasks holds at least one of the false ones.

    The sample is drawn without replacement, so 1 - C(tasks - false, samples) / C(tasks, samples).
    """
    drawn = min(samples, tasks)
    return 1 - Fraction(comb(tasks - false, drawn), comb(tasks, drawn))


def compute_sample(seed: bytes, tasks: int, samples: int) -> tuple[int, ...]:
    """Return the indices of the records drawn from a claim's tasks on time, in order.

    Each index is a 64-bit number from SHA-256 of the seed and a counter, modulo the number of tasks. Numbers above the
    largest multiple of it are left out, so that no index is likelier.
    """
    if tasks <= samples:
        return tuple(range(tasks))
    found: set[int] = set()
    limit = 2**64 - 2**64 % tasks
    counter = 0
    while len(found) < samples:
        number = int.from_bytes(hashlib.sha256(seed + counter.to_bytes(8, "big")).digest()[:8], "big")
        counter += 1
        if number < limit:
            found.add(number % tasks)
    return tuple(sorted(found))


def get_draw_epoch(pending: Pending) -> int:
    """Return the epoch with whose beginning the records of a claim are drawn."""
    return pending.epoch + DRAW_EPOCHS


def get_due_epoch(pending: Pending, config: ChainConfig) -> int:
    """Return the epoch with whose beginning the tasks of a claim are credited, or not."""
    return get_draw_epoch(pending) + config.opening_epochs


def process_draws(state: State, epoch: int, randomness: bytes) -> None:
    """Draw the records of all claims whose turn it is."""
    samples = state.config.samples_per_claim
    for key, pending in state.pending.items():
        if get_draw_epoch(pending) == epoch:
            device, sequence = key
            seed = hashlib.sha256(randomness + device.to_bytes(8, "big") + sequence.to_bytes(8, "big")).digest()
            drawn = compute_sample(seed, sum(pending.tasks), samples)
            state.pending[key] = replace(pending, drawn=drawn)


def process_due(state: State, epoch: int) -> None:
    """Credit the tasks of the claims that are due where all drawn records were opened, and forget the claims."""
    due = [key for key, pending in state.pending.items() if get_due_epoch(pending, state.config) == epoch]
    for key in sorted(due):
        pending = state.pending.pop(key)
        if len(pending.opened) == len(pending.drawn):
            book_allowance(state, state.devices[key[0]].project, pending.tasks)


def process_model_record(state: State, message: ModelRecord, signature: bytes, execute: Executor) -> int | None:
    """Take drawn records of a device that a validator opened, all or none, and return the validator that loses its
    stake if one is false.

    Raises RuleError, and leaves the state as it was: unknown signer, non-canonical, the rule that an opening or the
    signature breaks, or, where no output is false, unknown model.
    """
    if message.validator >= len(state.validators):
        raise RuleError(Rule.UNKNOWN_SIGNER, f"no validator {message.validator}")
    places = [(one.sequence, one.index) for one in message.openings]
    if not places or any(place >= following for place, following in pairwise(places)):
        raise RuleError(Rule.NON_CANONICAL, "no records, or not each once and in order")
    for opening in message.openings:
        check_opening(state.pending.get((message.device, opening.sequence)), opening)
    check(state.validators[message.validator], state.chain_id, message, signature)
    found: dict[ClaimKey, Pending] = {}
    unknown: RuleError | None = None
    for opening in message.openings:
        key = (message.device, opening.sequence)
        pending = found.get(key) or state.pending[key]
        try:
            if not is_true(opening.record, opening.index, pending, execute):
                return strike(state, message.device)
        except RuleError as error:
            # A device must not be able to hide a false output behind a model that nobody knows.
            unknown = error
        opened = Opened(index=opening.index, task=opening.record.task)
        found[key] = replace(pending, opened=(*pending.opened, opened))
    if unknown is not None:
        raise unknown
    state.pending.update(found)
    return None


def check_opening(pending: Pending | None, opening: Opening) -> None:
    """Check that a record was drawn from a claim that waits, and lies under its root.

    Raises RuleError: not drawn, doubled leaf, second preimage, or bad proof.
    """
    if pending is None or opening.index not in pending.drawn or pending.is_opened(opening.index):
        raise RuleError(Rule.NOT_DRAWN, f"record {opening.index} of claim {opening.sequence}")
    record = encode(opening.record)
    leaf = leaf_hash(record)
    try:
        check_inclusion(leaf, opening.index, pending.records, opening.path, pending.records_root)
    except InvalidProofError as error:
        raise RuleError(_why_not_in(pending, opening, record, leaf), str(error)) from error


def _why_not_in(pending: Pending, opening: Opening, record: bytes, leaf: bytes) -> Rule:
    """Return the rule that a record breaks which does not lie under the root of its claim."""
    # A path on which the record is its own neighbour is one of a tree that doubles an odd leaf (CVE-2012-2459).
    if opening.path[:1] == (leaf,):
        return Rule.DOUBLED_LEAF
    # Where its bytes are the two hashes below a node of the tree, it stands for that node (RFC 9162, section 2.1.1).
    node = node_hash(record[:HASH_BYTES], record[HASH_BYTES:])
    try:
        check_inclusion(node, opening.index, pending.records, opening.path, pending.records_root)
    except InvalidProofError:
        return Rule.BAD_PROOF
    return Rule.SECOND_PREIMAGE


def is_true(record: TaskRecord, index: int, pending: Pending, execute: Executor) -> bool:
    """Tell whether a record is what its place says, and its output that of the model.

    Its task ended on time and in the claim's interval, so that no claim repeats those of another. Within a class the
    tasks' numbers rise, so that no claim repeats its own. Raises RuleError (unknown model) where the executor does not
    know the model.
    """
    output = execute(record.model, record.input_seed)
    if output is None:
        raise RuleError(Rule.UNKNOWN_MODEL, record.model.hex())
    bounds = [0, *accumulate(pending.tasks)]
    claimed_class = bisect_right(bounds, index) - 1
    return (
        record.output == output
        and record.task_class == claimed_class
        and record.arrived <= record.finished <= record.deadline
        and pending.start * MILLISECONDS < record.finished <= pending.end * MILLISECONDS
        and all(
            (one.index < index) == (one.task < record.task) and one.task != record.task
            for one in pending.opened
            if bisect_right(bounds, one.index) - 1 == claimed_class
        )
    )


def strike(state: State, number: int) -> int:
    """Strike a device off, drop all of its claims that still wait, and return the sponsor of its project."""
    device = state.devices[number]
    state.devices[number] = replace(device, struck=True)
    for key in [key for key in state.pending if key[0] == number]:
        del state.pending[key]
    return state.accounts[device.project].sponsor
