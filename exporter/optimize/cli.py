"""The command line of `ecotrack optimize`."""

import argparse
import contextlib
import re
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from exporter.activity.window import Activity
from exporter.build import Paths, host_hardware, host_model, intensity_provider
from exporter.calibrate.stored import CALIBRATION
from exporter.config import Config, load_config
from exporter.core.clock import SystemClock
from exporter.core.command_line import USER_ERROR, Parser, write_out
from exporter.core.service import StopSignal
from exporter.core.units import SECONDS_PER_HOUR, SECONDS_PER_MINUTE, GramsPerKwh, Seconds
from exporter.core.web.asking import Deadline, ask_json
from exporter.core.web.listen_address import parse_address
from exporter.flags import ASK_SECONDS, DEFAULT_ADDRESS, add_config_flag, add_folder_flags
from exporter.optimize.found import Found
from exporter.optimize.processes import busy_processes
from exporter.optimize.revert_journal import JournalError
from exporter.optimize.roots import Roots
from exporter.optimize.setting import number_of_settings
from exporter.optimize.situation import Situation
from exporter.optimize.strategies import STRATEGIES
from exporter.optimize.switch import Reverted, Switch
from exporter.sources.cpu import cpu_times
from exporter.sources.processes.stat import ProcessReader
from exporter.sources.reading import Timed
from exporter.usage.cpu import cpu_usage
from exporter.usage.events import Events
from exporter.views.optimizations import FindingView, StrategyView, strategy_view
from exporter.views.summary import Summary

LOOK_SECONDS = Seconds(2.0)
"""Time over which processes are watched: some 200 ticks, so that half a CPU is known to 1%. Chosen."""

LONGEST_WAIT = Seconds(SECONDS_PER_HOUR)
"""Time for which a signal is waited for at once: a select() has a longest time, which nothing publishes. Chosen."""

EPILOG = """\
examples:
  ecotrack optimize reduce_cpu              look, explain and estimate; nothing is changed
  ecotrack optimize power_management --json
  ecotrack optimize power_management --apply --for 2h      as root; all is set back after two hours, or on Ctrl-C
  ecotrack optimize --revert                set back what a killed run has left

With --apply only frequency governors, energy-performance preferences, the ASPM policy, USB autosuspend, the backlight
and laptop mode are changed, and set back on every way out: all else is advice, with its command.
"""


class _HungUpError(Exception):
    """The end of the session to which the command belongs."""


