"""The command `ecochain ledger attest`."""

# ruff: noqa: PLC0415 - as in simulator/cli.py: each command imports what it needs

import argparse
import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from exporter.core.command_line import write_out
from exporter.core.config import ConfigError

ALL_REFUSED = 3
"""Exit status where there were hours to attest, and all of them were refused; 1 is that of a damaged ledger."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Earliest time that is asked about. Judgement: there were no exporters then, and all sums stay in the calendar."""

MOST_WATTS = 1e6
"""Most watts of --max-watts: those that a ledger registers a device with."""

DESCRIPTION = """\
Turn whole hours (UTC) of a real exporter, as a Prometheus has stored them, into signed claims of consumption, in a
ledger file, and hand out a proof of the last one. The Prometheus is trusted: whoever writes to it, or holds the key,
can claim anything. Nobody has checked the meter, and power that no sensor measures is an estimate. No credits come of
these claims: the ledger has no benchmarks.
"""

EPILOG = """\
examples:
  ecochain ledger key --name laptop.example/ecotrack --output ecotrack.key
  ecochain ledger attest --prometheus http://127.0.0.1:9090 --instance laptop:10110 --key ecotrack.key
  ecochain ledger verify attest.db
  ecochain ledger check proof.json

The first run begins the ledger with the hours of the last day, each later one goes on where it ends: call it each hour,
half past. An hour is refused, with the reason, where samples are missing or cannot be true; the next one is then
claimed by a new device of the same host, so that a gap shows. One whose energy contradicts the watts stored beside it
is attested and says so. A time without a zone is UTC. `ecochain ledger show --hours` sums what was attested.

The URL, the instance, the job and the public part of the key stand in the ledger and in every proof, for all to read.

Exit status: 0 an hour was attested, or nothing was to do; 1 the ledger is damaged; 2 a mistake; 3 all were refused.
"""


def add_attest(own: Any, command: Callable[[argparse.Namespace], int]) -> None:
    """Add the command; `command` is what runs all that work on a ledger file."""
    parser = own.add_parser("attest", help="claim the hours of a real exporter", description=DESCRIPTION, epilog=EPILOG)
    add = parser.add_argument
    add("--prometheus", metavar="URL", required=True, help="Prometheus that has stored the samples")
    add("--prometheus.user", dest="user", metavar="NAME", help="user that it wants")
    held = "file with the user's password, or with a bearer token where no user is named"
    add("--prometheus.password-file", dest="password_file", metavar="FILE", type=Path, help=held)
    add("--instance", metavar="HOST", type=_label, required=True, help="instance of the exporter in that Prometheus")
    add("--job", metavar="NAME", type=_label, help="job of the exporter there, where several scrape the instance")
    add("--key", metavar="FILE", type=Path, required=True, help="key that signs, as `ecochain ledger key` makes it")
    add("--ledger", metavar="FILE", type=Path, default=Path("attest.db"), help="ledger file (default: %(default)s)")
    proof = "proof of the last claim, which is written (default: proof.json beside the ledger)"
    add("--proof", metavar="FILE", type=Path, help=proof)
    add("--since", metavar="TIME", type=time_of, help="begin with the first hour from then on, as 2026-11-29T14:00Z")
    add("--until", metavar="TIME", type=time_of, help="end with the last hour until then (default: now)")
    watts = "most that the device can draw (default: 3680, a household socket; later, what it is registered with)"
    add("--max-watts", dest="watts", metavar="W", type=_watts, help=watts)
    parser.set_defaults(command=command, work=_attest)


def _attest(options: argparse.Namespace) -> int:
    from exporter.core.clock import SystemClock
    from exporter.core.prometheus import Prometheus, authorization
    from simulator.ledger.attest.run import Attestation, Wanted, amounts
    from simulator.ledger.attest.stored import Exporter
    from simulator.ledger.record.key_file import read_key

    if options.since is not None and options.until is not None and options.since >= options.until:
        raise ConfigError(["--since: expected a time before that of --until"])
    url = options.prometheus.rstrip("/")
    wanted = Wanted(
        exporter=Exporter(instance=options.instance, job=options.job),
        url=url,
        ledger=options.ledger,
        proof=options.ledger.parent / "proof.json" if options.proof is None else options.proof,
        key=options.key,
        since=options.since,
        until=options.until,
        watts=options.watts,
    )
    prometheus = Prometheus(url, authorization(options.user, options.password_file))
    key = read_key(options.key)
    run = Attestation(wanted, key, prometheus, SystemClock().wall, lambda line: write_out(f"{line}\n"))
    found = run.run()
    write_out(
        f"hours attested: {found.attested}, {amounts(found.energy, found.emissions)}; refused: {found.refused}\n"
        f"The Prometheus at {url} is trusted, and nobody has checked the meter; no credits come of this.\n"
    )
    if found.refused and not found.is_known:
        write_out(
            f"It has nothing of {options.instance} in these hours: is that the exporter's label instance there?\n"
        )
    return ALL_REFUSED if found.refused and not found.attested else 0


def _label(text: str) -> str:
    if not text or not text.isprintable():
        raise argparse.ArgumentTypeError("expected a label's value, got one that is empty or cannot be printed")
    return text


def time_of(text: str) -> float:
    """Return a time as a flag names it, in Unix seconds; without a zone it is UTC. Raises ArgumentTypeError."""
    try:
        found = datetime.fromisoformat(text)
        # As UTC, since the first and the last hours of the calendar have no time there.
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        found = datetime.min.replace(tzinfo=UTC)
    if found < EARLIEST:
        raise argparse.ArgumentTypeError(f'expected a time, as 2026-11-29T14:00Z, got "{text}"')
    return found.timestamp()


def _watts(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0.001 <= found <= MOST_WATTS:
        raise argparse.ArgumentTypeError(f'expected watts above 0 and up to {MOST_WATTS:,.0f}, got "{text}"')
    return found
