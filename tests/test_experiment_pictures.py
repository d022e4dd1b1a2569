"""The pictures of experiments that pages show: all there, all shown, and drawn from kept results."""

from pathlib import Path

import pytest

from exporter.core.config import ConfigError
from scripts.experiment_pictures import IMAGES, names, of_peers
from tests.test_docs import PAGES


def test_every_picture_is_there_and_on_a_page() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for name in names():
        assert (IMAGES / name).read_bytes().startswith(b"\x89PNG")
        assert f"](../images/{name})" in text
    assert sorted(file.name for file in IMAGES.glob("experiment-*")) == sorted(names())


def test_without_kept_results_one_line_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        list(of_peers(tmp_path))
    assert caught.value.mistakes == [f"{tmp_path}: expected results of peers on one of regions, edge, got none"]
