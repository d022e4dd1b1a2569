"""`python -m prometheus` writes the generated rules and the runbook's table; run it in the repository's root."""

import argparse
from pathlib import Path

from exporter.config import load_config
from exporter.core.units import BITS_PER_BYTE, BITS_PER_MEGABIT, BytesPerSecond
from prometheus.files import generated
from prometheus.reach import machine

EXAMPLE_CONFIG = Path("docs/examples/laptop.yml")
EXAMPLE_LINK_MEGABITS = 100.0


def main() -> None:
    """Write every generated file for the machine that the arguments describe."""
    parser = argparse.ArgumentParser(prog="python -m prometheus", description=__doc__)
    parser.add_argument("--config.file", dest="config", type=Path, default=EXAMPLE_CONFIG)
    parser.add_argument("--link-megabits", dest="link", type=float, default=EXAMPLE_LINK_MEGABITS)
    arguments = parser.parse_args()
    link = BytesPerSecond(arguments.link * BITS_PER_MEGABIT / BITS_PER_BYTE)
    root = Path.cwd()
    for path, text in generated(root, machine(load_config(arguments.config), link)).items():
        (root / path).write_text(text)
        print(path)


if __name__ == "__main__":
    main()
