"""The systems that both programs run on. Old versions of Python read this file too, to be told."""

from __future__ import annotations

LEAST_PYTHON = (3, 11)
"""Oldest version of Python, as `requires-python` says in pyproject.toml, where nobody looks who runs a clone."""

PAGE = "docs/explanation/compatibility.md"


def unsupported(platform: str, python: tuple[int, int]) -> str | None:
    """Return in one line why the programs do not run on a platform (sys.platform) with a Python; None where they do."""
    if platform != "linux":
        return f"runs on Linux alone, whose /proc and /sys it reads, and this is {platform}: see {PAGE}"
    if python < LEAST_PYTHON:
        needed, found = (".".join(map(str, one)) for one in (LEAST_PYTHON, python))
        return f"needs Python {needed} or later, and this is {found}: see {PAGE}"
    return None
