"""Question to the child process that asks a provider, and its answer: points, or a reason why there are none."""

import dataclasses

import msgspec

from exporter.core.no_answer import without
from exporter.intensity.providers.provider import Question, Web
from exporter.intensity.providers.table import answer
from exporter.intensity.reading import IntensityUnavailableError, Point

MOST_POINTS = 600
"""Points that are handed on at most: two days of five minutes each, in what a pipe holds."""


class Told(msgspec.Struct, frozen=True):
    """Outcome of a question: its points, or why there are none."""

    points: list[Point] = msgspec.field(default_factory=list)
    trouble: str = ""


def encode_question(question: Question) -> str:
    """Write a question as one argument of a command line."""
    return msgspec.json.encode(dataclasses.asdict(question)).decode()


def reply(argument: str, web: Web) -> bytes:
    """Answer a question; nothing that a server sent, and no secret, is in the reason for a failure."""
    try:
        question = msgspec.json.decode(argument, type=Question)
        points = answer(question, web)
        told = Told(points=_to_come(points, question.now))
    except IntensityUnavailableError as error:
        told = Told(trouble=without(web.secret, str(error)))
    except Exception as error:  # noqa: BLE001 - the child's edge: whatever happens is told in one answer
        told = Told(trouble=f"its answer is not understood ({type(error).__name__})")
    return msgspec.json.encode(told)


def _to_come(points: list[Point], now: float) -> list[Point]:
    """Return the points that are not past, the nearest of them where they are too many."""
    return sorted((one for one in points if one.end > now), key=lambda one: one.start)[:MOST_POINTS]
