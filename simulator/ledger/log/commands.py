"""The commands `ecochain ledger key` and `ecochain ledger publish`."""

# ruff: noqa: PLC0415 - as in simulator/cli.py: each command imports what it needs

import argparse
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from exporter.core.command_line import write_out
from exporter.core.config import ConfigError

KEY_EPILOG = """\
examples:
  ecochain ledger key --name laptop.example/ecotrack --output ecotrack.key

The file is the secret: its owner alone may read it, and it is never replaced. Keep a copy of it elsewhere; whoever has
it signs as you. What is printed is the public part, for all who verify what is signed; `publish` prints it
again. A name is best a URL without its scheme, of a place that is yours, such as laptop.example/ecotrack: it need not
be reachable.
"""

PUBLISH_EPILOG = """\
examples:
  ecochain ledger key --name ledger.example/demo --output log.key
  ecochain ledger publish ledger.db --key log.key --output log
  ecochain ledger prove --block 7 --log log --ledger ledger.db --output block.tlog-proof

The folder is a transparency log (c2sp.org/tlog-tiles) of the final blocks, made of static files: any web server can
publish it, also while it is written. Run the command again when the ledger has grown; a ledger that is in use is read
as it is. The name of the key is the name of the log, best the URL of the folder without its scheme. A key signs one
log: beside it, FILE.signed keeps the checkpoint that it signed last, and a ledger that does not begin with that is
refused.
"""


def add_key(own: Any) -> None:
    """Add the command that makes a key."""
    key = own.add_parser("key", help="make a key that signs, and print its public part", epilog=KEY_EPILOG)
    key.add_argument("--name", metavar="NAME", required=True, help="name of the key, such as laptop.example/ecotrack")
    key.add_argument("--output", metavar="FILE", type=Path, required=True, help="file of the key, which is made")
    key.set_defaults(command=_key)


def add_publish(own: Any, command: Callable[[argparse.Namespace], int]) -> None:
    """Add the command that publishes a ledger; `command` runs it and tells what ledger files say."""
    publish = own.add_parser("publish", help="write a ledger as a public log", epilog=PUBLISH_EPILOG)
    publish.add_argument("ledger", metavar="FILE", type=Path, help="ledger file")
    publish.add_argument("--key", metavar="FILE", type=Path, required=True, help="key that signs, as `key` makes it")
    publish.add_argument("--output", metavar="FOLDER", type=Path, required=True, help="folder to publish")
    publish.set_defaults(command=command, work=_publish)


def _key(options: argparse.Namespace) -> int:
    from simulator.ledger.record.key_file import create_key

    write_out(f"{create_key(options.output, options.name).verifier()}\n")
    return 0


def _publish(options: argparse.Namespace) -> int:
    from simulator.ledger.file.proofs import head_text
    from simulator.ledger.file.reading import Head, open_reader
    from simulator.ledger.file.shown import told_if_simulated
    from simulator.ledger.log.export import Memory, publish
    from simulator.ledger.log.folder import Folder
    from simulator.ledger.record.key_file import read_key

    begun = time.monotonic()
    key = read_key(options.key)
    if options.key.resolve().is_relative_to(options.output.resolve()):
        raise ConfigError([f"--key: {options.key}: lies in the folder that is to be published"])
    with (
        _alone(options.key),
        open_reader(options.ledger) as reader,
        Folder(options.key.parent) as beside,
        Folder(options.output) as folder,
    ):
        folder.lock()
        done = publish(reader, key, folder, Memory(beside, f"{options.key.name}.signed"))
        note = told_if_simulated(options.ledger, reader.genesis)
    head = Head(done.checkpoint.size, done.checkpoint.root)
    write_out(
        f"{options.output}: {head.blocks} blocks are published, {head.blocks - done.before} of them new; "
        f"{done.files} files written in {time.monotonic() - begun:.1f} s\n"
        f"head {head_text(head)}\n"
        f"verified by {key.verifier()}\n{note}"
    )
    return 0


@contextmanager
def _alone(key: Path) -> Iterator[None]:
    """Keep other processes from signing with a key meanwhile."""
    file = os.open(key, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError([f"{key}: another process signs with this key"]) from error
        yield
    finally:
        os.close(file)
