"""The targets that a real Prometheus has found."""

import requests

Targets = set[tuple[str, str, str, str]]
"""Job, instance, team and the address that is scraped, of each target."""


def found(url: str) -> Targets:
    """Ask a Prometheus for its targets."""
    answer = requests.get(f"{url}/api/v1/targets", params={"state": "active"}, timeout=120).json()
    return {
        (
            one["labels"]["job"],
            one["labels"]["instance"],
            one["labels"].get("team", ""),
            one["discoveredLabels"]["__address__"],
        )
        for one in answer["data"]["activeTargets"]
    }
