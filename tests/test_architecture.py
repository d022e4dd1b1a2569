"""The rules of architecture: who may import whom, and how large things may grow. Read from the syntax tree."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PRODUCT = ("exporter", "simulator", "grafana", "prometheus")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50
MAX_PARAMETERS = 7
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc"}

KERNELS = {"simulator/scheduling/kernels/placement.py", "simulator/scheduling/kernels/published.py"}
"""Flat by need: a compiler takes each of their functions whole. The limits on size do not hold here."""

MAY_USE = {
    "energy": {"arrays", "streams"},
    "ledger": {"arrays", "models"},
    "forecast": {"arrays"},
    "hardware": {"arrays"},
    "models": set(),
    "workload": {"arrays", "streams"},
    "scheduling": {"arrays", "energy", "workload"},
    "run": {
        "arrays",
        "build",
        "energy",
        "forecast",
        "hardware",
        "ledger",
        "published",
        "scenario",
        "scheduling",
        "streams",
        "workload",
    },
}
"""What the lower parts of the simulator may import of it beside themselves. Scheduling sees types and arrays only."""

ONLY_IN = {
    "psutil": ("exporter/sources/",),
    "prometheus_client": ("exporter/exposition/", "exporter/core/metrics.py", "simulator/live/exposition/"),
    "torch": (
        "simulator/forecast/model.py",
        "simulator/forecast/train.py",
        "simulator/forecast/forecaster.py",
        "simulator/models/compression.py",
    ),
    "numba": ("simulator/scheduling/kernels/",),
}
"""Libraries that only these files and folders may import."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A source file of the product."""

    path: str
    tree: ast.Module
    lines: int

    def imports(self) -> set[str]:
        """Dotted names of all that is imported, wherever in the file."""
        found = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
        return found


def modules() -> list[Module]:
    """Every Python file of the product."""
    files = sorted(path for package in PRODUCT for path in (ROOT / package).rglob("*.py"))
    return [parse(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in files]


def parse(path: str, text: str) -> Module:
    """A module from its source text."""
    return Module(path=path, tree=ast.parse(text), lines=text.count("\n"))


def import_breaches(module: Module) -> Iterator[str]:
    """Imports that the layers do not allow."""
    package = module.path.split("/")[0]
    for name in module.imports():
        parts = name.split(".")
        if package == "exporter" and parts[0] == "simulator":
            yield f"{module.path}: the exporter does not know the simulator ({name})"
        if package == "simulator" and parts[0] == "exporter" and name != "exporter" and parts[1] != "core":
            yield f"{module.path}: the simulator knows only exporter.core ({name})"
        if module.path.startswith("exporter/core/") and parts[0] in {"psutil", "numpy", "numba", "torch"}:
            yield f"{module.path}: the kernel stays light ({name})"
        if module.path.startswith("exporter/core/") and parts[0] == "exporter" and parts[1:2] not in ([], ["core"]):
            yield f"{module.path}: the kernel knows nothing of the exporter ({name})"
        if package == "simulator" and parts[0] == "simulator" and len(parts) > 1:
            part = module.path.removeprefix("simulator/").split("/")[0]
            if part in MAY_USE and parts[1] not in {part, *MAY_USE[part]}:
                yield f"{module.path}: {part} knows only {', '.join(sorted(MAY_USE[part]))} ({name})"
        if parts[0] in ONLY_IN and not module.path.startswith(ONLY_IN[parts[0]]):
            yield f"{module.path}: {parts[0]} has its place in {', '.join(ONLY_IN[parts[0]])}"
        top = {"exporter.cli", "exporter.app", "simulator.cli", "simulator.app"} & {name, ".".join(parts[:2])}
        if top and module.path.split("/")[-1] not in {"cli.py", "__main__.py"}:
            yield f"{module.path}: nothing imports {top.pop()} but the command line"


def size_breaches(module: Module) -> Iterator[str]:
    """Files, functions and signatures that have grown too large."""
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
    """Habits that the house does not keep."""
    if FORBIDDEN_NAMES & {part.removesuffix(".py") for part in module.path.split("/")}:
        yield f"{module.path}: a name that says nothing"
    prints = module.path.endswith(("cli.py", "__main__.py"))
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print" and not prints:
            yield f"{module.path}:{node.lineno}: print outside the command line"
        if isinstance(node, ast.ExceptHandler) and _is_broad(node) and module.path not in BROAD_EXCEPT:
            yield f"{module.path}:{node.lineno}: broad except"


BROAD_EXCEPT = {
    "exporter/sampler.py",  # the loop: a failed sample is counted
    "exporter/sources/host.py",  # the collectors' edge: a failed reading is counted
    "simulator/scheduling/own/users_code.py",  # the edge to a user's own policy: whatever it raises is told in one line
}


def _is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or getattr(handler.type, "id", "") in {"Exception", "BaseException"}


def test_layers_import_only_what_lies_below() -> None:
    assert [breach for module in modules() for breach in import_breaches(module)] == []


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
        ("exporter/core/units.py", "from exporter.power import Component"),
        ("exporter/core/units.py", "import numpy"),
        ("simulator/energy/solar.py", "from exporter.power import Component"),
        ("exporter/views/page.py", "from prometheus_client import Counter"),
    ],
)
def test_a_breach_of_the_layers_is_seen(path: str, text: str) -> None:
    assert list(import_breaches(parse(path, text)))


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
