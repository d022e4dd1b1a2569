"""Every link of every page leads somewhere, every page is led to, and every picture is shown."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.pages.links import external, faults, repository_faults
from scripts.pages.markdown import Page, anchor, page_paths, parse, read_page


def test_every_link_leads_somewhere_every_page_is_led_to_and_every_picture_is_shown() -> None:
    assert repository_faults() == []


def test_the_pages_are_all_read() -> None:
    names = {read_page(path).name for path in page_paths()}
    assert {"README.md", "docs/README.md", "docs/adr/README.md", "bench/results/server.md"} <= names
    assert len(names) > 150


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Page]:
    (tmp_path / "docs/images").mkdir(parents=True)

    def written(name: str, text: str) -> Page:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return parse(path, text)

    return written


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("docs/a.md", None),
        ("docs/a.md#two-words", None),
        ("docs/a.md#two-words-1", None),
        ("#here", None),
        ("docs/", None),
        ("docs/b.md", "no such file"),
        ("docs/a.md#two-words-2", "no such heading on a.md"),
        ("docs/a.md#in-code", "no such heading on a.md"),
        ("#there", "no such heading on README.md"),
        ("docs/#a", "an anchor needs a page"),
        ("https://example.org/a#b", None),
        ("ftp://example.org", "expected one of http, https, mailto"),
        ("https://example/", "no such host can exist: example"),
        ("https:///a", "expected a host, and no spaces"),
        ("mailto:nobody", "expected an address with @"),
    ],
)
def test_a_link_that_leads_nowhere_is_found(
    tmp_path: Path, write: Callable[[str, str], Page], link: str, fault: str | None
) -> None:
    page = write("docs/a.md", "# A\n\n## Two words\n\n## Two `words`\n\n```sh\n# in code\n```\n")
    start = write("README.md", f"# Here\n\n[all](docs/a.md), and\n[this]({link})\n")
    assert list(faults([start, page], tmp_path)) == ([] if fault is None else [f"README.md:3: {link}: {fault}"])


def test_a_page_that_nothing_leads_to_is_found(tmp_path: Path, write: Callable[[str, str], Page]) -> None:
    pages = [write("README.md", "# Here\n\n`[b](docs/b.md)`\n"), write("docs/b.md", "# B\n")]
    assert list(faults(pages, tmp_path)) == ["docs/b.md: no page leads there"]


def test_a_picture_that_nothing_shows_is_found(tmp_path: Path, write: Callable[[str, str], Page]) -> None:
    for name in ("a-light.png", "a-dark.png", "b-1280.png", "b-1600.png", "c.png", "d.png"):
        (tmp_path / "docs/images" / name).touch()
    html = '<img src="docs/images/b-1600.png" alt="b">'
    text = f"# Here\n\n![a](docs/images/a-light.png)\n\n{html} and ![d](docs/images/e.png)\n"
    assert list(faults([write("README.md", text)], tmp_path)) == [
        "README.md:5: docs/images/e.png: no such file",
        "docs/images/c.png: no page shows it, nor one like it",
        "docs/images/d.png: no page shows it, nor one like it",
    ]


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("What it does, and doesn't", "what-it-does-and-doesnt"),
        ("1. Start", "1-start"),
        ("power.idle_watts", "poweridle_watts"),
        ("A - B", "a---b"),
    ],
)
def test_anchors_are_named_as_github_names_them(heading: str, name: str) -> None:
    assert anchor(heading) == name


def test_an_address_with_a_space_has_no_shape() -> None:
    assert external("https://exam ple.org") == "expected a host, and no spaces"
