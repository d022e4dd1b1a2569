"""The command lines of both programs: how they report mistakes, and their flags for server and log."""

import argparse
import contextlib
import io
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from exporter.core.config import ConfigError
from exporter.core.logs import LogFormat, configure_logging
from exporter.core.printable import printable
from exporter.core.service import StopSignal

if TYPE_CHECKING:
    import socket

    from exporter.core.web.web_config import WebConfig

USER_ERROR = 2

INTERRUPTED = 130
"""Exit status of a program that Ctrl-C ended, as a shell reports it; a program that serves stops cleanly instead."""

NOBODY_READS = 141
"""Exit status of a program whose output nobody reads any more, as a shell reports it: `head` has seen enough."""


class _Unfailing(io.TextIOWrapper):
    """The error output: what it cannot take, full or read by nobody, is lost and ends no program."""

    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            super().flush()


def prepare_outputs() -> None:
    """Make the standard streams such that printing needs no care.

    Those that the parent closed lead nowhere, so that no file of the program gets their numbers. An output in ASCII,
    and a name that is no text, take escapes. Errors that cannot be told are lost.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
    # The interpreter has None in place of what was closed.
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if sys.stderr is sys.__stderr__:  # which a test may have replaced
        encoding = "utf-8" if sys.stderr is None else sys.stderr.encoding
        unbuffered: Any = io.FileIO(2, "w", closefd=False)
        sys.stderr = _Unfailing(unbuffered, encoding=encoding, errors="backslashreplace", write_through=True)


def write_out(text: str) -> None:
    """Write a text after what was printed so far. Raises ConfigError where it does not fit: on a disk that is full."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        nobody_reads()
        raise ConfigError([f"the output cannot be written: {error.strerror}"]) from error


def nobody_reads() -> int:
    """Let what is left of the output go nowhere, since the interpreter writes it as it ends; return the status."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return NOBODY_READS


MOST_DIGITS = 9
"""Digits of a number that a flag takes: in seconds, thirty years. Chosen."""

METRICS_PATH = "/metrics"
"""Path of the metrics where no flag names another; Prometheus asks for it by default."""

_PATH = re.compile(r"/(?!-/|api/)[A-Za-z0-9._~!$&'()*+,;=:@/-]+")
"""Path of a URL that needs no escapes (RFC 3986) and is none of the server's others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """Addresses, path of the metrics, and protection of the server, and the number of requests in flight.

    `passed` are sockets that listen already, in place of addresses.
    """

    addresses: tuple[str, ...]
    metrics_path: str
    config: "WebConfig | None"
    max_requests: int
    passed: "tuple[socket.socket, ...]" = ()


class Parser(argparse.ArgumentParser):
    """Parser that takes flags in full, shows its texts as written, and reports a mistake in one line."""

    def __init__(self, **settings: Any) -> None:
        style: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}
        super().__init__(**(style | settings))

    def error(self, message: str) -> NoReturn:
        """Report the mistake and exit."""
        self.exit(USER_ERROR, f"{self.prog}: {printable(message)}; see --help\n")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Exit once the help, if it was asked for, is written."""
        try:
            write_out("")
        except BrokenPipeError:
            status = nobody_reads()
        except ConfigError as error:
            status, message = USER_ERROR, f"{self.prog}: {error}\n"
        super().exit(status, message)


def add_web_flags(parser: argparse.ArgumentParser, default_address: str) -> None:
    """Add the flags of the address to listen on and of its protection."""
    add = parser.add_argument
    add(
        "--web.listen-address",
        dest="addresses",
        metavar="ADDRESS",
        action="append",
        help=f"host:port to serve, may be repeated; an empty host is every interface (default: {default_address})",
    )
    # An option that is appended to a default would keep it.
    parser.set_defaults(default_address=default_address)
    add(
        "--web.telemetry-path",
        dest="metrics_path",
        metavar="PATH",
        type=_metrics_path,
        default=METRICS_PATH,
        help="path of the metrics (default: %(default)s)",
    )
    add(
        "--web.systemd-socket",
        dest="systemd_socket",
        action="store_true",
        help="refuse to start without a socket from systemd; one that it passes is used in any case",
    )
    add("--web.config.file", dest="web_config_file", metavar="FILE", type=Path, help="TLS and basic auth, YAML")
    add(
        "--web.max-requests",
        dest="max_requests",
        metavar="N",
        type=positive,
        default=40,
        help="requests answered at once; more get 503 (default: %(default)s)",
    )


def add_log_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the log's level and format."""
    add = parser.add_argument
    levels = ("debug", "info", "warning", "error")
    add("--log.level", dest="log_level", choices=levels, default="info", help="lowest level (default: %(default)s)")
    formats = [str(one) for one in LogFormat]
    add("--log.format", dest="log_format", choices=formats, default="logfmt", help="format of lines (default: logfmt)")


def web_of(options: argparse.Namespace) -> Web:
    """Return the settings of the flags that `add_web_flags` adds. Raises ConfigError or ListenError."""
    config = None
    if options.web_config_file:
        from exporter.core.web.web_config import load_web_config  # noqa: PLC0415 - what is off is not loaded

        config = load_web_config(options.web_config_file)
    passed = _passed(options)
    return Web(
        addresses=() if passed else addresses_of(options),
        passed=passed,
        metrics_path=options.metrics_path,
        config=config,
        max_requests=options.max_requests,
    )


def _passed(options: argparse.Namespace) -> "tuple[socket.socket, ...]":
    """Return the sockets that the service manager passes, and refuse addresses beside them."""
    if "LISTEN_FDS" in os.environ:
        from exporter.core.web.passed import passed_listeners  # noqa: PLC0415 - what is off is not loaded

        if passed := passed_listeners(os.environ, os.getpid()):
            if options.addresses:
                raise ConfigError(["--web.listen-address: systemd passes a socket: leave out one of the two"])
            return passed
    if options.systemd_socket:
        raise ConfigError(["--web.systemd-socket: systemd passes no socket: start the socket unit"])
    return ()


def addresses_of(options: argparse.Namespace) -> tuple[str, ...]:
    """Return the addresses that the flags of `add_web_flags` name."""
    return tuple(options.addresses or [options.default_address])


def take_signals() -> StopSignal:
    """Take over the signals of a program that serves; a service manager hears of them. Raises ConfigError."""
    if "NOTIFY_SOCKET" not in os.environ:
        return StopSignal()
    from exporter.core.manager import managed  # noqa: PLC0415 - what is off is not loaded

    return managed(os.environ, os.getpid())


def start_logging(options: argparse.Namespace) -> None:
    """Log as the flags of `add_log_flags` say."""
    configure_logging(options.log_level, LogFormat(options.log_format))


def _metrics_path(text: str) -> str:
    """Check a flag's value: a path that browsers and Prometheus ask for as it is written."""
    if not _PATH.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f'expected a path such as {METRICS_PATH}, not below /-/ or /api/, got "{text}"'
        )
    return text


def positive(text: str) -> int:
    """Parse a flag's value: a whole number above 0, no longer than seconds and hours can be."""
    if len(text) > MOST_DIGITS:
        raise argparse.ArgumentTypeError(f'expected at most {MOST_DIGITS} digits, got "{text[:MOST_DIGITS]}..."')
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'expected a whole number >= 1, got "{text}"')
    return int(text)
