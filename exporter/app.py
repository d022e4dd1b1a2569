"""The parts of the exporter, put together."""

import contextlib
import logging
import platform
from dataclasses import dataclass
from pathlib import Path

import exporter
from exporter.config import Config
from exporter.core.clock import Clock
from exporter.core.command_line import Web
from exporter.core.units import Seconds
from exporter.core.web.publication import Publication, common_routes, json_response, page_response
from exporter.core.web.server import Handler, Request, Response, Server
from exporter.derive import BudgetPlan, Models
from exporter.exposition.rows import exposition
from exporter.sampler import Sampler, Stop
from exporter.snapshot import STALE_AFTER_INTERVALS, Snapshot
from exporter.sources.cpu import logical_cpus
from exporter.sources.host import HostSource
from exporter.sources.machine import boot_id
from exporter.state import StateStore
from exporter.totals import Totals
from exporter.views.page import render_page
from exporter.views.summary import history, summarize

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Where the kernel's files are: elsewhere than usual in a container that looks at its host."""

    procfs: Path = Path("/proc")
    sysfs: Path = Path("/sys")


def build_sampler(
    config: Config, clock: Clock, paths: Paths, store: StateStore | None
) -> tuple[Sampler, Publication[Snapshot]]:
    """The sampling loop and what it publishes to. Without a `store` nothing is read from disk or written to it."""
    now = clock.wall()
    models = Models(
        host=config.power.model(vcpus=logical_cpus(paths.procfs)),
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
    publication = Publication(clock, initial, exposition)
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


def routes(publication: Publication[Snapshot], clock: Clock) -> dict[str, Handler]:
    """What answers at which path."""

    def summary(_request: Request) -> Response:
        snapshot, _, fresh = publication.latest()
        return json_response(summarize(snapshot, clock.wall(), fresh=fresh))

    def last_hour(_request: Request) -> Response:
        snapshot, _, _ = publication.latest()
        return json_response({"points": history(snapshot)})

    def page(_request: Request) -> Response:
        snapshot, _, fresh = publication.latest()
        return page_response(render_page(summarize(snapshot, clock.wall(), fresh=fresh), history(snapshot)))

    shown = {"/": page, "/api/v1/summary": summary, "/api/v1/history": last_hour}
    return shown | common_routes(publication)


def run(config: Config, clock: Clock, *, web: Web, state: Path, paths: Paths, stop: Stop) -> None:
    """Sample and serve until told to stop.

    Raises StateError or ListenError before anything is started or written.
    """
    # First the port, then the lock, then the state: reading moves what is damaged, and a failed start moves nothing.
    server = Server(address=web.address, web_config=web.config, max_requests=web.max_requests)
    with contextlib.ExitStack() as stack:
        stack.callback(server.stop)
        resume_within = Seconds(STALE_AFTER_INTERVALS * config.interval())
        store = stack.enter_context(
            contextlib.closing(StateStore(state, boot_id(paths.procfs), clock=clock, resume_within=resume_within))
        )
        sampler, publication = build_sampler(config, clock, paths, store)
        # What loading met is saved before anybody can see it.
        sampler.sample_once()
        server.start(routes(publication, clock))
        LOG.info("listening on %s", server.url)
        stack.callback(sampler.save_clean_stop)
        sampler.run(stop)
    LOG.info("stopped")
