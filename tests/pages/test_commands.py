"""Every command of every page runs as it is written, but for those that say why not; in a sandbox, as root."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.pages.__main__ import main
from scripts.pages.commands import commands, program, split
from scripts.pages.markdown import ROOT, Block, Page, parse
from scripts.pages.progress import PATIENCE_SECONDS, Progress, first_line
from scripts.pages.run import Outcome, pages_with_commands, try_page
from scripts.pages.sandbox import Sandbox, make
from scripts.pages.table import Tried, table

PAGES = pages_with_commands()

MOST_LEFT_OUT = 0.4
"""Share of the commands that may have a reason not to run: more, and the others would show little."""


def found(text: str) -> list[tuple[str, str | None]]:
    """Return the commands of a page with this text, each with what it needs."""
    page = parse(ROOT / "README.md", text)
    return [(one.text, one.needs) for block in page.blocks for one in commands(block)]


def test_commands_keep_their_lines_together() -> None:
    script = "a \\\n  b\n\n# words\nfor x in 1; do\n  c\ndone\ncat <<'END'\nd  # e\nEND\nf |\n  g\nh 'i\nj'\n"
    assert list(split(script)) == [
        "a \\\n  b",
        "for x in 1; do\n  c\ndone",
        "cat <<'END'\nd  # e\nEND",
        "f |\n  g",
        "h 'i\nj'",
    ]


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("sudo /opt/ecotrack/bin/ecotrack --once", "ecotrack"),
        ("PYTHONPATH=. python -m tests", "python"),
        ("echo a | sudo tee b", "echo"),
        ("  ", ""),
    ],
)
def test_the_program_of_a_command_is_found(command: str, name: str) -> None:
    assert program(command) == name


def test_a_command_is_left_out_with_its_reason_and_the_others_of_its_block_are_not() -> None:
    block = "```sh\nls\n```\n\n"
    text = f"```sh\nsudo systemctl daemon-reload\nls\n```\n\n<!-- not run: takes hours -->\n{block}{block}"
    assert found(text) == [
        ("sudo systemctl daemon-reload", "needs systemd"),
        ("ls", None),
        ("ls", "takes hours"),
        ("ls", None),
    ]


def test_what_is_no_block_of_a_shell_has_no_commands() -> None:
    assert found("```yaml\nls: 1\n```\n\n```\nls\n```\n\n    ls\n") == []


def test_a_block_with_prompts_has_outputs() -> None:
    (block,) = parse(ROOT / "README.md", "```console\n$ a\n1\n2\n$ b\n```\n").blocks
    assert [(one.text, one.prints) for one in commands(block)] == [("a", "1\n2\n"), ("b", "")]


@pytest.mark.parametrize(
    ("command", "is_server"),
    [
        ("/opt/ecotrack/bin/ecotrack --collector.ipmi", True),
        (".venv/bin/ecotrack                # http://127.0.0.1:10110", True),
        (".venv/bin/ecotrack --once", False),
        (".venv/bin/ecotrack --config.file=a.yml --config.check", False),
        ("ecochain serve --scenario edge", True),
        ("ecochain serve --scenario mine.yaml --config.check", False),
        ("make up ECOTRACK_CONFIG=a.yml", True),
        ("prometheus --config.file=a.yml \\\n    --web.listen-address=127.0.0.1:9091", True),
        ("make docs", False),
    ],
)
def test_servers_are_told_from_commands_that_end(command: str, is_server: bool) -> None:
    (one,) = commands(Block(line=1, language="sh", text=f"{command}\n"))
    assert (one.answers is not None) is is_server


def test_most_commands_of_the_pages_run() -> None:
    all_of_them = [one for page in PAGES for block in page.blocks for one in commands(block)]
    left_out = [one for one in all_of_them if one.needs]
    assert len(all_of_them) > 250
    assert len(left_out) < MOST_LEFT_OUT * len(all_of_them)


def test_the_table_names_each_page_with_what_ran_and_why_the_rest_did_not() -> None:
    (run, left) = commands(Block(line=1, language="sh", text="ls\ndocker ps\n"))
    one = Outcome(page="a.md", line=1, command=run)
    failed = Outcome(page="b.md", line=1, command=run, fault="ended with status 1")
    out = Outcome(page="b.md", line=1, command=left, was_run=False)
    pages = [
        Tried(name="a.md", outcomes=(one,), seconds=1.2),
        Tried(name="b.md", outcomes=(failed, out, out), seconds=60.0),
    ]
    assert [line.split(maxsplit=6) for line in table(pages).splitlines()[1:3]] == [
        ["a.md", "1", "1", "-", "-", "1"],
        ["b.md", "3", "1", "1", "2", "60", "2 needs a Docker engine"],
    ]
    assert table(pages).endswith("2 of 4 commands were run, 50%")


def test_a_command_is_told_once_and_only_when_it_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    page = parse(ROOT / "README.md", "```sh\nls\nsleep 60 \\\n    && ls\n```\n")
    found = [(block, one) for block in page.blocks for one in commands(block)]
    told: list[str] = []
    progress, clock = Progress(page, found, told.append), [0.0]
    monkeypatch.setattr("scripts.pages.progress.time.monotonic", lambda: clock[0])
    said = "\n@@ begin 0\na\n\n@@ end 0 0\n\n@@ begin 1\n"
    for seconds, printed in ((0.0, ""), (1.0, said[:20]), (PATIENCE_SECONDS, said), (PATIENCE_SECONDS, said)):
        clock[0] = seconds
        progress(printed)
    assert told == []
    for later in (3.0, 4.0):
        clock[0] = later * PATIENCE_SECONDS
        progress(said)
    assert told == ["  at README.md:1: sleep 60 \\ ..."]
    assert first_line("x" * 1000).endswith("x ...")


@pytest.mark.parametrize(
    ("command", "becomes"),
    [
        ("ecochain experiment baseline --output a", " --replications 2 --methods standard"),
        ("ecochain experiment peers --workers 4", " --replications 2 --methods round-robin"),
        ("ecochain experiment peers --methods a --output a", " --replications 2"),
        ("ecochain experiment slope --output a", " --replications 2"),
        ("ecochain experiment slope --replications 10", " --replications 2"),
        ("ecochain experiment baseline --scenario published --output a", ""),
    ],
)
def test_experiments_are_made_shorter_but_those_that_are_short(command: str, becomes: str) -> None:
    assert found(f"```sh\n{command}\n```\n") == [(command + becomes, None)]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    if os.geteuid() != 0:
        pytest.skip("only root may lay a file system over that of the machine")
    yield make(tmp_path_factory.mktemp("pages") / "base")


def test_what_cannot_run_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["commands", "README.md"]) == 2
    assert capsys.readouterr().err.startswith("python -m scripts.pages: running commands needs ")
    with pytest.raises(SystemExit, match="2"):
        main(["commands", "--show", "docs/no-such-page.md"])
    assert "error: no such page: docs/no-such-page.md" in capsys.readouterr().err


def alive(argument: str) -> bool:
    """Tell whether a process on this machine has this argument."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if argument.encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                return True
    return False


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.full
def test_nothing_that_a_page_started_outlives_it_nor_ctrl_c(sandbox: Sandbox) -> None:
    mark, seen = f"86400.{os.getpid()}", []

    def stop(said: str) -> None:
        if "started" in said:
            seen.append(alive(mark))
            raise KeyboardInterrupt

    script = f"setsid sleep {mark} & trap '' INT TERM; sleep 1; echo started; "
    with pytest.raises(KeyboardInterrupt):
        sandbox.run(f"{script} sleep {mark}", watch=stop)
    assert seen == [True]
    assert not alive(mark)
    sandbox.run(script)
    assert not alive(mark)


FAULTS = """\
```sh
cd /tmp && pwd
false
ls /home/reader/ecotrack/README.md
mkdir -p /etc/ecotrack-page-was-tried
```

```console
$ pwd
/tmp
$ echo head 24:5440
head 25:...
$ echo head 24:5440
head 24:...
```

<!-- ends with: 3 -->
```sh
(exit 3) || (exit 2)
(exit 3)
```
"""


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.full
def test_a_command_that_fails_is_found_and_nothing_stays(sandbox: Sandbox) -> None:
    outcomes = try_page(parse(ROOT / "README.md", FAULTS), sandbox)
    assert [one.fault is None for one in outcomes] == [True, False, True, True, True, False, True, False, True]
    assert not Path("/etc/ecotrack-page-was-tried").exists()


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.full
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_runs(page: Page, sandbox: Sandbox) -> None:
    faults = [f"{one.page}:{one.line}: {one.command.text}\n{one.fault}" for one in try_page(page, sandbox) if one.fault]
    assert faults == []
