"""Numbers in YAML as people mean them, and how to write what is none.

YAML 1.1 takes 1e3 for text, 010 for 8, 1:30 for 90 and NO for false; its successors differ. Here a number is what the
JSON-like core of YAML 1.2 says (https://yaml.org/spec/1.2.2/#103-core-schema), less the notations that few expect.
"""

import re

NUMBER = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
"""The form of a number: decimal digits, without zeros before them."""

MOST_DIGITS = 300
"""Digits beyond which a whole number is read as if it had a fraction: no key allows one near it, and Python converts
no text of more than 4,300 digits."""

EXACT_BELOW = 2.0**53
"""Size up to which a number with an exponent, such as 1e3, is a whole one: the doubles that are exact (IEEE 754)."""

_BASES = {"0x": 16, "0o": 8, "0b": 2}

_SEXAGESIMAL = re.compile(r"[0-9]{1,9}(?::[0-9]{1,2}){1,3}")


def number_of(text: str) -> float:
    """Return the number in a text that matches `NUMBER`, an int where it is whole: 1e3 is 1000."""
    if text.lstrip("+-").isdecimal() and len(text) <= MOST_DIGITS:
        return int(text)
    value = float(text)
    return int(value) if "." not in text and abs(value) < EXACT_BELOW and value.is_integer() else value


def advice_on_number(text: str) -> str:
    """Say how to write the number that a text seems to mean, as `; write 1000` for 1_000; nothing for other texts."""
    if NUMBER.fullmatch(text):
        return "; write it without quotes"
    meant = _meant(text.lower())
    return "" if meant is None else f"; write {meant}"


def _meant(text: str) -> str | None:
    """Return the number that a text in lower case stands for in YAML 1.1 or in a program."""
    sign, digits = ("-" if text[:1] == "-" else ""), text.removeprefix("-").removeprefix("+").replace("_", "")
    if len(digits) > MOST_DIGITS:
        return None
    if _SEXAGESIMAL.fullmatch(digits):
        total = 0
        for part in digits.split(":"):
            total = total * 60 + int(part)
        return f"{sign}{total}"
    try:
        whole = str(int(digits, _BASES[digits[:2]])) if digits[:2] in _BASES else digits.lstrip("0") or "0"
    except ValueError:
        return None
    return f"{sign}{whole}" if NUMBER.fullmatch(whole) else None


def advice_on_text(value: object) -> str:
    """Return the advice to quote a text that YAML takes for something else, as `NO` for false; nothing for others."""
    match value:
        case bool():
            words = "yes and on for true" if value else "NO and off for false"
            return f"; quote it, since YAML takes {words}"
        case int() | float():
            return "; quote it"
        case _:
            return ""
