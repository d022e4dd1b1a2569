"""Flags of `ecotrack rules` and `ecotrack dashboards`, and what their values may be.

Each value is checked such that neither YAML, JSON, PromQL, Markdown nor a template can take it for anything else.
"""

import argparse
import re
from argparse import ArgumentTypeError
from pathlib import Path
from urllib.parse import urlsplit

from exporter.core.config import ConfigError
from exporter.stack.kubernetes import Place

PROGRAMS = ("ecotrack", "ecochain")
"""The exporter and the simulator, by whose names rules and boards begin."""

LONGEST = 200
"""Characters of a job's name or a URL: more than there are in any that is meant. Chosen."""

_URL = re.compile(r"https?://[A-Za-z0-9._~:@%/+,;=&\[\]-]+")
"""Address without what ends a link in Markdown, and what templates read; RFC 3986 lets any of it be escaped by `%`."""

_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
"""Identifier that Grafana gives a data source."""

_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""Name of a namespace: a label of RFC 1123, as Kubernetes asks for."""

_NAME = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_LABEL = re.compile(rf"(?P<key>([a-z0-9][a-z0-9.-]{{0,250}}[a-z0-9]/)?{_NAME})=(?P<value>({_NAME})?)")
"""Label of an object of Kubernetes: a name with a domain before it, or none, and a value of at most 63 characters."""


def add_output_flags(parser: argparse.ArgumentParser, usual: str, written: str) -> None:
    """Add the flags of the folder to write to, and of what is written to it."""
    add = parser.add_argument
    folder = "folder to write to; it is made if there is none"
    add("--output", metavar="DIR", type=Path, required=True, help=folder)
    add("--force", action="store_true", help="write into a folder that is not empty; files of other names in it stay")
    add("--only", choices=PROGRAMS, help=f"write only the {written} of the exporter or of the simulator")
    for flag, program in (("--job", "exporter"), ("--simulator-job", "simulator")):
        named = f"job by which Prometheus scrapes the {program}, may be repeated (default: {usual})"
        add(flag, metavar="NAME", type=job, action="append", default=[], help=named)


def add_kubernetes_flags(parser: argparse.ArgumentParser, kind: str) -> None:
    """Add the flags of objects of Kubernetes."""
    add = parser.add_argument_group("Kubernetes").add_argument
    add("--kubernetes", action="store_true", help=f"write {kind} in place of plain files")
    add("--namespace", metavar="NAME", type=namespace, help="namespace of the objects (default: kubectl's)")
    label = "label of the objects, may be repeated; often an operator asks for one, such as release=prometheus"
    add("--label", dest="labels", metavar="KEY=VALUE", type=label_pair, action="append", default=[], help=label)


def programs_of(options: argparse.Namespace) -> tuple[str, ...]:
    """Return the programs whose files are wanted. Raises ConfigError where a job is named that none of them is in."""
    programs = (options.only,) if options.only else PROGRAMS
    for program, flag, given in zip(PROGRAMS, ("--job", "--simulator-job"), jobs_of(options).values(), strict=True):
        if given and program not in programs:
            raise ConfigError([f"{flag}: with --only {options.only} nothing is written that it would change"])
    return programs


def jobs_of(options: argparse.Namespace) -> dict[str, tuple[str, ...]]:
    """Return the jobs that are named for each program, each once, in the order in which they are named."""
    return {
        program: tuple(dict.fromkeys(named))
        for program, named in zip(PROGRAMS, (options.job, options.simulator_job), strict=True)
    }


def place_of(options: argparse.Namespace) -> Place | None:
    """Return where objects of Kubernetes are to be, None for plain files. Raises ConfigError."""
    if options.kubernetes:
        return Place(namespace=options.namespace or "", labels=dict(options.labels))
    given = {"--namespace": options.namespace, "--label": options.labels}
    if alone := [f"{flag}: expected --kubernetes beside it" for flag, value in given.items() if value]:
        raise ConfigError(alone)
    return None


def job(text: str) -> str:
    """Check the name of a job: Prometheus takes any text."""
    if not text or len(text) > LONGEST or not text.isprintable():
        raise ArgumentTypeError(f'expected a name of at most {LONGEST} printable characters, got "{_short(text)}"')
    return text


def url(text: str) -> str:
    """Check an address to which a path or a query can be appended, and return it without a `/` at the end."""
    bare = text.rstrip("/")
    if len(text) > LONGEST or not _URL.fullmatch(bare) or not _host(bare):
        raise ArgumentTypeError(f'expected an http address without "?" and "#", got "{_short(text)}"')
    return bare


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:  # brackets that hold no address
        return None


def uid(text: str) -> str:
    """Check the identifier of a data source."""
    if not _UID.fullmatch(text):
        raise ArgumentTypeError(f'expected a UID of at most 40 letters, digits, "-" and "_", got "{_short(text)}"')
    return text


def namespace(text: str) -> str:
    """Check the name of a namespace."""
    if not _NAMESPACE.fullmatch(text):
        raise ArgumentTypeError(f'expected at most 63 of a-z, 0-9 and "-", got "{_short(text)}"')
    return text


def label_pair(text: str) -> tuple[str, str]:
    """Parse a label of an object."""
    found = _LABEL.fullmatch(text)
    if found is None:
        raise ArgumentTypeError(f'expected KEY=VALUE, such as release=prometheus, got "{_short(text)}"')
    return found["key"], found["value"]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
