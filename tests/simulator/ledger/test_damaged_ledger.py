"""The commands on ledgers that are damaged, or that nobody honest wrote: each says so in one line."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest
from msgspec.structs import replace

from simulator.cli import main
from simulator.ledger.consensus.transition import compute_body_root
from simulator.ledger.file.seal import seal, unseal
from simulator.ledger.record.codec import digest, encode
from simulator.ledger.record.types import MAX_INTEGER, Block, Body, SignedHeader
from tests.simulator.ledger.damage import DAMAGES
from tests.simulator.ledger.story import DEVICES, Story

READING = (
    ("show", "a.db"),
    ("show", "a.db", "--block", "9"),
    ("show", "a.db", "--claim", "1/2"),
    ("prove", "1/2", "--ledger", "a.db"),
    ("prove", "1/2", "--record", "4", "--ledger", "a.db"),
    ("prove", "--since", "7", "--ledger", "a.db"),
    ("export", "a.db"),
)

EXTREME = (0, 1, -1, 2**31, 2**62, MAX_INTEGER, -(2**63))


@cache
def good() -> bytes:
    path = Path("good.db")
    Story().tell(6).write(path)
    return path.read_bytes()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def change(path: Path, *statements: str) -> None:
    """Change a ledger as it never changes itself, and seal it again."""
    for statement in ("PRAGMA writable_schema = ON", *statements):
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("PRAGMA writable_schema = ON")
            database.execute(statement)
    seal(path)


LOOSE = "UPDATE sqlite_master SET sql = replace(sql, ' STRICT', '')"
"""Tables that take values of all types; so may a byte that is damaged make a blob a text."""


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that finds a fault, and return the one line that it says."""
    assert main(["ledger", *arguments]) == 1
    told = capsys.readouterr()
    assert told.err.count("\n") == 1
    return told.err.removeprefix("ecochain: a.db: ").removesuffix("\n")


@pytest.mark.parametrize(
    ("statement", "arguments"),
    [
        ("UPDATE meta SET value = 7 WHERE name = 'finalized'", ("show", "a.db")),
        ("UPDATE block SET data = 'text' WHERE number = 9", ("show", "a.db", "--block", "9")),
        ("UPDATE block SET data = 'text' WHERE number = 9", ("export", "a.db")),
        ("UPDATE claim SET place = 'first'", ("prove", "1/2", "--ledger", "a.db")),
        ("UPDATE record SET data = 'text'", ("prove", "1/2", "--record", "4", "--ledger", "a.db")),
        ("UPDATE block SET root = 3 WHERE number = 9", ("prove", "--since", "7", "--ledger", "a.db")),
    ],
)
def test_a_value_of_another_type_is_damage(
    capsys: pytest.CaptureFixture[str], statement: str, arguments: tuple[str, ...]
) -> None:
    path = Path("a.db")
    path.write_bytes(good())
    change(path, LOOSE, statement)
    assert refused(capsys, *arguments) == "holds a row with values that are not of their column's type"


@pytest.mark.parametrize(
    ("statement", "arguments", "told"),
    [
        ("UPDATE claim SET place = 99", ("show", "a.db", "--claim", "1/2"), "block 7 has no claim 1/2 in place 99"),
        ("UPDATE claim SET place = 0", ("prove", "1/2", "--ledger", "a.db"), "block 7 has no claim 1/2 in place 0"),
        ("UPDATE claim SET block = 77", ("prove", "1/2", "--ledger", "a.db"), "block 77 has no claim 1/2 in place 1"),
        (
            "DELETE FROM record",
            ("prove", "1/2", "--record", "4", "--ledger", "a.db"),
            "task record 4 of claim 1/2 is missing",
        ),
    ],
)
def test_a_row_that_leads_nowhere_is_damage(
    capsys: pytest.CaptureFixture[str], statement: str, arguments: tuple[str, ...], told: str
) -> None:
    path = Path("a.db")
    path.write_bytes(good())
    change(path, statement)
    assert refused(capsys, *arguments) == told


def test_more_task_records_than_a_file_can_number_are_damage(capsys: pytest.CaptureFixture[str]) -> None:
    story, path = Story(), Path("a.db")
    story.add(1)
    story.write(path)
    claim = story.signed(replace(story.claim(0, 1), records=MAX_INTEGER), DEVICES[0])
    body = Body(messages=(claim,))
    header = replace(story.blocks[0].signed_header.header, body_root=compute_body_root(body))
    block = Block(signed_header=SignedHeader(header=header, signature=bytes(64)), body=body)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE block SET root = ?, data = ?", (digest(header), encode(block)))
        database.execute("INSERT INTO claim VALUES (1, 0, 1, 1, 0, 1)")
    seal(path)
    told = "block 1: claim 0/1: its task records are not those that it states the root of"
    assert refused(capsys, "verify", "a.db") == told


def test_what_a_file_says_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("a.db")
    path.write_bytes(good())
    change(path, "UPDATE sqlite_master SET sql = replace(sql, 'record', char(27) || '[2J') WHERE name = 'record'")
    told = refused(capsys, "verify", "a.db")
    assert r"\x1b" in told
    assert "\x1b" not in told


def test_a_file_that_is_no_proof_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    deep = '{"kind":"claim","more":' + "[" * 100_000 + "]" * 100_000 + "}"
    Path("claim.json").write_text(deep, encoding="utf-8")
    assert main(["ledger", "check", "claim.json"]) == 2
    assert capsys.readouterr().err.startswith("ecochain: claim.json: is no proof that this version reads")


def extreme(path: Path, draw: random.Random) -> None:
    """Give rows a number that they cannot have, and seal the file again."""
    places = {"block": ("number",), "record": ("number",), "node": ("tree", "height", "place")}
    places["claim"] = ("number", "device", "sequence", "block", "place", "first_record")
    table = draw.choice(sorted(places))
    column = draw.choice(places[table])
    chosen = f"SELECT {column} FROM {table} LIMIT 1 OFFSET {draw.randrange(9)}"  # noqa: S608 - names of our own
    value = draw.choice(EXTREME)
    change(path, f"UPDATE OR REPLACE {table} SET {column} = {value} WHERE {column} = ({chosen})")  # noqa: S608 - so are these


@pytest.mark.slow
@pytest.mark.parametrize("damage", [*dict.fromkeys(DAMAGES), extreme])
def test_whatever_is_damaged_ends_in_one_line(
    capsys: pytest.CaptureFixture[str], damage: Callable[[Path, random.Random], None]
) -> None:
    path, draw = Path("a.db"), random.Random(1)  # noqa: S311 - what to damage
    for number in range(8):
        path.write_bytes(good())
        damage(path, draw)
        if number % 2 and path.stat().st_size >= 4096:
            unseal(path)
        for arguments in READING:
            status = main(["ledger", *arguments])
            told = capsys.readouterr()
            assert status in {0, 1, 2}
            assert told.err.count("\n") == (status > 0)


def test_the_ledger_itself_is_not_written_over(capsys: pytest.CaptureFixture[str]) -> None:
    path, link = Path("a.db"), Path("link.db")
    path.write_bytes(good())
    link.symlink_to(path)
    for output in ("a.db", "./a.db", "link.db"):
        for arguments in (("export", "a.db"), ("prove", "1/2", "--ledger", "a.db")):
            assert main(["ledger", *arguments, "--output", output]) == 2
            told = capsys.readouterr().err
            assert told == f"ecochain: --output: {Path(output)}: is the ledger itself, which would be lost\n"
    assert path.read_bytes() == good()
