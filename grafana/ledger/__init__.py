"""The Ledger and credits board: what the validators agree on, what was issued, what was refused, and what it costs."""

from grafana.board import Board
from grafana.ledger import chain, cost, market, units
from grafana.simulated import DOCUMENTS, PROGRAM, health

UID = "ecochain-ledger"


def board() -> Board:
    """Return the board before layout; rows from the answer down to its evidence."""
    return Board(
        uid=UID,
        title="Ledger and credits",
        description=(
            "The ledger of a simulated cluster: its chain and finality, certificates and credits, refusals, and the "
            "CPU time that it takes. Everything here is simulated, and no unit here is worth anything."
        ),
        about=(
            "**Do the validators agree, and what has the cluster earned?** A credit is a gram below the benchmark for "
            "the tasks on time, settled once in a simulated day; it is never subtracted from emissions. A certificate "
            "is a Wh that was generated. Slots are supply steps of 300 simulated seconds."
        ),
        documents={**DOCUMENTS, "What a credit is here": "explanation/credits.md"},
        metric="ecochain_clock_timestamp_seconds",
        program=PROGRAM,
        tags=("simulator",),
        shown="now-1h",
        rows=(chain.now(), units.row(), market.row(), chain.row(), cost.row(), health()),
    )
