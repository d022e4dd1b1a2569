"""Circles, fan-in and fan-out of the imports in the product, those inside functions counted.

Usage: python -m scripts.imports [--quiet]. Exit status 1 if there is a circle.
"""

import argparse
import ast
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("exporter", "simulator", "grafana", "prometheus")

Graph = Mapping[str, frozenset[str]]
"""The modules that each module imports, by dotted name. Only modules of the product are in it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print a table of the imports, unless `--quiet` is given, and each circle; return 1 if there is one."""
    parser = argparse.ArgumentParser(prog="python -m scripts.imports", description=__doc__)
    parser.add_argument("--quiet", action="store_true", help="print circles only")
    options = parser.parse_args(argv)
    graph = import_graph(sources())
    if not options.quiet:
        print("\n".join(table(graph)))
    found = circles(graph)
    for circle in found:
        print(f"import circle: {' <-> '.join(circle)}", file=sys.stderr)
    return 1 if found else 0


def sources() -> dict[str, str]:
    """Read each source file of the product, by its path relative to the repository."""
    files = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    return {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}


def module_name(path: str) -> str:
    """Return the dotted name of the module at a path: that of its folder for `__init__.py`."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported_names(tree: ast.AST) -> Iterator[str]:
    """List the dotted names of all that a syntax tree imports, wherever it does so; those taken from a module too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def import_graph(texts: Mapping[str, str]) -> Graph:
    """Build the import graph of source texts by path."""
    names = {module_name(path) for path in texts}
    return {
        module_name(path): frozenset(_modules_of(imported_names(ast.parse(text)), names) - {module_name(path)})
        for path, text in texts.items()
    }


def _modules_of(names: Iterable[str], modules: Collection[str]) -> set[str]:
    """Return the modules that dotted names are, or are taken from. Names of other projects are left out."""
    found = set()
    for name in names:
        known = name
        while known and known not in modules:
            known = known.rpartition(".")[0]
        found |= {known} if known else set()
    return found


def circles(graph: Graph) -> list[tuple[str, ...]]:
    """Find the groups of modules that each reach all others of their group, in alphabetical order."""
    reach = {name: _reachable(graph, name) for name in graph}
    groups = {tuple(sorted(other for other in reach[name] if name in reach[other])) for name in graph}
    return sorted(group for group in groups if group)


def _reachable(graph: Graph, start: str) -> set[str]:
    """Return the modules that a module imports, and those that they import in their turn."""
    found: set[str] = set()
    waiting = set(graph[start])
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= graph[name] - found
    return found


def table(graph: Graph) -> Iterator[str]:
    """Write a table: how many modules import each module and how many it imports, the most imported first."""
    fan_in = {name: sum(name in imported for imported in graph.values()) for name in graph}
    yield f"{'module':<46} {'fan-in':>6} {'fan-out':>7}"
    for name in sorted(graph, key=lambda one: (-fan_in[one], one)):
        yield f"{name:<46} {fan_in[name]:>6} {len(graph[name]):>7}"


if __name__ == "__main__":
    sys.exit(main())
