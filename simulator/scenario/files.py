"""The other files that a scenario names."""

from simulator.scenario.schema import Scenario


def named_files(scenario: Scenario) -> dict[str, str]:
    """Return the files that a scenario names, by their keys."""
    found = {
        "weather.file": scenario.weather.file,
        "workload.arrivals.file": scenario.workload.arrivals.file,
        "models.profile": scenario.models.profile,
        "ledger.prices": scenario.ledger.prices,
        "grid.file": scenario.grid.file,
    }
    if scenario.forecast is not None:
        found |= {f"forecast.checkpoints[{at}]": file for at, file in enumerate(scenario.forecast.checkpoints)}
    for at, site in enumerate(scenario.sites):
        found |= {f"sites[{at}].weather.file": site.weather.file, f"sites[{at}].grid.file": site.grid.file}
    return {key: file for key, file in found.items() if file is not None}
