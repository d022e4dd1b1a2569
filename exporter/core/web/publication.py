"""The snapshot in force, and the paths at which both programs show it."""

from collections.abc import Callable
from typing import Generic, Protocol, Self, TypeVar

import msgspec

from exporter.core.clock import Clock
from exporter.core.html import content_security_policy
from exporter.core.metrics import Exposition, negotiate
from exporter.core.units import Seconds
from exporter.core.web.site import Handler, Request, Response


class Publishable(Protocol):
    """Snapshot that can be published: it knows its age and its stale form."""

    def without_readings(self) -> Self:
        """Return the snapshot as it is shown once it is stale: totals, age and health only."""

    def is_fresh(self, now: Seconds) -> bool:
        """Tell whether the snapshot still describes its subject at this elapsed time."""


SnapshotT = TypeVar("SnapshotT", bound=Publishable)


class Publication(Generic[SnapshotT]):
    """The snapshot in force, and its exposition. Publishing is one assignment; readers take no lock."""

    def __init__(self, clock: Clock, snapshot: SnapshotT, expose: Callable[[SnapshotT], Exposition[SnapshotT]]) -> None:
        self._clock = clock
        self._expose = expose
        self._amend: Callable[[SnapshotT], SnapshotT] = lambda snapshot: snapshot
        self.publish(snapshot)

    def amend(self, amend: Callable[[SnapshotT], SnapshotT]) -> None:
        """Add to each snapshot from here on what its source does not know, such as what the server says of itself."""
        self._amend = amend

    def publish(self, snapshot: SnapshotT) -> None:
        """Put a snapshot in force."""
        snapshot = self._amend(snapshot)
        stale = snapshot.without_readings()
        self._current = ((snapshot, self._expose(snapshot)), (stale, self._expose(stale)))

    def latest(self) -> tuple[SnapshotT, Exposition[SnapshotT], bool]:
        """Return the snapshot, its exposition, and whether it is fresh; a stale one has totals, age and health only."""
        good, stale = self._current
        fresh = good[0].is_fresh(self._clock.elapsed())
        return (*(good if fresh else stale), fresh)


def common_routes(publication: Publication[SnapshotT], metrics_path: str) -> dict[str, Handler]:
    """Return the routes of metrics, health and readiness."""

    def metrics(request: Request) -> Response:
        representation = negotiate(request.headers.get("accept", ""), request.headers.get("accept-encoding", ""))
        _, bodies, _ = publication.latest()
        headers = [("Vary", "Accept, Accept-Encoding")]
        if representation.gzipped:
            headers.append(("Content-Encoding", "gzip"))
        body = bodies.body(representation)
        return Response(content_type=representation.content_type, body=body, headers=tuple(headers))

    def healthy(_request: Request) -> Response:
        return Response(body=b"healthy\n")

    def ready(_request: Request) -> Response:
        _, _, fresh = publication.latest()
        return Response(body=b"ready\n") if fresh else Response(status=503, body=b"no fresh sample\n")

    return {metrics_path: metrics, "/-/healthy": healthy, "/-/ready": ready}


def json_response(value: object) -> Response:
    """Encode a value as a JSON response."""
    return Response(content_type="application/json; charset=utf-8", body=msgspec.json.encode(value))


def page_response(html: str) -> Response:
    """Encode a page that may use its style sheet and nothing else."""
    policy = ("Content-Security-Policy", content_security_policy())
    return Response(content_type="text/html; charset=utf-8", body=html.encode(), headers=(policy,))
