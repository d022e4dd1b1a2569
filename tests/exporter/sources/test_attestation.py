"""The proof of the last attested hour: what its file says now, or why that says nothing; never what it said before."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import SECONDS_PER_HOUR
from exporter.power.component import MAX_MACHINE_WATTS
from exporter.sources.attestation import MOST_AHEAD, MOST_BYTES, SETTLED, ProofFile
from exporter.sources.reading import Attestation, ReadingUnavailableError
from tests.fake_clock import NOON, FakeClock
from tests.kept_proof import INSTANCE, keep_proof, measured, proof_of

HOUR_AGO = NOON - 3600.0


def look(path: Path, clock: FakeClock | None = None) -> Attestation:
    return ProofFile(path, clock or FakeClock()).read()


def settle(path: Path, seconds: float = SETTLED) -> None:
    """Let a file have changed so long before noon."""
    os.utime(path, (NOON - seconds, NOON - seconds))


def test_a_proof_tells_its_hour_and_is_kept_as_it_is(tmp_path: Path) -> None:
    path = keep_proof(tmp_path / "proof.json", HOUR_AGO)
    found = look(path)
    assert (found.instance, found.start, found.end) == (INSTANCE, HOUR_AGO - 3600.0, HOUR_AGO)
    assert (found.energy, found.emissions) == (148_912.345, 20.68227)
    assert found.proof == path.read_bytes()


def test_a_file_is_read_again_when_it_has_changed_and_only_then(tmp_path: Path) -> None:
    path = keep_proof(tmp_path / "proof.json", HOUR_AGO)
    settle(path)
    file = ProofFile(path, FakeClock())
    first = file.read()
    assert file.read() is first
    for later in (60.0, 120.0):
        keep_proof(path, HOUR_AGO + later)
        settle(path)  # as old as before, and of the same size
        assert file.read().end == HOUR_AGO + later
    path.write_bytes(proof_of(HOUR_AGO))
    settle(path)
    assert file.read() == first


def test_a_file_that_may_still_be_changing_is_read_again(tmp_path: Path) -> None:
    """Two changes within a step of the file system's clock look like one."""
    path = keep_proof(tmp_path / "proof.json", HOUR_AGO)
    settle(path, SETTLED - 1.0)
    file = ProofFile(path, FakeClock())
    first, second = file.read(), file.read()
    assert first is not second
    assert first == second


def test_a_file_that_is_half_written_says_nothing_until_it_is_whole(tmp_path: Path) -> None:
    path = keep_proof(tmp_path / "proof.json", HOUR_AGO)
    file, whole = ProofFile(path, FakeClock()), proof_of(HOUR_AGO + 60.0)
    assert file.read().end == HOUR_AGO
    for written in range(0, len(whole), 50):
        path.write_bytes(whole[:written])
        settle(path)
        for _ in range(2):
            with pytest.raises(ReadingUnavailableError, match="is no proof of a measured hour"):
                file.read()
    path.write_bytes(whole)
    assert file.read().end == HOUR_AGO + 60.0


def test_a_file_that_vanishes_is_missed_and_found_again(tmp_path: Path) -> None:
    path = keep_proof(tmp_path / "proof.json", HOUR_AGO)
    settle(path)
    file = ProofFile(path, FakeClock())
    file.read()
    path.unlink()
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            file.read()
    keep_proof(path, HOUR_AGO)
    assert file.read().end == HOUR_AGO


@pytest.mark.parametrize("place", ["pipe", "device", "folder", "loop"])
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path, place: str) -> None:
    path = tmp_path / "proof.json"
    match place:
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()
        case _:
            path.symlink_to(path)
    with pytest.raises(OSError, match=r"proof\.json"):
        look(path)


def test_an_hour_that_is_not_over_is_shown_once_it_is(tmp_path: Path) -> None:
    clock = FakeClock()
    path = keep_proof(tmp_path / "proof.json", NOON + MOST_AHEAD + 1.0)
    settle(path)
    file = ProofFile(path, clock)
    with pytest.raises(ReadingUnavailableError, match="an hour that is not over"):
        file.read()
    clock.advance(1.0)
    assert file.read().end == NOON + MOST_AHEAD + 1.0


ZULU = "2026-03-02T{}:00Z"

