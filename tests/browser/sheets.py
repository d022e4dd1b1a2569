"""Sheets of a PDF that Chromium printed, and how many signs each of them shows."""

import re
import zlib

SHEET = re.compile(rb"/Type /Page\n.*?/Contents (\d+) 0 R", re.DOTALL)
"""One sheet, with the number of the stream that draws it."""

SHOWN = re.compile(rb"<([0-9A-F]+)>")
"""Signs that are shown together, of four digits each."""


def signs(pdf: bytes) -> list[int]:
    """Return how many signs are shown on each sheet, spaces included."""
    return [sum(len(one) // 4 for one in SHOWN.findall(_drawn(pdf, number))) for number in SHEET.findall(pdf)]


def _drawn(pdf: bytes, number: bytes) -> bytes:
    found = re.search(rb"\n" + number + rb" 0 obj\n<<[^>]*>> stream\n", pdf)
    assert found is not None
    return zlib.decompressobj().decompress(pdf[found.end() :])
