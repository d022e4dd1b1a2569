"""The rules of architecture: who may import whom, and how large things may grow. Read from the syntax tree."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import pytest

from scripts.imports import (
    ROOT,
    Graph,
    circles,
    import_graph,
    imported_names,
    main,
    module_name,
    sources,
)

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50
MAX_PARAMETERS = 7
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc"}

KERNELS = {
    "simulator/energy/bus.py",
    "simulator/run/kernels.py",
    "simulator/scheduling/kernels/placement.py",
    "simulator/scheduling/kernels/planned.py",
}
"""Flat by need: a compiler takes each of their functions whole. The limits on size do not hold here."""

VERSION = {"exporter", "exporter.__version__"}
"""Both programs are one release."""

TOP_MODULES = {"__init__", "__main__", "app", "arrays", "cli", "streams"}
"""All modules that lie in no room of the simulator."""

LAZY = {
    "distributed",
    "matplotlib",
    "nacl",
    "numba",
    "pandas",
    "pvlib",
    "scipy",
    "sklearn",
    "torch",
    "tqdm",
}
"""Libraries that the simulator may import within a function: slow to load, or optional. pandas comes with pvlib."""

LAYERS = (
    # The rooms of the exporter.
    ("exporter.core",),
    ("exporter.power.component",),
    ("exporter.sources",),
    ("exporter.usage",),
    (
        "exporter.activity",
        "exporter.audit.result",
        "exporter.budget",
        "exporter.embodied",
        "exporter.equivalents",
        "exporter.intensity",
        "exporter.last_hour",
        "exporter.optimize.trial.result",
        "exporter.power",
        "exporter.week",
    ),
    ("exporter.attribution",),
    (
        "exporter.eco_score",
        "exporter.optimize",
        "exporter.past_weeks",
        "exporter.projection",
        "exporter.spending",
        "exporter.state_lock",
        "exporter.totals",
    ),
    (
        "exporter.attribution.host",
        "exporter.attribution.slots",
        "exporter.attribution.traffic",
        "exporter.snapshot",
        "exporter.state",
    ),
    ("exporter.kept",),
    ("exporter.audit.kept", "exporter.optimize.trial.stored"),
    (
        "exporter.attribution.sharing",
        "exporter.calibrate.stored",
        "exporter.downtime",
        "exporter.history",
        "exporter.optimize.advisor",
        "exporter.optimize.watch",
        "exporter.scoring",
    ),
    ("exporter.derive",),
    ("exporter.exposition", "exporter.journal", "exporter.sampler", "exporter.views"),
    ("exporter.config", "exporter.flags"),
    ("exporter.build_sharing",),
    ("exporter.build",),
    ("exporter.measure", "exporter.reload"),
    (
        "exporter.app",
        "exporter.audit",
        "exporter.calibrate",
        "exporter.journal.cli",
        "exporter.optimize.cli",
        "exporter.optimize.trial",
        "exporter.stack",
    ),
    ("exporter.cli",),
    ("exporter.__main__",),
    # The rooms of the simulator.
    ("simulator.arrays", "simulator.streams"),
    (
        "simulator.energy",
        "simulator.grid",
        "simulator.hardware",
        "simulator.models",
        "simulator.procurement",
        "simulator.workload",
    ),
    ("simulator.ledger.record",),
    ("simulator.ledger.booking", "simulator.ledger.consensus"),
    ("simulator.ledger", "simulator.ledger.devices"),
    ("simulator.forecast", "simulator.ledger.file", "simulator.scheduling"),
    ("simulator.scheduling.horizon",),
    (
        "simulator.ledger.attest",
        "simulator.ledger.cost",
        "simulator.ledger.log",
        "simulator.ledger.node",
        "simulator.scenario",
    ),
    ("simulator.assembly",),
    ("simulator.run.job",),
    ("simulator.market",),
    ("simulator.published",),
    ("simulator.run",),
    ("simulator.experiments.plan", "simulator.live.ledger"),
    ("simulator.experiments.run",),
    ("simulator.experiments.find",),
    ("simulator.experiments.write", "simulator.live"),
    ("simulator.experiments.runner", "simulator.forecast.report", "simulator.picture"),
    ("simulator.app", "simulator.forecast.cli", "simulator.ledger.cli"),
    ("simulator.picture.cli",),
    ("simulator.cli",),
    ("simulator.__main__",),
)
"""The rooms of both packages, the lowest first. A room knows itself and the rows before its own, of its own package:
neither its neighbours in the row nor what follows. The longest name that fits a module is its room."""

SNAPSHOT = (
    "exporter.activity",
    "exporter.audit.result",
    "exporter.budget",
    "exporter.eco_score",
    "exporter.equivalents",
    "exporter.intensity.window",
    "exporter.last_hour",
    "exporter.optimize.found",
    "exporter.optimize.setting",
    "exporter.optimize.trial.result",
    "exporter.power.component",
    "exporter.snapshot",
    "exporter.sources.processes.grouping",
    "exporter.sources.reading",
    "exporter.totals",
    "exporter.usage.events",
)
"""The snapshot and where the types on it come from."""

SEES_ONLY = {
    "exporter.config": (  # data only: exporter.build makes objects of it
        "exporter.intensity.section",
        "exporter.sources",
    ),
    "exporter.exposition": SNAPSHOT,
    "exporter.views": SNAPSHOT,
    **dict.fromkeys(
        (
            "simulator.ledger",
            *(
                f"simulator.ledger.{one}"
                for one in ("attest", "booking", "consensus", "cost", "devices", "file", "log", "node", "record")
            ),
        ),
        ("simulator.ledger",),
    ),
    "simulator.scheduling": ("simulator.arrays", "simulator.energy", "simulator.workload"),
    "simulator.scheduling.horizon": (
        "simulator.arrays",
        "simulator.energy",
        "simulator.scheduling",
        "simulator.workload",
    ),
}
"""Rooms that know less than the rows allow: what they know beside themselves and `exporter.core`."""

ONLY_IN = {
    "psutil": ("exporter/sources/",),
    "prometheus_client": (
        "exporter/audit/figures.py",
        "exporter/exposition/",
        "exporter/core/metrics.py",
        "simulator/live/exposition/",
    ),
    "pynvml": ("exporter/sources/nvml.py",),
    "sklearn": ("simulator/forecast/models/",),
    "torch": ("simulator/forecast/", "simulator/models/"),
    "numba": ("simulator/scheduling/kernels/",),
}
"""Libraries that only these files and folders may import."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A source file of the product."""

    path: str
    tree: ast.Module
    lines: int


