"""The command lines of `ecotrack report` and `ecotrack backfill`."""

import argparse
import math
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path

import msgspec

import exporter
from exporter.build import Paths, budget_limits, host_hardware, tariff_of
from exporter.config import Config, load_config
from exporter.core.command_line import Parser, write_out
from exporter.core.config import ConfigError
from exporter.core.units import HOURS_PER_DAY
from exporter.eco_score import Reference, reference_of
from exporter.intensity.window import Tariff
from exporter.journal.backfill import parse_label, spans_of, write_days
from exporter.journal.entry import Entry
from exporter.journal.findings import Findings, find
from exporter.journal.plot import write_plot
from exporter.journal.prometheus import refuse_what_is_there, take_in
from exporter.journal.read import Damage, is_log, read_log, shown
from exporter.journal.report_page import render_html
from exporter.journal.report_table import render_report
from exporter.journal.tally import tally
from exporter.sources.time_zone import LOCAL_ZONE, time_zone

REPORT_EPILOG = """\
examples:
  ecotrack report /var/lib/ecotrack/journal/*.csv
  ecotrack report --config.file=ecotrack.yml --html=report.html journal/*.csv
  ecotrack report --price=0.30 --currency=EUR journal/*.csv
  ecotrack report --json ecotrack_log.csv emissions.csv

A file is a journal of this program, a log of the original EcoTrack, or codecarbon's emissions.csv. Give each file once:
what stands in two of them counts twice. Damaged rows are named on standard error, by their line, and left out.
"""


def report(arguments: Sequence[str]) -> int:
    """Report on logs. Raises ConfigError for any mistake, and returns 0."""
    options = build_report_parser().parse_args(arguments)
    for flag, path in (("--html", options.html), ("--plot", options.plot)):
        if path is not None and is_log(path):  # as where the name after the flag was forgotten
            raise ConfigError([f"{flag}: {shown(path)}: is a log, and would be overwritten; name another file"])
    config = load_config(options.config_file)
    zone, damage = _zone(options.time_zone or config.budget.time_zone), Damage()
    tariff = _tariff(options, config, zone)
    sums = tally(_read(options.files, zone, damage, Progress(options.files)), zone)
    _tell(damage)
    if not sums.rows:
        raise ConfigError(["nothing to report: the files hold no row that is whole"])
    names = tuple(shown(path) for path in options.files)
    found = find(
        sums,
        files=names,
        damage=damage,
        zone=str(zone),
        limits=budget_limits(config.budget),
        tariff=tariff,
        reference=_reference(config),
    )
    if not config.equivalents:
        found = replace(found, equivalents={})
    if config.budget.include_embodied and found.budgets:
        print("ecotrack: budgets are compared without the embodied share, which logs do not tell", file=sys.stderr)
    if options.html is not None:
        _write(options.html, "--html", render_html(found, zone, exporter.__version__))
    if options.plot is not None:
        write_plot(found, options.plot)
    write_out(f"{_json(found) if options.json else render_report(found, zone)}\n")
    return 0


def backfill(arguments: Sequence[str]) -> int:
    """Write logs as OpenMetrics for Prometheus. Raises ConfigError for any mistake, and returns 0."""
    options = build_backfill_parser().parse_args(arguments)
    labels = dict(options.label)
    if len(labels) < len(options.label):
        raise ConfigError(["--label: expected each name once"])
    missing = [name for name in ("job", "instance") if name not in labels]
    if missing:
        raise ConfigError([f"--label: expected job and instance, as the scrapes have them; {missing[0]} is missing"])
    zone, damage = _zone(options.time_zone), Damage()
    entries = list(_read(options.files, zone, damage, Progress(options.files)))
    _tell(damage)
    if not entries:
        raise ConfigError(["nothing to backfill: the files hold no row that is whole"])
    if options.prometheus is not None:
        refuse_what_is_there(options.prometheus, spans_of(entries), labels)
    files = write_days(entries, options.output, labels)
    days = "1 day" if len(files) == 1 else f"{len(files)} days"
    print(f"{days} written, {files[0].name} to {files[-1].name} in {shown(options.output)}", file=sys.stderr)
    if options.promtool is not None:
        take_in(files, options.promtool)
        print(f"taken in by {options.promtool}; a running Prometheus shows them within two hours", file=sys.stderr)
        return 0
    pattern = f"{shlex.quote(str(options.output))}/ecotrack-*.om"
    write_out(f'for file in {pattern}; do promtool tsdb create-blocks-from openmetrics "$file" DATA || break; done\n')
    print("DATA is the folder of Prometheus's --storage.tsdb.path", file=sys.stderr)
    return 0


def _tariff(options: argparse.Namespace, config: Config, zone: tzinfo) -> Tariff | None:
    """Return the price of the command line, or else that of the configuration. Raises ConfigError."""
    found = tariff_of(config)
    if options.price is not None:
        found = Tariff(prices=(options.price,) * HOURS_PER_DAY, zone=zone, currency=config.grid.currency or "")
    if options.currency is not None and found is None:
        raise ConfigError(["--currency: expected --price, or a price in the configuration, beside it"])
    if found is not None and len(set(found.prices)) > 1 and found.zone != zone:
        raise ConfigError(["--time-zone: expected that of budget.time_zone, whose hours grid.daily_tariff is of"])
    return found if found is None or options.currency is None else replace(found, currency=options.currency)


