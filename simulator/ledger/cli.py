"""The command `ecochain ledger`: verify a ledger file, prove what is in it, check proofs, and show or export it."""

# ruff: noqa: PLC0415 - as in simulator/cli.py: each command imports what it needs

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exporter.core.command_line import write_out
from exporter.core.config import ConfigError
from exporter.core.printable import printable
from simulator.ledger.attest.commands import add_attest, time_of
from simulator.ledger.log.commands import add_key, add_publish

if TYPE_CHECKING:
    from simulator.ledger.booking.verification import Executor
    from simulator.ledger.file.reading import ClaimName, Head, Reader
    from simulator.ledger.record.types import Block, SignedMessage

FAULT = 1
"""Exit status of `verify` and `check` where something does not hold; a mistake in the command is 2, as everywhere."""

DESCRIPTION = (
    "A ledger file: claims of devices, certificates of generation and credits, in blocks that validators signed."
)

EPILOG = """\
examples:
  ecochain ledger verify ledger.db                     every byte, row, signature and rule; the first fault, if any
  ecochain ledger show ledger.db                       what it holds, and its head
  ecochain ledger show ledger.db --credits             what each project was allowed, emitted, and got as credits
  ecochain ledger show attest.db --hours --since 2026-11-01
                                                       the sum of attested hours, and which ones are missing
  ecochain ledger prove 3/17 --ledger ledger.db --output claim.json
  ecochain ledger check claim.json --head 288:4f0c...  without the ledger, against a head that was noted earlier
  ecochain ledger export ledger.db --output out.jsonl  all blocks as JSON, one a line
  ecochain ledger key --name ledger.example/demo --output log.key
                                                       the key that `publish` and `attest` sign with
  ecochain ledger publish ledger.db --key log.key --output log
                                                       final blocks as static files, for any web server
  ecochain ledger attest --prometheus http://127.0.0.1:9090 --instance laptop:10110 --key ecotrack.key
                                                       the hours that an exporter measured, as signed claims

A claim is named DEVICE/SEQUENCE. A head is BLOCKS:ROOT, as `show` prints it: note one, and later proofs and later
files can be held against it. Exit status: 0 good, 1 something does not hold, 2 a mistake in the command.
"""

VERIFY_EPILOG = """\
What is checked, in this order:
  the seal     of a file that was closed: SHA-256 of every page, so any changed byte is found
  the rows     every table against the blocks: roots, order, claims, task records, Merkle nodes
  the chain    every block against every rule, from the first one on: signatures, elections, sequences, balances,
               units held, retired and cancelled, roots of states, and the votes that make blocks final
               outputs of the integer models that come with the simulator are executed again; those of others are
               taken to be what validators opened

A file that is in use, or whose writer was killed, has no seal: its rows and the chain are checked all the same.
A file that was cut back to an earlier state is good in itself; --head finds it.
"""

PROVE_EPILOG = """\
examples:
  ecochain ledger prove 3/17 --ledger ledger.db              that claim 17 of device 3 is in the ledger
  ecochain ledger prove 3/17 --record 0 --ledger ledger.db   and its first task record with it
  ecochain ledger prove --since 100 --ledger ledger.db       that the ledger begins with what its first 100 blocks were
  ecochain ledger prove --block 7 --log log --ledger ledger.db --output block.tlog-proof
                                                             that a block is in the log that `publish` wrote, as a
                                                             c2sp.org/tlog-proof, which programs for such logs check

A path in a proof is under a kilobyte for a million blocks or records.
"""


