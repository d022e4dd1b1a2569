"""The energy of the network by groups of processes: what one sample can tell, and what waits for the next one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.attribution.network import DeviceTraffic, NetworkShare, Waiting, claimed_between, counted_by, settle
from exporter.power.component import Scope
from exporter.sources.reading import GroupBytes, HostReading, SourceState, Timed
from exporter.spending import Spending
from exporter.totals import GroupTotal
from exporter.usage.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficLeft:
    """Last reading of the bytes of groups, and what waits for the next one."""

    bytes: Timed[GroupBytes] | None = None
    waiting: Waiting = field(default_factory=Waiting)

    def amounts(self) -> GroupTotal:
        """Return what devices have counted, and no group has yet."""
        received, sent = self.waiting.received.devices, self.waiting.sent.devices
        return _total(NetworkShare(received=received, sent=sent))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficShare:
    """Gains of groups in a sample and what it leaves, bytes that were counted for no group, and what was found.

    `is_settled` is true where both devices and programs told of their bytes, and `sees_all` where all programs can.
    """

    left: TrafficLeft
    gains: Mapping[str, GroupTotal] = field(default_factory=dict)
    lost: int = 0
    events: tuple[Event, ...] = ()
    is_settled: bool = False
    sees_all: bool = True


def begin_traffic(reading: HostReading) -> TrafficLeft:
    """Return what the first reading of a run leaves."""
    return TrafficLeft(bytes=reading.process_bytes)


def share_traffic(left: TrafficLeft, spending: Spending) -> TrafficShare:
    """Return the gains of a sample. Before a first reading by program nothing can be expected to be claimed."""
    now, counted = spending.reading.process_bytes, _counted(spending)
    claimed = claimed_between(left.bytes, now)
    settled = settle(left.waiting, counted, claimed, expected=left.bytes is not None)
    is_awaited = counted is not None or _is_carried(spending.reading)
    return TrafficShare(
        left=TrafficLeft(
            bytes=now or left.bytes, waiting=settled.waiting if is_awaited else settled.waiting.without_claims()
        ),
        gains={group: _total(share) for group, share in settled.shares.items()},
        lost=0 if left.bytes is None or now is None else max(0, now.value.lost - left.bytes.value.lost),
        events=settled.events,
        is_settled=counted is not None and claimed is not None,
        sees_all=now is None or now.value.sees_all,
    )


def _is_carried(reading: HostReading) -> bool:
    """Tell whether the next good reading of devices will tell of this sample's time, too."""
    states = [one.state for one in reading.outcomes if one.collector == "network"]
    return reading.network is None and states not in ([], [SourceState.ABSENT])


def _counted(spending: Spending) -> DeviceTraffic | None:
    """Return what devices counted in the sample; None where they could not be read."""
    traffic, energy = spending.usage.network, spending.network
    if traffic is None or energy is None:
        return None
    return counted_by(traffic, energy, spending.line.energy_per_byte, spending.grams(energy))


def _total(share: NetworkShare) -> GroupTotal:
    whole = share.whole
    return GroupTotal(
        energy={Scope.NETWORK: whole.energy},
        emissions={Scope.NETWORK: whole.grams},
        received_bytes=share.received.size,
        sent_bytes=share.sent.size,
    )
