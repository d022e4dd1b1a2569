"""The original of the log's formats, the code of Go's checksum database, finds ours good and damaged ones bad."""

import os
import random
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.ledger.file.store import create_store
from tests.processes import TOOL_SECONDS
from tests.simulator.ledger.chains import Chain
from tests.simulator.ledger.examples import EXAMPLES
from tests.simulator.ledger.log.published import KEY, OTHER_KEY, checked, publish_to, write

LIBRARIES = Path("/usr/share/gocode")
"""Folder of Go's libraries in Debian."""

pytestmark = [pytest.mark.full, pytest.mark.servers, pytest.mark.slow]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the program of the documentation."""
    go = shutil.which("go")
    if go is None or not (LIBRARIES / "src/golang.org/x/mod/sumdb/tlog").exists():
        pytest.skip("Go and its x/mod are not installed: `make verify` installs them from Debian's packages as root")
    folder = tmp_path_factory.mktemp("go")
    where = {"GO111MODULE": "off", "GOPATH": str(LIBRARIES), "GOCACHE": str(folder / "cache"), "HOME": str(folder)}
    argv = [go, "build", "-o", str(folder / "check_log"), str(EXAMPLES / "check_log.go")]
    subprocess.run(argv, env={**os.environ, **where}, timeout=TOOL_SECONDS, check=True)
    return folder / "check_log"


def told(program: Path, folder: Path, key: str = KEY.verifier()) -> tuple[int, str, str]:
    """Return exit status, answer and complaint of the program."""
    argv = [str(program), str(folder), key]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize("blocks", [0, 1, 2, 255, 256, 257, 515])
def test_it_finds_logs_of_all_sizes_good(program: Path, tmp_path: Path, blocks: int) -> None:
    chain = Chain()
    with create_store(tmp_path / "ledger.db", chain.genesis) as store:
        # Nothing is asked of the disk here, and waiting for it takes longer than all else.
        store._database.execute("PRAGMA synchronous = OFF")
        for block, records in chain.blocks(blocks, 1):
            store.append(block, records, finalized=block.signed_header.header.number)
    done = publish_to(tmp_path / "log", tmp_path / "ledger.db").checkpoint
    answer = f"{tmp_path / 'log'}: good: {blocks} blocks of the log {KEY.name}; head {blocks}:{done.root.hex()}\n"
    assert told(program, tmp_path / "log") == (0, answer, "")
    status, _, complaint = told(program, tmp_path / "log", OTHER_KEY.verifier())
    assert (status, complaint) == (1, "note has no verifiable signatures\n")


def test_a_checkpoint_of_another_name_is_refused(program: Path, tmp_path: Path) -> None:
    done = publish_to(tmp_path / "log", write(tmp_path / "ledger.db")).checkpoint
    (tmp_path / "log/checkpoint").write_bytes(replace(done, origin="other.example").signed(KEY))
    assert told(program, tmp_path / "log") == (1, "", "the checkpoint is that of another log\n")
    assert checked(tmp_path / "log") == "wrong: the checkpoint is not written as it should be"


def test_it_finds_flipped_bits_of_checkpoint_and_tiles(program: Path, tmp_path: Path) -> None:
    publish_to(tmp_path / "log", write(tmp_path / "ledger.db"))
    draw = random.Random(1)  # noqa: S311 - which byte is damaged need be no secret
    for path in [tmp_path / "log/checkpoint", *(one for one in (tmp_path / "log/tile").rglob("*") if one.is_file())]:
        good = path.read_bytes()
        for _ in range(20):
            changed = bytearray(good)
            changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
            path.write_bytes(changed)
            assert told(program, tmp_path / "log")[0] != 0
        path.write_bytes(good)
    assert told(program, tmp_path / "log")[0] == 0