def add_ledger(commands: Any) -> None:
    """Add the command with its own commands and flags."""
    parser = commands.add_parser(
        "ledger", help="verify a ledger file, prove what is in it", description=DESCRIPTION, epilog=EPILOG
    )
    own = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    verify = own.add_parser("verify", help="check a whole ledger file", epilog=VERIFY_EPILOG)
    verify.add_argument("ledger", metavar="FILE", type=Path, help="ledger file")
    _add_head(verify, "head that the ledger had earlier: it has to begin with those blocks")
    verify.set_defaults(command=_ledger, work=_verify)
    prove = own.add_parser("prove", help="write a proof of a claim, or of growth", epilog=PROVE_EPILOG)
    add = prove.add_argument
    add("claim", metavar="CLAIM", nargs="?", type=_claim, help="DEVICE/SEQUENCE")
    add("--record", metavar="N", type=_number, help="also this one of the claim's task records, from 0")
    add("--since", metavar="BLOCKS", type=_number, help="in place of a claim: the number of blocks of an older head")
    add("--block", metavar="N", type=_number, help="in place of a claim: this block, numbered from 1, in a public log")
    add("--log", metavar="FOLDER", type=Path, help="with --block: the folder of the log")
    add("--ledger", metavar="FILE", type=Path, default=Path("ledger.db"), help="ledger file (default: %(default)s)")
    add("--output", metavar="FILE", type=Path, help="proof to write (default: the standard output)")
    prove.set_defaults(command=_ledger, work=_prove)
    check = own.add_parser("check", help="check a proof, without the ledger")
    check.add_argument("proof", metavar="PROOF", type=Path, help="file that `prove` wrote")
    _add_head(check, "head that you trust: the proof has to be about it")
    check.set_defaults(command=_ledger, work=_check)
    show = own.add_parser("show", help="print what a ledger holds, or one of its blocks or claims")
    show.add_argument("ledger", metavar="FILE", type=Path, help="ledger file")
    which = show.add_mutually_exclusive_group()
    which.add_argument("--block", metavar="N", type=_number, help="this block, numbered from 1, as JSON")
    which.add_argument("--claim", metavar="CLAIM", type=_claim, help="this claim, DEVICE/SEQUENCE, as JSON")
    which.add_argument("--credits", action="store_true", help="credits of each project, by the last block's state")
    summed = "sum of the hours that `attest` claimed: how many, how many are missing, energy and emissions"
    which.add_argument("--hours", action="store_true", help=summed)
    show.add_argument("--since", metavar="TIME", type=time_of, help="with --hours: from then on, as 2026-11-29T14:00Z")
    show.add_argument("--until", metavar="TIME", type=time_of, help="with --hours: until then (default: its last hour)")
    show.add_argument("--json", action="store_true", help="with --hours: as JSON")
    show.set_defaults(command=_ledger, work=_show)
    export = own.add_parser("export", help="write the genesis and all blocks as JSON, one a line")
    export.add_argument("ledger", metavar="FILE", type=Path, help="ledger file")
    export.add_argument("--output", metavar="FILE", type=Path, help="file to write (default: the standard output)")
    export.set_defaults(command=_ledger, work=_export)
    add_key(own)
    add_publish(own, _ledger)
    add_attest(own, _ledger)


def _add_head(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--head", metavar="BLOCKS:ROOT", type=_head, help=what)


def _number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f'expected a whole number >= 0, got "{text}"')
    return int(text)


def _claim(text: str) -> "ClaimName":
    from simulator.ledger.file.reading import ClaimName

    device, slash, sequence = text.partition("/")
    if not (slash and device.isdecimal() and sequence.isdecimal()):
        raise argparse.ArgumentTypeError(f'expected DEVICE/SEQUENCE, as 3/17, got "{text}"')
    return ClaimName(int(device), int(sequence))


def _head(text: str) -> "Head":
    from simulator.ledger.file.reading import Head

    blocks, _, root = text.partition(":")
    try:
        found = Head(int(blocks), bytes.fromhex(root))
    except ValueError:
        found = Head(-1, b"")
    if found.blocks < 0 or len(found.root) != 32:
        raise argparse.ArgumentTypeError(f'expected BLOCKS:ROOT with a root of 64 hexadecimal digits, got "{text}"')
    return found


