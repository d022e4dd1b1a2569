"""Benchmark of the ledger on one core, beside the signatures alone.

`python -m bench.ledger_bench --record` writes `bench/results/ledger.md`. Times are CPU times of this process, each the
median of rounds.
"""

import argparse
import hashlib
import time
from collections.abc import Callable
from statistics import median

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bench.record import record, table
from simulator.ledger.booking.state import State, compute_state_root, get_genesis_state
from simulator.ledger.booking.transition import Surroundings, process_messages
from simulator.ledger.record.codec import decode, encode, signing_root
from simulator.ledger.record.keys import SecretKey, is_valid
from simulator.ledger.record.types import (
    Body,
    Capacity,
    ChainConfig,
    Claim,
    Genesis,
    KeyPossession,
    Project,
    Registration,
    SignedMessage,
    Validator,
)

ROUNDS = 7
DEVICES = 2000
"""Devices that claim in a block, about half a block's size."""
CLAIMS_ASKED = 10_000
"""Signed claims per second that are asked for."""
EDGE_DEVICES = 32
"""Devices of a large edge cluster."""

DIGEST = hashlib.sha256(b"source").digest()
OWNER, VALIDATOR = (SecretKey(bytes([number]) * 32) for number in (1, 2))
CAPACITY = Capacity(generation=10**6, load=10**6, grid=10**6, charge=10**6, discharge=10**6, storage=10**10)


def main() -> None:
    """Print the table, and record it if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write bench/results/ledger.md")
    options = parser.parse_args()
    figures = claims()
    print(figures)
    if options.record:
        record("ledger", ["The ledger on one core", figures])


def claims() -> str:
    """Return the table of what a block of claims takes, part by part."""
    keys = [SecretKey(hashlib.sha256(number.to_bytes(8, "big")).digest()) for number in range(DEVICES)]
    state = registered(keys)
    messages = [signed(state, claim(number), key) for number, key in enumerate(keys)]
    body = encode(Body(messages=tuple(messages)))
    around = Surroundings(slot=60, randomness=DIGEST, execute=lambda _, seed: seed)
    after = process_messages(state, messages, around).state
    one, key = messages[0], keys[0].public
    root, peer = signing_root(state.chain_id, one.message), Ed25519PublicKey.from_public_bytes(key)

    def block(data: bytes) -> None:
        state_after = process_messages(state, decode(data, Body).messages, around).state
        compute_state_root(state_after)

    few = registered(keys[:EDGE_DEVICES])
    few_messages = [signed(few, claim(number), keys[number]) for number in range(EDGE_DEVICES)]
    whole = seconds(lambda: block(body)) / DEVICES
    rows = [
        ("signed claims, from bytes to state root", whole),
        ("of it: decoding, and encoding again", seconds(lambda: decode(body, Body)) / DEVICES),
        ("of it: transition with signatures", seconds(lambda: process_messages(state, messages, around)) / DEVICES),
        ("of it: root of the state", seconds(lambda: compute_state_root(after)) / DEVICES),
        ("checking one signature", seconds(lambda: is_valid(key, state.chain_id, one.message, one.signature), 1000)),
        ("the same by cryptography", seconds(lambda: peer.verify(one.signature, root), 1000)),
    ]
    small = seconds(lambda: compute_state_root(process_messages(few, few_messages, around).state), 20)
    told = (
        f"A block of {DEVICES} claims of {len(body) / DEVICES:.0f} bytes, each of another device: "
        f"{1 / whole:,.0f} claims per second, {CLAIMS_ASKED:,} are asked for. Claims of {EDGE_DEVICES} devices and the "
        f"root of their state take {small * 1e3:.1f} ms."
    )
    figures = table(
        ["of a claim", "µs", "per second"], [[name, f"{one * 1e6:.1f}", f"{1 / one:,.0f}"] for name, one in rows]
    )
    return f"## Claims\n\n{told}\n\n{figures}"


def seconds(operation: Callable[[], object], times: int = 1) -> float:
    """Return the median CPU time of an operation over the rounds, after one to warm up."""
    spent = []
    for number in range(ROUNDS + 1):
        begin = time.process_time()
        for _ in range(times):
            operation()
        if number:
            spent.append((time.process_time() - begin) / times)
    return median(spent)


def registered(keys: list[SecretKey]) -> State:
    """Return the state of a chain on which devices of one project are registered."""
    genesis = Genesis(
        config=ChainConfig(name=b"bench", benchmarks=(5_000, 20_000)),
        validators=(Validator(key=VALIDATOR.public, stake=1, commitment=DIGEST),),
        projects=(Project(owner=OWNER.public, sponsor=0),),
    )
    state = get_genesis_state(genesis)
    messages = []
    for number, key in enumerate(keys):
        shown = KeyPossession(device=number, project=0, key=key.public)
        registration = Registration(
            device=number,
            project=0,
            key=key.public,
            capacity=CAPACITY,
            start=0,
            possession=key.sign(state.chain_id, shown),
        )
        messages.append(signed(state, registration, OWNER))
    return process_messages(
        state, messages, Surroundings(slot=0, randomness=DIGEST, execute=lambda _, seed: seed)
    ).state


def signed(state: State, message: Claim | Registration, key: SecretKey) -> SignedMessage:
    """Return a message with its signature."""
    return SignedMessage(chain_id=state.chain_id, message=message, signature=key.sign(state.chain_id, message))


def claim(device: int) -> Claim:
    """Return the first claim of a device, in which nothing is zero that need not be."""
    return Claim(
        device=device,
        sequence=1,
        start=0,
        end=300,
        generation=20_000_000,
        load=9_000_000,
        grid_import=3_000_000,
        export=4_000_000,
        charge=5_000_000,
        discharge=1_000_000,
        curtailed=6_000_000,
        intensity=400_000,
        intensity_source=DIGEST,
        tasks=(30, 10),
        records=45,
        records_root=DIGEST,
        models=DIGEST,
    )


if __name__ == "__main__":
    main()
