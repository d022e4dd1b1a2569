"""Programs of the documentation that check what the ledger writes, and import nothing of ours."""

import importlib.util
import sys
from functools import cache, partial
from pathlib import Path
from types import ModuleType

from scripts.imports import ROOT

EXAMPLES = ROOT / "docs" / "examples"


@cache
def load_example(name: str) -> ModuleType:
    """Return a program, loaded as the script that it is: it finds those beside it."""
    sys.path.insert(0, str(EXAMPLES))
    try:
        spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(EXAMPLES))
    return module


def _audited(auditor: str, path: Path) -> str:
    program = load_example(auditor)
    try:
        program.audit(path)
    except program.FAULTS as error:
        in_words = getattr(program, "told", str)  # that of proofs has no words of its own
        return in_words(error) or type(error).__name__
    return ""


audited_ledger, audited_proof = partial(_audited, "audit_ledger"), partial(_audited, "audit_proof")
"""The words of the auditor on a ledger, and on a proof; empty where it is good."""