ABSURD: Mapping[str, Mapping[str, object]] = {
    "two hours": {"start": ZULU.format("08:00"), "end": ZULU.format("10:00")},
    "no time": {"start": ZULU.format("10:00"), "end": ZULU.format("10:00")},
    "backwards": {"start": ZULU.format("11:00"), "end": ZULU.format("10:00")},
    "without a zone": {"start": "2026-03-02T09:00:00", "end": "2026-03-02T10:00:00"},
    "long ago": {"start": "1970-01-01T00:00:00Z", "end": "1970-01-01T01:00:00Z"},
    "year 9999": {"start": "9999-12-31T22:59:59Z", "end": "9999-12-31T23:59:59Z"},
    "no date": {"end": "yesterday"},
    "seconds": {"end": 1.0},
    "less than nothing": {"energy_millijoules": -1},
    "a fraction": {"energy_millijoules": 0.5},
    "not a number": {"energy_millijoules": "many"},
    "more than a machine takes": {"energy_millijoules": int(MAX_MACHINE_WATTS * 3600 * 1000) + 1},
    "endless": {"energy_millijoules": 10**400},
    "more grams than a grid has": {"energy_millijoules": 3_600_000, "emissions_micrograms": 2_000_001},
    "fewer grams than none": {"emissions_micrograms": -1},
    "of nobody": {"instance": ""},
    "of a long name": {"instance": "x" * 257},
    "nothing": {"energy_millijoules": None},
}
"""Changes of what a proof says of its hour, which make it say nothing."""


@pytest.mark.parametrize("absurd", ABSURD)
def test_absurd_values_are_refused_and_not_repeated(tmp_path: Path, absurd: str) -> None:
    path = tmp_path / "proof.json"
    path.write_bytes(proof_of(HOUR_AGO, ABSURD[absurd]))
    with pytest.raises(ReadingUnavailableError) as caught:
        look(path)
    told = str(caught.value).removeprefix(str(path))
    assert told.startswith(" is ")
    assert len(told) < 80


@pytest.mark.parametrize("missing", ["instance", "start", "end", "energy_millijoules", "emissions_micrograms"])
def test_a_proof_without_a_part_is_none(tmp_path: Path, missing: str) -> None:
    told = {name: value for name, value in measured(HOUR_AGO).items() if name != missing}
    path = tmp_path / "proof.json"
    path.write_text(json.dumps({"kind": "claim", "measured": told}))
    with pytest.raises(ReadingUnavailableError, match="is no proof of a measured hour"):
        look(path)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff\xfe", b"[" * 60_000, b'{"kind": "growth"}', b'{"kind": 1}']
)
def test_what_is_no_proof_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "proof.json"
    path.write_bytes(content)
    with pytest.raises(ReadingUnavailableError, match="is no proof of a measured hour"):
        look(path)


def test_a_proof_of_a_simulated_claim_is_none_of_an_hour(tmp_path: Path) -> None:
    told = json.loads(proof_of(HOUR_AGO))
    del told["measured"]
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(told))
    with pytest.raises(ReadingUnavailableError, match="`ecochain ledger attest` writes one"):
        look(path)


def test_a_file_has_a_largest_size(tmp_path: Path) -> None:
    path, whole = tmp_path / "proof.json", proof_of(HOUR_AGO)
    path.write_bytes(whole.ljust(MOST_BYTES))
    assert look(path).end == HOUR_AGO
    path.write_bytes(whole.ljust(MOST_BYTES + 1))
    with pytest.raises(ReadingUnavailableError, match="more than 65,536 bytes"):
        look(path)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "proof.json"


ANY = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
SAID = st.dictionaries(
    st.sampled_from([*measured(HOUR_AGO)]), ANY | st.integers(0, 10**12) | st.datetimes().map(lambda at: f"{at}Z")
)
DAMAGE = st.tuples(st.integers(0, 700), st.binary(max_size=5), st.integers(0, 20))


def believable(path: Path) -> None:
    """Look at a file: it says nothing, or a believable hour."""
    try:
        found = look(path)
    except ReadingUnavailableError:
        return
    assert found.end - found.start == SECONDS_PER_HOUR
    assert found.end <= NOON + MOST_AHEAD
    assert 0.0 <= found.energy <= MAX_MACHINE_WATTS * SECONDS_PER_HOUR
    assert 0.0 <= found.emissions <= found.energy / 3.6e6 * 2000.0
    assert found.proof == path.read_bytes()


@given(content=st.binary(max_size=300))
def test_any_bytes_say_nothing_or_a_believable_hour(place: Path, content: bytes) -> None:
    place.write_bytes(content)
    believable(place)


@given(changes=SAID)
def test_any_values_say_nothing_or_a_believable_hour(place: Path, changes: dict[str, object]) -> None:
    place.write_bytes(proof_of(HOUR_AGO, changes))
    believable(place)


@given(damage=DAMAGE)
def test_any_damage_says_nothing_or_a_believable_hour(place: Path, damage: tuple[int, bytes, int]) -> None:
    whole, (at, instead, gone) = proof_of(HOUR_AGO), damage
    place.write_bytes(whole[:at] + instead + whole[at + gone :])
    believable(place)
