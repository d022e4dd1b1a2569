"""A process that writes a ledger until it is killed: `python -m tests.simulator.ledger.writer FILE`.

It says the number of each block once it is stored, and closes the ledger and opens it again every few blocks.
"""

import sys
from itertools import islice
from pathlib import Path

from simulator.ledger.file.store import create_store, open_store
from tests.simulator.ledger.chains import Chain

BLOCKS = 400
"""Blocks of the whole ledger; whoever wants more begins another file."""

UNTIL_CLOSED = 5


def main() -> None:
    """Write the rest of the ledger."""
    path, chain = Path(sys.argv[1]), Chain()
    with open_store(path) if path.exists() else create_store(path, chain.genesis) as store:
        # The last blocks come once more, as after any restart.
        begin = max(0, store.blocks - 3)
    blocks = islice(chain.blocks(BLOCKS, 70), begin, None)
    while part := list(islice(blocks, UNTIL_CLOSED)):
        with open_store(path) as store:
            for block, told in part:
                number = store.append(block, told, finalized=block.signed_header.header.slot - 1)
                print(number, flush=True)  # noqa: T201 - it is heard by whoever kills it


if __name__ == "__main__":
    main()
