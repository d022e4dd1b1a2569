"""`python -m prometheus` writes the generated rules and the runbook's table; run it in the repository's root."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from exporter.config import load_config
from exporter.core.config import ConfigError
from exporter.core.units import BITS_PER_BYTE, BITS_PER_MEGABIT, BytesPerSecond
from prometheus.alert import Links
from prometheus.files import generated
from prometheus.reach import machine
from prometheus.sci import FunctionalUnit, functional_unit

EXAMPLE_CONFIG = Path("docs/examples/laptop.yml")
EXAMPLE_LINK_MEGABITS = 100.0


def main(argv: Sequence[str] | None = None) -> None:
    """Write every generated file for the machine and the addresses that the arguments describe."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    try:
        config = load_config(arguments.config)
    except ConfigError as error:
        parser.error("; ".join(error.mistakes))
    link = BytesPerSecond(arguments.link * BITS_PER_MEGABIT / BITS_PER_BYTE)
    links = Links(
        runbooks=arguments.runbooks,
        dashboard=arguments.dashboard,
        host_power=arguments.host_power,
        cluster=arguments.cluster,
        forecast=arguments.forecast,
        ledger=arguments.ledger,
    )
    units = {one.name: one for one in arguments.units}
    if len(units) < len(arguments.units):
        parser.error("--sci: expected each name once")
    root = Path.cwd()
    for path, text in generated(root, machine(config, link), links, tuple(units.values())).items():
        (root / path).write_text(text)
        print(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m prometheus", description=__doc__)
    add, usual = parser.add_argument, Links()
    file = "the exporter's configuration, for its budgets, power and grid (default: %(default)s)"
    add("--config.file", dest="config", metavar="FILE", type=Path, default=EXAMPLE_CONFIG, help=file)
    link = "highest throughput of its network, in Mbit/s (default: %(default)s)"
    add("--link-megabits", dest="link", metavar="N", type=float, default=EXAMPLE_LINK_MEGABITS, help=link)
    unit = (
        "functional unit and the counter of it, for a Software Carbon Intensity; @MATCHERS after it name the machines"
    )
    add("--sci", dest="units", metavar="NAME=COUNTER", type=_unit, action="append", default=[], help=unit)
    board = "address of the Device carbon dashboard (default: %(default)s)"
    add("--dashboard-url", dest="dashboard", metavar="URL", type=_url, default=usual.dashboard, help=board)
    host_power = "address of the Host power and processes dashboard (default: %(default)s)"
    add("--host-power-url", dest="host_power", metavar="URL", type=_url, default=usual.host_power, help=host_power)
    cluster = "address of the Edge cluster dashboard (default: %(default)s)"
    add("--cluster-url", dest="cluster", metavar="URL", type=_url, default=usual.cluster, help=cluster)
    forecast = "address of the Forecast dashboard (default: %(default)s)"
    add("--forecast-url", dest="forecast", metavar="URL", type=_url, default=usual.forecast, help=forecast)
    ledger = "address of the Ledger and credits dashboard (default: %(default)s)"
    add("--ledger-url", dest="ledger", metavar="URL", type=_url, default=usual.ledger, help=ledger)
    folder = "address of the folder of runbooks (default: %(default)s)"
    add("--runbook-url", dest="runbooks", metavar="URL", type=_url, default=usual.runbooks, help=folder)
    return parser


def _unit(text: str) -> FunctionalUnit:
    try:
        return functional_unit(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _url(text: str) -> str:
    """Parse an address to which a path or a query can be appended."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise argparse.ArgumentTypeError(f'expected an http address without "?" and "#", got "{text}"')
    return text.rstrip("/")


if __name__ == "__main__":
    main()
