"""The command line of `ecotrack`. Flags follow node_exporter's."""

import argparse
import contextlib
import logging
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

import exporter
from exporter.app import run
from exporter.build import BUILT_IN, Paths, build_sampler, host_hardware, meter_settings
from exporter.calibrate.stored import CALIBRATION
from exporter.config import Config, load_config
from exporter.core.clock import SystemClock
from exporter.core.command_line import (
    INTERRUPTED,
    USER_ERROR,
    Parser,
    add_log_flags,
    add_web_flags,
    addresses_of,
    nobody_reads,
    positive,
    prepare_outputs,
    start_logging,
    take_signals,
    web_of,
    write_out,
)
from exporter.core.config import ConfigError
from exporter.core.units import Seconds
from exporter.core.web.asking import Deadline, ask_json, silence_at
from exporter.core.web.listen_address import ListenError, parse_address
from exporter.flags import ASK_SECONDS, DEFAULT_ADDRESS, add_config_flag, add_folder_flags
from exporter.sources.collector import SOURCES, Source
from exporter.state import StateError
from exporter.views.clean_window import CleanWindowView, answer_lines, job_of
from exporter.views.processes import ProcessesView, processes
from exporter.views.summary import Summary, summarize

ONCE_SECONDS = Seconds(2.0)

IMPOSSIBLE = (ArithmeticError, LookupError, OSError, ValueError)
"""Errors of showing an answer whose figures no exporter has: times beyond the calendar, scopes that there are not."""

