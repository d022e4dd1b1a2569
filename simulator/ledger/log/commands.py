"""The commands `ecochain ledger key` and `ecochain ledger publish`."""

# ruff: noqa: PLC0415 - as in simulator/cli.py: each command imports what it needs

import argparse
from pathlib import Path
from typing import Any

from exporter.core.command_line import write_out

KEY_EPILOG = """\
examples:
  ecochain ledger key --name laptop.example/ecotrack --output ecotrack.key

The file is the secret: its owner alone may read it, and it is never replaced. Keep a copy of it elsewhere; whoever has
it signs as you. What is printed is the public part, for all who verify what is signed. A name is best a URL without its
scheme, of a place that is yours, such as laptop.example/ecotrack: it need not be reachable.
"""

_STYLE: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}


def add_key(own: Any) -> None:
    """Add the command that makes a key."""
    key = own.add_parser("key", help="make a key that signs, and print its public part", epilog=KEY_EPILOG, **_STYLE)
    key.add_argument("--name", metavar="NAME", required=True, help="name of the key, such as laptop.example/ecotrack")
    key.add_argument("--output", metavar="FILE", type=Path, required=True, help="file of the key, which is made")
    key.set_defaults(command=_key)


def _key(options: argparse.Namespace) -> int:
    from simulator.ledger.record.key_file import create_key

    write_out(f"{create_key(options.output, options.name).verifier()}\n")
    return 0
