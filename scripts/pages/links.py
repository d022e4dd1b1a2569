"""Links, anchors and pictures of the pages: what leads nowhere, what nobody is led to, and what is not shown."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from scripts.pages.markdown import ROOT, WRITTEN_ELSEWHERE, Page, page_paths, read_page

PICTURES = "docs/images"
"""Folder whose pictures are all shown on some page."""

ENTRANCES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
"""Pages that a reader finds without a link."""

SCHEMES = ("http", "https", "mailto")


def faults(pages: Iterable[Page], root: Path = ROOT) -> Iterator[str]:
    """Yield one line for each link that leads nowhere, page that nothing leads to and picture that nothing shows."""
    known = {page.path.resolve(): page for page in pages}
    reached: set[Path] = set()
    for page in known.values():
        for link in page.links:
            place = f"{page.path.relative_to(root).as_posix()}:{link.line}: {link.target}"
            if fault := external(link.target) if urlsplit(link.target).scheme else local(page, link.target, known):
                yield f"{place}: {fault}"
            elif not urlsplit(link.target).scheme:
                reached.add(_file(page, link.target))
    yield from (f"{name}: no page leads there" for name in _orphans(known.values(), reached, root))
    shown = {_motif(path) for path in reached}
    pictures = (path for path in sorted((root / PICTURES).resolve().glob("*")) if _motif(path) not in shown)
    yield from (f"{PICTURES}/{path.name}: no page shows it, nor one like it" for path in pictures)


def external(target: str) -> str | None:
    """Return what is wrong with the address of another site by its shape; nobody asks the site."""
    parts = urlsplit(target)
    if parts.scheme not in SCHEMES:
        return f"expected one of {', '.join(SCHEMES)}"
    if parts.scheme == "mailto":
        return None if "@" in parts.path else "expected an address with @"
    host = parts.hostname or ""
    if not host or any(letter.isspace() for letter in target):
        return "expected a host, and no spaces"
    return None if "." in host or host == "localhost" else f"no such host can exist: {host}"


def local(page: Page, target: str, known: dict[Path, Page]) -> str | None:
    """Return what is wrong with a link to a file of the repository or to a heading, None where it leads there."""
    file, fragment = _file(page, target), unquote(urlsplit(target).fragment)
    if not file.exists():
        return "no such file"
    if not fragment:
        return None
    there = known.get(file)
    if there is None:
        return "an anchor needs a page"
    return None if fragment in there.anchors else f"no such heading on {there.path.name}"


def _file(page: Page, target: str) -> Path:
    """Return the file that a local link means; a link without a path means its own page."""
    path = unquote(urlsplit(target).path)
    return ((page.path.parent / path) if path else page.path).resolve()


def _motif(picture: Path) -> str:
    """Return the name of a picture without its width and brightness: one of them is enough on a page."""
    return re.sub(r"-(?:\d+|dark|light)$", "", picture.stem)


def _orphans(pages: Iterable[Page], reached: set[Path], root: Path) -> list[str]:
    """Return the pages that nothing leads to. A folder that is linked to leads to what lies in it."""
    names = []
    for page in pages:
        name = page.path.relative_to(root).as_posix()
        is_led_to = page.path.resolve() in reached or page.path.parent.resolve() in reached
        if name not in ENTRANCES and not name.startswith(WRITTEN_ELSEWHERE) and not is_led_to:
            names.append(name)
    return names


def repository_faults() -> list[str]:
    """Return what is wrong with the links of this repository."""
    return list(faults([read_page(path) for path in page_paths()]))
