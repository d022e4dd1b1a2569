"""Pages tried as they are read: every command of a page in one shell, in the order of the page, in a sandbox."""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass

from scripts.pages.commands import Command, commands
from scripts.pages.markdown import Block, Page, page_paths, read_page
from scripts.pages.progress import Progress
from scripts.pages.sandbox import Sandbox

READY_SECONDS = 240
"""Time in seconds within which a server answers."""

FUNCTIONS = f"""\
server=
stop_server() {{ [ -z "$server" ] || {{ kill -INT -- -$server; wait $server; }} >/dev/null 2>&1; server=; }}
start_server() {{
    stop_server
    set -m; eval "$2" >/tmp/server.log 2>&1 </dev/null & server=$!; set +m
    for second in $(seq {READY_SECONDS}); do
        status=$(curl --silent --insecure --output /dev/null --write-out '%{{http_code}}' "$1")
        case $status in 200 | 401) return 0 ;; esac
        kill -0 $server 2>/dev/null || break
        sleep 1
    done
    cat /tmp/server.log; return 1
}}
wait_until() {{ for second in $(seq {READY_SECONDS}); do eval "$1" && return 0; sleep 1; done; return 1; }}
have_exporter() {{ start_server http://127.0.0.1:10110/-/ready /opt/ecotrack/bin/ecotrack; }}
have_alertmanager() {{
    start_server http://127.0.0.1:9093/-/ready "$(command -v prometheus-alertmanager || command -v alertmanager) \\
        --config.file=prometheus/alertmanager.yml --storage.path=/tmp/alertmanager --cluster.listen-address= \\
        --web.listen-address=127.0.0.1:9093"
}}
"""
"""A server runs until the next one starts, as a reader stops it with Ctrl-C, or until the page ends. It answers, be it
that it asks who one is. `have_` is for notes: it starts what a page takes to be running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Outcome of a command: its page and line, what is wrong if so, whether it was run, and what it printed."""

    page: str
    line: int
    command: Command
    fault: str | None = None
    was_run: bool = True
    printed: str = ""


def pages_with_commands() -> list[Page]:
    """Return the pages that have commands."""
    pages = [read_page(path) for path in page_paths()]
    return [page for page in pages if any(commands(block) for block in page.blocks)]


def try_page(page: Page, sandbox: Sandbox, tell: Callable[[str], None] = print) -> list[Outcome]:
    """Run all commands of a page and return what became of each; tell of those that take long while they run."""
    found = [(block, command) for block in page.blocks for command in commands(block)]
    nothing = all(command.needs for _, command in found)
    script = FUNCTIONS + "".join(_steps(page, found))
    said = "" if nothing else sandbox.run(script, watch=Progress(page, found, tell))
    return [_outcome(page, block, command, said, number) for number, (block, command) in enumerate(found)]


def _steps(page: Page, found: list[tuple[Block, Command]]) -> list[str]:
    """Return the script: the files of the page when their turn comes, and each command between two marks."""
    steps, number = [], 0
    for block in page.blocks:
        if hidden := block.note("before"):
            steps.append(f"{hidden}\n")
        if block.file_name and not block.file_name.startswith("/"):
            name = shlex.quote(block.file_name)
            steps.append(f"mkdir -p $(dirname {name}); printf %s {shlex.quote(block.text)} >{name}\n")
        for _ in commands(block):
            steps.append(_step(found[number][1], number, block.note("input")))
            number += 1
    return steps


def _step(command: Command, number: int, typed: str | None) -> str:
    """Return the lines that run a command and say how it ended."""
    if command.needs:
        return ""
    told = f"start_server {command.answers} {shlex.quote(command.text)}" if command.answers else command.text
    entered = f" <<<{shlex.quote(typed)}" if typed else ""
    call = f"eval {shlex.quote(told)}{entered}"
    return f"echo; echo '@@ begin {number}'\n{call}\nstatus=$?; echo; echo \"@@ end {number} $status\"\n"


def _outcome(page: Page, block: Block, command: Command, said: str, number: int) -> Outcome:
    if command.needs:
        return Outcome(page=page.name, line=block.line, command=command, was_run=False)
    ended = re.search(rf"^@@ begin {number}\n(.*?)\n?^@@ end {number} (\d+)$", said, re.MULTILINE | re.DOTALL)
    if ended:
        fault = _fault(block, command, ended[1], int(ended[2]))
    elif f"@@ begin {number}\n" in said:
        fault = f"did not end; the last that was printed:\n{said[-2000:]}"
    else:
        fault = "was not reached"
    return Outcome(page=page.name, line=block.line, command=command, fault=fault, printed=ended[1] if ended else "")


def _fault(block: Block, command: Command, printed: str, status: int) -> str | None:
    """Return what is wrong with a command that was run: how it ended, or what it printed.

    A block's note `ends with` tells of its last command.
    """
    is_last = command.text == commands(block)[-1].text
    expected = int(block.note("ends with") or 0) if is_last else 0
    if status != expected:
        return f"ended with status {status}:\n{printed[-2000:]}"
    if command.prints is not None and not re.fullmatch(_pattern(command.prints), printed.strip()):
        return f"printed\n{printed}\nand the page says\n{command.prints}"
    return None


def _pattern(prints: str) -> str:
    """Return what an output has to match: three dots stand for what the page leaves out of a line."""
    return re.escape(prints.strip()).replace(re.escape("..."), ".+?")
