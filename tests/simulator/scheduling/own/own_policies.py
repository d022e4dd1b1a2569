# ruff: noqa: ARG002 - they take what a policy is given
"""Policies as users write them, each wrong in a way of its own. Loaded by name, from a folder on Python's path."""

import json
from typing import Any


class Raises:
    """Divides by zero."""

    def choose(self, task: Any, nodes: Any) -> Any:
        return task.work / 0, len(nodes)  # here: Raises


class RaisesElsewhere:
    """Raises in a file that is not its own."""

    def choose(self, task: Any, nodes: Any) -> Any:
        return json.loads("{")  # here: RaisesElsewhere


class Exits:
    """Ends the program."""

    def choose(self, task: Any, nodes: Any) -> Any:
        raise SystemExit(3)  # here: Exits


class Odd(BaseException):
    """An exception that is no Exception, and cannot even be told."""

    def __str__(self) -> str:
        raise RuntimeError


class RaisesOdd:
    """Raises something that nobody expects."""

    def choose(self, task: Any, nodes: Any) -> Any:
        raise Odd  # here: RaisesOdd


class TellsMuch:
    """Raises something that takes two lines to tell."""

    def choose(self, task: Any, nodes: Any) -> Any:
        raise ValueError("one\ntwo")  # here: TellsMuch


class WrongSignature:
    """Takes one argument."""

    def choose(self, task: Any) -> Any:  # here: WrongSignature
        return None


class NeedsArgument:
    """Cannot be made."""

    def __init__(self, argument: Any) -> None:  # here: NeedsArgument
        self.argument = argument


class FailsAtOnce:
    """Raises when it is made."""

    def __init__(self) -> None:
        raise LookupError("nothing")  # here: FailsAtOnce


class LeavesAtOnce:
    """Ends the program when it is made."""

    def __init__(self) -> None:
        raise SystemExit(3)  # here: LeavesAtOnce


class PlacesNothing:
    """Has a `place` that raises."""

    name = "mine"

    def place(self, tasks: Any, cluster: Any, view: Any) -> Any:
        raise KeyError("tasks")  # here: PlacesNothing


class Answers:
    """Answers the same to everything."""

    answer: Any = None

    def choose(self, task: Any, nodes: Any) -> Any:  # here: answers
        return self.answer


class Text(Answers):
    """A text in place of a pair."""

    answer = "pi"


class One(Answers):
    """A number in place of a pair."""

    answer = 0


class Three(Answers):
    """Three numbers in place of a pair."""

    answer = (0, 0, 0)


class NaN(Answers):
    """No whole numbers."""

    answer = (float("nan"), 0)


class Truth(Answers):
    """Truth values, which Python takes for 1 and 0."""

    answer = (True, False)


class Absent(Answers):
    """No such node."""

    answer = (9, 0)


class TooFast(Answers):
    """No such operating point."""

    answer = (0, 7)