EPILOG = """\
examples:
  ecotrack                                  serve http://127.0.0.1:10110 with defaults
  ecotrack --once                           print the figures once and exit
  ecotrack --config.file=ecotrack.yml --config.check
  ecotrack --web.listen-address=:10110 --web.config.file=web.yml
  ecotrack --web.listen-address=127.0.0.1:10110 --web.listen-address=[::1]:10110
  ecotrack report journal/*.csv             report on what a journal has kept: ecotrack report --help
  ecotrack backfill journal/*.csv ...       take it into Prometheus: ecotrack backfill --help
  ecotrack clean-window --hours 2 --watts 300      with a live grid: when is it cleanest?
  ecotrack optimize power_management        what may be saved, and how: ecotrack optimize --help
  ecotrack trial reduce_cpu                 what it does save, measured: ecotrack trial --help
  ecotrack audit --minutes 10               do all figures sum up? ecotrack audit --help
  ecotrack rules --output rules             rules and alerts for your own Prometheus: ecotrack rules --help
  ecotrack dashboards --output boards       boards for your own Grafana: ecotrack dashboards --help

Without a sensor the power of this machine is an estimate, which says how far off it may be. Measure its idle and full
power to narrow that: ecotrack calibrate --help.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit status: 0, 2 for mistakes (one line each), or 130 after Ctrl-C.

    It is 1 for an audit that finds an error.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    prepare_outputs()
    try:
        command = _command(given[0] if given else "")
        status = _dispatch(build_parser().parse_args(given)) if command is None else command(given[1:])
        write_out("")
    except ConfigError as error:
        for mistake in error.mistakes:
            print(f"ecotrack: {mistake}", file=sys.stderr)
    except (StateError, ListenError) as error:
        print(f"ecotrack: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return nobody_reads()
    else:
        return status
    return USER_ERROR


def _command(name: str) -> Callable[[Sequence[str]], int] | None:
    """Return what runs a command; None where it is none. A daemon has no use for what is loaded here."""
    if name in {"report", "backfill"}:
        from exporter.journal.cli import backfill, report  # noqa: PLC0415

        return report if name == "report" else backfill
    if name == "optimize":
        from exporter.optimize.cli import optimize  # noqa: PLC0415

        return optimize
    if name == "trial":
        from exporter.optimize.trial.cli import trial  # noqa: PLC0415

        return trial
    if name == "audit":
        from exporter.audit.cli import audit  # noqa: PLC0415

        return audit
    if name in {"rules", "dashboards"}:
        from exporter.stack.dashboards import dashboards  # noqa: PLC0415
        from exporter.stack.rules import rules  # noqa: PLC0415

        return rules if name == "rules" else dashboards
    own = {
        "calibrate": lambda rest: _calibrate(build_calibrate_parser().parse_args(rest)),
        "clean-window": lambda rest: _clean_window(build_clean_window_parser().parse_args(rest)),
    }
    return own.get(name)


def _dispatch(options: argparse.Namespace) -> int:
    config = load_config(options.config_file)
    web = web_of(options)
    paths = Paths(procfs=options.procfs, sysfs=options.sysfs, config=options.config_file)
    if options.check:
        also = "" if web.config is None else f"{web.config.verdict(SystemClock().wall())}\n"
        write_out(f"{options.config_file or BUILT_IN}: good\n{also}")
        return 0
    if options.once:
        write_out(f"{_once(config, options, paths)}\n")
        return 0
    start_logging(options)
    run(
        config,
        SystemClock(),
        web=web,
        state=options.state_dir,
        paths=paths,
        sources=_chosen(options),
        stop=take_signals(),
    )
    return 0


def _once(config: Config, options: argparse.Namespace, paths: Paths) -> str:
    """Return the table from the running exporter, or else from two seconds of sampling that write nothing."""
    addresses = addresses_of(options)
    return _table_of_the_running(options, addresses) or _table_of_two_seconds(config, options, paths, addresses)


def _table_of_the_running(options: argparse.Namespace, addresses: Sequence[str]) -> str | None:
    """Return the table of the first exporter that answers, with figures that one can have; None without any."""
    from exporter.views.table import render_table  # noqa: PLC0415 - for this flag alone

    sources, deadline = _chosen(options), Deadline(ASK_SECONDS)
    for address in addresses:
        running = ask_json(parse_address(address), "/api/v1/summary", deadline, Summary)
        if running is None:
            continue
        own = [] if options.config_file is None else [str(options.config_file)]
        own += [_flag(one.name, on=one in sources) for one in SOURCES if (one in sources) is not one.default]
        unused = f", by its own configuration and not by {' '.join(own)}" if own else ""
        why = "needs a carbon intensity" if running.intensity is None else "not told by that exporter"
        why = why if running.fresh else "needs a fresh sample"
        origin = f"as the exporter at {address} sees it{unused}"
        told = ask_json(parse_address(address), "/api/v1/processes", deadline, ProcessesView)
        with contextlib.suppress(*IMPOSSIBLE):
            return render_table(running, origin, no_today=why, told=told)
    return None


def _table_of_two_seconds(config: Config, options: argparse.Namespace, paths: Paths, addresses: Sequence[str]) -> str:
    from exporter.views.table import render_table  # noqa: PLC0415 - for this flag alone

    # No log lines on the screen: the table says what failed.
    logging.disable()
    clock, calibration = SystemClock(), CALIBRATION.load(options.state_dir)
    sampler, publication = build_sampler(config, clock, paths, _chosen(options), None, calibration=calibration)
    sampler.sample_once()
    threading.Event().wait(ONCE_SECONDS)
    sampler.sample_once()
    snapshot, _, fresh = publication.latest()
    # Two seconds say nothing about an activity, a day or a budget.
    known = replace(snapshot, readings=replace(snapshot.readings, activity=None, today=None, budgets=()))
    summary = summarize(known, clock.wall(), fresh=fresh)
    origin = f"sampled for {ONCE_SECONDS:g} s; {silence_at(addresses)}"
    return render_table(summary, origin, no_today="needs a running exporter", told=processes(known))


def _calibrate(options: argparse.Namespace) -> int:
    """Measure idle and full power and keep them, or take them back."""
    from exporter.calibrate.procedure import calibrate  # noqa: PLC0415 - for this command alone
    from exporter.measure.bench import MachineBench, require_power_of_its_own  # noqa: PLC0415
    from exporter.measure.phase import MeasurementError, Timing  # noqa: PLC0415

    folder: Path = options.state_dir
    if options.undo:
        told = "the calibration is removed" if CALIBRATION.remove(folder) else "there is no calibration to remove"
        write_out(f"{told}\n")
        return 0
    config = load_config(options.config_file)
    paths = Paths(procfs=options.procfs, sysfs=options.sysfs)

    def say(line: str) -> None:
        write_out(f"{line}\n")

    bench = MachineBench(
        SystemClock(),
        paths=paths,
        meter=meter_settings(config.meter),
        wait=threading.Event().wait,
        ask=input,
        say=say,
    )
    try:
        require_power_of_its_own(host_hardware(config.power, paths))
        with CALIBRATION.place_of_the_next(folder) as keep:
            found = calibrate(bench, Timing(settle=Seconds(options.seconds), measure=Seconds(options.seconds)))
            say(f"{found.idle_watts:.1f} W idle and {found.full_watts:.1f} W at full load by {found.source}")
            say(f"kept in {keep(found)}")
    except MeasurementError as error:
        print(f"ecotrack: {error}", file=sys.stderr)
        return USER_ERROR
    say("Restart the exporter to use it; `ecotrack calibrate --undo` takes it back.")
    return 0


def _clean_window(options: argparse.Namespace) -> int:
    """Print the cleanest window that the running exporter knows of."""
    asked = f"/api/v1/clean-window?hours={options.hours:g}&watts={options.watts:g}"
    try:
        job_of(asked.partition("?")[2])
    except ValueError as error:
        print(f"ecotrack: {error}", file=sys.stderr)
        return USER_ERROR
    answer = ask_json(parse_address(options.address), asked, Deadline(ASK_SECONDS), CleanWindowView)
    lines = None
    with contextlib.suppress(*IMPOSSIBLE):
        if answer is not None:
            lines = [msgspec.json.encode(answer).decode()] if options.json else answer_lines(answer, zone=None)
    if lines is None:
        print(f"ecotrack: {silence_at([options.address])}", file=sys.stderr)
        return USER_ERROR
    write_out("".join(f"{line}\n" for line in lines))
    return 0


def build_clean_window_parser() -> argparse.ArgumentParser:
    """Build the parser of `ecotrack clean-window`."""
    parser = Parser(
        prog="ecotrack clean-window",
        description="Ask the running exporter for the cleanest and cheapest window of the next 24 hours for a job.",
    )
    add = parser.add_argument
    add("--hours", type=float, metavar="N", default=1, help="length of the job (default: %(default)s)")
    add("--watts", type=float, metavar="N", default=100, help="power of the job (default: %(default)s)")
    add("--json", action="store_true", help="print JSON, with times in Unix seconds")
    address = "address of the exporter (default: %(default)s)"
    add("--web.listen-address", dest="address", metavar="ADDRESS", default=DEFAULT_ADDRESS, help=address)
    return parser


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of all flags, with their help."""
    parser = Parser(
        prog="ecotrack",
        description="Prometheus exporter for the energy and carbon of this machine.",
        epilog=EPILOG,
    )
    add = parser.add_argument
    add_config_flag(parser)
    add("--config.check", dest="check", action="store_true", help="check both configurations, then exit")
    add("--once", action="store_true", help="print the figures as a table and exit; writes nothing")
    add_web_flags(parser, DEFAULT_ADDRESS)
    add_folder_flags(parser)
    _add_collector_flags(parser)
    add_log_flags(parser)
    add("--version", action="version", version=f"ecotrack {exporter.__version__}")
    return parser


