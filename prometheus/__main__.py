"""`python -m prometheus` writes the committed rules and the runbook's table; run it in the repository's root.

`ecotrack rules` writes rules for somebody's own Prometheus.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from exporter.config import load_config
from exporter.core.config import ConfigError
from exporter.core.units import BITS_PER_BYTE, BITS_PER_MEGABIT, BytesPerSecond
from prometheus.alert import Links
from prometheus.files import generated
from prometheus.reach import machine

EXAMPLE_CONFIG = Path("docs/examples/laptop.yml")
EXAMPLE_LINK_MEGABITS = 100.0


def main(argv: Sequence[str] | None = None) -> None:
    """Write every generated file, the table and the burn-rate alerts for the machine that the arguments describe."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    try:
        config = load_config(arguments.config)
    except ConfigError as error:
        parser.error("; ".join(error.mistakes))
    link = BytesPerSecond(arguments.link * BITS_PER_MEGABIT / BITS_PER_BYTE)
    root = Path.cwd()
    for path, text in generated(root, machine(config, link), Links()).items():
        (root / path).write_text(text)
        print(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m prometheus", description=__doc__)
    add = parser.add_argument
    file = "the exporter's configuration, for its budgets, power and grid (default: %(default)s)"
    add("--config.file", dest="config", metavar="FILE", type=Path, default=EXAMPLE_CONFIG, help=file)
    link = "highest throughput of its network, in Mbit/s (default: %(default)s)"
    add("--link-megabits", dest="link", metavar="N", type=float, default=EXAMPLE_LINK_MEGABITS, help=link)
    return parser


if __name__ == "__main__":
    main()