def _ledger(options: argparse.Namespace) -> int:
    from simulator.ledger.file.faults import DamagedError, StoreError, told
    from simulator.ledger.file.proofs import ProofError

    try:
        with told(getattr(options, "ledger", None) or options.proof):
            status: int = options.work(options)
    except DamagedError as error:
        return _fault(str(error))
    except (StoreError, ProofError) as error:
        raise ConfigError([str(error)]) from error
    return status


def _fault(what: str) -> int:
    """Say what does not hold, in one line: it may quote the file, and so anything."""
    print(f"ecochain: {printable(what)}", file=sys.stderr)
    return FAULT


@cache
def _shipped() -> "Executor":
    """Return what executes the models of the simulator, once it is asked for: training takes most of a second."""
    from simulator.models.integer import executor, train
    from simulator.models.networks import SHAPES

    return executor(map(train, SHAPES))


def _execute(model: bytes, seed: int) -> int | None:
    return _shipped()(model, seed)


def _verify(options: argparse.Namespace) -> int:
    from simulator.ledger.file.proofs import head_text
    from simulator.ledger.file.shown import counted, told_if_simulated
    from simulator.ledger.file.verify import verify

    found = verify(options.ledger, _execute, options.head)
    sealed = "every byte as it was sealed" if found.is_sealed else "not closed, so not every byte could be checked"
    write_out(
        f"{options.ledger}: good: {counted(found.head.blocks, 'block')}, {found.finalized} of them final, "
        f"{counted(found.claims, 'claim')}, {counted(found.records, 'task record')}; {sealed}\n"
        f"outputs of models: {found.executed} executed again, {found.believed} of models that are not known here\n"
        f"head {head_text(found.head)}\n"
        + ("that begins with the blocks of the head that you noted\n" if options.head else "")
        + told_if_simulated(options.ledger, found.genesis)
    )
    return 0


def _prove(options: argparse.Namespace) -> int:
    from simulator.ledger.file.proofs import Proof, proof_bytes, prove_claim, prove_growth
    from simulator.ledger.file.reading import open_reader
    from simulator.ledger.log.block_proof import prove_block
    from simulator.ledger.log.export import CHECKPOINT

    if [options.claim, options.since, options.block].count(None) != 2:
        raise ConfigError(["ledger prove: expected either a CLAIM, as 3/17, or --since BLOCKS, or --block N"])
    if (options.block is None) != (options.log is None):
        raise ConfigError(["ledger prove: --block N and --log FOLDER belong together"])
    if options.claim is None and options.record is not None:
        raise ConfigError(["--record: expected a CLAIM that it is one of"])
    _keep_ledger(options)
    with open_reader(options.ledger) as reader:
        if options.block is not None:
            return _write(options.output, prove_block(reader, options.block, options.log / CHECKPOINT))
        proof: Proof
        if options.claim is None:
            proof = prove_growth(reader, options.since)
        else:
            proof = prove_claim(reader, options.claim, options.record)
    return _write(options.output, proof_bytes(proof))


def _check(options: argparse.Namespace) -> int:
    from simulator.ledger.file.proofs import ClaimProof, ProofError, check_proof, read_proof

    proof = read_proof(options.proof)
    try:
        proven = check_proof(proof, options.head)
    except ProofError as error:
        return _fault(f"{options.proof}: does not hold: {error}")
    write_out("".join(f"{options.proof}: {sentence}\n" for sentence in proven))
    if isinstance(proof, ClaimProof):
        write_out("The device's own signature is not checked: its key is in the ledger, which `verify` checks.\n")
    if options.head is None:
        write_out(
            "That holds if you trust the validator, or have noted that head, or find it in a ledger that you verify.\n"
        )
    return 0


