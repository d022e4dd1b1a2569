"""The stand-alone auditor of proofs: it knows nothing of this project, and calls good and bad what `check` does."""

import ast
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from simulator.cli import main
from simulator.ledger.file.proofs import (
    ClaimProof,
    GrowthProof,
    Proof,
    ProofError,
    check_proof,
    head_text,
    proof_bytes,
    prove_claim,
    prove_growth,
    read_proof,
)
from simulator.ledger.file.reading import ClaimName, Head, open_reader
from tests.simulator.ledger.examples import EXAMPLES, audited_proof, load_example
from tests.simulator.ledger.forged_proofs import DAMAGES, measured_nonsense, signed_heads, signed_nonsense
from tests.simulator.ledger.story import story

AUDITOR = EXAMPLES / "audit_proof.py"
FORMATS = Path(__file__).parents[3] / "fixtures" / "formats"


def auditor() -> ModuleType:
    return load_example("audit_proof")


@pytest.fixture(scope="module")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> list[Proof]:
    path = tmp_path_factory.mktemp("proofs") / "a.db"
    story().write(path)
    with open_reader(path) as reader:
        return [
            prove_claim(reader, ClaimName(1, 2), 4),
            prove_claim(reader, ClaimName(2, 5)),
            prove_growth(reader, 12),
            prove_growth(reader, 16),
            read_proof(FORMATS / "ledger-proof-measured.json"),
        ]


def checked(path: Path) -> str:
    """Return what `check` says against a proof; nothing where it holds."""
    try:
        check_proof(read_proof(path))
    except ProofError as error:
        return str(error)
    return ""


def holds_for_both(path: Path, content: bytes, what: str) -> bool:
    """Tell whether a proof holds, for `check` and for the auditor alike."""
    path.write_bytes(content)
    first, second = checked(path), audited_proof(path)
    assert bool(first) == bool(second), (what, first, second, content)
    return not first


def damaged(proofs: Sequence[Proof], folder: Path, count: int, seed: int) -> int:
    """Damage proofs so many times, and return how many hold all the same, for both."""
    draw, contents = random.Random(seed), [proof_bytes(one) for one in proofs]  # noqa: S311 - what to damage
    found = 0
    for number in range(count):
        damage = DAMAGES[number % len(DAMAGES)]
        content = damage(draw.choice(contents), draw, contents)
        found += holds_for_both(folder / "proof.json", content, f"{number} {damage.__name__}")
    return found


def test_good_proofs_hold_for_both(proofs: list[Proof], tmp_path: Path) -> None:
    for proof in proofs:
        assert holds_for_both(tmp_path / "proof.json", proof_bytes(proof), "good")
        heads = [proof.head.head()] + ([proof.old.head()] if isinstance(proof, GrowthProof) else [])
        for head in heads:
            *_, last = auditor().audit(tmp_path / "proof.json", head_text(head))
            assert last == "that is the head which you noted"
        with pytest.raises(ValueError, match=r"not about the one that you noted$"):
            auditor().audit(tmp_path / "proof.json", head_text(Head(24, bytes(32))))


def test_the_auditor_agrees_with_check(proofs: list[Proof], tmp_path: Path) -> None:
    assert 0 < damaged(proofs, tmp_path, 800, seed=1) < 200


@pytest.mark.full
def test_the_auditor_agrees_with_check_on_twenty_thousand_proofs(proofs: list[Proof], tmp_path: Path) -> None:
    assert 0 < damaged(proofs, tmp_path, 20_000, seed=2) < 5000


def nonsense(proofs: Sequence[Proof], path: Path, count: int, seed: int) -> int:
    """Let a validator sign nonsense so many times, and return how many proofs of it hold, for both."""
    draw, found = random.Random(seed), 0  # noqa: S311 - what to sign
    for number in range(count):
        proof = proofs[number % len(proofs)]
        if isinstance(proof, GrowthProof):
            forgery: Proof = signed_heads(proof, draw)
        else:
            forgery = (measured_nonsense if proof.measured else signed_nonsense)(proof, draw)
        found += holds_for_both(path, proof_bytes(forgery), str(number))
    return found


