"""The checker of published logs against blocks and proofs that were forged, and texts that only look like a proof."""

import base64
import os
import shutil
from collections.abc import Callable
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tlog_scales.signing import Vkey

from simulator.ledger.file.reading import open_reader
from simulator.ledger.file.store import create_store
from simulator.ledger.log.block_proof import prove_block
from simulator.ledger.log.tiles import block_name
from simulator.ledger.record.codec import digest
from tests.prometheus.stack import Quiet, serving
from tests.simulator.ledger.chains import Chain
from tests.simulator.ledger.log.published import KEY, checked, checker, publish_to, write
from tests.simulator.ledger.story import story

BLOCK = 7
"""Number of a block with claims in it."""


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("good")
    publish_to(folder / "log", write(folder / "ledger.db"))
    with open_reader(folder / "ledger.db") as reader:
        return prove_block(reader, BLOCK, folder / "log/checkpoint")


def block() -> bytes:
    """Return the bytes of the block that the proof is about."""
    return msgspec.msgpack.encode(story().blocks[BLOCK - 1])


def said(folder: Path, proof: bytes, data: bytes) -> str:
    """Return what the checker says of a proof and a block; nothing where they are good."""
    (folder / "block.tlog-proof").write_bytes(proof)
    (folder / "block").write_bytes(data)
    try:
        checker().check_proof(folder / "block.tlog-proof", folder / "block", Vkey.from_string(KEY.verifier()))
    except checker().WRONG as error:
        return str(error) or type(error).__name__
    return ""


def in_another_part(data: bytes) -> bytes:
    header, (votes, evidence, messages) = msgspec.msgpack.decode(data)
    return msgspec.msgpack.encode([header, [votes, [*evidence, messages[0]], messages[1:]]])


def with_another_part(data: bytes) -> bytes:
    header, body = msgspec.msgpack.decode(data)
    return msgspec.msgpack.encode([header, [*body, []]])


def without_a_message(data: bytes) -> bytes:
    header, (*before, messages) = msgspec.msgpack.decode(data)
    return msgspec.msgpack.encode([header, [*before, messages[:-1]]])


FORGERIES: list[Callable[[bytes], bytes]] = [
    in_another_part,
    with_another_part,
    without_a_message,
    lambda data: data + b"\xc0",
    lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    lambda _: msgspec.msgpack.encode(story().blocks[BLOCK]),
    lambda _: b"",
    lambda _: b"\x92\x92\x05\x05\x93\x91\x05\x90\x90",
]


@pytest.mark.parametrize("forge", FORGERIES)
def test_a_forged_block_has_no_proof(proof: bytes, tmp_path: Path, forge: Callable[[bytes], bytes]) -> None:
    assert said(tmp_path, proof, block()) == ""
    assert said(tmp_path, proof, forge(block()))


@pytest.mark.parametrize("forge", FORGERIES[:5])
def test_a_forged_block_in_a_folder_is_found(tmp_path: Path, forge: Callable[[bytes], bytes]) -> None:
    publish_to(tmp_path / "log", write(tmp_path / "ledger.db"))
    assert checked(tmp_path / "log").startswith("good: ")
    header = story().blocks[BLOCK - 1].signed_header.header
    (tmp_path / "log" / block_name(digest(header))).write_bytes(forge(block()))
    assert checked(tmp_path / "log").endswith("has another body")


@pytest.mark.parametrize("name", ["checkpoint", "genesis", "tile/0/000.p/15", "tile/entries/000.p/15", "more"])
@pytest.mark.parametrize("lay", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_a_pipe_or_a_link_in_a_folder_is_refused(tmp_path: Path, name: str, lay: Callable[[Path], None]) -> None:
    publish_to(tmp_path / "log", write(tmp_path / "ledger.db"))
    path = tmp_path / "log" / name
    path.unlink(missing_ok=True)
    lay(path)
    assert checked(tmp_path / "log") == f"wrong: {path}: expected a file, got something else"


@pytest.mark.parametrize("name", ["block.tlog-proof", "block"])
def test_a_pipe_in_place_of_a_proof_or_its_block_is_refused(proof: bytes, tmp_path: Path, name: str) -> None:
    assert said(tmp_path, proof, block()) == ""
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    with pytest.raises(ValueError, match="expected a file, got something else"):
        checker().check_proof(tmp_path / "block.tlog-proof", tmp_path / "block", Vkey.from_string(KEY.verifier()))


@pytest.mark.parametrize("old", [b"index 6", b"index 6\n"])
@pytest.mark.parametrize("new", [b"index 06", b"index +6", b"index 0_6", b"index  6", b"index 5", b"index -9", b"6"])
def test_an_index_in_another_spelling_is_none(proof: bytes, tmp_path: Path, old: bytes, new: bytes) -> None:
    assert said(tmp_path, proof.replace(old, new), block())


def test_a_hash_in_another_spelling_is_none(proof: bytes, tmp_path: Path) -> None:
    line = proof.split(b"\n")[2]
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    # Two bits of the last letter before the padding say nothing.
    other = line[:-2] + letters[(place := letters.index(line[-2:-1])) + 1 : place + 2] + b"="
    assert base64.b64decode(other) == base64.b64decode(line)
    assert "no proof" in said(tmp_path, proof.replace(line, other), block())


def test_ends_of_lines_are_those_of_the_format(proof: bytes, tmp_path: Path) -> None:
    assert said(tmp_path, proof.replace(b"\n", b"\r\n"), block())
    assert said(tmp_path, proof.replace(b"index 6\n", b"index 6\n\n"), block())
    assert said(tmp_path, proof.rstrip(b"\n"), block())


def test_a_line_of_extra_data_is_left_to_whom_it_is_for(proof: bytes, tmp_path: Path) -> None:
    assert said(tmp_path, proof.replace(b"index 6", b"extra AAAA\nindex 6"), block()) == ""
    assert said(tmp_path, proof.replace(b"index 6", b"extras AAAA\nindex 6"), block())


@pytest.mark.parametrize("blocks", [0, 1, 257])
def test_a_log_is_fetched_from_a_web_server(tmp_path: Path, blocks: int) -> None:
    chain = Chain()
    with create_store(tmp_path / "ledger.db", chain.genesis) as store:
        for block, records in chain.blocks(blocks, 1):
            store.append(block, records, finalized=block.signed_header.header.number)
    publish_to(tmp_path / "log", tmp_path / "ledger.db")

    class Files(Quiet, SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(tmp_path / "log"))

    key, fetch = Vkey.from_string(KEY.verifier()), checker().fetch
    with serving(Files) as server:
        url = f"http://{server}"
        fetch(f"{url}/", key, tmp_path / "copy")
        assert checked(tmp_path / "copy") == checked(tmp_path / "log")
        assert checked(tmp_path / "copy").startswith(f"good: {blocks} blocks")
        shutil.rmtree(tmp_path / "log/tile", ignore_errors=True)
        (tmp_path / "log/genesis").unlink()
        with pytest.raises(ValueError, match=r"^(tile/entries|genesis).* is not there$"):
            fetch(url, key, tmp_path / "another")
