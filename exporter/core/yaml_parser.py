"""The parser of PyYAML where it was built without libyaml: the same events, in a hundred times the time."""

from yaml.parser import Parser as Events
from yaml.reader import Reader
from yaml.scanner import Scanner


class Parser(Reader, Scanner, Events):
    """Parser of a text."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Events.__init__(self)