def _reference(config: Config) -> Reference | None:
    """Return what the eco score compares with: a machine like this one, or as the configuration says."""
    try:
        return reference_of(host_hardware(config.power, Paths()))
    except OSError:  # no procfs
        return None


def _tell(damage: Damage) -> None:
    for place in damage.places:
        print(f"ecotrack: {place}", file=sys.stderr)
    if damage.rows > len(damage.places):
        print(f"ecotrack: and {damage.rows - len(damage.places)} more damaged rows", file=sys.stderr)


class Progress:
    """Share of the files that has been read, shown on a terminal."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._whole = max(1, sum(path.stat().st_size for path in files if path.is_file()))
        self._read = 0

    def __call__(self, length: int) -> None:
        """Show that so many bytes more have been read."""
        self._read += length
        if sys.stderr.isatty():
            print(f"\rreading: {min(1.0, self._read / self._whole):.0%}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clear the line."""
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def _read(files: Sequence[Path], zone: tzinfo, damage: Damage, progress: Progress) -> Iterator[Entry]:
    """Return the entries of all files. Raises ConfigError where one is given twice, whose rows would count twice."""
    known: dict[tuple[int, int], Path] = {}
    for path in files:
        if path.is_file():
            found = path.stat()
            if (found.st_dev, found.st_ino) in known:
                twice = known[found.st_dev, found.st_ino]
                raise ConfigError([f"{shown(path)}: is the same file as {shown(twice)}: its rows would count twice"])
            known[found.st_dev, found.st_ino] = path
    try:
        for path in files:
            yield from read_log(path, zone, damage, progress)
    finally:
        progress.end()


def _zone(name: str) -> tzinfo:
    try:
        return time_zone(name)
    except ValueError as error:
        raise ConfigError([f"--time-zone: {error}"]) from error


def _json(found: Findings) -> str:
    return msgspec.json.format(msgspec.json.encode(found)).decode()


def _write(path: Path, flag: str, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError([f"{flag}: {path}: cannot be written: {error.strerror}"]) from error


BACKFILL_EPILOG = """\
examples:
  ecotrack backfill journal/*.csv --output=blocks --label job=ecotrack --label instance=laptop:10110
  ecotrack backfill ecotrack_log.csv --output=blocks --label job=ecotrack --label instance=laptop:10110 \\
    --prometheus=http://127.0.0.1:9090 --promtool=/var/lib/prometheus/data

Without --promtool the command is printed that takes the files in. The same logs give the same files, and taking them in
twice changes nothing. Give all logs of a machine at once: the counters begin at zero with the first row. A Prometheus
keeps only what is younger than its --storage.tsdb.retention.time.
"""


def build_backfill_parser() -> argparse.ArgumentParser:
    """Build the parser of `ecotrack backfill`."""
    parser = Parser(
        prog="ecotrack backfill",
        description="Write journals and foreign logs as OpenMetrics under the live names, a file for each day.",
        epilog=BACKFILL_EPILOG,
    )
    add = parser.add_argument
    add("files", metavar="FILE", type=Path, nargs="+", help="a journal, an EcoTrack log, or codecarbon's emissions.csv")
    add("--output", metavar="DIR", type=Path, required=True, help="folder of the files, made if need be")
    add(
        "--label",
        metavar="NAME=VALUE",
        type=_label,
        action="append",
        default=[],
        help="label of every series, as the scrapes have it; job and instance are needed",
    )
    add("--prometheus", metavar="URL", help="refuse days of which this Prometheus already has samples")
    add("--promtool", metavar="DATA", type=Path, help="run promtool, into this data folder of a Prometheus")
    add(
        "--time-zone",
        metavar="NAME",
        default=LOCAL_ZONE,
        help="zone of times that do not tell theirs: an IANA name (default: this machine's)",
    )
    return parser


def _label(text: str) -> tuple[str, str]:
    try:
        return parse_label(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _price(text: str) -> float:
    try:
        price = float(text)
    except ValueError:
        price = math.nan
    if not math.isfinite(price):
        raise argparse.ArgumentTypeError(f'expected a number, got "{text}"')
    return price


def build_report_parser() -> argparse.ArgumentParser:
    """Build the parser of `ecotrack report`."""
    parser = Parser(
        prog="ecotrack report",
        description="Report on logs: emissions and their trend, activities, hours, budgets, score.",
        epilog=REPORT_EPILOG,
    )
    add = parser.add_argument
    add("files", metavar="FILE", type=Path, nargs="+", help="a journal, an EcoTrack log, or codecarbon's emissions.csv")
    add("--json", action="store_true", help="print JSON instead of a table")
    add("--html", metavar="FILE", type=Path, help="write the report as one self-contained page, too")
    add("--plot", metavar="FILE", type=Path, help="write a picture, too: .png, .svg or .pdf (needs ecotrack[report])")
    configured = "configuration with budgets, time zone, price and kind of machine"
    add("--config.file", dest="config_file", metavar="FILE", type=Path, help=configured)
    add("--price", metavar="N", type=_price, help="price of a kWh for all of the time, instead of the configuration's")
    add("--currency", metavar="NAME", help="currency of the price, as in EUR (default: the configuration's)")
    add(
        "--time-zone",
        metavar="NAME",
        help="zone of hours and dates, and of times that do not tell theirs: an IANA name (default: the budget's, or "
        "else this machine's)",
    )
    return parser