def modules() -> list[Module]:
    """Return every Python file of the product."""
    return [parse(path, text) for path, text in sources().items()]


def parse(path: str, text: str) -> Module:
    """Return a module from its source text."""
    return Module(path=path, tree=ast.parse(text), lines=text.count("\n"))


@cache
def graph() -> Graph:
    """Return the import graph of the product."""
    return import_graph(sources())


def room_of(name: str) -> str | None:
    """Return the room to which a dotted name belongs; None for another project, and for a package itself."""
    rooms = [room for row in LAYERS for room in row if name == room or name.startswith(f"{room}.")]
    return max(rooms, key=len, default=None)


def height_of(room: str) -> int:
    """Return the row of a room, counted from the bottom."""
    return next(number for number, row in enumerate(LAYERS) if room in row)


def layer_breaches(importer: str, names: Iterable[str]) -> Iterator[str]:
    """Yield the imports of a module, by dotted name, that the table of layers does not allow."""
    package, here = importer.partition(".")[0], room_of(importer)
    if here is None:
        if "." in importer and package in {"exporter", "simulator"} and importer != "simulator.experiments":
            yield f"{importer}: stands in no layer; give it a row in LAYERS"
        return
    for name in names:
        room = room_of(name)
        if room in {None, here} or name.partition(".")[0] != package:
            continue
        assert room is not None
        if height_of(room) >= height_of(here):
            yield f"{importer}: {here} lies below {room}, or beside it ({name})"
        elif here in SEES_ONLY and not _begins_with(name, ("exporter.core", *SEES_ONLY[here])):
            yield f"{importer}: {here} knows only {', '.join(SEES_ONLY[here])} ({name})"


def _begins_with(name: str, beginnings: Iterable[str]) -> bool:
    return any(f"{name}.".startswith(f"{one}.") for one in beginnings)


def import_breaches(module: Module) -> Iterator[str]:
    """Yield the imports that neither the layers nor the places of libraries allow."""
    package = module.path.split("/")[0]
    names = sorted(set(imported_names(module.tree)))
    yield from layer_breaches(module_name(module.path), names)
    for name in names:
        parts = name.split(".")
        if package == "exporter" and parts[0] == "simulator":
            yield f"{module.path}: the exporter does not know the simulator ({name})"
        if package == "simulator" and parts[0] == "exporter" and name not in VERSION and parts[1] != "core":
            yield f"{module.path}: the simulator knows only exporter.core ({name})"
        if module.path.startswith("exporter/core/") and parts[0] in {"psutil", "numpy", "numba", "torch"}:
            yield f"{module.path}: the kernel stays light ({name})"
        if parts[0] in ONLY_IN and not module.path.startswith(ONLY_IN[parts[0]]):
            yield f"{module.path}: {parts[0]} has its place in {', '.join(ONLY_IN[parts[0]])}"


