# ruff: noqa: ARG002, S311 - they take what a policy is given, and one draws lots
"""Policies as users write them, each wrong in a way of its own. Loaded by name, from a folder on Python's path."""

import dataclasses
import json
import random
from typing import Any, ClassVar


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


class First:
    """Every task to the first node that takes it, at the lowest frequency."""

    def choose(self, task: Any, nodes: Any) -> Any:
        return next(((node.index, 0) for node in nodes if node.fits), None)


class Neutral(First):
    """Has every method, and asks for nothing."""

    def release(self, task: Any, hours: Any) -> Any:
        return task.release

    def sleep(self, nodes: Any) -> Any:
        return []

    def charge(self, batteries: Any) -> Any:
        return [0] * len(batteries)


class ByHand(First):
    """The charging of clean hours, and sleep after a time, as the simulator has them."""

    def sleep(self, nodes: Any) -> Any:
        return {one.index for one in nodes if one.may_sleep and one.idle_seconds >= one.break_even_seconds}

    def charge(self, batteries: Any) -> Any:
        return [one.capacity_joules if self.is_clean(one) else 0.0 for one in batteries]

    def is_clean(self, one: Any) -> bool:
        expected, now = sorted(one.expected_grams_per_joule), one.grams_per_joule
        return bool(now <= expected[5] and now < sum(expected[6:]) / 18 * one.efficiency)


class AtRandom:
    """Whatever may be answered."""

    def __init__(self) -> None:
        self.random = random.Random(5)

    def choose(self, task: Any, nodes: Any) -> Any:
        fits = [node for node in nodes if node.fits]
        if not fits or self.random.random() < 0.1:
            return None
        node = self.random.choice(fits)
        return node.index, self.random.randrange(len(node.seconds))

    def release(self, task: Any, hours: Any) -> Any:
        late = self.random.uniform(task.release, task.deadline)
        return self.random.choice([task.release, task.deadline, late, hours[-1].start])

    def sleep(self, nodes: Any) -> Any:
        return [one.index for one in nodes if one.may_sleep and self.random.random() < 0.3]

    def charge(self, batteries: Any) -> Any:
        return [self.random.choice([0, 1e3, one.capacity_joules, 1e30]) for one in batteries]


class Overwrites(AtRandom):
    """Writes into all that it is shown, past what keeps views from being changed."""

    def choose(self, task: Any, nodes: Any) -> Any:
        answer = super().choose(task, nodes)
        overwrite(task, *nodes)
        return answer

    def release(self, task: Any, hours: Any) -> Any:
        answer = super().release(task, hours)
        overwrite(task, *hours)
        return answer

    def sleep(self, nodes: Any) -> Any:
        answer = super().sleep(nodes)
        overwrite(*nodes)
        return answer

    def charge(self, batteries: Any) -> Any:
        answer = super().charge(batteries)
        overwrite(*batteries)
        return answer


def overwrite(*views: Any) -> None:
    """Set every field of views to something else, which Python does not prevent."""
    for view in views:
        for field in dataclasses.fields(view):
            object.__setattr__(view, field.name, None)


class Changes(Neutral):
    """Sets a field of a view."""

    def sleep(self, nodes: Any) -> Any:
        nodes[0].may_sleep = True  # here: Changes


class WritesArrays:
    """Places all at once, and moves the queues by itself."""

    name = "mine"

    def place(self, tasks: Any, cluster: Any, view: Any) -> Any:
        view.free_at[:] = 0.0  # here: WritesArrays


class Says(Neutral):
    """Answers what a test wants, where it wants something."""

    answers: ClassVar[dict[str, Any]] = {}

    def choose(self, task: Any, nodes: Any) -> Any:
        return self.answers.get("choose", super().choose(task, nodes))

    def release(self, task: Any, hours: Any) -> Any:
        return self.answers.get("release", task.release)

    def sleep(self, nodes: Any) -> Any:
        return self.answers.get("sleep", [])

    def charge(self, batteries: Any) -> Any:
        return self.answers.get("charge", super().charge(batteries))


class NoMethod(First):
    """A figure in place of a method."""

    sleep = 3
