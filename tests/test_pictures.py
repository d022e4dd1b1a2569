"""The pictures in docs/images: each is made by `make pictures` and on a page, and each that a page shows is made."""

import re
from collections import Counter
from pathlib import Path

import pytest

from scripts import pictures
from scripts.experiment_pictures import IMAGES
from scripts.pictures import Kind, kinds, main, renew, told
from tests.test_docs import PAGES

MADE = [name for kind in kinds() for name in kind.pictures]

SHOWN = re.compile(r"""[("](?:[\w./-]*/)?images/([\w.-]+)[)"\s]""")
"""A picture on a page, in Markdown or in HTML."""


def test_all_pictures_are_made_by_one_command_and_on_a_page() -> None:
    shown = {name for page in PAGES for name in SHOWN.findall(page.read_text(encoding="utf-8"))}
    assert [name for name, times in Counter(MADE).items() if times > 1] == []
    assert sorted(path.name for path in IMAGES.iterdir()) == sorted(MADE)
    assert shown == set(MADE)


def test_each_kind_is_made_by_a_module_that_is_there() -> None:
    for kind in kinds():
        flag, module, *_ = kind.arguments
        assert flag == "-m"
        assert (IMAGES.parents[1] / module.replace(".", "/")).with_suffix(".py").exists()


def test_what_changed_is_told() -> None:
    before, after = {"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1"}
    assert told(before, after, ["a", "b", "c", "d"]).splitlines() == [
        "new      d",
        "changed  b",
        "2 of 4 pictures changed, 1 are as they were",
    ]


def test_a_kind_that_fails_is_named_and_the_others_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pictures, "IMAGES", tmp_path)
    write = f"import pathlib; pathlib.Path({str(tmp_path)!r}, 'good.png').write_bytes(b'x')"
    bad = Kind(name="bad", pictures=("bad.png",), arguments=("-c", "raise SystemExit(3)"), takes="no time")
    good = Kind(name="good", pictures=("good.png",), arguments=("-c", write), takes="no time")
    assert renew([bad, good]) == 1
    said = capsys.readouterr()
    lines = [re.sub(r"\d+ s$", "0 s", line) for line in said.out.splitlines()]
    assert lines == [
        "1 of 2: bad, 1 pictures, no time",
        "    failed in 0 s",
        "2 of 2: good, 1 pictures, no time",
        "    done in 0 s",
        "new      good.png",
        "1 of 2 pictures changed, 0 are as they were",
    ]
    assert said.err == "pictures: not made: bad\n"


def test_a_kind_that_is_not_there_is_a_mistake_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["postcards"])
    assert caught.value.code == 2
    assert "got postcards" in capsys.readouterr().err.splitlines()[-1]
