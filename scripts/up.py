"""`make up` and `make down`: exporter, simulator, Prometheus, Alertmanager and Grafana on loopback."""

import argparse
import os
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from exporter.cli import build_parser
from exporter.config import load_config
from exporter.core.config import ConfigError
from scripts.instance import InstanceError, only_instance, stop_instance
from scripts.native_prometheus import write_native_configuration
from scripts.services import Service, services
from scripts.supervisor import (
    Child,
    Place,
    ServiceError,
    StopRequest,
    is_busy,
    program_of,
    raise_if_ended,
    start,
    stop,
    wait_until_ready,
)
from simulator.experiments.find.estimates import load_shown_results

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = "docs/examples/laptop.yml"
RESULTS = "bench/results/experiments"


class UsageError(Exception):
    """Mistake that the user can mend; the message is one line."""


def main(argv: Sequence[str] | None = None) -> int:
    """Start or stop the stack; return 0 stopped on request, 1 a service failed, 2 nothing could be started."""
    options = _parser(services(sys.executable, ROOT / RESULTS)).parse_args(argv)
    state: Path = options.state_dir.resolve()
    try:
        every = services(sys.executable, options.experiments.resolve(), _flags(options.exporter_flags))
        if options.stop:
            print("Stopped." if stop_instance(state) else "Nothing is running.")
            return 0
        ports = {row.name: _port(row, getattr(options, f"{row.name}_port")) for row in every}
        wanted = _wanted(every, options.only)
        load_config(options.config_file)
        if any(row.name == "ecochain" for row in wanted):
            load_shown_results(options.experiments)
        with only_instance(state):
            return _run(wanted, Place(root=ROOT, state=state, config=options.config_file.resolve(), ports=ports))
    except ConfigError as error:
        for mistake in error.mistakes:
            print(f"make up: {mistake}", file=sys.stderr)
        return 2
    except (InstanceError, UsageError) as error:
        print(f"make up: {error}", file=sys.stderr)
        return 2


def _parser(rows: Sequence[Service]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make up", description=__doc__)
    parser.add_argument("--stop", action="store_true", help="stop the running stack instead")
    parser.add_argument("--state-dir", type=Path, default=ROOT / ".run", help="folder for data and logs (%(default)s)")
    parser.add_argument(
        "--config-file",
        type=Path,
        # Empty means unset, as it does for Compose.
        default=os.environ.get("ECOTRACK_CONFIG") or ROOT / EXAMPLE,
        metavar="FILE",
        help=f"the exporter's configuration, also set by ECOTRACK_CONFIG ({EXAMPLE})",
    )
    parser.add_argument(
        "--experiments",
        type=Path,
        default=os.environ.get("ECOCHAIN_EXPERIMENTS") or ROOT / RESULTS,
        metavar="DIR",
        help=f"results for the simulator to show beside its run, also set by ECOCHAIN_EXPERIMENTS ({RESULTS})",
    )
    parser.add_argument(
        "--only",
        default=os.environ.get("ONLY", ""),
        metavar="NAME,NAME",
        help="the services to start, also set by ONLY (all that are installed)",
    )
    parser.add_argument(
        "--exporter-flags",
        default=os.environ.get("ECOTRACK_FLAGS", ""),
        metavar="FLAGS",
        help="further flags of the exporter, such as --collector.processes, also set by ECOTRACK_FLAGS (none)",
    )
    for row in rows:
        parser.add_argument(
            f"--{row.name}-port",
            default=os.environ.get(_variable(row), str(row.port)),
            metavar="PORT",
            help=f"also set by {_variable(row)} (%(default)s)",
        )
    return parser


def _wanted(rows: Sequence[Service], only: str) -> list[Service]:
    """Select the services that are named, separated by commas; all of them where none is."""
    names = {name.strip() for name in only.split(",") if name.strip()}
    known = [row.name for row in rows]
    for name in sorted(names - set(known)):
        raise UsageError(f"ONLY: expected names out of {', '.join(known)}, got {name!r}")
    return [row for row in rows if not names or row.name in names]


def _flags(text: str) -> list[str]:
    """Take apart further flags of the exporter as a shell does; a mistake ends the program, as it ends the exporter."""
    try:
        flags = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"ECOTRACK_FLAGS: {str(error).lower()} in {text!r}") from error
    build_parser().parse_args(flags)
    return flags


def _port(row: Service, text: str) -> int:
    if text.isdecimal() and 0 < int(text) < 65536:
        return int(text)
    raise UsageError(f"{_variable(row)}: expected a port from 1 to 65535, got {text!r}")


def _variable(row: Service) -> str:
    return f"{row.name.upper()}_PORT"


def _run(rows: Sequence[Service], place: Place) -> int:
    stop_request = StopRequest()
    stop_request.listen()
    programs = {row.name: program for row in rows if (program := program_of(row))}
    chosen = [row for row in rows if row.name in programs]
    _refuse_busy_ports(chosen, place.ports)
    running = {row.name for row in chosen}
    addresses = {name: [f"127.0.0.1:{port}"] if name in running else [] for name, port in place.ports.items()}
    write_native_configuration(ROOT / "prometheus", place.state / "prometheus", addresses)
    children: list[Child] = []
    try:
        began = time.monotonic()
        children.extend(start(row, programs[row.name], place, os.environ) for row in chosen)
        for child in children:
            _show_progress(child, began, stop_request)
        if not stop_request.made:
            print(_table(rows, programs, place), flush=True)
        while not stop_request.made:
            for child in children:
                raise_if_ended(child)
            time.sleep(0.3)
    except ServiceError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    finally:
        print("\nStopping ...", flush=True)
        stop(children)
        print("All stopped.", flush=True)
    return 0


def _refuse_busy_ports(rows: Sequence[Service], ports: Mapping[str, int]) -> None:
    for row in rows:
        if is_busy(ports[row.name]):
            raise UsageError(
                f"port {ports[row.name]} for {row.name} is already in use; "
                f"free it, or choose another: make up {_variable(row)}=..."
            )


def _show_progress(child: Child, began: float, stop_request: StopRequest) -> None:
    print(f"  {child.service.name:<14} starting ", end="", flush=True)
    wait_until_ready(child, stop_request)
    print("interrupted" if stop_request.made else f"ready after {time.monotonic() - began:.1f} s", flush=True)


def _table(rows: Sequence[Service], programs: Mapping[str, str], place: Place) -> str:
    lines = [f"  {'service':<14} {'address':<52} shows"]
    for row in rows:
        if row.name in programs:
            address = f"http://127.0.0.1:{place.ports[row.name]}{row.page}"
            lines.append(f"  {row.name:<14} {address:<52} {place.fill(row.shows, row)}")
        else:
            lines.append(f"  {row.name:<14} {'not installed':<52} ({row.absent})")
    return "\n".join(["", *lines, "", "Ctrl-C, or `make down` elsewhere, stops everything."])


if __name__ == "__main__":
    sys.exit(main())
