"""Text from elsewhere on a line of its own."""


def printable(text: str) -> str:
    """Return a text with escapes for what does not print: line breaks, and what a terminal obeys."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
