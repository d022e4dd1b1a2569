"""Pages as they are written: headings with their anchors, links, images, and blocks of code with their notes."""

import functools
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]

WRITTEN_ELSEWHERE = ("bench/results/",)
"""Folders whose pages commands write. Their links are checked; nobody is led to each of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Link or image of a page, with the line on which its paragraph begins."""

    line: int
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Block of code: its line, its language, its text, and the notes on the lines directly before it.

    A note is an HTML comment, which no reader sees: `not run` and the reason; `before` and what a reader has done who
    comes to this block; `answers` and the address of a server; `input` and what is typed; `ends with` and a status.
    """

    line: int
    language: str
    text: str
    notes: tuple[tuple[str, str], ...] = ()

    def note(self, name: str) -> str | None:
        """Return the text of the note of this name, None where there is none."""
        return next((text for key, text in self.notes if key == name), None)

    @property
    def file_name(self) -> str | None:
        """The name of the file that the block is, where its first line is a comment that is a name."""
        found = re.match(r"# ([\w./-]+\.\w+)\n", self.text)
        return found[1] if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Page of the repository."""

    path: Path
    anchors: frozenset[str]
    links: tuple[Link, ...]
    blocks: tuple[Block, ...]

    @property
    def name(self) -> str:
        """The path below the repository's root."""
        return self.path.relative_to(ROOT).as_posix()


NOTE = re.compile(r"<!-- (not run|before|answers|ends with|input):?\s(.*?)\s*-->", re.DOTALL)


HTML_SOURCE = re.compile(r"<(?:img|source)\b[^>]*?\b(?:src|srcset)=\"([^\"]+)\"")
"""Picture of HTML, by which a page shows another one to readers with a dark screen."""


def page_paths() -> list[Path]:
    """Return every page of the repository, sorted."""
    folders = [ROOT / "docs", *(ROOT / name for name in WRITTEN_ELSEWHERE)]
    return sorted([*ROOT.glob("*.md"), *(path for folder in folders for path in folder.rglob("*.md"))])


def read_page(path: Path) -> Page:
    """Return a page as it is on the disk."""
    return parse(path, path.read_text(encoding="utf-8"))


@functools.lru_cache(maxsize=512)
def parse(path: Path, text: str) -> Page:
    """Return a page with this text."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    return Page(
        path=path,
        anchors=frozenset(_anchors(tokens)),
        links=tuple(_links(tokens)),
        blocks=tuple(_blocks(tokens)),
    )


def anchor(heading: str) -> str:
    """Return the name that GitHub gives to a heading with this text."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _anchors(tokens: list[Token]) -> Iterator[str]:
    """Yield the anchors of all headings: a name that was used gets a number, as GitHub gives it."""
    used: dict[str, int] = {}
    for opening, inline in itertools.pairwise(tokens):
        if opening.type == "heading_open":
            name = anchor("".join(one.content for one in inline.children or () if one.type in ("text", "code_inline")))
            again = used.get(name, 0)
            used[name] = again + 1
            yield f"{name}-{again}" if again else name


def _links(tokens: list[Token]) -> Iterator[Link]:
    line = 0
    for token in tokens:
        line = token.map[0] + 1 if token.map else line
        for child in token.children or (token,):
            if child.type in ("html_block", "html_inline"):
                for target in HTML_SOURCE.findall(child.content):
                    yield Link(line=line, target=target)
            elif child.type in ("link_open", "image"):
                target = child.attrs["href" if child.type == "link_open" else "src"]
                yield Link(line=line, target=str(target))


def _blocks(tokens: list[Token]) -> Iterator[Block]:
    """Yield the blocks of code, each with the notes of the comments that stand directly before it."""
    notes: list[tuple[str, str]] = []
    for token in tokens:
        if token.type == "html_block":
            notes += NOTE.findall(token.content)
        elif token.type == "fence":
            line = (token.map or [0])[0] + 1
            yield Block(line=line, language=token.info.strip(), text=token.content, notes=tuple(notes))
            notes = []
        elif token.type not in ("paragraph_open", "list_item_open"):
            notes = []
