"""Prospects and plans for the tests of planning."""

from dataclasses import replace
from typing import Any

import numpy as np

from exporter.core.units import Joules, Watts
from simulator.arrays import FloatArray
from simulator.energy.battery import Batteries, Battery
from simulator.scheduling.horizon.problem import PROMPT_SHARE, Plan, Prospect, Standing
from simulator.scheduling.interface import Cluster
from tests.simulator.scheduling.clusters import cluster, spread_out

SECONDS = 3600.0

ROUNDING = 1e-6
"""Relative accuracy of HiGHS."""

MOST_SECONDS = 1e-2
"""Seconds of work in an hour that may be missing by rounding."""
NODE = cluster([[[1.0], [1.0]]], [[2.0]])
"""A node of 1 W idle and 2 W more at work, for a class that may not wait and one that may."""


def prospect(made: Cluster, grams: FloatArray, *, battery: Battery | None = None, **changes: Any) -> Prospect:
    """Return hours (H, B) without supply or work, on nodes that are awake and cannot sleep."""
    nodes, classes = made.fits.shape
    hours, buses = grams.shape
    batteries = Batteries.of([battery, *[None] * (buses - 1)])
    asked = Prospect(
        cluster=made,
        batteries=batteries,
        standing=Standing(
            able=np.zeros(nodes, np.bool_),
            asleep_watts=made.idle_watts,
            cycle_joules=np.zeros(nodes),
            awake=np.ones(nodes, np.bool_),
        ),
        seconds=np.full(hours, SECONDS),
        generation=np.zeros((hours, buses)),
        grams_per_joule=grams,
        stored=batteries.initial,
        prompt=np.zeros((hours, classes)),
        arrived=np.zeros((hours, classes)),
        due=np.zeros((hours, classes)),
    )
    return replace(asked, **changes)


def sleeper(joules: float, *, nodes: int = 1) -> Standing:
    """Return nodes that sleep at no power, and take so many joules to fall asleep and wake."""
    return Standing(
        able=np.ones(nodes, np.bool_),
        asleep_watts=np.zeros(nodes),
        cycle_joules=np.full(nodes, joules),
        awake=np.zeros(nodes, np.bool_),
    )


def random_plan(seed: int, *, hours: int = 5, nodes: int = 4) -> tuple[Prospect, Plan]:
    """Draw a plan on nodes at two sites and three buses, and a prospect of which it keeps all rules.

    Class 0 may not wait. The present hour is a part of one, some nodes cannot sleep, and some batteries are absent.
    """
    random = np.random.default_rng(seed)
    made = spread_out(random, random_nodes(random, nodes), sites=2, buses=3)
    plan = random_shares(random, made, hours)
    seconds = np.full(hours, SECONDS)
    seconds[0] = random.uniform(60.0, SECONDS)
    parts = random.dirichlet(np.ones(plan.work[0, 0].size), (hours, nodes)).reshape(plan.work.shape)
    room = np.stack((PROMPT_SHARE * plan.front, plan.batch, plan.batch), axis=2) * seconds[:, np.newaxis, np.newaxis]
    used = random.uniform(0.0, 1.0, (hours, nodes, 1))
    work = parts * (made.fits * room * used)[..., np.newaxis] / made.service
    covered = plan.front @ made.fits[:, 0] >= 1.0
    work[~covered, :, 0] = 0.0
    done = np.cumsum(work.sum(axis=(1, 3)), axis=0)
    waits = np.array([0.0, 1.0, 1.0])
    arrived = np.maximum.accumulate(done + random.exponential(done[-1].mean() + 1.0, done.shape), axis=0)
    batteries = Batteries.of([random_battery(random) if random.random() < 0.7 else None for _ in range(3)])
    grams = random.uniform(0.0, 1e-4, (hours, 3)) * (random.random((hours, 3)) < 0.9)
    asked = prospect(
        made,
        grams,
        batteries=batteries,
        stored=batteries.initial,
        standing=random_standing(random, made),
        seconds=seconds,
        generation=random.uniform(0.0, 1e5, (hours, 3)) * (random.random((hours, 3)) < 0.5),
        prompt=np.diff(done, axis=0, prepend=0.0) * (1.0 - waits),
        arrived=arrived * waits,
        due=np.minimum.accumulate((done * random.random(done.shape))[::-1], axis=0)[::-1] * waits,
    )
    return asked, replace(plan, work=work)


