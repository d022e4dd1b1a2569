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
    "forecast": {"arrays"},
    "hardware": {"arrays"},
    "ledger": {"arrays"},
    "models": set(),
    "workload": {"arrays", "streams"},
    "scheduling": {"arrays", "energy", "workload"},
    "scenario": {"hardware", "scheduling"},
    "build": {"arrays", "energy", "hardware", "models", "scenario", "scheduling", "workload"},
    "run": {
        *{"arrays", "build", "energy", "forecast", "hardware", "ledger", "scenario", "scheduling", "streams"},
        "workload",
    },
    "published": {"arrays", "run", "scenario", "scheduling", "streams"},
    "experiments/plan": {"build", "run", "scenario", "scheduling"},
    "experiments/run": {
        *{"build", "energy", "experiments/plan", "ledger", "models", "published", "run", "scenario", "scheduling"},
    },
    "experiments/find": {"experiments/plan", "experiments/run", "published", "run", "scenario", "scheduling"},
    "experiments/write": {
        *{"experiments/find", "experiments/plan", "experiments/run", "published", "run", "scenario"},
    },
    "experiments/runner": {
        *{"experiments/find", "experiments/plan", "experiments/run", "experiments/write", "scenario", "scheduling"},
    },
    "live": {"arrays", "energy", "experiments/find", "models", "run", "scheduling"},
}
"""What each room of the simulator may import of it beside itself; `app` and `cli` stand above and may import all.

Scheduling sees frozen views and arrays, never the nodes.
"""

TOP_MODULES = {"__init__", "__main__", "app", "arrays", "build", "cli", "streams"}
"""All modules that lie in no room of the simulator."""

LAZY = {
    *{"cryptography", "distributed", "matplotlib", "numba", "pandas", "pvlib", "scipy", "torch", "tqdm"},
}
"""Libraries that the simulator may import within a function: slow to load, or optional. pandas comes with pvlib."""

ONLY_IN = {
    "psutil": ("exporter/sources/",),
    "prometheus_client": ("exporter/exposition/", "exporter/core/metrics.py", "simulator/live/exposition/"),
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
            room, other = room_of(module.path), room_of(name.replace(".", "/"))
            if room in MAY_USE and other not in {room, *MAY_USE[room]}:
                yield f"{module.path}: {room} knows only {', '.join(sorted(MAY_USE[room]))} ({name})"
        if parts[0] in ONLY_IN and not module.path.startswith(ONLY_IN[parts[0]]):
            yield f"{module.path}: {parts[0]} has its place in {', '.join(ONLY_IN[parts[0]])}"
        top = {"exporter.cli", "exporter.app", "simulator.cli", "simulator.app"} & {name, ".".join(parts[:2])}
        if top and module.path.split("/")[-1] not in {"cli.py", "__main__.py"}:
            yield f"{module.path}: nothing imports {top.pop()} but the command line"


def room_of(path: str) -> str:
    """The room of the simulator in which a file or a module lies; the experiments have rooms of their own."""
    parts = path.removesuffix(".py").split("/")[1:]
    return "/".join(parts[:2]) if parts[0] == "experiments" else parts[0]


def lazy_breaches(module: Module) -> Iterator[str]:
    """Imports within functions of the simulator that need no delay."""
    if not module.path.startswith("simulator/") or module.path == "simulator/cli.py":
        return
    for function in ast.walk(module.tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = Module(path=module.path, tree=ast.Module(body=function.body, type_ignores=[]), lines=0)
            for name in inner.imports():
                if name.split(".")[0] not in LAZY:
                    yield f"{module.path}: {function.name} imports {name}"


def circles(edges: dict[str, set[str]]) -> list[str]:
    """Every node of a graph from which a way leads back to it."""

    def reached(start: str) -> set[str]:
        found: set[str] = set()
        ahead = set(edges[start])
        while ahead:
            found |= ahead
            ahead = {after for node in ahead for after in edges.get(node, set())} - found
        return found

    return [node for node in edges if node in reached(node)]


def imports_between_files() -> dict[str, set[str]]:
    """Which file of the product imports which, in a function or not."""
    known = {
        module.path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): module for module in modules()
    }
    return {name: {other for other in module.imports() if other in known} - {name} for name, module in known.items()}


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


FILES = imports_between_files()


def test_layers_import_only_what_lies_below() -> None:
    assert [breach for module in modules() for breach in import_breaches(module)] == []


def test_no_file_imports_itself_by_a_detour() -> None:
    files = {name: {other for other in found if not name.startswith(f"{other}.")} for name, found in FILES.items()}
    assert circles(files) == []


def test_no_room_of_the_simulator_imports_itself_by_a_detour() -> None:
    rooms: dict[str, set[str]] = {}
    for name, found in FILES.items():
        if name.startswith("simulator."):
            room = room_of(name.replace(".", "/"))
            others = {room_of(other.replace(".", "/")) for other in found if other.startswith("simulator.")}
            rooms.setdefault(room, set()).update(others - {room})
    assert set(rooms) - {"app", "arrays", "cli", "streams", "__main__", "experiments"} == set(MAY_USE)
    assert circles(rooms) == []


def test_only_what_is_slow_or_optional_is_imported_lazily() -> None:
    assert [breach for module in modules() for breach in lazy_breaches(module)] == []


def test_the_simulator_has_few_modules_outside_its_rooms() -> None:
    assert {path.stem for path in (ROOT / "simulator").glob("*.py")} == TOP_MODULES


def test_scheduling_sees_frozen_values_only() -> None:
    seen = {name for name, found in FILES.items() if name.startswith("simulator.scheduling")}
    seen |= {other for name in seen for other in FILES[name]}
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
        ("exporter/core/units.py", "from exporter.power import Component"),
        ("exporter/core/units.py", "import numpy"),
        ("simulator/energy/solar.py", "from exporter.power import Component"),
        ("exporter/views/page.py", "from prometheus_client import Counter"),
        ("simulator/scheduling/score.py", "from simulator.build import Node"),
        ("simulator/scheduling/score.py", "def lazy():\n    from simulator.run.engine import Engine"),
        ("simulator/scheduling/score.py", "import torch"),
        ("simulator/run/engine.py", "import numba"),
        ("simulator/ledger/measure.py", "from simulator.models.host import host_name"),
        ("simulator/experiments/plan/request.py", "from simulator.experiments.run.work import do"),
    ],
)
def test_a_breach_of_the_layers_is_seen(path: str, text: str) -> None:
    assert list(import_breaches(parse(path, text)))


@pytest.mark.parametrize("name", ["simulator.build", "numpy", "exporter.core.config"])
def test_a_needless_lazy_import_is_seen(name: str) -> None:
    assert list(lazy_breaches(parse("simulator/run/job.py", f"def late():\n    import {name}")))
    assert not list(lazy_breaches(parse("simulator/run/job.py", f"import {name}\ndef late():\n    import torch.nn")))


def test_a_circle_is_seen() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == ["b", "c"]


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
