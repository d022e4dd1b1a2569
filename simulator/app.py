"""The live job, assembled from its parts."""

import contextlib
import logging
import math
import platform
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Protocol

import simulator
from exporter.core.clock import Clock
from exporter.core.command_line import METRICS_PATH, Web
from exporter.core.config import ConfigError
from exporter.core.html import STILL
from exporter.core.logs import Seldom
from exporter.core.service import Stopped
from exporter.core.tidying import TidyStop
from exporter.core.units import SECONDS_PER_HOUR, Seconds, UnixSeconds
from exporter.core.web.publication import Publication, common_routes, json_response, page_response
from exporter.core.web.server import Handler, Request, Response, Server
from simulator.assembly.credit_prices import load_prices
from simulator.assembly.layout import Layout, first_day_of, layout_of
from simulator.assembly.parts import configured_weights, profile_of
from simulator.experiments.find.estimates import ShownResults, load_shown_results
from simulator.ledger.cost.cost_profile import shipped_profile
from simulator.live.ahead import GenerationAhead
from simulator.live.exposition.rows import exposition
from simulator.live.forecasts import LiveForecasts
from simulator.live.ledger.book import LiveLedger
from simulator.live.ledger.keeping import Keeping
from simulator.live.ledger.setting import setting_of
from simulator.live.market import LiveMarket
from simulator.live.one_heap import keep_one_heap
from simulator.live.pacing import Pace, SpeedMeter, is_lean, step_for
from simulator.live.page import render_page
from simulator.live.reasons import possible_reasons
from simulator.live.reload import Reload, Sources
from simulator.live.run import LiveRun
from simulator.live.snapshot import NodeFacts, RunFacts, Snapshot
from simulator.live.summary import history, summarize
from simulator.live.told import told_plant, without_learning
from simulator.market.section import MarketSection
from simulator.run.engine import Engine
from simulator.run.forecasts import learns
from simulator.run.generation import Daily
from simulator.run.job import full_method
from simulator.run.simulate import build_engine
from simulator.scenario.load import load_scenario
from simulator.scenario.schema import Scenario
from simulator.scheduling.kernels.compiled import Backend
from simulator.scheduling.policies import weights_of
from simulator.scheduling.weights import TERMS

LOG = logging.getLogger(__name__)

PUBLISH_INTERVAL = Seconds(1.0)

COMPLAINT_INTERVAL = Seconds(SECONDS_PER_HOUR)
"""Least time between two warnings that the clock cannot keep up."""

DIGEST_LENGTH = 12

MOST_NODES = 200
"""Most nodes of a live run: each has about 30 series of its own. Experiments know no such limit."""


class Stop(Protocol):
    """The request to stop the program."""

    def wait(self, seconds: float) -> bool:
        """Wait for at most so long, and return whether to stop."""


class Signals(Stop, Protocol):
    """The request to stop, which may come at once, and the one to look at the configuration."""

    def ready(self, status: str) -> None:
        """Take note that the program is ready, and what it does."""

    def at_once(self) -> AbstractContextManager[None]:
        """Let a request to stop end a block, wherever it is, with Stopped."""

    def on_hangup(self, look: Callable[[], None]) -> None:
        """Have `look` called within `wait`, for each of the latter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A live run to start: `speed` is simulated seconds per second, infinite for as many as possible.

    `ledger` is the file that the ledger is kept in; without one it ends with the program. `market` tells what credits
    are worth today.
    """

    scenario: Scenario
    seed: int
    speed: float
    shown: tuple[ShownResults, ...] = ()
    ledger: Path | None = None
    market: MarketSection | None = None

    @property
    def is_lean(self) -> bool:
        """Return whether the run does without large libraries; with a trace, whose rate nobody knows, it does not."""
        arrivals = self.scenario.workload.arrivals
        tasks_per_hour = math.inf if arrivals.kind == "trace" else arrivals.rate_per_hour
        choices = tasks_per_hour / SECONDS_PER_HOUR * self.speed * len(self.scenario.nodes)
        return is_lean(speed=self.speed, choices_per_second=choices)


