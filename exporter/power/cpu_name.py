"""Names of processors, brought into the form that is the key of the table of figures."""

import re

_REPLACED = tuple(
    (re.compile(pattern), by)
    for pattern, by in (
        (r"\((?:r|tm|c)\)|[®™©]", " "),
        (r"@.*", " "),
        (r"\([^)]*\)?|\[[^\]]*\]?", " "),
        (r"\bw(?:ith|/) radeon.*", " "),
        (r"\b\d+(?:\.\d+)? ?[gm]hz\b", " "),
        (r"\b\d+(?:st|nd|rd|th) gen\b", " "),
        (r"\b(?:\d+|dual|triple|quad|six|eight|twelve|sixteen|multi)-core\b", " "),
        (r"\b64-bit\b", " "),
        (r"(?<![\w-])(?:intel|amd|cpu|processor|genuine)(?![\w-])", " "),
        (r",", " "),
        (r"\s+", " "),
        (r"\b(e\d)- (?=\d)", r"\1-"),
        (r"\be([357])(\d{4}l?)\b", r"e\1-\2"),
        (r"(\d[a-z]?)v(\d)\b", r"\1 v\2"),
        (r"\b(e\d-\d{4}\w*) 0$", r"\1"),
        (r"\bi([3579]) (?=\d{3})", r"i\1-"),
        (r"\b(opteron \d{4})(?=(?:ee|he|se)$)", r"\1 "),
        (r"\bxeon-d (?=\d)", "xeon d-"),
    )
)
"""Each pattern and what takes its place, in this order."""

_BRACKETS = re.compile(r"\(([^)]+)\)")

_MOST_CHARACTERS = 200
"""Longer names are not read on; CPUID has room for 48 characters."""


def key_of(name: str) -> str:
    """Return the key of a processor's name: what it is called, without maker, marks, clock or number of cores.

    Suffixes stay, since they name other chips: `+`, `L`, `M`, `P`, `PN`, `X`, `v2`.
    """
    key = name[:_MOST_CHARACTERS].lower().strip()
    for pattern, by in _REPLACED:
        key = pattern.sub(by, key).strip()
    return key


def names_a_server(name: str) -> bool:
    """Tell whether a name is one of the lines that server figures hold for: Xeon but not Xeon W, EPYC, Opteron."""
    key = key_of(name)
    return re.search(r"\b(?:xeon|epyc|opteron)\b", key) is not None and re.search(r"\bxeon w", key) is None


def words_in_brackets(name: str) -> tuple[str, ...]:
    """Return the first word of each pair of brackets in lower case: QEMU writes the generation there."""
    return tuple(re.split(r"[,]", found)[0].strip().lower() for found in _BRACKETS.findall(name[:_MOST_CHARACTERS]))