def _show(options: argparse.Namespace) -> int:
    from simulator.ledger.file.accounts import credits_of
    from simulator.ledger.file.proofs import ProofError, head_text
    from simulator.ledger.file.reading import open_reader
    from simulator.ledger.file.shown import as_json, counted, told_if_simulated

    if not options.hours and (options.json or options.since is not None or options.until is not None):
        raise ConfigError(["ledger show: --since, --until and --json go with --hours"])
    with open_reader(options.ledger) as reader:
        if options.hours:
            write_out(_hours(reader, options))
            return 0
        if options.credits:
            write_out(credits_of(reader, _execute) + told_if_simulated(options.ledger, reader.genesis))
            return 0
        if options.block is None and options.claim is None:
            counts = ", ".join(counted(reader.count(table), table) for table in ("block", "claim", "record"))
            validators = counted(len(reader.genesis.validators), "validator")
            final = f"block {reader.finalized} is final" if reader.finalized else "no block is final"
            write_out(
                f"chain {reader.genesis_root.hex()}\n{counts}; {validators}; {final}\nhead {head_text(reader.head())}\n"
                + told_if_simulated(options.ledger, reader.genesis)
            )
            return 0
        found: Block | SignedMessage | None = None
        if options.claim is None:
            found = reader.block(options.block)
        elif (row := reader.claim_row(options.claim)) is not None:
            body = reader.block_and_claim(row)[0].body
            found = body.messages[row.place - len(body.attestations) - len(body.evidence)]
        if found is None:
            what = f"block {options.block}" if options.claim is None else f"claim {options.claim}"
            raise ProofError(f"{options.ledger}: has no {what}")
        write_out(as_json(found) + "\n")
    return 0


def _hours(reader: "Reader", options: argparse.Namespace) -> str:
    import msgspec

    from exporter.core.clock import SystemClock
    from simulator.ledger.file.hours import hours_of, sentences

    if options.since is not None and options.until is not None and options.since >= options.until:
        raise ConfigError(["--since: expected a time before that of --until"])
    now = SystemClock().wall()
    for flag, at in (("--since", options.since), ("--until", options.until)):
        if at is not None and at > now:
            raise ConfigError([f"{flag}: that is yet to come, and hours that are not over are not missing"])
    found = hours_of(reader, options.since, options.until)
    if options.json:
        return f"{msgspec.json.format(msgspec.json.encode(found), indent=2).decode()}\n"
    return "".join(f"{options.ledger}: {one}\n" for one in sentences(found))


def _export(options: argparse.Namespace) -> int:
    from simulator.ledger.file.reading import Reader, open_reader
    from simulator.ledger.file.shown import as_json
    from simulator.ledger.record.types import Block

    def lines(reader: Reader) -> Iterator[str]:
        yield as_json(reader.genesis, -1) + "\n"
        for _, _, data in reader.each_block():
            yield as_json(reader.decoded(data, Block), -1) + "\n"

    _keep_ledger(options)
    with open_reader(options.ledger) as reader:
        if options.output is None:
            for line in lines(reader):
                write_out(line)
            return 0
        with _writing(options.output), options.output.open("w", encoding="utf-8") as file:
            file.writelines(lines(reader))
    write_out(f"{options.output}: written\n")
    return 0


def _keep_ledger(options: argparse.Namespace) -> None:
    """Refuse to write to the ledger that is read, or to a file named `-`. Raises ConfigError."""
    if options.output == Path("-"):
        raise ConfigError(["--output: expected a file, got -; without --output it goes to the standard output"])
    with suppress(OSError):
        if options.output is not None and options.output.samefile(options.ledger):
            raise ConfigError([f"--output: {options.output}: is the ledger itself, which would be lost"])


def _write(output: Path | None, content: bytes) -> int:
    if output is None:
        write_out(content.decode())
        return 0
    with _writing(output):
        output.write_bytes(content)
    write_out(f"{output}: written\n")
    return 0


@contextmanager
def _writing(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError([f"--output: {output}: cannot be written: {error.strerror}"]) from error
