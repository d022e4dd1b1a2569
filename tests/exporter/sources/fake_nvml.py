"""NVML as `pynvml` shows it, with cards that tests put in."""

from dataclasses import dataclass, field
from typing import TypeVar

from exporter.sources.nvml import NOT_SUPPORTED
from exporter.sources.reading import COUNTS

AnswerT = TypeVar("AnswerT")

UNINITIALIZED, NOT_FOUND, GPU_IS_LOST = 1, 6, 15


class FakeNvmlError(Exception):
    """As pynvml's: its value is NVML's number."""

    def __init__(self, value: int) -> None:
        super().__init__(value)
        self.value = value


@dataclass(slots=True)
class Sample:
    """Use of a card by a process."""

    pid: int
    timeStamp: int
    smUtil: int
    encUtil: int = 0
    decUtil: int = 0


@dataclass(slots=True)
class Process:
    """Process that has a card open."""

    pid: int


@dataclass(slots=True)
class Card:
    """Card as NVML shows it; a number of NVML's where it refuses."""

    busId: str | bytes
    millijoules: int | FakeNvmlError
    milliwatts: int | FakeNvmlError = field(default_factory=lambda: FakeNvmlError(NOT_SUPPORTED))
    use: list[Sample] | FakeNvmlError = field(default_factory=lambda: FakeNvmlError(NOT_FOUND))
    computing: list[Process] | FakeNvmlError = field(default_factory=list)
    drawing: list[Process] | FakeNvmlError = field(default_factory=list)


@dataclass(slots=True)
class FakeNvml:
    """A driver with cards, and those who may have it open at once."""

    cards: list[Card] = field(default_factory=list)
    refuses: int | None = None
    readers: int = 1
    opened: int = 0
    NVMLError: type[Exception] = FakeNvmlError

    def nvmlInit(self) -> None:
        self._answer(0)
        assert self.opened < self.readers
        self.opened += 1

    def nvmlShutdown(self) -> None:
        self.opened -= 1
        self._answer(0)

    def nvmlDeviceGetCount(self) -> int:
        assert self.opened
        return self._answer(len(self.cards))

    def nvmlDeviceGetHandleByIndex(self, index: int, /) -> object:
        return self.cards[index]

    def nvmlDeviceGetProcessUtilization(self, card: object, since: int, /) -> list[Sample]:
        assert isinstance(card, Card)
        assert 0 <= since < COUNTS
        return self._answer(card.use)

    def nvmlDeviceGetComputeRunningProcesses_v3(self, card: object, /) -> list[Process]:
        assert isinstance(card, Card)
        return self._answer(card.computing)

    def nvmlDeviceGetGraphicsRunningProcesses_v3(self, card: object, /) -> list[Process]:
        assert isinstance(card, Card)
        return self._answer(card.drawing)

    def nvmlDeviceGetPciInfo(self, card: object, /) -> "Card":
        assert isinstance(card, Card)
        return card

    def nvmlDeviceGetTotalEnergyConsumption(self, card: object, /) -> int:
        assert isinstance(card, Card)
        return self._answer(card.millijoules)

    def nvmlDeviceGetPowerUsage(self, card: object, /) -> int:
        assert isinstance(card, Card)
        return self._answer(card.milliwatts)

    def _answer(self, value: AnswerT | FakeNvmlError) -> AnswerT:
        if self.refuses is not None:
            raise FakeNvmlError(self.refuses)
        if isinstance(value, FakeNvmlError):
            raise value
        return value


def refusing(value: int = NOT_SUPPORTED) -> FakeNvmlError:
    return FakeNvmlError(value)
