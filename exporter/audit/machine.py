"""Checks of the whole against counters that the audit reads itself, beside the exporter."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise

from exporter.audit.check import Check
from exporter.audit.evidence import PUE, Evidence, Moment, Pair, PublishedModels, runs, total
from exporter.audit.figures import Figures
from exporter.audit.finding import Comparison, NotCheckedError
from exporter.audit.integral import integrate
from exporter.audit.parts import ENERGY, NETWORK_BYTES, steady_groups, sum_of
from exporter.audit.witness import Own
from exporter.power.component import Component, Coverage, Provenance
from exporter.power.model import HostPowerModel
from exporter.power.provenance import MEASURED as MEASURED_MODEL
from exporter.views.summary import Summary

UTILIZATION = "ecotrack_cpu_utilization_ratio"

GROUP_SECONDS = "ecotrack_process_group_cpu_seconds_total"

MEASURED = "ecotrack_measured_joules_total"

SAME_INTERVAL = 1.5
"""Intervals between two readings of processes up to which there is one for each sample. Chosen: between one and two."""

COVERED_BY = {"battery": Coverage.MACHINE, "nvml": Coverage.GPU}
"""Parts that all sensors of a source cover, of sources that are read with the sample."""


def own_change(
    run: Sequence[Pair], read: Callable[[Own], float | None], wraps_at: float | None = None
) -> tuple[float, float] | None:
    """Return what a counter gained over a run of samples, by the audit's own readings, and how far off that is.

    At the moment of a sample it stood between what it was in the reading before and in the one after. None where a
    reading is missing, or where the counter fell and does not say at which value it begins anew.
    """
    values: list[float] = []
    for moment in (run[0].before, *(step.after for step in run)):
        for own in () if moment.own is None else (moment.own.before, moment.own.after):
            value = read(own)
            if value is None:
                return None
            values.append(value)
    steps = [two - one for one, two in pairwise(values)]
    steps = [step + wraps_at if step < 0.0 and wraps_at else step for step in steps]
    if len(values) < 2 * (len(run) + 1) or min(steps) < 0.0:
        return None
    unsure = (steps[0] + steps[-1]) / 2.0
    return sum(steps[1:-1]) + unsure, unsure


def _witnessed(evidence: Evidence) -> list[Pair]:
    """Return the steps with own readings at both ends. Raises NotCheckedError without any.

    A sample that was taken before the audit began has none.
    """
    if reason := evidence.lacking.get("machine"):
        raise NotCheckedError(reason)
    found = [one for one in evidence.steps() if one.before.own is not None and one.after.own is not None]
    if not found:
        raise NotCheckedError("no two samples were seen with own readings around them; more --minutes see more of them")
    return found


def _counter(
    evidence: Evidence,
    what: str,
    name: str,
    labels: Mapping[str, str],
    read: Callable[[Own], float | None],
    wraps_at: float | None = None,
) -> Iterator[Comparison]:
    """Compare what a series gained over each run of samples with own readings of the counter, where there are any."""
    told = found = slack = 0.0
    for run in runs(_witnessed(evidence)):
        gained, own = total(run, sum_of(name, **labels)), own_change(run, read, wraps_at)
        if gained is not None and own is not None:
            told, found, slack = told + gained, found + own[0], slack + own[1]
    yield Comparison(what=what, told=told, found=found, slack=slack)


def _cpu_time(evidence: Evidence) -> Iterator[Comparison]:
    """Compare utilization over time with busy time; a share of 1 may have been more, and is left out."""
    told = found = slack = 0.0
    steps = [one for one in _witnessed(evidence) if _is_below_full(one)]
    for run in runs(steps):
        own = own_change(run, lambda one: one.busy)
        first, last = run[0].before.own, run[-1].after.own
        if own is None or first is None or last is None or first.before.cpus != last.after.cpus:
            continue
        integral = integrate(run, [one.after.figures.of(UTILIZATION) or 0.0 for one in run], "cpu")
        told, found = told + first.before.cpus * integral.amount, found + own[0]
        slack += own[1] + first.before.cpus * integral.slack
    yield Comparison(what="busy time of all CPUs", told=told, found=found, slack=slack)


def _is_below_full(step: Pair) -> bool:
    utilization = step.after.figures.of(UTILIZATION)
    return utilization is not None and utilization < 1.0


def _group_cpu(evidence: Evidence) -> Iterator[Comparison]:
    last = steady_groups(evidence, GROUP_SECONDS)[-1].after.figures
    between = last.of("ecotrack_process_reading_interval_seconds")
    if between is not None and between > SAME_INTERVAL * (last.of("ecotrack_sample_interval_seconds") or between):
        raise NotCheckedError("processes are read less often than samples are taken")
    yield from _counter(evidence, "all groups", GROUP_SECONDS, {}, lambda one: one.busy)


def _host_model(evidence: Evidence) -> Iterator[Comparison]:
    """Compare the energy of modelled components with the model's power at the utilization that is published."""
    model = _models(evidence).host
    steps = _published(evidence.steps(), evidence, model.provenance())
    steps = [one for one in steps if one.after.figures.of(UTILIZATION) is not None]
    for component in (Component.BASELINE, Component.CPU, Component.DISK):
        gained = total(steps, sum_of(ENERGY, component=component))
        if gained is not None:
            integral = integrate(steps, [_watts(model, component, one.after.figures) for one in steps], "cpu")
            yield Comparison(what=component, told=gained, found=integral.amount, slack=integral.slack)


