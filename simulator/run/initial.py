"""The arrays that the kernels of a run work on, at its beginning."""

import numpy as np

from simulator.arrays import FloatArray
from simulator.energy.bus import QUANTITIES, SINKS, SOURCES, STORED, rows_of
from simulator.energy.interface import WEATHER_STEP
from simulator.run.backlog import FIRST_PLACES, Queue
from simulator.run.kernels import STANDING, Network, State, Tables
from simulator.run.plant import Plant
from simulator.run.totals import LATENCY_BOUNDS
from simulator.scheduling.interface import Cluster
from simulator.scheduling.weights import TERMS


def tables_of(plant: Plant, bus_idle_watts: FloatArray) -> Tables:
    """Return what the kernels have to know of a plant."""
    cluster, batteries, step = plant.cluster, plant.batteries, plant.step
    cost = plant.ledger.cost(step)
    nodes = len(cluster.names)
    return Tables(
        step_seconds=float(step),
        point_seconds=float(WEATHER_STEP),
        steps_per_point=round(WEATHER_STEP / step),
        bus=cluster.bus,
        extra_watts=cluster.extra_watts,
        idle_watts=cluster.idle_watts,
        batteries=np.array([*rows_of(batteries, step), batteries.discharge_limit * WEATHER_STEP, bus_idle_watts]),
        sells=plant.sells,
        ledger=np.array([cost.step / nodes, cost.record / nodes, cost.opening / nodes, cost.most_opened]),
        latency_bounds=np.array(LATENCY_BOUNDS),
    )


def network_of(cluster: Cluster) -> Network:
    """Return what moving the input of a task takes."""
    return Network(
        site_of_bus=cluster.site_of_bus,
        home=cluster.home,
        input_bytes=cluster.input_bytes,
        joules=cluster.moved_joules,
    )


def state_of(plant: Plant, queue: Queue) -> State:
    """Return the state at the start of a run."""
    nodes, buses = len(plant.cluster.names), len(plant.sells)
    state = State(
        at=np.zeros(3, np.int64),
        ledger=np.zeros(2),
        free_at=queue.free_at,
        last_level=queue.last_level,
        work=queue.work,
        queued=queue.queued,
        numbers=queue.numbers,
        marks=queue.marks,
        buses=np.zeros((8, buses)),
        nodes=np.zeros((4, nodes)),
        flows=np.zeros((1, buses, len(SOURCES), len(SINKS))),
        summary=np.zeros((buses, len(QUANTITIES))),
        choice=np.zeros((2, FIRST_PLACES), np.int32),
        times=np.zeros((2, FIRST_PLACES)),
        terms=np.zeros(len(TERMS)),
    )
    state.buses[STORED] = plant.batteries.initial
    state.nodes[STANDING] = plant.cluster.idle_watts * plant.step
    return state
