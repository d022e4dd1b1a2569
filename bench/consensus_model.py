"""Exhaustive check of the consensus on one core: how many states each bound has, and what became of the promises.

`python -m bench.consensus_model --record` writes `bench/results/consensus-model.md`. Times are CPU times of this
process. The bounds are those of the tests, with every change and with `make verify` (ADR 26).
"""

import argparse
import time

from bench.record import record, table
from tests.simulator.ledger.consensus.model.bounds import LARGE, SMALL
from tests.simulator.ledger.consensus.model.check import Check, Order
from tests.simulator.ledger.consensus.model.settings import Setting

LIMIT_SECONDS = 600
"""Most CPU time that the large bounds may take together."""

SAID = """\
A fork is a state in which two conflicting checkpoints are final. With less than a third of the stake faulty none may
exist; otherwise the votes that stand in both branches, or evidence there, have to convict a third. `PROVED` is the
checker's word for this, for no vote of an honest validator that convicts it, and for the laws of each step of a branch,
in every state of the bound. States that differ by names alone are counted once.
[ADR 26](../../docs/adr/0026-model-checking.md) says more."""

HEAD = [
    "stake that is faulty",
    "validators",
    "checkpoints of a branch",
    "fork",
    "evidence in blocks",
    "order of events",
    "states",
    "with a fork",
    "verdict",
    "seconds",
]


def main() -> None:
    """Print the tables, and record them if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write bench/results/consensus-model.md")
    options = parser.parse_args()
    small, large = Bounds("With every change"), Bounds("With `make verify`")
    for bounds, settings in ((small, SMALL), (large, LARGE)):
        for setting, order in settings.values():
            bounds.add(setting, order)
            # A long run that is cut short leaves what it has found.
            if options.record:
                record("consensus-model", ["Every state of the consensus", SAID, small.tell(), large.tell()])
    assert large.seconds < LIMIT_SECONDS


class Bounds:
    """Table of the bounds that have been checked, and what they took."""

    def __init__(self, title: str) -> None:
        self.title, self.seconds = title, 0.0
        self.rows: list[list[str]] = []

    def add(self, setting: Setting, order: Order) -> None:
        """Check a bound, and print its row."""
        begin = time.process_time()
        row = _row(setting, order)
        taken = time.process_time() - begin
        self.seconds += taken
        self.rows.append([*row, f"{taken:.1f}"])
        print(*self.rows[-1], sep=" | ", flush=True)

    def tell(self) -> str:
        """Return the table."""
        return f"## {self.title} ({self.seconds:.0f} s)\n\n{table(HEAD, self.rows)}"


def _row(setting: Setting, order: Order) -> list[str]:
    result = Check(setting, order).run()
    verdicts = {verdict.value for verdict in result.verdicts.values()}
    assert verdicts == {"PROVED"}
    return [
        f"{sum(setting.stakes[one] for one in setting.faulty)} of {sum(setting.stakes)}",
        str(len(setting.stakes)),
        str(setting.checkpoints),
        "in any epoch" if setting.forks_late else "at genesis",
        "yes" if setting.evidence else "no",
        order.value,
        f"{result.states:,}",
        f"{result.forks:,}",
        *verdicts,
    ]


if __name__ == "__main__":
    main()
