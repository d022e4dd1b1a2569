"""The command line of `ecotrack audit`."""

import argparse
import contextlib
import math
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from exporter.audit.checks import findings
from exporter.audit.evidence import Evidence, PublishedModels
from exporter.audit.figures import Figures
from exporter.audit.finding import TOLERANCE, Outcome
from exporter.audit.kept import AUDIT, Kept
from exporter.audit.report import Report, render
from exporter.audit.rules import in_its_dialect
from exporter.audit.stored import fetch, find_target
from exporter.audit.watch import Exporter, Watch, begin
from exporter.audit.witness import Witness
from exporter.build import Paths, host_hardware, host_model, network_model
from exporter.calibrate.stored import CALIBRATION
from exporter.config import load_config
from exporter.core.clock import SystemClock
from exporter.core.command_line import METRICS_PATH, Parser, write_out
from exporter.core.config import ConfigError
from exporter.core.prometheus import Prometheus, authorization, refuse_skew
from exporter.core.units import SECONDS_PER_MINUTE
from exporter.flags import DEFAULT_ADDRESS, add_config_flag, add_folder_flags

DOES_NOT_HOLD = 1
"""Exit status of an audit in which a check fails."""

MOST_MINUTES = 1440.0
"""Longest time to watch: a day. Judgement: an audit is a look, and holds what it has seen in memory."""

EPILOG = """\
examples:
  ecotrack audit                            a minute beside the exporter at 127.0.0.1:10110
  ecotrack audit --minutes 10 --prometheus http://127.0.0.1:9090
  ecotrack audit --prometheus http://prometheus:9090 --instance laptop:10110
  ecotrack audit --config.file=ecotrack.yml --json
  sudo ecotrack audit --keep                reads RAPL, which root may; the exporter then shows the result

Each check compares two figures that should be the same: parts and their sum, a rate and its counter, the exporter and
the kernel, what was scraped and what Prometheus stored, a recorded series and the samples that it is made of. What
cannot be checked says why, and counts neither as right nor as wrong. Exit status: 0 where every check that could be
made holds, 1 where one fails, 2 for a mistake.

Give the configuration and the folders that the exporter has, so that its power can be computed anew.
"""


def audit(arguments: Sequence[str]) -> int:
    """Audit a running exporter. Raises ConfigError or StateError; returns 0, or 1 where a check fails."""
    options = build_parser().parse_args(arguments)
    _refuse_what_says_nothing(options)
    with contextlib.ExitStack() as stack:
        keep = stack.enter_context(AUDIT.place_of_the_next(options.state_dir)) if options.keep else None
        report = _report(options, _evidence(options))
        write_out(f"{_json(report) if options.json else render(report)}\n")
        if keep is not None:
            place = keep(Kept(result=report.result()))
            print(f"kept in {place}; a running exporter shows it", file=sys.stderr)
    return 0 if report.passed else DOES_NOT_HOLD


def _refuse_what_says_nothing(options: argparse.Namespace) -> None:
    """Refuse flags of a Prometheus where none is named. Raises ConfigError."""
    flags = {
        "--job": options.job,
        "--instance": options.instance,
        "--prometheus.user": options.user,
        "--prometheus.password-file": options.password_file,
    }
    if options.prometheus is None:
        alone = [f"{flag}: expected --prometheus beside it" for flag, value in flags.items() if value is not None]
        if alone:
            raise ConfigError(alone)


def _evidence(options: argparse.Namespace) -> Evidence:
    """Watch the exporter, and ask the Prometheus that is named. Raises ConfigError."""
    clock, models = SystemClock(), _models(options)
    exporter = Exporter(address=options.address, metrics_path=options.metrics_path)
    prometheus = None
    if options.prometheus is not None:
        prometheus = Prometheus(options.prometheus, authorization(options.user, options.password_file))
    first = begin(exporter, options.address, clock.wall())
    target = None
    if prometheus is not None:
        refuse_skew(prometheus, clock.wall)
        target = find_target(prometheus, options.job, options.instance)
    witness = Witness(options.procfs, options.sysfs, clock.wall)
    watch = Watch(
        answers=exporter,
        address=options.address,
        read=witness.read,
        wall=clock.wall,
        awake=clock.awake,
        wait=threading.Event().wait,
        interval=first.of("ecotrack_sample_interval_seconds") or 1.0,
    )
    began = clock.wall()
    try:
        for left in watch.run(options.minutes * SECONDS_PER_MINUTE):
            _show(f"watching: {left:.0f} s left, {len(watch.moments)} samples seen")
    finally:
        _show("")
    stored, lacking = None, _lacking(witness, first)
    if prometheus is not None and target is not None:
        # What was watched is checked, whatever becomes of Prometheus.
        try:
            stored = in_its_dialect(fetch(prometheus, target, began=began, ended=clock.wall()))
        except ConfigError as error:
            lacking["prometheus"] = str(error)
    return Evidence(
        moments=tuple(watch.moments),
        seconds=clock.wall() - began,
        models=models,
        stored=stored,
        lacking=lacking,
    )