def build_calibrate_parser() -> argparse.ArgumentParser:
    """Build the parser of `ecotrack calibrate`."""
    parser = Parser(
        prog="ecotrack calibrate",
        description="Measure the idle and full power of this machine by its sensors, or by a meter that you read.",
    )
    parser.add_argument("--undo", action="store_true", help="remove the last calibration")
    parser.add_argument(
        "--seconds",
        metavar="N",
        type=positive,
        default=60,
        help="time to settle, and time to measure, in each of the two phases (default: %(default)s)",
    )
    add_config_flag(parser)
    add_folder_flags(parser)
    return parser


def _add_collector_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("collectors", "what is read; a collector that is off has no series, not zeros")
    for source in SOURCES:
        group.add_argument(
            _flag(source.name, on=True),
            dest=_flag(source.name, on=True),
            action=argparse.BooleanOptionalAction,
            default=argparse.SUPPRESS,
            help=f"{source.reads} (default: {'on' if source.default else 'off'})",
        )


def _chosen(options: argparse.Namespace) -> tuple[Source, ...]:
    """Return the sources that the flags leave on."""
    return tuple(one for one in SOURCES if getattr(options, _flag(one.name, on=True), one.default))


def _flag(collector: str, *, on: bool) -> str:
    return f"--{'' if on else 'no-'}collector.{collector}"
