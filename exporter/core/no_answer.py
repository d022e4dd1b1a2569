"""The error of what was asked and gave no answer."""


class NoAnswerError(Exception):
    """No answer, or none that can be used; the message says why in a few words that a page and a log may show."""


def without(secret: str, text: str) -> str:
    """Return a text that is to be shown, which holds a secret in no case."""
    return "a reason that cannot be shown" if secret and secret in text else text