COMMANDS = {
    "simulator/__main__.py",
    "simulator/cli.py",
    "simulator/forecast/cli.py",
    "simulator/ledger/attest/commands.py",
    "simulator/ledger/cli.py",
    "simulator/ledger/log/commands.py",
    "simulator/picture/cli.py",
}
"""Command lines, each of whose commands imports what it needs."""


def lazy_breaches(module: Module) -> Iterator[str]:
    """Yield the imports within functions of the simulator that need no delay."""
    if not module.path.startswith("simulator/") or module.path in COMMANDS:
        return
    for function in ast.walk(module.tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for name in sorted(set(imported_names(ast.Module(body=function.body, type_ignores=[])))):
                if name.split(".")[0] not in LAZY:
                    yield f"{module.path}: {function.name} imports {name}"


def size_breaches(module: Module) -> Iterator[str]:
    """Yield the files, functions and signatures that have grown too large."""
    if module.path in KERNELS:
        return
    if module.lines > MAX_FILE_LINES:
        yield f"{module.path}: {module.lines} lines"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                yield f"{module.path}: {node.name} has {length} lines"
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            parameters = [one for one in arguments if one.arg not in {"self", "cls"}]
            if len(parameters) > MAX_PARAMETERS:
                yield f"{module.path}: {node.name} has {len(parameters)} parameters"


def style_breaches(module: Module) -> Iterator[str]:
    """Yield the breaches of the house's habits."""
    if FORBIDDEN_NAMES & {part.removesuffix(".py") for part in module.path.split("/")}:
        yield f"{module.path}: a name that says nothing"
    prints = module.path.endswith(("cli.py", "__main__.py"))
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print" and not prints:
            yield f"{module.path}:{node.lineno}: print outside the command line"
        if isinstance(node, ast.ExceptHandler) and _is_broad(node) and module.path not in BROAD_EXCEPT:
            yield f"{module.path}:{node.lineno}: broad except"


BROAD_EXCEPT = {
    "exporter/intensity/exchange.py",  # the child's edge: whatever goes wrong is told to the exporter
    "exporter/intensity/ask.py",  # the providers' edge: a failed provider is counted
    "exporter/sampler.py",  # the loop: a failed sample is counted
    "exporter/core/errand.py",  # the edge to other threads and programs: raised again where the collector counts it
    "exporter/sources/collector.py",  # the collectors' edge: a failed reading is counted
    "simulator/market/answering.py",  # the child's edge: whatever goes wrong is told to the live job
    "simulator/experiments/run/dask_executor.py",  # the edge to workers: raised again where it is asked for
    "simulator/scheduling/kernels/kept_code.py",  # the edge to numba's cache: what is damaged is compiled anew
    "simulator/scheduling/own/users_code.py",  # the edge to a user's own policy: whatever it raises is told in one line
}


def _is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or getattr(handler.type, "id", "") in {"Exception", "BaseException"}


def test_layers_import_only_what_lies_below() -> None:
    assert [breach for module in modules() for breach in import_breaches(module)] == []


def test_there_is_no_import_circle_not_even_a_lazy_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0, capsys.readouterr().err
    assert "exporter.core.units" in capsys.readouterr().out


@pytest.mark.parametrize(
    "texts",
    [
        {"exporter/a.py": "import exporter.b", "exporter/b.py": "def f():\n    from exporter import a"},
        {
            "exporter/a.py": "from exporter.b import x",
            "exporter/b.py": "from exporter.c.d import y",
            "exporter/c/__init__.py": "",
            "exporter/c/d.py": "from exporter.a import z",
        },
    ],
)
def test_a_circle_is_seen(texts: dict[str, str]) -> None:
    (circle,) = circles(import_graph(texts))
    assert set(circle) == {module_name(path) for path, text in texts.items() if text}


def test_a_module_that_stands_in_no_layer_is_told() -> None:
    assert list(layer_breaches("exporter.new_idea", [])) == [
        "exporter.new_idea: stands in no layer; give it a row in LAYERS"
    ]


def test_only_what_is_slow_or_optional_is_imported_lazily() -> None:
    assert [breach for module in modules() for breach in lazy_breaches(module)] == []


def test_the_simulator_has_few_modules_outside_its_rooms() -> None:
    assert {path.stem for path in (ROOT / "simulator").glob("*.py")} == TOP_MODULES


def test_scheduling_sees_frozen_values_only() -> None:
    found = graph()
    seen = {name for name in found if name.startswith("simulator.scheduling")}
    seen |= {other for name in seen for other in found[name]}
    files = [module for module in modules() if module.path.removesuffix(".py").replace("/", ".") in seen]
    values = [
        (module.path, node.name, ast.unparse(decorator))
        for module in files
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        for decorator in node.decorator_list
        if ast.unparse(decorator).startswith("dataclass")
    ]
    assert len(values) > 5
    assert [value for value in values if "frozen=True" not in value[2]] == []


def test_nothing_has_grown_too_large() -> None:
    assert [breach for module in modules() for breach in size_breaches(module)] == []


def test_house_style() -> None:
    assert [breach for module in modules() for breach in style_breaches(module)] == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("exporter/power/model.py", "import simulator.app"),
        ("exporter/power/model.py", "import psutil"),
        ("exporter/power/model.py", "def lazy():\n    from torch import nn"),
        ("exporter/power/model.py", "from exporter.app import run"),
        ("exporter/sampler.py", "from exporter.build import build_sampler"),
        ("exporter/config.py", "import exporter.build"),
        ("exporter/config.py", "from exporter.power import presets"),
        ("exporter/views/page.py", "from exporter.usage.network import NetworkUsage"),
        ("exporter/core/units.py", "from exporter.power import Component"),
        ("exporter/core/units.py", "import numpy"),
        ("simulator/energy/solar.py", "from exporter.power import Component"),
        ("exporter/views/page.py", "from prometheus_client import Counter"),
        ("simulator/scheduling/score.py", "from simulator.assembly.layout import Node"),
        ("simulator/scheduling/score.py", "def lazy():\n    from simulator.run.engine import Engine"),
        ("simulator/scheduling/score.py", "import torch"),
        ("simulator/run/engine.py", "import numba"),
        ("simulator/ledger/cost/measure.py", "from simulator.models.host import host_name"),
        ("simulator/experiments/plan/request.py", "from simulator.experiments.run.work import do"),
        ("exporter/views/page.py", "from exporter.power import presets"),
        ("exporter/views/page.py", "from exporter.sampler import Sampler"),
        ("exporter/exposition/rows.py", "from exporter.state import StateFile"),
        ("exporter/exposition/rows.py", "from exporter.sources import host"),
        ("exporter/sources/cpu.py", "def lazy():\n    from exporter import eco_score"),
        ("exporter/sources/cpu.py", "from exporter.usage.between import Event"),
        ("exporter/power/component.py", "from exporter.power import presets"),
        ("exporter/power/component.py", "from exporter.sources.reading import HostReading"),
        ("exporter/usage/cpu.py", "from exporter.power.model import HostPowerModel"),
        ("exporter/budget.py", "from exporter.activity.window import Activity"),
        ("exporter/sampler.py", "import exporter.config"),
        ("exporter/build.py", "from exporter import cli"),
        ("simulator/scheduling/score.py", "from simulator.hardware.shipped import DEVICES"),
        ("simulator/energy/solar.py", "from simulator.workload.task import Tasks"),
        ("simulator/run/engine.py", "from simulator.app import serve"),
        ("simulator/experiments/find/findings.py", "from simulator.experiments.write import report"),
    ],
)
def test_a_breach_of_the_layers_is_seen(path: str, text: str) -> None:
    assert list(import_breaches(parse(path, text)))


@pytest.mark.parametrize("name", ["simulator.assembly", "numpy", "exporter.core.config"])
def test_a_needless_lazy_import_is_seen(name: str) -> None:
    assert list(lazy_breaches(parse("simulator/run/job.py", f"def late():\n    import {name}")))
    assert not list(lazy_breaches(parse("simulator/run/job.py", f"import {name}\ndef late():\n    import torch.nn")))


@pytest.mark.parametrize(
    "text", ["x = 1\n" * 401, "def f():\n" + "    x = 1\n" * 50, "def f(a, b, c, d, e, f, g, h): ...\n"]
)
def test_something_too_large_is_seen(text: str) -> None:
    assert list(size_breaches(parse("exporter/power/model.py", text)))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("exporter/utils.py", ""),
        ("exporter/power/model.py", "print(1)"),
        ("exporter/power/model.py", "try:\n    x = 1\nexcept Exception:\n    x = 2"),
    ],
)
def test_a_breach_of_style_is_seen(path: str, text: str) -> None:
    assert list(style_breaches(parse(path, text)))