def live_scenario(name_or_file: str) -> Scenario:
    """Load a scenario that can run live. Raises ConfigError."""
    scenario = load_scenario(name_or_file)
    if not isinstance(scenario, Scenario):
        raise ConfigError([f"{name_or_file}: model: expected edge to run live, got published, which has no clock"])
    if len(scenario.nodes) > MOST_NODES:
        raise ConfigError([f"{name_or_file}: nodes: expected at most {MOST_NODES} live, got {len(scenario.nodes)}"])
    return scenario


def shown_results_in(folder: Path | None) -> tuple[ShownResults, ...]:
    """Load the results of experiments in a folder, to be shown; none without a folder. Raises ConfigError."""
    return () if folder is None else tuple(load_shown_results(folder))


def build_run(plan: Plan, generated: Daily | None = None, forecasts: LiveForecasts | None = None) -> LiveRun:
    """Build a run at its beginning, with the generation `generated` in place of one that it would compute itself.

    A policy that asks for forecasts is told `forecasts`; without them what it asks for is learnt here. Raises
    ConfigError or WeatherError for files that cannot be used. A ledger file is open until the run is closed.
    """
    scenario, method = plan.scenario, full_method(plan.scenario)
    backend, step = Backend.PLAIN if plan.is_lean else Backend.COMPILED, step_for(plan.speed)
    told = forecasts if learns(scenario, method) else None
    unlearnt = scenario if told is None else without_learning(scenario, method)
    engine = build_engine(unlearnt, method, plan.seed, step=step, backend=backend)
    if told is not None:
        engine = Engine(told_plant(engine.plant, scenario, method, layout_of(scenario, plan.seed), told))
    if generated is not None:
        engine.plant.generation.source = generated
    prices = None if scenario.ledger.prices is None else load_prices(Path(scenario.ledger.prices))
    for warning in () if prices is None else prices.warnings():
        LOG.warning(warning)
    return LiveRun(engine, _facts(plan, engine), forecasts, _ledger(plan, engine), prices)


def _ledger(plan: Plan, engine: Engine) -> LiveLedger:
    """Begin the run's ledger, or go on with the one in its file. Raises ConfigError."""
    setting = setting_of(plan.scenario, plan.seed, layout_of(plan.scenario, plan.seed), engine)
    return LiveLedger(setting, None if plan.ledger is None else Keeping(plan.ledger, setting.genesis))


def _facts(plan: Plan, engine: Engine) -> RunFacts:
    scenario, profile = plan.scenario, profile_of(plan.scenario)
    layout = layout_of(scenario, plan.seed)
    weights = weights_of(scenario.scheduler.policy, configured_weights(scenario))
    # The clock of several sites is UTC.
    zone = 0.0 if scenario.sites else scenario.site.utc_offset_hours * SECONDS_PER_HOUR
    midnight = datetime.combine(first_day_of(scenario, plan.seed), time(), UTC).timestamp()
    return RunFacts(
        version=simulator.__version__,
        python_version=platform.python_version(),
        scenario=scenario.name,
        seed=plan.seed,
        policy=scenario.scheduler.policy,
        forecaster=engine.plant.forecaster.name,
        ledger=engine.plant.ledger.name,
        compression_digest=profile.digest()[:DIGEST_LENGTH],
        ledger_cost_digest=shipped_profile().digest()[:DIGEST_LENGTH],
        start=UnixSeconds(midnight - zone),
        zone=Seconds(zone),
        speed=plan.speed,
        step=engine.plant.step,
        weights={} if weights is None else {term: getattr(weights, term) for term in TERMS},
        sites=tuple(place.name for place in layout.places),
        site_of_bus=tuple(bus.place for bus in layout.buses),
        battery_joules=tuple(engine.plant.batteries.capacity.tolist()),
        nodes=_nodes(layout),
        classes=tuple(kind.name for kind in scenario.workload.classes),
        models=tuple(profile.measurements),
        shown=plan.shown,
        counts_life_cycle=engine.plant.life_cycle is not None,
        reasons=possible_reasons(engine.plant),
    )


def _nodes(layout: Layout) -> tuple[NodeFacts, ...]:
    shared = Counter(node.bus for node in layout.nodes)
    return tuple(
        NodeFacts(
            name=node.name,
            site=layout.places[layout.buses[node.bus].place].name,
            device=node.device.name,
            supply=layout.buses[node.bus].supply.kind,
            bus=node.bus,
            alone=shared[node.bus] == 1,
        )
        for node in layout.nodes
    )


