"""The running exporter: its routes, its start and its stop."""

import contextlib
import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import exporter
from exporter.build import BUILT_IN, Paths, build_journal, build_sampler, build_store, take_back_settings
from exporter.calibrate.stored import CALIBRATION
from exporter.config import Config
from exporter.core.clock import Clock
from exporter.core.command_line import METRICS_PATH, Web
from exporter.core.html import STILL
from exporter.core.tidying import Stop, TidyStop
from exporter.core.web.publication import Publication, common_routes, json_response, page_response
from exporter.core.web.server import Handler, Request, Response, Server
from exporter.core.web.site import text
from exporter.reload import Reload
from exporter.snapshot import Snapshot
from exporter.sources.collector import Source
from exporter.views.attestation import PATH, proof_response
from exporter.views.clean_window import clean_window, job_of
from exporter.views.page import render_page
from exporter.views.processes import processes
from exporter.views.summary import history, summarize

LOG = logging.getLogger(__name__)


class Signals(Stop, Protocol):
    """The signal that ends the loop, the one that asks to look at the configuration, and who is told of the start."""

    def ready(self, status: str, /) -> None:
        """Take note that the program is ready, and what it does."""

    def on_hangup(self, look: Callable[[], None], /) -> None:
        """Have `look` called within `wait`, for each of the latter."""


def routes(publication: Publication[Snapshot], clock: Clock, *, metrics_path: str = METRICS_PATH) -> dict[str, Handler]:
    """Return the handler of each path."""

    def summary(_request: Request) -> Response:
        snapshot, _, fresh = publication.latest()
        return json_response(summarize(snapshot, clock.wall(), fresh=fresh))

    def last_hour(_request: Request) -> Response:
        snapshot, _, _ = publication.latest()
        return json_response({"points": history(snapshot)})

    def window(request: Request) -> Response:
        snapshot, _, _ = publication.latest()
        try:
            job = job_of(request.query)
        except ValueError as error:
            return text(400, f"{error}.")
        return json_response(clean_window(snapshot, job, clock.wall()))

    def told_apart(_request: Request) -> Response:
        snapshot, _, _ = publication.latest()
        return json_response(processes(snapshot))

    def page(request: Request) -> Response:
        snapshot, _, fresh = publication.latest()
        summary, told = summarize(snapshot, clock.wall(), fresh=fresh), processes(snapshot)
        still = request.query == STILL
        return page_response(render_page(summary, history(snapshot), told, metrics_path=metrics_path, still=still))

    shown = {
        "/": page,
        "/api/v1/summary": summary,
        "/api/v1/history": last_hour,
        "/api/v1/clean-window": window,
        "/api/v1/processes": told_apart,
    }
    return shown | _seldom_asked(publication) | common_routes(publication, metrics_path)


def _seldom_asked(publication: Publication[Snapshot]) -> dict[str, Handler]:
    """Return the handlers of what is off by default, whose views are loaded for those who ask."""

    def optimized(_request: Request) -> Response:
        from exporter.views.optimizations import optimizations  # noqa: PLC0415 - for those who ask

        snapshot, _, _ = publication.latest()
        return json_response(optimizations(snapshot))

    def saved(_request: Request) -> Response:
        from exporter.views.savings import savings  # noqa: PLC0415 - as above

        snapshot, _, _ = publication.latest()
        return json_response(savings(snapshot))

    def attested(_request: Request) -> Response:
        snapshot, _, _ = publication.latest()
        return proof_response(snapshot)

    return {
        PATH: attested,
        "/api/v1/optimizations": optimized,
        "/api/v1/savings": saved,
    }


def run(
    config: Config, clock: Clock, *, web: Web, state: Path, paths: Paths, sources: Collection[Source], stop: Signals
) -> None:
    """Sample the sources and serve until told to stop.

    Raises StateError, ListenError or ConfigError before anything is started or written.
    """
    # First the port, then the lock, then the state: loading moves damaged files, and a failed start must move nothing.
    server = Server(addresses=web.addresses, web_config=web.config, max_requests=web.max_requests, passed=web.passed)
    with contextlib.ExitStack() as stack:
        stack.callback(server.stop)
        store = stack.enter_context(contextlib.closing(build_store(config, clock, paths, state)))
        take_back_settings(paths, state)
        calibration = CALIBRATION.load(state)
        journal = build_journal(config.journal, clock.wall())
        sampler, publication = build_sampler(
            config, clock, paths, sources, store, calibration=calibration, journal=journal
        )
        publication.amend(
            lambda snapshot: replace(snapshot, certificate=server.certificate, refused_logins=server.refused_logins)
        )
        stop.on_hangup(Reload(config, sampler, clock=clock, paths=paths, calibration=calibration).look)
        # Events met while loading are saved before anybody can see them.
        sampler.sample_once()
        server.start(routes(publication, clock, metrics_path=web.metrics_path))
        listening = f"listening on {' and '.join(server.urls)}: ecotrack {exporter.__version__}"
        LOG.info("%s, configuration %s, state in %s", listening, paths.config or BUILT_IN, state)
        stop.ready(listening)
        stack.callback(sampler.save_clean_stop)
        sampler.run(TidyStop(stop, clock))
    LOG.info("stopped")
