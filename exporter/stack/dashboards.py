"""The command line of `ecotrack dashboards`."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from exporter.core.command_line import Parser, write_out
from exporter.sources.time_zone import LOCAL_ZONE, time_zone
from exporter.stack.boards import DOCUMENTS, RUNBOOKS, Wishes, boards, program_of
from exporter.stack.flags import (
    PROGRAMS,
    add_kubernetes_flags,
    add_output_flags,
    jobs_of,
    place_of,
    programs_of,
    uid,
    url,
)
from exporter.stack.folder import left_over, write_folder
from exporter.stack.kubernetes import Place, config_map

OWN_ZONES = ("browser", "utc")
"""Time zones that Grafana takes beside the IANA names."""

EPILOG = """\
examples:
  ecotrack dashboards --output boards       all boards, as this project's own stack has them
  ecotrack dashboards --output boards --only ecotrack --datasource my-prometheus
  ecotrack dashboards --output boards --job node/ecotrack --time-zone Europe/Paris
  ecotrack dashboards --output boards --kubernetes --namespace monitoring

A board finds the jobs, instances and data sources that there are, and shows them all; --datasource and --job say what
is chosen at first. Boards keep their identifiers, so links between them and from alerts hold in any Grafana.
"""


def dashboards(arguments: Sequence[str]) -> int:
    """Write the dashboards. Raises ConfigError."""
    options = build_parser().parse_args(arguments)
    place = place_of(options)
    wishes = Wishes(
        programs=programs_of(options),
        datasource=options.datasource or "",
        jobs=jobs_of(options),
        time_zone=options.time_zone or "",
        documents=options.documents,
        runbooks=options.runbooks,
    )
    texts = boards(wishes)
    if place is not None:
        texts = dict(_object(name, text, place) for name, text in texts.items())
    write_folder(options.output, texts, force=options.force)
    write_out(f"wrote {' '.join(sorted(texts))} to {options.output}\n")
    write_out(left_over(options.output, texts, _own_names()))
    write_out("".join(f"{line}\n" for line in _what_next(options.output.absolute(), place)))
    return 0


def _own_names() -> Iterator[str]:
    """Return the names that boards have, as plain files and as objects of Kubernetes."""
    for name, text in boards(Wishes(programs=PROGRAMS, jobs={})).items():
        yield name
        yield _object_name(name, text)


def _object_name(name: str, board: str) -> str:
    return f"{program_of(board)}-{Path(name).stem}.yml"


def _object(name: str, board: str, place: Place) -> tuple[str, str]:
    """Return a board's file as that of a ConfigMap: name and text."""
    named = _object_name(name, board)
    return named, config_map(Path(named).stem, name, board, place)


def _what_next(folder: Path, place: Place | None) -> tuple[str, ...]:
    if place is not None:
        return (
            f"Apply them: kubectl apply --server-side -f {folder} (without it, kubectl refuses the largest).",
            'The sidecar of Grafana\'s chart takes ConfigMaps with the label grafana_dashboard: "1" of its namespace.',
        )
    return (
        "Import them: in Grafana under Dashboards, New, Import, upload one file after the other;",
        f"or provision them: a provider of type file with options.path: {folder}",
        "Set the scrape interval of the data source to that of the job, or short rates show gaps.",
    )


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of `ecotrack dashboards`."""
    parser = Parser(
        prog="ecotrack dashboards",
        description="Write dashboards for your own Grafana.",
        epilog=EPILOG,
    )
    add_output_flags(parser, "all that there are", "boards")
    add = parser.add_argument
    source = "UID of the data source that is chosen at first (default: Grafana's default Prometheus)"
    add("--datasource", metavar="UID", type=uid, help=source)
    zone = "time zone of the boards' times: an IANA name, utc, or browser for the reader's own (default: browser)"
    add("--time-zone", metavar="ZONE", type=_zone, help=zone)
    documents = "address of the folder of documents, to which boards lead (default: this project's)"
    add("--docs-url", dest="documents", metavar="URL", type=url, default=DOCUMENTS, help=documents)
    runbooks = "address of the folder of runbooks (default: runbooks in the folder of documents)"
    add("--runbook-url", dest="runbooks", metavar="URL", type=url, default=RUNBOOKS, help=runbooks)
    add_kubernetes_flags(parser, "ConfigMaps, which the sidecar of Grafana's chart reads,")
    return parser


def _zone(text: str) -> str:
    """Check the name of a time zone: one that this machine knows, or one of Grafana's own."""
    told = f'expected an IANA name such as Europe/Paris, utc or browser, got "{text}"'
    if text == LOCAL_ZONE:
        raise argparse.ArgumentTypeError(told)
    if text not in OWN_ZONES:
        try:
            time_zone(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(told) from error
    return text