def routes(publication: Publication[Snapshot], *, metrics_path: str = METRICS_PATH) -> dict[str, Handler]:
    """Return the handlers by path."""

    def summary(_request: Request) -> Response:
        snapshot, _, fresh = publication.latest()
        return json_response(summarize(snapshot, fresh=fresh))

    def last_day(_request: Request) -> Response:
        snapshot, _, _ = publication.latest()
        return json_response({"points": history(snapshot)})

    def page(request: Request) -> Response:
        snapshot, _, fresh = publication.latest()
        summary, still = summarize(snapshot, fresh=fresh), request.query == STILL
        return page_response(render_page(summary, history(snapshot), metrics_path=metrics_path, still=still))

    shown = {"/": page, "/api/v1/summary": summary, "/api/v1/history": last_day}
    return shown | common_routes(publication, metrics_path)


def advance(live: LiveRun, clock: Clock, publish: Callable[[Snapshot], None], stop: Stop) -> None:
    """Advance with the wall clock until told to stop, publishing at most once a second."""
    pace = Pace(clock, speed=live.facts.speed, step=live.facts.step)
    meter = SpeedMeter(clock)
    meter.read(live.clock)
    published, complaints, waiting = clock.awake(), Seldom(COMPLAINT_INTERVAL), False
    market = live.market or LiveMarket(clock, None)
    while not stop.wait(
        min(market.until_due(), _idle(pace, published + PUBLISH_INTERVAL - clock.awake() if waiting else None))
    ):
        # The price of a credit is of this machine's clock, and may change between two steps.
        waiting = market.look() or waiting
        if pace.until_due() == 0.0:
            live.step()
            waiting = True
            late = pace.stepped()
            if late > 0.0 and complaints.allows(clock.awake()):
                LOG.warning("the simulated clock fell %.1f s behind, and does not catch up", late)
        if waiting and clock.awake() - published >= PUBLISH_INTERVAL:
            publish(live.snapshot(clock, meter.read(live.clock)))
            published, waiting = clock.awake(), False


def _idle(pace: Pace, until_publication: float | None) -> float:
    return min(pace.until_due(), pace.until_due() if until_publication is None else max(0.0, until_publication))


def run(plan: Plan, clock: Clock, *, web: Web, stop: Signals, read: Callable[[], Sources]) -> None:
    """Simulate and serve until told to stop; `read` reads scenario and shown results again.

    Raises ListenError before anything is started, ConfigError or WeatherError for files that cannot be used.
    """
    keep_one_heap()
    server = Server(addresses=web.addresses, web_config=web.config, max_requests=web.max_requests, passed=web.passed)
    with contextlib.suppress(Stopped), contextlib.ExitStack() as stack:
        stack.callback(server.stop)
        ahead = GenerationAhead(plan.scenario, plan.seed) if plan.is_lean else None
        if ahead is not None:
            stack.callback(ahead.close)
        forecasts = LiveForecasts(plan.scenario, plan.seed, clock)
        stack.callback(forecasts.close)
        live = build_run(plan, ahead, forecasts)
        stack.callback(live.close)
        live.market = LiveMarket(clock, plan.market)
        stack.callback(live.market.close)
        sources = Sources(scenario=plan.scenario, shown=plan.shown, market=plan.market)
        reload = Reload(sources, live, read=read, clock=clock)
        publication = Publication(clock, live.snapshot(clock, None), exposition)
        publication.amend(
            lambda snapshot: replace(snapshot, certificate=server.certificate, refused_logins=server.refused_logins)
        )
        server.start(routes(publication, metrics_path=web.metrics_path))
        kept = "in memory" if plan.ledger is None else f"in {plan.ledger}"
        LOG.info(
            "listening on %s: ecochain %s, scenario %s, seed %d, ledger %s",
            " and ".join(server.urls),
            simulator.__version__,
            plan.scenario.name,
            plan.seed,
            kept,
        )
        live.begin(stop.at_once)
        # The weather of the first day comes first: a machine may have one core.
        forecasts.start()
        publication.publish(live.snapshot(clock, None))
        stop.on_hangup(lambda: publication.publish(reload.look(publication.latest()[0])))
        stop.ready(f"listening on {' and '.join(server.urls)}: ecochain {simulator.__version__}")
        advance(live, clock, publication.publish, TidyStop(stop, clock))
    LOG.info("stopped")
