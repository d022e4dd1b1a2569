"""The numbers that modules name in upper case, found in the source, with their meaning: the docstring below them."""

import ast
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scripts.imports import module_name

NOT_SHOWN = {
    "exporter.cli": "how the command line works",
    "exporter.core.chart": "how a chart is drawn",
    "exporter.core.command_line": "exit statuses, which the help lists",
    "exporter.core.metrics": "how an answer is compressed",
    "exporter.core.scalars": "how numbers in files are read",
    "exporter.core.units": "definitions of units",
    "exporter.core.web": "bounds of the server, which the guide to securing it lists",
    "exporter.journal.files": "how files are written",
    "exporter.journal.plot": "how a picture is drawn",
    "exporter.journal.read": "how files are read",
    "exporter.journal.report_page": "how a page is drawn",
    "exporter.journal.layout.VERSION": "version of a layout",
    "exporter.power.cpu_name": "how names are read",
    "exporter.power.lookup.SINGLE": "definition of a single result",
    "exporter.sources.process_bytes.ebpf.access": "how memory of the counting program is laid out",
    "exporter.sources.process_bytes.ebpf.addresses": "how its memory is laid out, and addresses are written",
    "exporter.sources.process_bytes.ebpf.assembler": "the kernel's instructions",
    "exporter.sources.process_bytes.ebpf.attach.THREAD_BYTES": "how memory of the counting program is laid out",
    "exporter.sources.process_bytes.ebpf.btf": "how the kernel describes its types",
    "exporter.sources.process_bytes.ebpf.call": "how memory of the counting program is laid out",
    "exporter.sources.process_bytes.ebpf.probes": "how the kernel is asked",
    "exporter.sources.process_bytes.ebpf.program": "how memory of the counting program is laid out",
    "exporter.sources.process_bytes.ebpf.syscalls": "how the kernel is asked",
    "exporter.sources.process_bytes.ebpf.table.COUNT_AT": "how the kernel is asked",
    "exporter.sources.process_bytes.ebpf.counter.NANOSECONDS": "definition of a unit",
    "exporter.sources.identity.BYTES_PER_KIBIBYTE": "definition of a unit",
    "exporter.sources.identity.MICROWATTS_PER_WATT": "definition of a unit",
    "exporter.sources.process_bytes.tcp_sockets": "the layouts and numbers of the kernel's interface",
    "exporter.state": "how files are written",
    "exporter.views": "how figures are drawn",
    "exporter.week._NOTHING": "an empty week",
    "simulator.app": "how figures are shown",
    "simulator.energy.weather_formats.PASCALS_PER_KILOPASCAL": "definition of a unit",
    "simulator.energy.weather_formats.PASCALS_PER_MILLIBAR": "definition of a unit",
    "simulator.experiments": "what is compared and how it is shown, as docs/explanation/experiments.md explains",
    "simulator.forecast.archive": "how files are read",
    "simulator.forecast.checkpoint.FORMAT": "version of a layout",
    "simulator.forecast.cli": "how the command line works",
    "simulator.forecast.report": "how figures are shown",
    "simulator.grid.series.KWH_PER_MWH": "definition of a unit",
    "simulator.hardware.shipped.GIBIBYTE": "definition of a unit",
    "simulator.ledger.booking.certificates": "definitions of units",
    "simulator.ledger.record.keys": "definition of Ed25519",
    "simulator.ledger.cost.measure": "how costs are measured, as the profile states",
    "simulator.ledger.devices.metering.MILLIJOULES_PER_JOULE": "definition of a unit",
    "simulator.ledger.devices.recording": "definitions of units",
    "simulator.ledger.attest.commands.ALL_REFUSED": "an exit status, which the help lists",
    "simulator.ledger.attest.hour.MILLIWATTS_PER_WATT": "definition of a unit",
    "simulator.ledger.file.measured": "definition of a unit",
    "simulator.ledger.file.proofs.FORMAT": "version of a layout",
    "simulator.ledger.node.signed_file": "version of a layout, and what bounds a reader of it",
    "simulator.live": "how figures are shown",
    "simulator.models.compression": "how models are measured, as the profile states",
    "simulator.models.networks": "how models are measured, as the profile states",
    "simulator.models.profile": "how a profile is checked",
    "simulator.run": "units, and how a run is counted",
    "simulator.scenario.devices.BYTES_PER_MEGABYTE": "definition of a unit",
    "simulator.scenario.devices.HERTZ_PER_GIGAHERTZ": "definition of a unit",
    "simulator.scenario.tasks.BYTES_PER_KILOBYTE": "definition of a unit",
    "simulator.scheduling": "codes and tolerances of the kernels",
}
"""Rooms, modules and single constants that are left out of the page, each with the reason."""

