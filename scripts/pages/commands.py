"""Commands of a block as a shell reads them, each with what becomes of it: run, started as a server, or why not."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from scripts.pages.markdown import Block

SHELLS = ("sh", "bash", "console")
"""Languages of blocks that a reader types into a shell; one with prompts has the outputs between them."""

ELSEWHERE = {
    "apt": "a network",
    "dask": "a second computer",
    "docker": "a Docker engine",
    "journalctl": "systemd",
    "kubectl": "a cluster",
    "systemctl": "systemd",
    "udevadm": "devices",
    "useradd": "the users of a system",
}
"""Need of a program that a sandbox does not have. Its commands are left out, and the others of the block are run."""

SERVERS = (
    (r"ecochain serve(?!.*--config\.check)", "http://127.0.0.1:10111/-/ready"),
    (r"ecotrack( --(config|collector|web|state)[\w.=:/-]*)*$(?<!--config\.check)", "http://127.0.0.1:10110/-/ready"),
    (r"prometheus .*127\.0\.0\.1:9091", "http://127.0.0.1:9091/-/ready"),
    (r"make up\b.*ONLY=ecotrack(?!,)", "http://127.0.0.1:10110/-/ready"),
    (r"make up\b", "http://127.0.0.1:9090/-/ready"),
)
"""Programs that run until they are stopped, and where each answers 200 once it does its work."""

SHORTER = (
    (r"ecochain experiment (?!.*--scenario published)", "--replications 2"),
    (r"ecochain experiment baseline (?!.*--(methods|scenario published))", "--methods standard"),
    (r"ecochain experiment peers (?!.*--(methods|scenario published))", "--methods round-robin"),
)
"""Commands that take minutes or hours as they stand, each with what is added to it: of two flags the last one counts.

The published model takes seconds.
"""

SUDO = re.compile(r"^(?:sudo|PYTHONPATH=\S+|NPY_\w+=\"[^\"]*\")\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Command with what it is said to print (None where the page says nothing), and what becomes of it.

    `needs` is what it needs that is not there, `answers` the address at which a server answers.
    """

    text: str
    prints: str | None = None
    needs: str | None = None
    answers: str | None = None


def commands(block: Block) -> list[Command]:
    """Return the commands of a block; none where it is no block of a shell."""
    if block.language not in SHELLS:
        return []
    shown = _prompts(block.text) if block.language == "console" else ((text, None) for text in split(block.text))
    return [_classified(text, prints, block) for text, prints in shown]


def split(text: str) -> Iterator[str]:
    """Yield the commands of a script, each with all of its lines: quotes, loops, here-documents, broken lines."""
    gathered = ""
    for line in text.splitlines(keepends=True):
        gathered += line
        if not gathered.strip() or gathered.strip().startswith("#"):
            gathered = ""
        elif not _goes_on(gathered):
            yield gathered.rstrip("\n")
            gathered = ""
    if gathered.strip():
        yield gathered.rstrip("\n")


def program(command: str) -> str:
    """Return the name of the program that a command calls, without its folder and what stands before it."""
    words = _called(command).split()
    return words[0].rpartition("/")[2] if words else ""


def _called(command: str) -> str:
    """Return a command without what stands before its program: sudo, and variables of the environment."""
    bare = command.strip()
    while found := SUDO.match(bare):
        bare = bare[found.end() :]
    return bare


def without_comment(command: str) -> str:
    """Return a command of one line without the comment at its end."""
    return re.sub(r"\s{2,}#\s.*$", "", command)


def _goes_on(text: str) -> bool:
    """Tell whether a shell waits for another line after this text."""
    if re.search(r"(\\|\||&&)$", text.rstrip("\n")):
        return True
    checked = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, timeout=120, check=False)
    return checked.returncode != 0 or "here-document" in checked.stderr


def _prompts(text: str) -> Iterator[tuple[str, str]]:
    """Yield the commands behind the prompts, each with what stands below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, prints = part.partition("\n")
        yield command, prints


def _classified(text: str, prints: str | None, block: Block) -> Command:
    bare = without_comment(text)
    name = program(bare)
    if reason := block.note("not run"):
        return Command(text=text, needs=reason)
    if name in ELSEWHERE:
        return Command(text=text, needs=f"needs {ELSEWHERE[name]}")
    bare += "".join(f" {flags}" for pattern, flags in SHORTER if re.search(pattern, bare, re.DOTALL))
    call = re.sub(r"^\S*/", "", _called(bare))
    answers = next((url for pattern, url in SERVERS if re.match(pattern, call, re.DOTALL)), None)
    return Command(text=bare, prints=prints, answers=answers and (block.note("answers") or answers))
