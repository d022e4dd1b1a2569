"""The committed boards are what the code makes, and lose nothing on the way through the SDK's models."""

import json
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana.__main__ import FOLDER, drift, main, rendered
from tests.grafana.committed import board, names, paths


@pytest.mark.slow
def test_the_committed_boards_are_those_that_the_code_makes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().out
    assert set(rendered()) == set(names())


def test_drift_names_stale_missing_and_stray_files(tmp_path: Path) -> None:
    name = names()[0]
    assert [finding.split(":")[0] for finding in drift(tmp_path)] == names()
    for text in names():
        (tmp_path / text).write_bytes((FOLDER / text).read_bytes())
    assert drift(tmp_path) == []
    changed = board(name) | {"title": "edited by hand"}
    (tmp_path / name).write_text(json.dumps(changed), encoding="utf-8")
    (tmp_path / "left-over.json").write_text("{}", encoding="utf-8")
    assert {finding.split(":")[0] for finding in drift(tmp_path)} == {name, "left-over.json"}


@pytest.mark.parametrize("name", names())
def test_the_sdks_models_lose_no_key(name: str) -> None:
    assert lost_in_the_models(board(name)) == []


def test_a_key_that_the_models_do_not_know_is_noticed() -> None:
    document = board(names()[0])
    document["panels"][1]["notAKey"] = 1
    assert lost_in_the_models(document) == ["/panels/1/notAKey"]


def lost_in_the_models(document: dict[str, Any]) -> list[str]:
    """Return paths whose value is gone or changed by reading the board into the SDK's models and writing it again."""
    register_default_plugins()
    written = dict(paths(json.loads(json.dumps(Dashboard.from_json(document), cls=JSONEncoder))))
    nothing = object()
    return [path for path, value in paths(document) if written.get(path, nothing) != value]