def _watts(model: HostPowerModel, component: Component, figures: Figures) -> float:
    """Return the power of a component by the model, at the utilization of a sample."""
    share = _between(model.shape, figures.of(UTILIZATION) or 0.0)
    disk = model.disk or 0.0
    watts = {
        Component.BASELINE: model.idle - disk,
        Component.CPU: (model.full - model.idle) * share,
        Component.DISK: disk,
    }
    return watts[component] * (figures.of(PUE) or 1.0)


def _network_model(evidence: Evidence) -> Iterator[Comparison]:
    """Compare the network's energy with the model's for the published bytes and time."""
    model = _models(evidence).network
    pairs = _published(evidence.pairs(), evidence, (model.provenance,))
    gained = total(pairs, sum_of(ENERGY, component="network"))
    moved = total(pairs, sum_of(NETWORK_BYTES))
    seconds = total(pairs, sum_of("ecotrack_activity_seconds_total"))
    if gained is None or moved is None or seconds is None:
        raise NotCheckedError("the exporter has no network that counts")
    yield Comparison(what="network", told=gained, found=model.line * seconds + model.energy_per_byte * moved)


def _models(evidence: Evidence) -> PublishedModels:
    """Return the models of the configuration. Raises NotCheckedError without any."""
    if evidence.models is None:
        raise NotCheckedError("no model of power is known")
    return evidence.models


def _published(pairs: Sequence[Pair], evidence: Evidence, origins: tuple[Provenance, ...]) -> list[Pair]:
    """Return the pairs of samples that are both by these models: sensors may fall silent, and a file may be read again.

    Raises NotCheckedError where the last sample is by others, or no pair is by these.
    """
    last = next((one.summary for one in reversed(evidence.moments) if one.summary is not None), None)
    if last is None:
        raise NotCheckedError("the exporter has answered with no summary")
    if reason := _otherwise(last, origins):
        raise NotCheckedError(reason)
    found = [
        pair
        for pair in pairs
        if all(one.summary is not None and not _otherwise(one.summary, origins) for one in (pair.before, pair.after))
    ]
    if not found:
        raise NotCheckedError("no two samples were seen that are by the model of power")
    return found


def _otherwise(summary: Summary, origins: tuple[Provenance, ...]) -> str:
    """Return why the power in a summary is not by these models; empty where it is."""
    published = {one.component: one for one in summary.components}
    for origin in origins:
        one = published.get(origin.component)
        if one is None or one.model == MEASURED_MODEL:
            return "a sensor tells of the machine's power"
        same = (one.source, one.model) == (origin.source, origin.model)
        if not same or not one.description.startswith(origin.description):
            return "the exporter goes by another configuration; name its own with --config.file"
    return ""


def _between(points: Sequence[tuple[float, float]], at: float) -> float:
    """Interpolate between points."""
    for (left, low), (right, high) in pairwise(points):
        if at <= right:
            return low + (high - low) * (at - left) / (right - left)
    return points[-1][1]


def _network(evidence: Evidence, *, unit: str, name: str) -> Iterator[Comparison]:
    for labels in map(dict, evidence.last.figures.family(name)):
        key = (labels["device"], f"{labels['direction']}_{unit}")
        yield from _counter(evidence, " ".join(labels.values()), name, labels, partial(_traffic, key=key))


