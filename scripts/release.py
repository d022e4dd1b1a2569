"""Check that a tag, the version, changelog, guide to upgrading, citation and manifests agree before a release.

python -m scripts.release v0.1.0
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

import exporter

ROOT = Path(__file__).resolve().parent.parent
USER_ERROR = 2

TAG = re.compile(r"v(?P<version>\d+\.\d+\.\d+(?:-[0-9A-Za-z.]+)?)")
"""Tag of a release: v and a version by Semantic Versioning."""

PACKAGE = re.compile(r"\becotrack[-_:](?P<numbers>\d+\.\d+\.\d+)")
"""Name of a package or image with the numbers of its version; what follows them is written otherwise by each system."""

UNRELEASED = "## Unreleased"

DATED = re.compile(r"## (?P<version>\d\S*) - (?P<day>\d{4}-\d{2}-\d{2})")
"""Heading of a release in the changelog."""


def versions_in(changelog: str) -> list[str]:
    """Return the headings of a changelog in order: of one with a version and its day the version, else the line."""
    headings = [line for line in changelog.splitlines() if line.startswith("## ")]
    return [found["version"] if (found := DATED.fullmatch(line)) else line for line in headings]


def mistakes(tag: str, root: Path, version: str) -> Iterator[str]:
    """Yield what keeps a tree of this version from being released under a tag."""
    match = TAG.fullmatch(tag)
    if match is None:
        yield f"tag: expected v and a version such as v0.1.0, got {tag}"
        return
    if match["version"] != version:
        yield f"exporter/__init__.py: expected version {match['version']}, got {version}"
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = versions_in(changelog)
    if headings[:1] != [UNRELEASED] or headings.count(UNRELEASED) != 1:
        yield "CHANGELOG.md: expected one heading Unreleased, above all versions"
    if headings[1:2] != [match["version"]]:
        yield f"CHANGELOG.md: expected the heading ## {match['version']} - YYYY-MM-DD below Unreleased"
    if f"\n## {match['version']}\n" not in (root / "docs/upgrading.md").read_text(encoding="utf-8"):
        yield f"docs/upgrading.md: expected the heading ## {match['version']}"
    days = {found["version"]: found["day"] for line in changelog.splitlines() if (found := DATED.fullmatch(line))}
    yield from _of_citation(root, match["version"], days.get(match["version"]))
    kustomization = yaml.safe_load((root / "docs/examples/kubernetes/kustomization.yaml").read_text(encoding="utf-8"))
    if [one["newTag"] for one in kustomization["images"]] != [match["version"]]:
        yield f"docs/examples/kubernetes: expected the image's tag {match['version']}"
    yield from _others(root, match["version"].partition("-")[0])


def _of_citation(root: Path, version: str, day: str | None) -> Iterator[str]:
    """Yield what the citation has otherwise: the version, and the day that the changelog gives it, if any."""
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    for key, wanted in (("version", version), ("date-released", day)):
        if wanted is not None and (got := str(citation.get(key, "none"))) != wanted:
            yield f"CITATION.cff: expected {key} {wanted}, got {got}"


def _others(root: Path, numbers: str) -> Iterator[str]:
    """Yield each page that tells users to take a package or an image of other numbers."""
    for page in sorted([*root.glob("docs/how-to/*.md"), *root.glob("docs/examples/kubernetes/*.yaml")]):
        named = {found["numbers"] for found in PACKAGE.finditer(page.read_text(encoding="utf-8"))}
        for other in sorted(named - {numbers}):
            yield f"{page.relative_to(root)}: expected packages of {numbers}, got {other}"


def main(arguments: list[str]) -> int:
    """Print what is wrong, a line each, and return the exit status."""
    if len(arguments) != 1:
        print("release: expected one tag, such as v0.1.0", file=sys.stderr)
        return USER_ERROR
    found = list(mistakes(arguments[0], ROOT, exporter.__version__))
    for line in found:
        print(f"release: {line}", file=sys.stderr)
    if not found:
        print(f"{arguments[0]}: tag, version, changelog, guide to upgrading, citation and manifests agree")
    return USER_ERROR if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