def _report(options: argparse.Namespace, evidence: Evidence) -> Report:
    found = findings(evidence, options.tolerance / 100.0)
    return Report(
        exporter=options.address,
        prometheus=options.prometheus,
        ended=SystemClock().wall(),
        seconds=evidence.seconds,
        samples=len(evidence.moments),
        power_usage_effectiveness=evidence.published_pues(),
        tolerance_ratio=options.tolerance / 100.0,
        passed=not any(one.outcome is Outcome.FAILS for one in found),
        findings=found,
    )


def _show(text: str) -> None:
    """Show on a terminal how the audit gets on."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def _json(report: Report) -> str:
    return msgspec.json.format(msgspec.json.encode(report)).decode()


def _models(options: argparse.Namespace) -> PublishedModels:
    """Return the models of power that the configuration makes, as the exporter makes its own. Raises ConfigError."""
    config = load_config(options.config_file)
    paths = Paths(procfs=options.procfs, sysfs=options.sysfs)
    calibration = CALIBRATION.load(options.state_dir)
    host = host_model(config.power, host_hardware(config.power, paths), calibration)
    return PublishedModels(host=host, network=network_model(config))


def _lacking(witness: Witness, first: Figures) -> dict[str, str]:
    """Return why a part of the evidence cannot be used, by its name."""
    here, there = witness.memory_bytes(), first.of("ecotrack_memory_total_bytes")
    if here is not None and there is not None and here != there:
        return {"machine": "the exporter runs on another machine, by the size of its memory"}
    return {}


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of `ecotrack audit`."""
    parser = Parser(
        prog="ecotrack audit",
        description="Watch a running exporter, and check that its figures sum up and that every step keeps them.",
        epilog=EPILOG,
    )
    add = parser.add_argument
    add("--minutes", metavar="M", type=_minutes, default=1.0, help="time to watch (default: %(default)g)")
    add(
        "--tolerance",
        metavar="PERCENT",
        type=_percent,
        default=100.0 * TOLERANCE,
        help="difference that counts as none, in per cent (default: %(default)g)",
    )
    add("--json", action="store_true", help="print JSON instead of a table")
    add("--keep", action="store_true", help="keep the result in the state folder, where the exporter finds it")
    address = "address of the exporter (default: %(default)s)"
    add("--web.listen-address", dest="address", metavar="ADDRESS", default=DEFAULT_ADDRESS, help=address)
    add(
        "--web.telemetry-path",
        dest="metrics_path",
        metavar="PATH",
        default=METRICS_PATH,
        help="path of its metrics (default: %(default)s)",
    )
    add("--prometheus", metavar="URL", help="audit what this Prometheus stored and recorded, too")
    add("--prometheus.user", dest="user", metavar="NAME", help="user that it wants")
    held = "file with the user's password, or with a bearer token where no user is named"
    add("--prometheus.password-file", dest="password_file", metavar="FILE", type=Path, help=held)
    add("--job", metavar="NAME", help="job of the exporter in that Prometheus, where there are several")
    add("--instance", metavar="NAME", help="instance of the exporter there, where there are several")
    add_config_flag(parser)
    add_folder_flags(parser)
    return parser


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _minutes(text: str) -> float:
    minutes = _number(text)
    if not 0.0 < minutes <= MOST_MINUTES:
        raise argparse.ArgumentTypeError(f'expected minutes above 0 and up to {MOST_MINUTES:g}, got "{text}"')
    return minutes


def _percent(text: str) -> float:
    percent = _number(text)
    if not 0.0 < percent < 100.0:
        raise argparse.ArgumentTypeError(f'expected per cent above 0 and below 100, got "{text}"')
    return percent
