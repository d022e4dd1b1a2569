"""The command `ecochain ledger`, in this process: what it says of good files, of damaged ones and of mistakes."""

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

from simulator.cli import main
from simulator.ledger.file.seal import is_sealed, unseal
from simulator.ledger.file.store import open_store
from simulator.ledger.record.types import Instrument
from tests.simulator.ledger.examples import EXAMPLES
from tests.simulator.ledger.story import Story
from tests.simulator.ledger.story import story as whole_story


@cache
def story() -> Story:
    return Story().tell(6)


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("ledger.db")
    story().write(path, 12)
    return path


def grow(ledger: Path) -> None:
    with open_store(ledger) as store:
        story().append(store)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that succeeds, and return what it prints."""
    assert main(["ledger", *arguments]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    return told.out


def refused(capsys: pytest.CaptureFixture[str], status: int, *arguments: str) -> str:
    """Run a command that fails, and return the one line that it says."""
    assert main(["ledger", *arguments]) == status
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    return told.err


def head_of(capsys: pytest.CaptureFixture[str], ledger: Path) -> str:
    return said(capsys, "show", str(ledger)).split()[-1]


def test_a_ledger_is_verified_shown_and_proven(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, "verify", "ledger.db")
    assert told.startswith(
        "ledger.db: good: 12 blocks, 3 of them final, 9 claims, 72 task records; every byte as it was sealed\n"
        "outputs of models: 12 executed again, 0 of models that are not known here\nhead 12:"
    )
    head = head_of(capsys, ledger)
    assert told.endswith(f"head {head}\n")
    assert said(capsys, "prove", "1/2", "--record", "4", "--output", "claim.json") == "claim.json: written\n"
    chain = said(capsys, "show", "ledger.db").split()[1]
    proposer = json.loads(said(capsys, "show", "ledger.db", "--block", "12"))["signed_header"]["header"]["proposer"]
    checked = said(capsys, "check", "claim.json", "--head", head)
    assert checked == (
        f"claim.json: claim 1/2 is in block 7 of the ledger with the head {head}\n"
        "claim.json: task record 4 of 8 is in that claim\n"
        f"claim.json: validator {proposer} of the chain {chain} signed the head {head}\n"
        "The device's own signature is not checked: its key is in the ledger, which `verify` checks.\n"
    )
    assert "or have noted that head" in said(capsys, "check", "claim.json")
    assert json.loads(said(capsys, "show", "ledger.db", "--claim", "1/2"))["message"]["sequence"] == 2
    assert (
        json.loads(said(capsys, "show", "ledger.db", "--block", "7"))["body"]["messages"][1]["message"]["device"] == 1
    )


@pytest.mark.slow
def test_the_credits_of_a_project_are_shown_with_or_without_a_state_that_is_kept(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.unlink()
    told = whole_story()
    told.write(ledger)
    shown = said(capsys, "show", "ledger.db", "--credits")
    state = told.replay.ledger
    account, total = state.accounts[0], state.totals[int(Instrument.CREDIT)]
    assert total.issued > 0
    assert shown == (
        f"project 0: allowed {account.allowed} \u00b5g, emitted {account.emitted} \u00b5g, "
        f"balance {account.allowed - account.emitted - (account.parts > 0)} \u00b5g\n"
        f"project 0: {total.issued} \u00b5g of credits issued: {total.held} held, {total.retired} retired, "
        f"{total.cancelled} cancelled; {account.owed} owed\n"
    )
    unseal(ledger)
    with closing(sqlite3.connect(ledger)) as database, database:
        database.execute("UPDATE meta SET value = x'' WHERE name = 'state'")
    assert said(capsys, "show", "ledger.db", "--credits") == shown


@pytest.mark.slow
def test_a_ledger_is_held_against_an_older_head(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = head_of(capsys, ledger)
    grow(ledger)
    told = said(capsys, "verify", "ledger.db", "--head", before)
    assert "good: 18 blocks" in told
    assert told.endswith("that begins with the blocks of the head that you noted\n")
    said(capsys, "prove", "--since", "12", "--output", "growth.json")
    assert f"begins with all blocks of that with {before}" in said(capsys, "check", "growth.json", "--head", before)
    other = f"12:{'00' * 32}"
    assert "not about the trusted one" in refused(capsys, 1, "check", "growth.json", "--head", other)
    assert refused(capsys, 1, "verify", "ledger.db", "--head", other) == (
        "ecochain: ledger.db: its first 12 blocks are not those of the trusted head\n"
    )


@pytest.mark.slow
def test_a_ledger_that_was_cut_back_is_found_by_a_head(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    older = ledger.read_bytes()
    grow(ledger)
    head = head_of(capsys, ledger)
    ledger.write_bytes(older)
    said(capsys, "verify", "ledger.db")
    assert refused(capsys, 1, "verify", "ledger.db", "--head", head) == (
        "ecochain: ledger.db: has 12 blocks, and had 18 at the trusted head\n"
    )


def test_all_blocks_are_exported(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "export", "ledger.db", "--output", "out.jsonl")
    genesis, *blocks = [json.loads(line) for line in Path("out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert genesis["kind"] == "Genesis"
    assert [block["signed_header"]["header"]["slot"] for block in blocks] == [1, 2, 3, 4, 6, 7, 8, 10, 11, 12, 14, 15]
    assert said(capsys, "export", "ledger.db") == Path("out.jsonl").read_text(encoding="utf-8")


def test_damage_is_one_line_and_status_1(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = bytearray(ledger.read_bytes())
    content[5000] ^= 1
    ledger.write_bytes(content)
    for command in (("verify",), ("show",), ("export",)):
        assert refused(capsys, 1, *command, "ledger.db") == (
            "ecochain: ledger.db: page 2 (bytes 4096 to 8191) is not as it was sealed\n"
        )
    assert "page 2" in refused(capsys, 1, "prove", "1/3")


@pytest.mark.slow
def test_a_ledger_that_was_not_closed_is_verified_all_the_same(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unseal(ledger)
    assert "good: 12 blocks" in (told := said(capsys, "verify", "ledger.db"))
    assert "not closed, so not every byte could be checked" in told
    assert not is_sealed(ledger)
    with open_store(ledger):
        assert "good: 12 blocks" in said(capsys, "verify", "ledger.db")


def test_a_damaged_proof_is_one_line_and_status_1(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "prove", "1/3", "--output", "claim.json")
    proof = json.loads(Path("claim.json").read_text(encoding="utf-8"))
    Path("claim.json").write_text(json.dumps({**proof, "place": 0}), encoding="utf-8")
    assert refused(capsys, 1, "check", "claim.json") == (
        "ecochain: claim.json: does not hold: the claim is not in the block: proof of another root\n"
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["verify", "gone.db"], "gone.db: cannot be used: No such file or directory"),
        (["show", "."], ".: cannot be used: Is a directory"),
        (["check", "gone.json"], "gone.json: cannot be read: No such file or directory"),
        (["check", "ledger.db"], "ledger.db: is a ledger, which `ecochain ledger verify` checks"),
        (["prove"], "ledger prove: expected either a CLAIM, as 3/17, or --since BLOCKS"),
        (["prove", "1/3", "--since", "3"], "ledger prove: expected either a CLAIM, as 3/17, or --since BLOCKS"),
        (["prove", "--since", "3", "--record", "3"], "--record: expected a CLAIM that it is one of"),
        (["prove", "9/9"], "ledger.db: has no claim 9/9"),
        (["prove", "1/3", "--record", "99"], "ledger.db: claim 1/3 has 9 task records, numbered from 0"),
        (["prove", "--since", "99"], "ledger.db: has 12 blocks, of which none is number 99"),
        (["prove", "1/3", "--output", "no/where.json"], "--output: no/where.json: cannot be written: No such file"),
        (["prove", "1/3", "--output", "-"], "--output: expected a file, got -; without --output it goes to"),
        (["export", "ledger.db", "--output", "-"], "--output: expected a file, got -; without --output it goes to"),
        (["show", "ledger.db", "--block", "99"], "ledger.db: has no block 99"),
        (["show", "ledger.db", "--claim", "9/9"], "ledger.db: has no claim 9/9"),
        (["show", "ledger.db", "--block", f"{2**64}"], f"ledger.db: has no block {2**64}"),
        (["show", "ledger.db", "--claim", f"{2**64}/1"], f"ledger.db: has no claim {2**64}/1"),
        (["prove", f"1/{2**64}"], f"ledger.db: has no claim 1/{2**64}"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    ledger: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert refused(capsys, 2, *arguments).startswith(f"ecochain: {told}")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["prove", "three"], 'argument CLAIM: expected DEVICE/SEQUENCE, as 3/17, got "three"'),
        (["prove", "1/3", "--record", "-1"], 'argument --record: expected a whole number >= 0, got "-1"'),
        (["check", "a", "--head", "8:xy"], "argument --head: expected BLOCKS:ROOT with a root of 64 hexadecimal"),
        (["verify"], "the following arguments are required: FILE"),
    ],
)
def test_a_flag_that_cannot_be_read_is_one_line(
    ledger: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["ledger", *arguments])
    assert capsys.readouterr().err.startswith(f"ecochain ledger {arguments[0]}: {told}")


PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "audit-a-ledger.md"


def test_the_walk_of_the_how_to_page_says_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    whole_story().write(Path("ledger.db"))
    shown = "".join(re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
    commands = re.findall(r"\$ (\S+) (.*)\n((?:[^$].*\n)*)", shown)
    assert len(commands) == 9
    for program, arguments, expected in commands:
        if program == "ecochain":
            assert main(arguments.split()) == 0
            told = capsys.readouterr().out
        else:
            script, *rest = arguments.split()
            command = [sys.executable, str(EXAMPLES / script), *rest]
            told = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True).stdout
        pattern = re.escape(expected).replace(re.escape("..."), "[0-9a-f]{64}")
        assert re.fullmatch(pattern, told), (arguments, told)


def test_a_full_disk_ends_in_one_line(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["export", "ledger.db"], ["prove", "1/2"]):
        assert "--output: /dev/full: cannot be written: No space left" in refused(
            capsys, 2, *command, "--output", "/dev/full"
        )


def test_another_database_is_no_ledger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE other (a)")
    assert refused(capsys, 1, "verify", str(path)) == (
        f"ecochain: {path}: page 1 (bytes 0 to 4095) is not the first page of a ledger\n"
    )
