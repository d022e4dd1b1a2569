"""A small HTTP server that answers as a Prometheus does, from samples in memory, or with whatever it is told to."""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from tests.prometheus import stack
from tests.simulator.ledger.attest.machine import Machine

Answer = tuple[int, bytes]


@dataclass
class Fake:
    """Knowledge of the server: machines, its clock, and the answers that it gives in place of what it knows."""

    machines: Sequence[Machine] = ()
    wall: Callable[[], float] = time.time
    instead: Callable[[str], Answer | None] = lambda _query: None
    asked: list[str] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)
    url: str = ""

    def answer(self, query: str, at: float) -> Answer:
        """Return the answer to a query."""
        self.asked.append(query)
        if (given := self.instead(query)) is not None:
            return given
        if query == "time()":
            return told([self.wall(), str(self.wall())])
        match = re.fullmatch(r"\{(.*)\}\[(\d+)s\]", query)
        assert match is not None, query
        labels = dict(re.findall(r'(\w+)="([^"]*)"', match[1]))
        found = [one for machine in self.machines for one in machine.series(at - int(match[2]), at)]
        chosen = [one for one in found if all(one.labels.get(key) == value for key, value in labels.items())]
        return told(
            [{"metric": one.labels, "values": [[at, repr(value)] for at, value in one.points]} for one in chosen]
        )


def told(result: object) -> Answer:
    """Return a good answer with a result."""
    return 200, json.dumps({"status": "success", "data": {"result": result}}).encode()


@contextmanager
def serving(fake: Fake) -> Iterator[Fake]:
    """Serve until the block ends."""

    class Handler(stack.Quiet):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            fake.authorizations.append(self.headers.get("Authorization"))
            self.answer(*fake.answer(asked["query"][0], float(asked.get("time", ["0"])[0])))

    with stack.serving(Handler) as address:
        fake.url = f"http://{address}"
        yield fake