def optimize(arguments: Sequence[str]) -> int:
    """Look at a strategy, or apply it for a time. Raises ConfigError and StateError; returns 0, or 2 for a failure."""
    options = _parse(arguments)
    roots = Roots(procfs=options.procfs, sysfs=options.sysfs)
    try:
        if options.revert:
            return _revert(options.state_dir, roots)
        if options.apply:
            return _apply(options.strategy, options.state_dir, roots, options.seconds)
    except JournalError as error:
        print(f"ecotrack: {error}", file=sys.stderr)
        return USER_ERROR
    return _look(options, roots)


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of `ecotrack optimize`."""
    parser = Parser(
        prog="ecotrack optimize",
        description="Find what a strategy may save on this machine, and apply its settings for a time.",
        epilog=EPILOG,
    )
    add = parser.add_argument
    add("strategy", nargs="?", choices=STRATEGIES, metavar="STRATEGY", help=f"one of {', '.join(STRATEGIES)}")
    add("--apply", action="store_true", help="change the settings, and set them back in the end")
    longest = "with --apply: set them back after that time, such as 90s, 30m or 2h (default: on Ctrl-C)"
    add("--for", dest="seconds", metavar="TIME", type=_duration, help=longest)
    add("--revert", action="store_true", help="set back what a killed run has left, then exit")
    add("--json", action="store_true", help="print JSON")
    address = "address of a running exporter that may know intensity and activity (default: %(default)s)"
    add("--web.listen-address", dest="address", metavar="ADDRESS", default=DEFAULT_ADDRESS, help=address)
    add_config_flag(parser)
    add_folder_flags(parser)
    return parser


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the arguments; a mistake, as in flags that do not go together, ends the program."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    if options.strategy is None and not options.revert:
        parser.error(f"expected a strategy: {', '.join(STRATEGIES)}")
    if options.revert and (options.apply or options.strategy is not None):
        parser.error("--revert goes with no strategy and no --apply")
    if options.seconds is not None and not options.apply:
        parser.error("--for goes with --apply")
    if options.json and (options.apply or options.revert):
        parser.error("--json goes with neither --apply nor --revert")
    return options


def _duration(text: str) -> Seconds:
    found = re.fullmatch(r"([0-9]{1,6})([smh])", text)
    if found is None or int(found[1]) == 0:
        raise argparse.ArgumentTypeError(f'expected a time such as 90s, 30m or 2h, got "{text}"')
    unit = {"s": 1.0, "m": SECONDS_PER_MINUTE, "h": SECONDS_PER_HOUR}[found[2]]
    return Seconds(int(found[1]) * unit)


def _apply(strategy: str, folder: Path, roots: Roots, seconds: Seconds | None) -> int:
    """Apply a strategy until a signal comes or the time is over. Raises JournalError."""
    stop = StopSignal()
    stop.on_hangup(_hang_up)
    ends: list[Reverted] = []
    with contextlib.suppress(_HungUpError), Switch(folder, roots, on_exit=ends.append) as switch:
        _say(_reverted(switch.leftover, ", left by a run that was killed"))
        applied = switch.on(strategy)
        _say(f"set {one}" for one in applied.changes)
        _complain(applied.refused, "cannot be set")
        if not applied.changes:
            _say(() if applied.refused else [f"{strategy}: there is nothing to set on this machine"])
            return USER_ERROR if applied.refused else 0
        until = "on Ctrl-C" if seconds is None else f"after {seconds:g} s, or on Ctrl-C"
        _say([f"{number_of_settings(len(applied.changes))} in force, to be set back {until}"])
        _wait(stop, seconds)
    return _tell_end(ends[0])


def _hang_up() -> None:
    raise _HungUpError


def _wait(stop: StopSignal, seconds: Seconds | None) -> None:
    ends = None if seconds is None else time.monotonic() + seconds
    while ends is None or time.monotonic() < ends:
        left = LONGEST_WAIT if ends is None else min(LONGEST_WAIT, Seconds(ends - time.monotonic()))
        if stop.wait(max(0.0, left)):
            return


def _revert(folder: Path, roots: Roots) -> int:
    """Set back what a killed run has left. Raises JournalError."""
    with Switch(folder, roots, on_exit=lambda _nothing: None) as switch:
        reverted = switch.leftover
    if reverted == Reverted():
        _say(["there is nothing to set back"])
    return _tell_end(reverted)


def _tell_end(reverted: Reverted) -> int:
    _say(_reverted(reverted))
    _complain(reverted.owed, "cannot be set back, and stay in the journal")
    return USER_ERROR if reverted.owed else 0


def _reverted(reverted: Reverted, how: str = "") -> Iterator[str]:
    if reverted.count:
        yield f"{number_of_settings(reverted.count)} set back{how}"
    yield from (f"left as it is: {one}" for one in reverted.left)


def _complain(troubles: Sequence[str], what: str) -> None:
    """Print one line for all settings that met the same trouble."""
    by_trouble: dict[str, list[str]] = {}
    for one in troubles:
        attribute, _, trouble = one.partition(": ")
        by_trouble.setdefault(trouble, []).append(attribute)
    for trouble, attributes in by_trouble.items():
        more = f" and {len(attributes) - 1} more" if len(attributes) > 1 else ""
        print(f"ecotrack: {attributes[0]}{more} {what}: {trouble}", file=sys.stderr)


def _say(lines: Iterable[str]) -> None:
    write_out("".join(f"{line}\n" for line in lines))


def _look(options: argparse.Namespace, roots: Roots) -> int:
    """Print what a strategy finds. Raises ConfigError and StateError."""
    config = load_config(options.config_file)
    running = ask_json(parse_address(options.address), "/api/v1/summary", Deadline(ASK_SECONDS), Summary)
    situation = _situation(config, roots, options.state_dir, running)
    found = Found(strategy=options.strategy, findings=STRATEGIES[options.strategy].look(roots, situation))
    intensity, origin = _intensity(config, running)
    view = strategy_view(found, intensity)
    _say([msgspec.json.encode(view).decode()] if options.json else _lines(view, origin))
    return 0


def _situation(config: Config, roots: Roots, state: Path, running: Summary | None) -> Situation:
    """Watch the machine for two seconds. Raises StateError for a damaged calibration."""
    paths = Paths(procfs=roots.procfs, sysfs=roots.sysfs)
    model = host_model(config.power, host_hardware(config.power, paths), CALIBRATION.load(state))
    activity = None if running is None or running.activity not in set(Activity) else Activity(running.activity)
    clock = SystemClock()
    try:
        start, times, processes = clock.awake(), cpu_times(roots.procfs), ProcessReader(roots.procfs).read()
        threading.Event().wait(LOOK_SECONDS)
        end, later, after = clock.awake(), cpu_times(roots.procfs), ProcessReader(roots.procfs).read()
    except (OSError, ValueError):
        return Situation(model=model, activity=activity)
    usage = cpu_usage(Timed(value=times, at=start), Timed(value=later, at=end), Events())
    return Situation(
        model=model,
        cpus=later.cpus,
        utilization=None if usage is None else usage.utilization,
        busy=busy_processes(processes, after, Seconds(end - start)),
        activity=activity,
    )


def _intensity(config: Config, running: Summary | None) -> tuple[GramsPerKwh, str]:
    """Return the carbon intensity that the running exporter knows, or else the configured figure, and its origin."""
    if running is not None and running.intensity is not None:
        return GramsPerKwh(running.intensity.grams_per_kwh), running.intensity.description
    now = SystemClock().wall()
    fixed = intensity_provider(config, now).at(now)
    return fixed.value, fixed.description


def _lines(view: StrategyView, origin: str) -> Iterator[str]:
    for one in view.findings:
        yield from _finding_lines(one)
    settings = sum(len(one.changes) for one in view.findings)
    if view.low_watts is None or view.low_grams_per_day is None:
        yield "In all: unknown before it is tried."
    else:
        grams = f"{view.low_grams_per_day:.0f} to {view.high_grams_per_day:.0f} g CO2e a day ({origin})"
        yield f"In all, of what can be estimated: {view.low_watts:.1f} to {view.high_watts:.1f} W, {grams}."
    if settings:
        command = f"`ecotrack optimize {view.strategy} --apply`"
        yield f"Nothing has been changed: {command} sets {number_of_settings(settings)} for a time."


def _finding_lines(one: FindingView) -> Iterator[str]:
    yield f"- {one.text}"
    yield from (f"    {text}" for text in (one.processes, one.advice) if text)
    if one.command:
        yield f"    by hand: {one.command}"
    if one.changes:
        first = one.changes[0]
        more = f" and {len(one.changes) - 1} more" if len(one.changes) > 1 else ""
        yield f"    by --apply: /{first.attribute}{more}: {first.old} -> {first.new}"
    if one.basis:
        amount = "unknown" if one.low_watts is None else f"{one.low_watts:.1f} to {one.high_watts:.1f} W"
        yield f"    saves: {amount}; {one.basis}"
