"""Outputs that are closed, full or in ASCII: one line where there is a place for it, and never a traceback."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.imports import sources

COMMANDS = {
    "ecotrack": (
        ("exporter", "--help"),
        ("exporter", "--version"),
        ("exporter", "--nonsense"),
        ("exporter", "--config.check"),
        ("exporter", "clean-window", "--web.listen-address=127.0.0.1:1"),
        ("exporter", "report", "none.csv"),
    ),
    "ecochain": (
        ("simulator", "--help"),
        ("simulator", "nonsense"),
        ("simulator", "scenarios"),
        ("simulator", "ledger", "verify", "none.db"),
    ),
}

OUTPUTS = {
    "closed output": '"$@" >&-',
    "closed errors": '"$@" 2>&-',
    "all closed": '"$@" <&- >&- 2>&-',
    "full output": '"$@" >/dev/full',
    "full errors": '"$@" 2>/dev/full',
    "both full": '"$@" >/dev/full 2>/dev/full',
    "no reader": '{ "$@"; echo $? >&3; } 3>status | true; read status <status; exit $status',
    "ASCII": 'PYTHONIOENCODING=ascii "$@"',
}

GOOD, MISTAKE, NOBODY_READS = 0, 2, 141
"""Exit statuses of both programs, which their help lists."""


@pytest.mark.slow
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("program", COMMANDS)
def test_no_output_ends_a_program_in_a_traceback(tmp_path: Path, program: str, output: str) -> None:
    for command in COMMANDS[program]:
        ended = in_shell(tmp_path, OUTPUTS[output], *command)
        assert ended.returncode in {GOOD, MISTAKE, NOBODY_READS}, (command, ended.stderr)
        assert "Traceback" not in ended.stderr
        assert "Exception ignored" not in ended.stderr
        if output == "full output" and command[1] == "--help":
            assert ended.returncode == MISTAKE
            assert ended.stderr == f"{program}: the output cannot be written: No space left on device\n"


def in_shell(folder: Path, line: str, module: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run a program by a line of the shell, in a folder, with the usual buffers."""
    usual = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    root = str(Path(__file__).parents[1])
    argv = ["sh", "-c", line, "sh", sys.executable, "-m", module, *flags]
    environment = usual | {"PYTHONPATH": root}
    return subprocess.run(
        argv,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_an_output_in_ascii_takes_escapes(tmp_path: Path) -> None:
    file = tmp_path / "\u00e9.yml"
    file.write_text("")
    ended = in_shell(tmp_path, OUTPUTS["ASCII"], "exporter", f"--config.file={file}", "--config.check")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{tmp_path}/\\xe9.yml: good\n", "")


def bare_prints(path: str, text: str) -> list[str]:
    """Return the places that print to the standard output past `write_out`, which knows what to do when it is full."""
    calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    names = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print")
    return [f"{path}:{call.lineno}" for call in names if not any(word.arg == "file" for word in call.keywords)]


def test_both_programs_write_by_one_function() -> None:
    product = {path: text for path, text in sources().items() if path.startswith(("exporter/", "simulator/"))}
    assert [place for path, text in product.items() for place in bare_prints(path, text)] == []
    assert bare_prints("it.py", "print('a')\nprint('b', file=sys.stderr)") == ["it.py:1"]
