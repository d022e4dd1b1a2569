"""The states in which somebody may meet the pages of both programs, each with the answer that a browser gets."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from exporter.core.web.publication import page_response
from exporter.core.web.server import Handler, Response
from tests.exporter.fake_site import Site, make_site
from tests.exporter.golden_snapshot import golden_snapshot as exporter_golden
from tests.exporter.test_programs import site_with
from tests.page_pictures import exporter_page, simulator_page
from tests.simulator.live.golden_snapshot import golden_snapshot as simulator_golden
from tests.simulator.live.test_flow_picture import full
from tests.simulator.live.test_page import before_the_first_step
from tests.simulator.live.test_page import page as simulated
from tests.test_pages import report_page

STATES: dict[str, Callable[[Path], Response]] = {
    "exporter-fresh": lambda _: make_site().get("/"),
    "exporter-laptop": lambda _: page_response(exporter_page()),
    "exporter-failed": lambda _: _failed().get("/"),
    "exporter-stale": lambda _: _stale().get("/"),
    "exporter-programs": lambda _: site_with().get("/"),
    "exporter-golden": lambda _: _golden().get("/"),
    "exporter-report": lambda folder: page_response(report_page(folder)),
    "simulator-fresh": lambda _: page_response(simulated(before_the_first_step(), fresh=False)),
    "simulator-edge": lambda _: page_response(simulator_page()),
    "simulator-stale": lambda _: page_response(simulated(simulator_golden().without_readings(), fresh=False)),
    "simulator-golden": lambda _: page_response(simulated(simulator_golden())),
    "simulator-flows": lambda _: page_response(simulated(full())),
}
"""Makers of the answer of each state; files that it needs are written into a folder."""


def routes(folder: Path) -> dict[str, Handler]:
    """Return a path for each state, with pages that stay as they are while they are looked at."""
    return {f"/{name}": partial(_answer, _still(make(folder))) for name, make in STATES.items()}


def _still(answer: Response) -> Response:
    return replace(answer, body=re.sub(rb'<meta http-equiv="refresh"[^>]*>\n', b"", answer.body))


def _answer(answer: Response, _request: object) -> Response:
    return answer


def _failed() -> Site:
    """Return a site at work for an hour, of which every reading fails by now."""
    site = make_site()
    site.work_for_an_hour()
    site.machine.broken = {"cpu", "disk", "network"}
    site.sample_after(5.0)
    return site


def _stale() -> Site:
    site = make_site()
    site.work_for_an_hour()
    site.clock.advance(60.0)
    return site


def _golden() -> Site:
    site = make_site()
    site.sample_after(5.0)
    site.publication.publish(replace(exporter_golden(), sampled_elapsed=site.clock.elapsed()))
    return site