UNITS = {
    "BytesPerSecond": "B/s",
    "Grams": "g",
    "GramsPerKwh": "g/kWh",
    "GramsPerSecond": "g/s",
    "Joules": "J",
    "JoulesPerByte": "J/B",
    "MonotonicSeconds": "s",
    "Ratio": "",
    "Seconds": "s",
    "UnixSeconds": "s",
    "Watts": "W",
}
"""Unit by the type that a constant is given; others name it in their meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """Number, or a few of them, that a module names: `value` as the source writes it, with its unit where known."""

    name: str
    value: str
    meaning: str


def constants(texts: Mapping[str, str]) -> Iterator[Constant]:
    """Find every constant of source texts by path that holds a number; a published factor has its own table."""
    for path, text in texts.items():
        body = ast.parse(text).body
        for position, statement in enumerate(body):
            name, value = _assignment(statement)
            if name.isupper() and value is not None and _is_number(value):
                written, unit = _written(value)
                yield Constant(
                    name=f"{module_name(path)}.{name}",
                    value=f"{written} {unit}".rstrip(),
                    meaning=_meaning(body[position:]),
                )


def is_shown(constant: Constant) -> bool:
    """Tell whether a constant belongs on the page."""
    return not any(f"{constant.name}.".startswith(f"{room}.") for room in NOT_SHOWN)


def _assignment(statement: ast.stmt) -> tuple[str, ast.expr | None]:
    match statement:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.AnnAssign(target=ast.Name(id=name), value=value)
        ):
            return name, value
    return "", None


def _is_number(value: ast.expr) -> bool:
    """Tell whether a value is made of numbers alone, perhaps inside a unit's type; a table of other things is not."""
    if isinstance(value, ast.Dict):
        return bool(value.values) and all(_is_number(one) for one in value.values)
    inside = list(ast.walk(value))
    if any(isinstance(node, ast.Call) and getattr(node.func, "id", "") not in UNITS for node in inside):
        return False
    if any(isinstance(node, ast.Dict | ast.DictComp | ast.Attribute) for node in inside):
        return False
    values = [node.value for node in inside if isinstance(node, ast.Constant)]
    return bool(values) and all(isinstance(one, int | float) and not isinstance(one, bool) for one in values)


def _written(value: ast.expr) -> tuple[str, str]:
    match value:
        case ast.Call(func=ast.Name(id=kind), args=[inner]):
            return _written(inner)[0], UNITS[kind]
        case ast.Constant(value=int(number) | float(number)):
            return f"{number:.12g}", ""
        case ast.Dict(keys=keys, values=values):
            rows = zip(keys, values, strict=True)
            return ", ".join(f"{_label(key)} {_written(one)[0]}" for key, one in rows if key is not None), ""
    return ast.unparse(value).strip("()"), ""


def _label(key: ast.expr) -> str:
    """Return the word of a row in a table of numbers: a text, or the member of an enumeration in lower case."""
    return str(key.value) if isinstance(key, ast.Constant) else ast.unparse(key).rpartition(".")[2].lower()


def _meaning(body: list[ast.stmt]) -> str:
    """Return the docstring below the first statement, perhaps after further constants that it speaks of too.

    An empty line ends those: what follows it speaks of something else.
    """
    for before, statement in itertools.pairwise(body):
        if statement.lineno != (before.end_lineno or 0) + 1:
            break
        match statement:
            case ast.Expr(value=ast.Constant(value=str(text))):
                return " ".join(text.split())
        if not _assignment(statement)[0].isupper():
            break
    return ""
