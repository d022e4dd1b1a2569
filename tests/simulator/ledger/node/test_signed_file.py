"""The memory of what was signed: it is on the disk before anything is sent, and a damaged one is not believed."""

import resource
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from simulator.ledger.consensus.memory import Signed
from simulator.ledger.file.faults import DamagedError, StoreError
from simulator.ledger.node.signed_file import SignedFile, create_signed, open_signed
from simulator.ledger.record.types import AttestationData, Checkpoint

CHAIN = bytes(32)
HERE = Checkpoint(epoch=3, root=bytes(32))
VOTE = AttestationData(validator=2, slot=17, head=bytes(32), source=HERE, target=Checkpoint(epoch=4, root=bytes(32)))
SIGNED = Signed(proposed=16, vote=VOTE)


def kept(folder: Path) -> SignedFile:
    memory = create_signed(folder / "signed", CHAIN, 2)
    memory.keep(SIGNED)
    return memory


def test_what_was_signed_is_there_after_a_restart(tmp_path: Path) -> None:
    path = kept(tmp_path).path
    assert open_signed(path, CHAIN, 2).last == SIGNED
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["signed"]


def test_a_memory_is_begun_once(tmp_path: Path) -> None:
    path = kept(tmp_path).path
    with pytest.raises(StoreError, match=rf"^{path}: there is a file already$"):
        create_signed(path, CHAIN, 2)


@pytest.mark.parametrize(("chain_id", "validator"), [(bytes([1]) * 32, 2), (CHAIN, 1)])
def test_the_memory_of_another_is_refused(tmp_path: Path, chain_id: bytes, validator: int) -> None:
    path = kept(tmp_path).path
    with pytest.raises(DamagedError, match=r"is the memory of another validator, or of another chain$"):
        open_signed(path, chain_id, validator)


def test_of_two_that_share_a_memory_one_signs(tmp_path: Path) -> None:
    """As after a copied ledger file, whose lock is its own."""
    first = kept(tmp_path)
    second = open_signed(first.path, CHAIN, 2)
    first.keep(replace(SIGNED, proposed=20))
    for _ in range(2):
        with pytest.raises(StoreError, match=r"signed: is not as this process has left it, which so signs no more$"):
            second.keep(replace(SIGNED, proposed=21))
    first.keep(replace(SIGNED, proposed=22))
    assert open_signed(first.path, CHAIN, 2).last == first.last == replace(SIGNED, proposed=22)
    assert second.last == SIGNED


def test_a_memory_that_is_taken_away_is_not_written_anew(tmp_path: Path) -> None:
    memory = kept(tmp_path)
    memory.path.unlink()
    with pytest.raises(StoreError, match=r"is not as this process has left it"):
        memory.keep(replace(SIGNED, proposed=20))
    assert list(tmp_path.iterdir()) == []


def test_what_a_crash_left_beside_a_memory_does_not_matter(tmp_path: Path) -> None:
    memory = kept(tmp_path)
    memory.path.with_name("signed-new").write_bytes(b"x" * 9000)
    memory.keep(replace(SIGNED, proposed=20))
    assert open_signed(memory.path, CHAIN, 2).last.proposed == 20


def test_a_memory_that_is_gone_is_not_begun_anew(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"signed: cannot be used: No such file or directory$"):
        open_signed(tmp_path / "signed", CHAIN, 2)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_or_length_is_found(tmp_path: Path, data: st.DataObject) -> None:
    (tmp_path / "signed").unlink(missing_ok=True)
    path = kept(tmp_path).path
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    else:
        content = content[: data.draw(st.integers(0, len(content) - 1))] + data.draw(st.sampled_from([b"", b"\0"]))
    assume(content != path.read_bytes())  # the last byte is a zero
    path.write_bytes(content)
    with pytest.raises(DamagedError, match=r"signed: .+$"):
        open_signed(path, CHAIN, 2)


def test_a_full_disk_leaves_what_was_kept_before(tmp_path: Path) -> None:
    memory = kept(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(StoreError, match=rf"^{memory.path}: cannot be used: "):
            memory.keep(Signed(proposed=20, vote=VOTE))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert memory.last == open_signed(memory.path, CHAIN, 2).last == SIGNED
