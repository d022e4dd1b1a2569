"""The strategy `optimize_network`: connections, links and what the network is used for.

What would help is set by programs that this one does not start, so that all of it is advice.
"""

from exporter.activity.advice import ADVICE
from exporter.core.units import BytesPerSecond, megabits_per_second
from exporter.optimize.found import Estimate, Finding
from exporter.optimize.roots import Roots
from exporter.optimize.setting import Change
from exporter.optimize.situation import Situation
from exporter.sources.connections import tcp_connections
from exporter.sources.device_links import DeviceLinks
from exporter.sources.procfs import Procfs

FAST = BytesPerSecond(1.25e9)
"""Speed from which on a slower link is worth a thought: 10 Gbit/s, the first that twisted pair needs much power for.
Chosen."""

EFFICIENT = "Let the link rest between packets where both ends can (energy-efficient Ethernet, IEEE 802.3az)."
EFFICIENT_BASIS = (
    "depends on traffic and the other end: measured savings shrink to nothing at little traffic (P. Reviriego et al., "
    "An Initial Evaluation of Energy Efficient Ethernet, IEEE Communications Letters, 2011)"
)


def look(roots: Roots, situation: Situation) -> tuple[Finding, ...]:
    """Return what connections, links and the network's use allow."""
    return (*_connections(roots), *_links(roots), *_activity(situation))


def changes(_roots: Roots) -> tuple[Change, ...]:
    """Return nothing, since no setting of the network is among those that are changed."""
    return ()


def _connections(roots: Roots) -> tuple[Finding, ...]:
    try:
        states = tcp_connections(Procfs(roots.procfs).net)
    except (OSError, ValueError, KeyError):
        return (Finding(text="TCP connections cannot be counted."),)
    counted = sorted(states.items(), key=lambda item: (-item[1], item[0]))
    told = ", ".join(f"{count} {state}" for state, count in counted) or "none"
    # `close_wait`: the other end has closed, and a program here has not.
    forgotten = states.get("close_wait", 0)
    advice = "" if not forgotten else "Restart the program that leaves connections half closed (close_wait)."
    command = "" if not forgotten else "ss --tcp --processes state close-wait"
    return (Finding(text=f"TCP connections by state: {told}.", advice=advice, command=command),)


def _links(roots: Roots) -> tuple[Finding, ...]:
    links = DeviceLinks(roots.sysfs)
    names = sorted(one.name for one in roots.sysfs.glob("class/net/*"))
    speeds = {name: links.speed(name) for name in names if links.is_card(name)}
    return tuple(_link(name, speed) for name, speed in speeds.items() if speed is not None)


def _link(name: str, speed: BytesPerSecond) -> Finding:
    text = f"The link of {name} runs at {megabits_per_second(speed):,.0f} Mbit/s."
    command = f"ethtool --show-eee {name}; ethtool --set-eee {name} eee on"
    if speed < FAST:
        return Finding(text=text, advice=EFFICIENT, command=command, estimate=Estimate(basis=EFFICIENT_BASIS))
    return Finding(
        text=text,
        advice=f"{EFFICIENT} A link that seldom carries much may run at 1 Gbit/s; it goes down while that is set.",
        command=f"{command}; ethtool --change {name} speed 1000 duplex full",
        estimate=Estimate(basis="depends on the adapter; nothing published holds for all of them"),
    )


def _activity(situation: Situation) -> tuple[Finding, ...]:
    if situation.activity is None or situation.activity not in ADVICE:
        return ()
    text, _, advice = ADVICE[situation.activity].partition(": ")
    return (
        Finding(
            text=f"{text}.",
            advice=f"{advice[0].upper()}{advice[1:]}",
            estimate=Estimate(basis="depends on what is given up"),
        ),
    )
