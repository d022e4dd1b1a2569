"""No test can hang: each wait has a bound, and what is stuck all the same ends the run with a traceback."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.processes import TOOL_SECONDS

ROOT = Path(__file__).parent.parent

NEED_TIMEOUT = {
    *(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output")),
    *(f"{one}.{name}" for one in ("requests", "session") for name in ("get", "post", "put", "head", "request")),
}
"""Calls that wait without a bound unless a timeout is named."""

WAITS = {"wait": 1, "join": 1, "result": 1, "get": 1, "acquire": 1, "communicate": 99, "create_connection": 2}
"""Methods that wait without a bound where no timeout is named and there are fewer positional arguments than this."""


BOUND_PLACE = {"wait": 0, "join": 0, "create_connection": 1, "settimeout": 0, "until": 2}
"""Place among the arguments at which a wait takes its bound where it is not named."""

BUSY_SECONDS = 120.0
"""Least bound in seconds: a busy machine takes that long for what a quiet one does in a moment, and a longer one costs
nothing where the thing comes."""

PAUSES = ("stop.wait", "closed.wait", "flood.settimeout", "client.settimeout", "questions.settimeout")
"""Calls that let time pass, or whose bound is expected to run out."""


def breaches(path: str, text: str) -> Iterator[str]:
    """Yield the waits without a bound, or with one too tight for a busy machine, in a source file of the tests."""
    tree = ast.parse(text)
    nodes, constants = list(ast.walk(tree)), dict(_constants(tree))
    ended = {id(call.args[0]) for call in nodes if isinstance(call, ast.Call) and _name(call) == "ending" and call.args}
    for call in nodes:
        if not isinstance(call, ast.Call):
            continue
        name, place = _name(call), f"{path}:{call.lineno}"
        if (bound := _bound(call, constants)) is not None and bound < BUSY_SECONDS and not name.endswith(PAUSES):
            yield f"{place}: {name} may take {BUSY_SECONDS:g} s on a busy machine"
        if any(word.arg == "timeout" for word in call.keywords):
            continue
        method = name.rpartition(".")[2]
        if name in NEED_TIMEOUT:
            yield f"{place}: {name} needs a timeout"
        elif name == "subprocess.Popen" and id(call) not in ended:
            yield f"{place}: a process is started inside ending(...), which bounds the wait for its end"
        elif name.endswith(".stdout.readline"):
            yield f"{place}: first_line(process) bounds the wait for a line"
        elif name.endswith("threading.Thread") and not any(word.arg == "daemon" for word in call.keywords):
            yield f"{place}: a thread is a daemon, or the interpreter waits for its end"
        elif method in WAITS and "." in name and len(call.args) < WAITS[method]:
            yield f"{place}: {name} needs a timeout"


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield the constants of a file with what stands behind them."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value


def _bound(call: ast.Call, constants: Mapping[str, ast.expr]) -> float | None:
    """Return the bound in seconds of a wait, where it is written as a number or is a constant of the file."""
    method = _name(call).rpartition(".")[2]
    given = [word.value for word in call.keywords if word.arg == "timeout"]
    if method in BOUND_PLACE:
        given += call.args[BOUND_PLACE[method] :]
    given = [constants.get(one.id, one) if isinstance(one, ast.Name) else one for one in given]
    numbers = [one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, int | float)]
    return numbers[0] if numbers else None


def _name(call: ast.Call) -> str:
    """Return the dotted name that is called, as far as it consists of names."""
    parts, node = [], call.func
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "")
    return ".".join(reversed(parts))


def test_every_wait_in_the_tests_has_a_bound() -> None:
    files = sorted((ROOT / "tests").rglob("*.py"))
    texts = {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}
    del texts["tests/processes.py"]  # this file makes the bounds
    assert [breach for path, text in texts.items() for breach in breaches(path, text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "subprocess.run(['true'], check=True)",
        "with subprocess.Popen(['true']) as process: ...",
        "process.wait()",
        "process.communicate()",
        "process.communicate(b'')",
        "process.stdout.readline()",
        "requests.get(url)",
        "threading.Thread(target=run)",
        "thread.join()",
        "start.wait()",
        "future.result()",
        "socket.create_connection(('127.0.0.1', 1))",
        "socket.create_connection(('127.0.0.1', 1), source_address=('127.0.0.1', 0))",
        "subprocess.run(['true'], check=True, timeout=5)",
        "requests.get(url, timeout=5)",
        "process.wait(5)",
        "until(found, 'what', 10.0)",
        "STARTING = 90.0\nuntil(found, 'what', STARTING)",
    ],
)
def test_a_wait_without_a_bound_or_with_a_tight_one_is_seen(text: str) -> None:
    assert list(breaches("tests/test_it.py", text))


@pytest.mark.parametrize(
    "text",
    [
        "subprocess.run(['true'], check=True, timeout=240)",
        "with ending(subprocess.Popen(['true'])) as process: ...",
        "process.wait(240)",
        "PATIENCE = 240\nprocess.wait(PATIENCE)",
        "while not stop.wait(0.1): ...",
        "', '.join(names)",
        "limits.get('day')",
        "socket.create_connection(('127.0.0.1', 1), 240)",
    ],
)
def test_a_bounded_wait_passes(text: str) -> None:
    assert list(breaches("tests/test_it.py", text)) == []


def run_pytest(folder: Path, test: str, *flags: str, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run one test under this repository's settings and its conftest."""
    (folder / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "test_it.py").write_text(test, encoding="utf-8")
    argv = [
        *prefix,
        sys.executable,
        "-m",
        "pytest",
        f"--config-file={ROOT / 'pyproject.toml'}",
        "-p",
        "no:cacheprovider",
    ]
    argv += [f"--rootdir={folder}", *flags, str(folder)]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)


def test_what_is_stuck_ends_with_a_traceback(tmp_path: Path) -> None:
    """The lock stands for any wait that no rule foresaw; only the guard's time is made shorter here."""
    stuck = "import threading\ndef test_stuck():\n    lock = threading.Lock()\n    lock.acquire()\n    lock.acquire()\n"
    ended = run_pytest(tmp_path, stuck, "-o", "faulthandler_timeout=3")
    assert ended.returncode != 0
    assert "Timeout" in ended.stderr
    assert "in test_stuck" in ended.stderr


def test_the_guard_is_on(pytestconfig: pytest.Config) -> None:
    assert float(pytestconfig.getini("faulthandler_timeout")) > 0.0
    assert pytestconfig.getini("faulthandler_exit_on_timeout") is True


def test_programs_hear_of_an_interrupt_where_the_tests_run_in_the_background(tmp_path: Path) -> None:
    deaf = (
        "import signal, subprocess, sys\n"
        "def test_it():\n"
        "    code = 'import signal, sys; sys.exit(signal.getsignal(signal.SIGINT) == signal.SIG_IGN)'\n"
        "    assert subprocess.run([sys.executable, '-c', code], timeout=30).returncode == 0\n"
    )
    ended = run_pytest(tmp_path, deaf, prefix=("sh", "-c", 'trap "" INT; exec "$@"', "sh"))
    assert ended.returncode == 0, ended.stdout