def test_the_auditor_agrees_with_check_on_nonsense_that_was_signed(proofs: list[Proof], tmp_path: Path) -> None:
    assert 50 < nonsense(proofs, tmp_path / "proof.json", 600, seed=3) < 500


def test_the_auditor_agrees_with_check_on_heads_that_are_none(proofs: list[Proof], tmp_path: Path) -> None:
    assert 50 < nonsense(proofs[2:4], tmp_path / "proof.json", 600, seed=6) < 500


def test_the_auditor_agrees_with_check_on_measured_hours(proofs: list[Proof], tmp_path: Path) -> None:
    assert 10 < nonsense(proofs[-1:], tmp_path / "proof.json", 300, seed=5) < 200


def test_what_a_proof_says_cannot_write_on_a_terminal(proofs: list[Proof], tmp_path: Path) -> None:
    path, draw, proof = tmp_path / "proof.json", random.Random(6), proofs[-1]  # noqa: S311 - what to sign
    assert isinstance(proof, ClaimProof)
    while True:
        forgery = measured_nonsense(proof, draw)
        path.write_bytes(proof_bytes(forgery))
        if b"\\u001b" in path.read_bytes() and not checked(path):
            break
    told = subprocess.run([sys.executable, "-I", str(AUDITOR), str(path)], capture_output=True, timeout=240, check=True)
    assert all(one >= 32 or one == ord("\n") for one in told.stdout)


def test_what_is_wrong_with_a_proof_cannot_write_on_a_terminal_either(
    proofs: list[Proof], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, draw, proof = tmp_path / "proof.json", random.Random(7), proofs[-1]  # noqa: S311 - what to sign
    assert isinstance(proof, ClaimProof)
    while "\x1b" not in audited_proof(path):
        path.write_bytes(proof_bytes(measured_nonsense(proof, draw)))
    told = subprocess.run(
        [sys.executable, "-I", str(AUDITOR), str(path)], capture_output=True, timeout=240, check=False
    )
    assert told.returncode == 1
    assert told.stderr.endswith(b"unconverted data remains: ?[2J\n")
    assert main(["ledger", "check", str(path)]) == 1
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.full
def test_the_auditor_agrees_with_check_on_eight_thousand_signed_ones(proofs: list[Proof], tmp_path: Path) -> None:
    assert 500 < nonsense(proofs, tmp_path / "proof.json", 8000, seed=4) < 8000


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"kind": []}', b"[" * 100_000, b'{"kind":"claim"}'])
def test_what_is_no_proof_is_told(tmp_path: Path, content: bytes) -> None:
    assert not holds_for_both(tmp_path / "proof.json", content, "no proof")


def test_the_auditor_is_short_and_imports_nothing_of_ours() -> None:
    text = AUDITOR.read_text(encoding="utf-8")
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {one.name for one in node.names}
        if isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    assert names == {"json", "sys", "base64", "datetime", "hashlib", "pathlib", "nacl.bindings", "nacl.exceptions"}
    assert len([line for line in text.splitlines() if line.strip()]) < 220


def test_the_auditor_runs_by_itself(proofs: list[Proof], tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    path.write_bytes(proof_bytes(proofs[0]))
    head = head_text(proofs[0].head.head())
    command = [sys.executable, "-I", str(AUDITOR), str(path)]
    told = subprocess.run([*command, head], capture_output=True, text=True, timeout=240, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.splitlines() == [
        f"{path}: claim 1/2 is in block 7 of the ledger with the head {head}",
        f"{path}: task record 4 of 8 is in that claim",
        f"{path}: validator 3 of 4 signed the head {head}",
        f"{path}: trusted: the meter, and the validators to have seen that the claim is the device's own",
        f"{path}: that is the head which you noted",
    ]
    for wrong in ([*command, "24:00"], [*command[:-1], str(tmp_path / "none.json")], command[:-1]):
        told = subprocess.run(wrong, capture_output=True, text=True, timeout=240, check=False)
        assert (told.returncode, told.stdout) == (1, "")
        assert len(told.stderr.splitlines()) == 1


def test_a_pipe_is_refused_in_one_line_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "proof.json")
    with pytest.raises(ValueError, match=r"^expected a file, got something else$"):
        auditor().audit(tmp_path / "proof.json")
