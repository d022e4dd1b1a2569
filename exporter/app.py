"""The parts of the exporter, put together."""

import contextlib
import logging
import platform
from dataclasses import dataclass
from pathlib import Path

import msgspec

import exporter
from exporter.config import Config
from exporter.core.clock import Clock
from exporter.core.metrics import Exposition, negotiate
from exporter.core.server import Handler, Request, Response, Server
from exporter.core.web_config import WebConfig
from exporter.metrics import exposition
from exporter.page import content_security_policy, render_page
from exporter.sampler import BudgetPlan, Models, Sampler, Stop
from exporter.snapshot import Snapshot
from exporter.sources.host import HostSource
from exporter.sources.machine import boot_id, logical_cpus, memory_bytes
from exporter.state import StateStore
from exporter.summary import history, summarize
from exporter.totals import Totals

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Where the kernel's files are: elsewhere than usual in a container that looks at its host."""

    procfs: Path = Path("/proc")
    sysfs: Path = Path("/sys")


class Publication:
    """The snapshot in force, and its exposition. Publishing is one assignment; readers take no lock."""

    def __init__(self, clock: Clock, snapshot: Snapshot) -> None:
        self._clock = clock
        self.publish(snapshot)

    def publish(self, snapshot: Snapshot) -> None:
        """Put a snapshot in force."""
        stale = snapshot.without_readings()
        self._current = ((snapshot, exposition(snapshot)), (stale, exposition(stale)))

    def latest(self) -> tuple[Snapshot, Exposition[Snapshot], bool]:
        """The snapshot, its exposition, and whether it is fresh; a stale one has totals, age and health only."""
        good, stale = self._current
        fresh = good[0].is_fresh(self._clock.elapsed())
        return (*(good if fresh else stale), fresh)


def build_sampler(config: Config, clock: Clock, paths: Paths, store: StateStore | None) -> tuple[Sampler, Publication]:
    """The sampling loop and what it publishes to. Without a `store` nothing is read from disk or written to it."""
    now = clock.wall()
    models = Models(
        host=config.power.model(vcpus=logical_cpus(), memory_bytes=memory_bytes()),
        network=config.network.model(config.preset),
        intensity=config.grid.provider(config.preset, now),
    )
    initial = Snapshot(
        version=exporter.__version__,
        python_version=platform.python_version(),
        interval=config.interval(),
        provenance=(*models.host.provenance, models.network.provenance),
        emission_limit=config.ecoguard.limit(),
        totals=Totals(since=now) if store is None else store.load(now),
        state_saved_at=None if store is None else now,
    )
    source = HostSource(
        clock,
        config.network.rule(),
        procfs=paths.procfs,
        sysfs=paths.sysfs,
        connections_interval=config.connections_interval(),
    )
    publication = Publication(clock, initial)
    sampler = Sampler(
        initial,
        source=source,
        clock=clock,
        models=models,
        plan=BudgetPlan(limits=config.budget.limits(), zone=config.budget.zone()),
        store=store,
        publish=publication.publish,
    )
    return sampler, publication


def routes(publication: Publication, clock: Clock) -> dict[str, Handler]:
    """What answers at which path."""

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

    def summary(_request: Request) -> Response:
        snapshot, _, fresh = publication.latest()
        return _json(summarize(snapshot, clock.wall(), fresh=fresh))

    def last_hour(_request: Request) -> Response:
        snapshot, _, _ = publication.latest()
        return _json({"points": history(snapshot)})

    def page(_request: Request) -> Response:
        snapshot, _, fresh = publication.latest()
        html = render_page(summarize(snapshot, clock.wall(), fresh=fresh), history(snapshot))
        policy = ("Content-Security-Policy", content_security_policy())
        return Response(content_type="text/html; charset=utf-8", body=html.encode(), headers=(policy,))

    return {
        "/": page,
        "/metrics": metrics,
        "/-/healthy": healthy,
        "/-/ready": ready,
        "/api/v1/summary": summary,
        "/api/v1/history": last_hour,
    }


def _json(value: object) -> Response:
    return Response(content_type="application/json; charset=utf-8", body=msgspec.json.encode(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """Where and how to serve."""

    address: str
    config: WebConfig | None
    max_requests: int


def run(config: Config, clock: Clock, *, web: Web, state: Path, paths: Paths, stop: Stop) -> None:
    """Sample and serve until told to stop.

    Raises StateError or ListenError before anything is started or written.
    """
    # First the port, then the lock, then the state: reading moves what is damaged, and a failed start moves nothing.
    server = Server(address=web.address, web_config=web.config, max_requests=web.max_requests)
    with contextlib.ExitStack() as stack:
        stack.callback(server.stop)
        store = stack.enter_context(contextlib.closing(StateStore(state, boot_id(paths.procfs))))
        sampler, publication = build_sampler(config, clock, paths, store)
        # What loading met is saved before anybody can see it.
        sampler.sample_once()
        server.start(routes(publication, clock))
        LOG.info("listening on %s", server.url)
        stack.callback(sampler.save_clean_stop)
        sampler.run(stop)
    LOG.info("stopped")
