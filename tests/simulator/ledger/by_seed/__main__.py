"""The story of a seed, one event a line, and its verdict."""

import sys

from tests.simulator.ledger.by_seed.folder import memory_folder
from tests.simulator.ledger.by_seed.plan import DAY, plan_of
from tests.simulator.ledger.by_seed.run import run

USAGE = "usage: python -m tests.simulator.ledger.by_seed SEED [SLOTS]"


def main(arguments: list[str]) -> int:
    """Run a seed, print what happens, and return 1 where a law was broken, 2 for other arguments than numbers."""
    if len(arguments) not in (1, 2) or not all(one.isascii() and one.isdecimal() for one in arguments):
        sys.stderr.write(f"{USAGE}: whole numbers, and {DAY} slots by default\n")
        return 2
    plan = plan_of(int(arguments[0]), int(arguments[1]) if arguments[1:] else DAY)
    with memory_folder() as folder:
        told = run(plan, folder)
    lines = (
        f"seed {plan.seed}, {plan.slots} slots, stakes {plan.stakes}, {plan.devices} devices",
        f"on: {'; '.join(sorted(plan.kinds))}; from slot {plan.quiet} on nothing fails any more",
        *told.events,
        f"digest {told.digest}: {told.broken or 'all laws held'}",
    )
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 1 if told.broken else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
