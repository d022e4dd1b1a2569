"""Folder in which tests run the commands that write files for the stack."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
