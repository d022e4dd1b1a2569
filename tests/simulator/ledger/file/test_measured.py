"""The proof of a measured hour: all that it shows follows from what was signed, byte by byte."""

from pathlib import Path

import msgspec
import pytest

from simulator.ledger.file.measured import Measured, band_text, read_subject, sentences
from simulator.ledger.file.proofs import ClaimProof, ProofError, check_proof, proof_bytes, read_proof
from simulator.ledger.record.codec import decode
from simulator.ledger.record.types import Genesis

LACKING = "the claim has no uncertainty band of this power stored"

BAND = "the band of that is 9.000 to 18.000 Wh; the grams have no band of their own"

PROOF = Path(__file__).parents[3] / "fixtures/formats/ledger-proof-measured.json"


def proof() -> tuple[ClaimProof, Measured]:
    found = read_proof(PROOF)
    assert isinstance(found, ClaimProof)
    assert isinstance(found.measured, Measured)
    return found, found.measured


def test_a_proof_says_in_words_what_was_measured_and_who_was_trusted() -> None:
    subject = read_subject(decode(proof()[0].genesis, Genesis))
    assert subject is not None
    assert check_proof(proof()[0])[2:] == [
        "laptop:10110 drew 12.000 Wh and emitted 4.800 g of CO2e from 2026-03-02T14:00:00Z to 2026-03-02T15:00:00Z",
        "power: cpu: average (laptop); memory: average (laptop); rest: average (laptop); what no sensor measures is "
        "estimated by a model",
        LACKING,
        "carbon intensity: grid_zone DE, basis lifecycle, method average, provider static; 400.0 g/kWh on "
        "average, of a year that is not stated",
        "the energy is that of the machine alone, without the network's",
        f"whoever holds the key {subject.key} says so, and signed the block with it",
        "the Prometheus at http://prometheus.example:9090 is trusted, and nobody has checked the meter; no credits "
        "come of it",
    ]


def test_a_band_that_the_claim_states_is_not_told_to_lack() -> None:
    found, shown = proof()
    subject = read_subject(decode(found.genesis, Genesis))
    assert subject is not None
    banded = msgspec.structs.replace(shown, models=f"{shown.models}; {band_text(0.75, 1.5)}")
    told = sentences(subject, banded)
    assert told == [
        line.replace(shown.models, banded.models).replace(LACKING, BAND) for line in sentences(subject, shown)
    ]
    named = msgspec.structs.replace(shown, models=f"cpu: {band_text(0.75, 1.5)}")
    assert LACKING in sentences(subject, named)


def test_a_proof_that_leaves_the_hour_out_is_told_to_do_so() -> None:
    found = msgspec.structs.replace(proof()[0], measured=msgspec.UNSET)
    told = check_proof(found)
    assert told[2:] == ["the claim is of a measured hour, whose figures and texts this proof leaves out"]


@pytest.mark.parametrize(
    "change",
    [
        {"instance": "desktop:10110"},
        {"start": "2026-03-02T13:00:00Z"},
        {"end": "2026-03-02T16:00:00Z"},
        {"energy_millijoules": 43_200_001},
        {"emissions_micrograms": 4_799_999},
        {"intensity_source": "grid_zone FR"},
        {"models": "cpu: rapl (package-0)"},
    ],
)
def test_invalid_figures_are_not_those_of_the_claim(change: dict[str, object]) -> None:
    found, shown = proof()
    other = msgspec.structs.replace(found, measured=msgspec.structs.replace(shown, **change))
    with pytest.raises(ProofError, match=r"^what it shows as measured is not what the claim says$"):
        check_proof(other)


def test_invalid_trust_in_anything_else_is_no_proof(tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    path.write_bytes(PROOF.read_bytes().replace(b'"prometheus_is_trusted": true', b'"prometheus_is_trusted": false'))
    with pytest.raises(ProofError, match=r"is no proof that this version reads"):
        read_proof(path)


def test_a_proof_of_a_simulated_claim_cannot_show_a_measured_hour() -> None:
    simulated = read_proof(PROOF.parent / "ledger-proof-v3.json")
    assert isinstance(simulated, ClaimProof)
    with pytest.raises(ProofError, match=r"^its chain is none of attestations, so nothing was measured$"):
        check_proof(msgspec.structs.replace(simulated, measured=proof()[1]))
    assert b"measured" not in proof_bytes(simulated)


def test_a_chain_of_which_credits_can_come_is_none_of_attestations() -> None:
    genesis = decode(proof()[0].genesis, Genesis)
    assert read_subject(genesis) is not None
    config = msgspec.structs.replace(genesis.config, benchmarks=(1000,))
    assert read_subject(msgspec.structs.replace(genesis, config=config)) is None


@pytest.mark.slow
def test_any_flipped_byte_of_a_proof_is_refused(tmp_path: Path) -> None:
    content, path = PROOF.read_bytes(), tmp_path / "proof.json"
    for at in range(len(content)):
        for bit in (at % 8, (at + 3) % 8):
            damaged = bytearray(content)
            damaged[at] ^= 1 << bit
            path.write_bytes(damaged)
            with pytest.raises(ProofError):
                pytest.fail(f"byte {at}, bit {bit}: {check_proof(read_proof(path))}")
