"""Text and numbers as LaTeX takes them, and their widths.

Widths are those of Computer Modern at 8 points, which footnotes and tables have in a document of 10 points; Times is
narrower.
"""

import re

LONGEST_LABEL = 90.0
"""Width in points beyond which the names of rows are broken into lines."""

CHUNK = 9
"""Most letters of such a name between which no line is broken: as many of the widest are narrower than that."""

PLUS_MINUS, TIMES, MINUS = "\u00b1", "\u00d7", "\u2212"

_WIDTHS = (
    ("ijlf.,:;[]{}|!'", 2.6),
    ("rstI()-_ ", 3.4),
    ("0123456789aceozJ/$", 4.3),
    (f"ABCDEFGHKLNOPQRSTUVXYZw+{MINUS}{PLUS_MINUS}{TIMES}", 6.7),
    ("mMW%@&", 8.8),
)
"""Widths of characters in points, rounded up, as cmr8.tfm has them; of all others it is the next."""

_OTHER_WIDTH = 4.8

_CODE_WIDTH = 45.0
"""Width in points of the code that stands for a character without a sign, eight hexadecimal digits at the most."""

_ESCAPED = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    # The sign of text would come from a font of bitmaps where cm-super is not installed, which publishers refuse.
    "$": r"$\$$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    # At the beginning of a row these two would belong to the end of the row before.
    "[": "{[}",
    "*": "{*}",
    PLUS_MINUS: r"$\pm$",
    TIMES: r"$\times$",
    MINUS: "$-$",
    "\u2082": "$_2$",
}


def latex(text: str) -> str:
    """Escape what LaTeX would take for commands, and what it has no sign for without further packages."""
    return "".join(_ESCAPED.get(one, one if _has_sign(one) else _code(one)) for one in text)


def width(text: str) -> float:
    """Return the greatest width of a text in points."""
    return sum(map(_character_width, text))


def math_width(number: str) -> float:
    """Return the greatest width of a number in math mode, in points."""
    plain = re.sub(r"\\(?:pm|times)\b", PLUS_MINUS, number).replace("-", MINUS)
    return width(re.sub(r"[$\\{}^]", "", plain))


def _character_width(character: str) -> float:
    if not _has_sign(character) and character not in _ESCAPED:
        return _CODE_WIDTH
    return next((points for those, points in _WIDTHS if character in those), _OTHER_WIDTH)


def _has_sign(character: str) -> bool:
    """Return whether LaTeX has it in every encoding of fonts: ASCII, and the letters of Latin-1 but eth and thorn."""
    if character.isascii():
        return character.isprintable()
    return "\u00c0" <= character <= "\u00ff" and character not in "\u00d0\u00d7\u00de\u00f0\u00f7\u00fe"


def _code(character: str) -> str:
    """Return what Python would write for a character without a sign."""
    return rf"\textbackslash{{}}{ascii(character)[2:-1]}"


def broken(label: str) -> str:
    """Return a text that may be broken after each sign and after some letters."""
    chunks = re.findall(rf"[A-Za-z0-9]{{1,{CHUNK}}}[-.:/_ ]?|.", label, re.DOTALL)
    return r"\allowbreak{}".join(latex(one) for one in chunks)
