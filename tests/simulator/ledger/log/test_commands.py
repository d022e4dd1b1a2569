"""The commands `publish` and `prove --block`, as people type them."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.cli import main
from simulator.ledger.file.store import create_store, open_store
from simulator.ledger.record.key_file import create_key, read_key
from tests.processes import TOOL_SECONDS
from tests.simulator.ledger.chains import Chain
from tests.simulator.ledger.examples import EXAMPLES
from tests.simulator.ledger.log.published import checked, contents, write
from tests.simulator.ledger.story import story

RUN = hashlib.sha256(b"a scenario and its seed").digest()

PUBLISH = ["ledger", "publish", "ledger.db", "--key", "log.key", "--output", "log"]
PROVE = ["ledger", "prove", "--log", "log", "--output", "block.tlog-proof", "--block"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with a ledger and a key the current one."""
    monkeypatch.chdir(tmp_path)
    write(Path("ledger.db"))
    create_key(Path("log.key"), "ledger.example/demo")
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], status: int, *arguments: str) -> str:
    """Run a command that fails, and return the one line that it says."""
    assert main([*arguments]) == status
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    return told.err


def test_a_ledger_is_published_and_found_good(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = read_key(Path("log.key"))
    assert main(PUBLISH) == 0
    first, head, verifier = capsys.readouterr().out.splitlines()
    assert first.startswith("log: 15 blocks are published, 15 of them new; 20 files written in ")
    assert head.startswith("head 15:")
    assert verifier == f"verified by {key.verifier()}"
    assert checked(folder / "log", key).startswith("good: ")
    assert sorted(path.name for path in folder.iterdir()) == ["ledger.db", "log", "log.key", "log.key.signed"]
    assert main(PUBLISH) == 0
    assert capsys.readouterr().out.startswith("log: 15 blocks are published, 0 of them new; 0 files written in ")
    page = Path("log/index.html").read_text()
    for shown in (key.name, key.verifier(), head.partition(":")[2], story().chain_id.hex(), "<dd>a story</dd>"):
        assert shown in page
    first_block = page.partition('<a href="block/')[2].partition('"')[0]
    assert (folder / "log/block" / first_block).is_file()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("name", "shown"),
    [(b"<script>&", "&lt;script&gt;&amp;"), (b"demo\xff", "64656d6fff"), (b"\x1b[2J", "1b5b324a"), (RUN, RUN.hex())],
)
def test_the_page_shows_any_name_as_text(
    tmp_path: Path, name: bytes, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    chain = Chain(name=name)
    with create_store(Path("named.db"), chain.genesis) as store:
        for block, records in chain.blocks(1):
            store.append(block, records, finalized=1)
    assert main(["ledger", "publish", "named.db", "--key", "log.key", "--output", "named"]) == 0
    page = (tmp_path / "named/index.html").read_text()
    assert f"<dt>Name of the ledger</dt><dd>{shown}</dd>" in page
    assert ("A simulated cluster" in page) == ("the cluster is simulated" in capsys.readouterr().out) == (name == RUN)
    assert main(["ledger", "show", "named.db"]) == 0
    assert ("the cluster is simulated" in capsys.readouterr().out) == (name == RUN)


@pytest.mark.servers
@pytest.mark.usefixtures("folder")
def test_the_foreign_program_writes_the_same_proof_and_ours_is_good(capsys: pytest.CaptureFixture[str]) -> None:
    main(PUBLISH)
    main([*PROVE, "7"])
    capsys.readouterr()
    tool = [sys.executable, "-m", "tlog_scales.cli"]
    theirs = subprocess.run([*tool, "gen-proof", "./log", "6"], capture_output=True, timeout=TOOL_SECONDS, check=True)
    assert theirs.stdout == Path("block.tlog-proof").read_bytes()
    root = subprocess.run(
        [*tool, "get-leaf", "--check", "./log", "6"], capture_output=True, timeout=TOOL_SECONDS, check=True
    ).stdout.hex()
    assert "which programs for such logs check" in refused(capsys, 2, "ledger", "check", "block.tlog-proof")
    key, program = read_key(Path("log.key")).verifier(), EXAMPLES / "check_log.py"
    for place, status in ((root, 0), (f"{'0' * 64}", 1)):
        block = f"log/block/{place[:2]}/{place}"
        told = subprocess.run(
            [sys.executable, program, "block.tlog-proof", key, block],
            capture_output=True,
            text=True,
            timeout=TOOL_SECONDS,
            check=False,
        )
        assert told.returncode == status
        assert told.stdout.startswith("block.tlog-proof: good: block 7 is in the log" if root == place else "")
    told = subprocess.run(
        [sys.executable, program, "log", key], capture_output=True, text=True, timeout=TOOL_SECONDS, check=True
    )
    assert told.stdout.startswith("log: good: 15 blocks of the chain ")


@pytest.mark.servers
@pytest.mark.usefixtures("folder")
def test_a_ledger_that_is_in_use_is_published_as_it_is() -> None:
    with open_store(Path("ledger.db")):
        done = subprocess.run(
            [sys.executable, "-m", "simulator", *PUBLISH],
            capture_output=True,
            text=True,
            timeout=TOOL_SECONDS,
            check=True,
        )
    assert done.stdout.startswith("log: 15 blocks are published")
    assert checked(Path("log"), read_key(Path("log.key"))).startswith("good: ")


def test_mistakes_are_told_in_a_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("log.key").chmod(0o644)
    assert "chmod 600" in refused(capsys, 2, *PUBLISH)
    Path("log.key").chmod(0o600)
    assert "lies in the folder" in refused(capsys, 2, *PUBLISH[:-1], ".")
    assert "ledger.db: cannot be used" in refused(capsys, 2, "ledger", "publish", "none/ledger.db", *PUBLISH[3:])
    assert "log.key/log: cannot be used: Not a directory" in refused(capsys, 2, *PUBLISH[:-1], "log.key/log")
    assert not (folder / "log/checkpoint").exists()
    Path("log.key").unlink()
    assert "cannot be read: No such file" in refused(capsys, 2, *PUBLISH)


def test_a_ledger_that_forks_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(PUBLISH) == 0
    capsys.readouterr()
    whole = contents(folder / "log")
    shutil.move("ledger.db", "long.db")
    write(Path("ledger.db"), 12)
    told = refused(capsys, 1, *PUBLISH)
    assert told.endswith("3 blocks of ledger.db are final, and 15 were published; a log never takes back a block\n")
    assert contents(folder / "log") == whole


@pytest.mark.usefixtures("folder")
def test_proofs_of_blocks_that_are_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert "log/checkpoint: cannot be read" in refused(capsys, 2, *PROVE, "1")
    main(PUBLISH)
    capsys.readouterr()
    for number in ("0", "16"):
        assert f"has 15 blocks, of which none is number {number}" in refused(capsys, 2, *PROVE, number)
    assert "belong together" in refused(capsys, 2, "ledger", "prove", "--block", "1")
    assert "expected either" in refused(capsys, 2, "ledger", "prove", "1/1", "--block", "1", "--log", "log")
    Path("log/checkpoint").write_text("nothing\n")
    assert "is no checkpoint of a log" in refused(capsys, 2, *PROVE, "1")
    with create_store(Path("other.db"), Chain().genesis):
        pass
    main(["ledger", "key", "--name", "other.example", "--output", "other.key"])
    main(["ledger", "publish", "other.db", "--key", "other.key", "--output", "other"])
    capsys.readouterr()
    for ledger, log, told in (("other.db", "log", "no checkpoint"), ("ledger.db", "other", "has 0 blocks")):
        assert told in refused(capsys, 2, "ledger", "prove", "--block", "1", "--log", log, "--ledger", ledger)