def random_nodes(random: np.random.Generator, nodes: int) -> Cluster:
    """Draw nodes with three operating points for three classes, of which the first node takes all."""
    fits = random.random((nodes, 3)) < 0.8
    fits[0] = True
    made = cluster(
        np.sort(random.uniform(0.2, 4.0, (nodes, 3, 3)))[..., ::-1].tolist(),
        np.sort(random.uniform(1.0, 20.0, (nodes, 3))).tolist(),
        fits=fits.tolist(),
        deadline=1e4,
    )
    return replace(made, idle_watts=random.uniform(1.0, 10.0, nodes), work=random.uniform(1.0, 60.0, 3))


def random_shares(random: np.random.Generator, made: Cluster, hours: int) -> Plan:
    """Draw a plan without work: in half of the hours one node, of those that fit all, is in front all the time."""
    nodes, buses = len(made.names), len(made.site_of_bus)
    front, batch, _ = np.moveaxis(random.dirichlet(np.ones(3), (hours, nodes)), 2, 0)
    idle = random.random((hours, nodes)) < 0.3
    front, batch = np.where(idle, 0.0, front), np.where(idle, 0.0, batch)
    whole = random.random(hours) < 0.5
    front[whole, 0], batch[whole, 0] = 1.0, 0.0
    return Plan(
        front=front,
        batch=batch,
        work=np.zeros((hours, *made.service.shape)),
        charge=random.uniform(0.0, 5e4, (hours, buses)) * (random.random((hours, buses)) < 0.3),
    )


def random_standing(random: np.random.Generator, made: Cluster) -> Standing:
    """Draw nodes that can sleep, and others, with what that takes."""
    nodes = len(made.names)
    able = random.random(nodes) < 0.7
    return Standing(
        able=able,
        asleep_watts=made.idle_watts * np.where(able, random.uniform(0.1, 1.0, nodes), 1.0),
        cycle_joules=random.uniform(0.0, 2000.0, nodes) * able,
        awake=random.random(nodes) < 0.5,
    )


def random_battery(random: np.random.Generator) -> Battery:
    """Draw a battery of some hours."""
    least = random.uniform(0.0, 0.4)
    return Battery(
        capacity=Joules(random.uniform(1e4, 2e5)),
        charge_limit=Watts(random.uniform(5.0, 50.0)),
        discharge_limit=Watts(random.uniform(5.0, 50.0)),
        charge_efficiency=random.uniform(0.7, 1.0),
        discharge_efficiency=random.uniform(0.7, 1.0),
        minimum_ratio=least,
        initial_ratio=random.uniform(least, 1.0),
    )


def kept(asked: Prospect, plan: Plan) -> bool:
    """Return whether a plan keeps all rules of the problem, to within rounding."""
    cluster, seconds = asked.cluster, asked.seconds[:, np.newaxis]
    standing, prompt = asked.standing, (asked.prompt > 0.0).any(axis=0)
    # A node that naps is in front beyond the time for which it is awake.
    naps = np.zeros_like(standing.able) if standing.nap_seconds is None else np.isfinite(standing.nap_seconds)
    front = np.where(standing.able & naps, plan.front > 0.0, plan.front)
    busy = (plan.work * cluster.service).sum(axis=3)
    done = plan.work.sum(axis=(1, 3))
    total = np.cumsum(done[:, ~prompt], axis=0)
    covered = front @ cluster.fits
    shares = (
        (plan.front >= 0.0) & (plan.batch >= 0.0) & (plan.front + plan.batch <= 1.0 + ROUNDING),
        busy[..., prompt].sum(axis=2) <= PROMPT_SHARE * front * seconds + MOST_SECONDS,
        busy[..., ~prompt].sum(axis=2) <= plan.batch * seconds + MOST_SECONDS,
        (covered >= 1.0 - ROUNDING) | (asked.prompt <= 0.0) | ~cluster.fits.any(axis=0),
        np.abs(done - asked.prompt)[:, prompt] <= MOST_SECONDS,
        total <= asked.arrived[:, ~prompt] + MOST_SECONDS,
        total >= asked.due[:, ~prompt] - MOST_SECONDS,
        ~plan.work.any(axis=(0, 3)) | cluster.fits,
    )
    return all(bool(one.all()) for one in shares)
