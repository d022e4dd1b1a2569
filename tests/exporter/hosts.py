"""Models of machines, for tests that need one and care little which."""

from exporter.core.units import Watts
from exporter.power.host import host_model_of
from exporter.power.model import HostPowerModel
from exporter.power.presets import calibrated_estimate, cep_estimate, cloud_estimate


def cep_host() -> HostPowerModel:
    """Return CEP's desktop: 50 W + 65 W x utilization."""
    return host_model_of(cep_estimate())


def configured_host(idle: float, full: float) -> HostPowerModel:
    """Return a PC whose idle and full power somebody measured."""
    estimate = calibrated_estimate(Watts(idle), Watts(full), model="configured", server=False, curved=False)
    return host_model_of(estimate)


def cloud_host(vendor: str, vcpus: int) -> HostPowerModel:
    """Return a virtual machine by a cloud's average."""
    return host_model_of(cloud_estimate(vendor, vcpus, recent=True))
