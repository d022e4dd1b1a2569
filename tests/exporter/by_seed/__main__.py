"""The story of a seed, an event a line, and its verdict: `python -m tests.exporter.by_seed SEED [HOURS [INTERVAL]]`."""

import sys

from tests.exporter.by_seed.plan import HOUR, plan_of
from tests.exporter.by_seed.room import folder_of
from tests.exporter.by_seed.run import run


def main(arguments: list[str]) -> int:
    """Run a seed, print what happens, and return 1 where a law was broken."""
    hours = float(arguments[1]) if arguments[1:] else 6.0
    interval = float(arguments[2]) if arguments[2:] else 5.0
    plan = plan_of(int(arguments[0]), hours * HOUR, interval)
    with folder_of(plan) as folder:
        told = run(plan, folder)
    lines = (
        f"seed {plan.seed}, {hours:g} h at {interval:g} s, {plan.cpus} CPUs, {plan.idle_watts:g} to "
        f"{plan.full_watts:g} W, sensors: {', '.join(plan.sensors) or 'none'}",
        f"on: {'; '.join(sorted(plan.kinds))}",
        *told.events,
        f"{told.samples} samples, {told.lines} lines of the log, digest {told.digest}: "
        f"{told.broken or 'all laws held'}",
    )
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 1 if told.broken else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
