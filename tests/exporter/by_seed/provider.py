"""A provider of carbon intensity that answers as a plan says, without a network."""

from collections import Counter
from collections.abc import Callable

import msgspec

from exporter.core.no_answer import NoAnswerError
from exporter.intensity.exchange import Told
from exporter.intensity.providers.provider import Question
from exporter.intensity.reading import Method, Point
from tests.exporter.by_seed.machine import Machine
from tests.exporter.by_seed.plan import Kind

HALF_HOUR = 1800.0


class Script:
    """Answers to all questions of a run; `told` are the values that the exporter may go by."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.told: set[float] = set()
        self.discarded: Counter[str] = Counter()
        self.asked = 0

    def send(self, question: Question) -> "Answer":
        """Take a question."""
        self.asked += 1
        kinds = {one.kind for one in self.machine.active}
        late = next((one.amount for one in self.machine.active if one.kind is Kind.LATE), 0.0)
        if Kind.DOWN in kinds:
            return Answer(self, self._fail, 3.0)
        return Answer(self, lambda: self._content(question.now, kinds), 2.0 + 100.0 * late)

    def _fail(self) -> bytes:
        raise NoAnswerError("no answer")

    def _content(self, now: float, kinds: set[Kind]) -> bytes:
        if Kind.JUNK in kinds:
            self.discarded["malformed"] += 1
            return b'{"points": [[1, 2'
        slot = now // HALF_HOUR + (-100.0 if Kind.PAST in kinds else 0.0)
        points = [
            Point(HALF_HOUR * one, HALF_HOUR * (one + 1), value(one), Method.FORECAST)
            for one in range(int(slot), int(slot) + 48)
        ]
        present = self.machine.wall_at
        if Kind.ABSURD in kinds:
            points = [Point(one.start, one.end, -5.0 if one.value < 300.0 else 1e6, one.method) for one in points]
            self.discarded["out_of_range"] += len(points)
        elif any(one.covers(self.machine.wall()) for one in points):
            self.told |= {one.value for one in points}
        if not any(one.start <= present < one.end for one in points):
            self.discarded["late"] += 1
        return msgspec.json.encode(Told(points=points))


class Answer:
    """An answer on its way; it is an `Errand`."""

    def __init__(self, script: Script, content: Callable[[], bytes], after: float) -> None:
        self._script = script
        self._content = content
        self._ready_at = script.machine.elapsed_at + after

    def answer(self) -> bytes | None:
        """See `Errand.answer`."""
        return self._content() if self._script.machine.elapsed_at >= self._ready_at else None

    def give_up(self) -> None:
        """See `Errand.give_up`: it is heard at once, and not taken."""
        self._content = lambda: b"{}"
        self._ready_at = 0.0

    def close(self) -> None:
        """See `Errand.close`: nothing is open."""


def value(slot: float) -> float:
    """Return the carbon intensity of half an hour."""
    return 100.0 + slot * 37.0 % 400.0