def _disk(evidence: Evidence) -> Iterator[Comparison]:
    name = "ecotrack_disk_bytes_total"
    for labels in map(dict, evidence.last.figures.family(name)):
        read = partial(_moved, direction=labels["direction"])
        yield from _counter(evidence, labels["direction"], name, labels, read)


def _traffic(own: Own, *, key: tuple[str, str]) -> float | None:
    return own.traffic.get(key)


def _moved(own: Own, *, direction: str) -> float | None:
    return own.disk.get(direction)


def _rapl(evidence: Evidence) -> Iterator[Comparison]:
    """Compare what each zone's counter gained with the audit's own readings of it."""
    zones = [one for one in _sensors(evidence.last) if one["source"] == "rapl"]
    if not zones:
        raise NotCheckedError("the exporter reads no RAPL")
    last = evidence.last.own
    known = {} if last is None else last.after.sensors
    if not known:
        raise NotCheckedError("RAPL cannot be read here; as root it can")
    for labels in zones:
        zone = labels["sensor"]
        if zone in known:
            yield from _counter(evidence, zone, MEASURED, labels, partial(_zone, name=zone), known[zone].wraps_at)


def _zone(own: Own, *, name: str) -> float | None:
    return None if name not in own.sensors else own.sensors[name].energy


def _measured(evidence: Evidence) -> Iterator[Comparison]:
    """Compare the energy of measured components with what their sensors gained; with the rest, all of the host's."""
    steps = evidence.steps()
    last = steps[-1].after
    sources = {
        labels["component"]: labels["source"]
        for labels in map(dict, last.figures.family("ecotrack_power_source_info"))
        if labels["model"] == MEASURED_MODEL
    }
    if not sources:
        raise NotCheckedError("no component is measured")
    for part in Coverage:
        component = Component.REST if part is Coverage.MACHINE else part.component
        sensors = [one for one in _sensors(last) if one["source"] == sources.get(component or "")]
        sensors = [one for one in sensors if _covers(last, one) is part]
        energy = sum_of(ENERGY, scope="host") if part is Coverage.MACHINE else sum_of(ENERGY, component=str(component))
        told = total(steps, energy)
        if told is not None and sensors:
            found = sum(
                (step.after.figures.of(PUE) or 1.0) * (step.moved(sum_of(MEASURED, **one)) or 0.0)
                for step in steps
                for one in sensors
            )
            yield Comparison(what=str(component), told=told, found=found)


def _sensors(moment: Moment) -> list[dict[str, str]]:
    """Return the labels of each sensor whose energy is published."""
    return [dict(labels) for labels in moment.figures.family(MEASURED)]


def _covers(moment: Moment, sensor: Mapping[str, str]) -> Coverage | None:
    """Return what a sensor covers; None where that is not known here."""
    if sensor["source"] != "rapl":
        return COVERED_BY.get(sensor["source"])
    zone = None if moment.own is None else moment.own.after.sensors.get(sensor["sensor"])
    return None if zone is None else zone.sensor.covers


CHECKS: tuple[Check, ...] = (
    Check(name="cpu_time", unit="s", about="utilization over time, and busy time of /proc/stat", compare=_cpu_time),
    Check(
        name="group_cpu",
        unit="s",
        about="CPU time of the groups of processes, and busy time of /proc/stat",
        compare=_group_cpu,
    ),
    Check(name="host_model", unit="J", about="energy, and the model's at the same utilization", compare=_host_model),
    Check(
        name="network_model",
        exact=True,
        unit="J",
        about="energy of the network, and the model's for the same bytes",
        compare=_network_model,
    ),
    Check(
        name="network_bytes",
        unit="B",
        about="bytes of the network devices, and those of /proc/net/dev",
        compare=partial(_network, unit="bytes", name=NETWORK_BYTES),
    ),
    Check(
        name="network_packets",
        unit="",
        about="packets of the network devices, and those of /proc/net/dev",
        compare=partial(_network, unit="packets", name="ecotrack_network_packets_total"),
    ),
    Check(name="disk_bytes", unit="B", about="bytes of the disks, and those of /proc/diskstats", compare=_disk),
    Check(name="rapl", unit="J", about="measured energy, and RAPL's counters", compare=_rapl),
    Check(
        name="measured_energy",
        exact=True,
        unit="J",
        about="energy of measured components, and of their sensors",
        compare=_measured,
    ),
)
"""Checks of an exporter against its machine."""
