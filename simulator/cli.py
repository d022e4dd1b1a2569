"""The command line of `ecochain`."""

# ruff: noqa: PLC0415 - each command imports what it needs, so that `--help` starts without numpy, in 0.3 s of CPU time;
# and so that only the command that needs a missing library fails, with one line.

import argparse
import functools
import logging
import math
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

import simulator
from exporter.core.clock import SystemClock
from exporter.core.command_line import (
    INTERRUPTED,
    USER_ERROR,
    Parser,
    add_log_flags,
    add_web_flags,
    nobody_reads,
    positive,
    prepare_outputs,
    start_logging,
    take_signals,
    web_of,
    write_out,
)
from exporter.core.config import ConfigError
from exporter.core.logs import LogFormat, configure_logging
from exporter.core.web.listen_address import ListenError
from simulator.experiments.plan.questions import EXPLANATIONS
from simulator.forecast.cli import add_forecast, add_plots
from simulator.ledger.cli import add_ledger
from simulator.market.flag import add_market
from simulator.picture.cli import add_picture

if TYPE_CHECKING:
    from simulator.live.reload import Sources

DEFAULT_ADDRESS = "127.0.0.1:10111"

DEFAULT_SCENARIO = "regions"
"""Name of the scenario of a command that names none; the services of `make up` and Compose name none."""

SLOWEST, FASTEST = 0.01, 1e6

EXTRAS = {"sklearn": "forecast", "torch": "measure", "distributed": "dask"}
"""Extras of the package by the library that they install; all other libraries come with `simulator`."""

DESCRIPTION = (
    "An edge cluster for ML inference that schedules by energy, simulated: live as metrics, or as experiments."
)

EPILOG = """\
examples:
  ecochain serve                                     http://127.0.0.1:10111, a simulated minute each second
  ecochain serve --speed max --scenario mine.yaml    a scenario of your own, as fast as this machine can
  ecochain experiment baseline --output results      the system and its parts, 30 runs each
  ecochain experiment --help                         the question of each experiment
  ecochain scenarios                                 the scenarios that come with it

Every figure is simulated: none of this measures a real cluster. For a real machine there is `ecotrack`.
"""

