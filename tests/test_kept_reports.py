"""The kept reports of experiments say what today's code says of their figures, without a run."""

from pathlib import Path

import pytest

from scripts.imports import ROOT
from scripts.kept_reports import FOLDERS, OF_OTHER_METHODS, kept, results_in, texts


@pytest.mark.slow
@pytest.mark.parametrize("folder", kept(), ids=lambda folder: folder.name)
def test_a_kept_report_is_what_the_code_makes_of_its_results(folder: Path) -> None:
    """`python -m scripts.kept_reports` writes them anew."""
    found = texts(results_in(folder))
    assert {name for name, text in found.items() if (folder / name).read_text(encoding="utf-8") != text} == set()


def test_every_report_is_looked_at_or_named_with_its_reason() -> None:
    there = {path.parent.name for folder in FOLDERS for path in (ROOT / folder).glob("*/report.md")}
    assert there == {folder.name for folder in kept()} | set(OF_OTHER_METHODS)