SERVE_EPILOG = f"""\
examples:
  ecochain serve                                  the scenario {DEFAULT_SCENARIO}, 60 simulated seconds each second
  ecochain serve --speed 1440                     a simulated day each minute
  ecochain serve --scenario mine.yaml --config.check
  ecochain serve --experiments results            also shows the results of experiments
  ecochain serve --ledger ledger.db               keeps the ledger, which the same run goes on with later
  ecochain serve --credit-market market.yml       also shows what its credits would be worth today

Simulated time goes on day after day. Where the machine cannot keep up, the clock runs slower and never
catches up; ecochain_clock_speed_ratio shows its speed. Fast runs (above 14,400, or with many tasks) compile,
and take 270 MiB of memory in place of 70; the figures are the same.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return the exit status: 0, 2 for mistakes, a line for each, or 130 after Ctrl-C."""
    prepare_outputs()
    try:
        options = build_parser().parse_args(arguments)
        status: int = options.command(options)
        write_out("")
    except ConfigError as error:
        for mistake in error.mistakes:
            print(f"ecochain: {mistake}", file=sys.stderr)
    except ListenError as error:
        print(f"ecochain: {error}", file=sys.stderr)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("simulator", "exporter"):
            raise
        extra = EXTRAS.get(error.name or "", "simulator")
        print(f"ecochain: {error.name} is not installed: in a clone, pip install '.[{extra}]'", file=sys.stderr)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return nobody_reads()
    else:
        return status
    return USER_ERROR


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of all commands and flags, with their help."""
    parser = Parser(prog="ecochain", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("--version", action="version", version=f"ecochain {simulator.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_serve(commands)
    _add_experiment(commands)
    add_picture(commands, _add_scenario, _add_seed)
    add_forecast(commands, Parser)
    add_ledger(commands)
    scenarios = commands.add_parser("scenarios", help="list the scenarios that come with the simulator")
    scenarios.set_defaults(command=_scenarios)
    for name, command, what in (
        ("measure-models", _measure_models, "size, latency, energy and agreement of compressed models"),
        ("measure-ledger", _measure_ledger, "the energy of ledger operations"),
    ):
        measure = commands.add_parser(name, help=f"measure {what} on this machine")
        measure.add_argument(
            "--output", metavar="FILE", type=_path, help="JSON file to write (default: the standard output)"
        )
        measure.set_defaults(command=command)
    return parser


def _add_serve(commands: Any) -> None:
    parser = commands.add_parser("serve", help="run the cluster live, with metrics", epilog=SERVE_EPILOG)
    add = parser.add_argument
    _add_scenario(add, "--config.file")
    add("--config.check", dest="check", action="store_true", help="check scenario and web configuration, then exit")
    add(
        "--speed",
        metavar="S",
        type=_speed,
        default=60.0,
        help="simulated seconds per second, or max for as many as this machine can (default: %(default)g)",
    )
    _add_seed(add)
    add("--experiments", metavar="DIR", type=_path, help="also export the results that `experiment` wrote here")
    add(
        "--ledger",
        metavar="FILE",
        type=_path,
        help="keep the ledger of claims and credits here, for `ecochain ledger verify` (default: in memory)",
    )
    _add_prices(add)
    add_market(add, _path)
    add_web_flags(parser, DEFAULT_ADDRESS)
    add_log_flags(parser)
    parser.set_defaults(command=_serve)


def _add_experiment(commands: Any) -> None:
    explained = "\n".join(f"  {name:11} " + "\n              ".join(told) for name, told in EXPLANATIONS.items())
    parser = commands.add_parser(
        "experiment",
        help="run an experiment and write tables, plots and a report",
        epilog=f"experiments:\n{explained}\n\nAfter Ctrl-C, the same command resumes the experiment.",
    )
    add = parser.add_argument
    add("experiment", metavar="NAME", choices=tuple(EXPLANATIONS), help="one of the experiments below")
    _add_scenario(add)
    add("--replications", metavar="N", type=_replications, default=30, help="runs per method (default: %(default)s)")
    _add_seed(add)
    add("--workers", metavar="W", type=positive, default=1, help="number of processes (default: %(default)s)")
    add("--dask", metavar="ADDRESS", help="run on this Dask cluster in place of processes, as tcp://HOST:PORT")
    add(
        "--tasks",
        metavar="N",
        type=positive,
        help="tasks in a run, in place of the scenario's; not for scaling on edge",
    )
    add(
        "--ledger",
        choices=("profile", "real"),
        default="profile",
        help="profile: claims are booked without signatures; real: every run keeps its chain of signed blocks, for the "
        "same figures in several times the time; searches for saturation have none (default: %(default)s)",
    )
    _add_prices(add)
    add("--methods", metavar="NAME", nargs="+", default=(), help="methods beside the reference (default: all)")
    add(
        "--reference",
        metavar="NAME",
        help="method that the others are compared with; not for scaling (default: least-loaded in baseline and peers)",
    )
    add("--full", action="store_true", help="all combinations of the levers, not a fraction of them; factorial only")
    add("--parameters", metavar="NAME", nargs="+", default=(), help="parameters that sensitivity varies (default: all)")
    add("--pilot", metavar="DIR", type=_path, help="results with other seeds, to tell how many seeds are needed")
    add_plots(add)
    add("--output", metavar="DIR", type=_path, required=True, help="folder for the results")
    parser.set_defaults(command=_experiment)


def _add_scenario(add: Any, *other_names: str) -> None:
    add(
        "--scenario",
        *other_names,
        dest="scenario",
        metavar="NAME|FILE",
        default=DEFAULT_SCENARIO,
        help="scenario that comes with the simulator, or a YAML file (default: %(default)s)",
    )


def _add_prices(add: Any) -> None:
    add(
        "--credit-prices",
        metavar="FILE",
        type=_path,
        help="what credits are worth: a CSV file with the columns date,dollars_per_tonne, a line for each day on which "
        "the price changed, as 2025-01-01,74.5 (default: ledger.prices of the scenario; without either credits are "
        "grams alone)",
    )


def _add_seed(add: Any) -> None:
    add("--seed", metavar="K", type=_seed, default=1, help="seed of all random draws (default: %(default)s)")


def _speed(text: str) -> float:
    if text == "max":
        return math.inf
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not SLOWEST <= speed <= FASTEST:
        raise argparse.ArgumentTypeError(f'expected a number from {SLOWEST:g} to {FASTEST:,.0f}, or max, got "{text}"')
    return speed


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f'expected a whole number >= 0, got "{text}"')
    return int(text)


def _path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("expected a path, got nothing")
    return Path(text)


def _replications(text: str) -> int:
    from simulator.experiments.plan.request import FEWEST_REPLICATIONS

    if not text.isdecimal() or int(text) < FEWEST_REPLICATIONS:
        raise argparse.ArgumentTypeError(f'expected a whole number >= {FEWEST_REPLICATIONS}, got "{text}"')
    return int(text)


def _sources(options: argparse.Namespace) -> "Sources":
    """Read what a live run is made of and shows. Raises ConfigError."""
    from simulator import app
    from simulator.live.reload import Sources
    from simulator.market.load import load_market
    from simulator.scenario.load import with_prices

    scenario = with_prices(app.live_scenario(options.scenario), options.credit_prices)
    market = None if options.credit_market is None else load_market(options.credit_market)
    return Sources(scenario=scenario, shown=app.shown_results_in(options.experiments), market=market)


def _serve(options: argparse.Namespace) -> int:
    from simulator import app
    from simulator.assembly.recordings import recording_mistakes
    from simulator.energy.interface import WeatherError
    from simulator.grid.series import GridError

    web = web_of(options)
    _check_folder(options.ledger, "--ledger")
    sources = _sources(options)
    plan = app.Plan(
        scenario=sources.scenario,
        seed=options.seed,
        speed=options.speed,
        shown=sources.shown,
        # A check leaves no file behind.
        ledger=None if options.check and options.ledger and not options.ledger.exists() else options.ledger,
        market=sources.market,
    )
    try:
        if options.check:
            # Mistakes in other files are found only by using them.
            app.build_run(plan).close()
            if mistakes := list(recording_mistakes(plan.scenario)):
                raise ConfigError(mistakes)
            good = (options.scenario, *([] if options.credit_market is None else [options.credit_market]))
            also = "" if web.config is None else f"{web.config.verdict(SystemClock().wall())}\n"
            write_out("".join(f"{one}: good\n" for one in good) + also)
            return 0
        start_logging(options)
        app.run(plan, SystemClock(), web=web, stop=take_signals(), read=functools.partial(_sources, options))
    except (WeatherError, GridError) as error:
        raise ConfigError([str(error)]) from error
    return 0


def _experiment(options: argparse.Namespace) -> int:
    from simulator.experiments.plan.request import Request
    from simulator.experiments.run.progress import Progress
    from simulator.experiments.runner import Interrupted, run_experiment
    from simulator.scenario.load import load_scenario, with_prices

    configure_logging("info", LogFormat.LOGFMT)
    # Its message about fonts at first use is of no use here.
    logging.getLogger("matplotlib").setLevel(logging.WARNING)
    request = Request(
        experiment=options.experiment,
        scenario=with_prices(load_scenario(options.scenario), options.credit_prices),
        replications=options.replications,
        seed=options.seed,
        workers=options.workers,
        dask=options.dask,
        output=options.output,
        tasks=options.tasks,
        methods=tuple(options.methods),
        reference=options.reference,
        parameters=tuple(options.parameters),
        pilot=options.pilot,
        chain=options.ledger == "real",
        full=options.full,
        plots=options.plots,
    )
    try:
        with Progress(f"{options.experiment} on {request.scenario.name}") as progress:
            folder, _ = run_experiment(request, progress.report)
    except Interrupted as interrupted:
        print(f"ecochain: {interrupted}", file=sys.stderr)
        return INTERRUPTED
    write_out(f"{folder / 'report.md'}: the report; tables, plots and metrics lie beside it\n")
    return 0


def _scenarios(_options: argparse.Namespace) -> int:
    from simulator.scenario.load import load_scenario, shipped_scenarios, subject_of

    for name in shipped_scenarios():
        write_out(f"{name:12} {len(load_scenario(name).nodes)} nodes; {subject_of(name)}\n")
    return 0


def _measure_models(options: argparse.Namespace) -> int:
    from simulator.models.compression import measure
    from simulator.models.profile import encoded

    _check_folder(options.output)
    measured = measure(lambda line: print(line, file=sys.stderr, flush=True))
    profile = msgspec.structs.replace(measured, date=datetime.now(UTC).date())
    return _write(options.output, encoded(profile), f"written, with the digest {profile.digest()}")


def _measure_ledger(options: argparse.Namespace) -> int:
    from simulator.ledger.cost.measure import Models, measure_costs
    from simulator.models.host import ACTIVE_WATTS_PER_CORE, ACTIVE_WATTS_SOURCE, host_name
    from simulator.models.integer import executor, train
    from simulator.models.networks import SHAPES

    _check_folder(options.output)
    trained = [train(kind) for kind in SHAPES]
    models = Models(digests=tuple(one.digest for one in trained), execute=executor(trained))
    measured = measure_costs(
        host=host_name(), core_watts=ACTIVE_WATTS_PER_CORE, source=ACTIVE_WATTS_SOURCE, models=models
    )
    text = msgspec.json.format(msgspec.json.encode(measured, order="sorted"), indent=2) + b"\n"
    return _write(options.output, text, f"written, with the digest {measured.digest()}")


def _check_folder(output: Path | None, flag: str = "--output") -> None:
    """Refuse a place that cannot be written to before anything is done that takes long."""
    if output is not None and not output.parent.is_dir():
        raise ConfigError([f"{flag}: {output}: cannot be written: there is no folder {output.parent}"])


def _write(output: Path | None, text: bytes, said: str) -> int:
    if output is None:
        write_out(text.decode())
        return 0
    try:
        output.write_bytes(text)
    except OSError as error:
        raise ConfigError([f"--output: {output}: cannot be written: {error.strerror}"]) from error
    write_out(f"{output}: {said}\n")
    return 0
