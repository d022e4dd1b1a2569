"""The origin of a report's figures: the command, the versions and the digests."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from simulator.experiments.find.results import Results
from simulator.experiments.plan.catalogue import EXPERIMENTS
from simulator.experiments.plan.request import Request
from simulator.experiments.write.tables import markdown_table
from simulator.scenario.load import shipped_scenarios
from simulator.scenario.schema import Scenario


def provenance(results: Results) -> Iterator[str]:
    """Yield the section."""
    made = results.provenance
    yield from ("## Provenance", "")
    yield from (f"The same runs come from `{command(results)}`.", "")
    versions = {"ecochain": made.program, **made.versions} if made.program else made.versions
    yield ", ".join(f"{name} {version}" for name, version in versions.items()) + "."
    yield ""
    yield from markdown_table(
        ["part", "SHA-256"],
        [
            ["environment: Python and libraries", made.environment],
            ["inputs: all parts below", made.inputs],
            ["code", made.code],
            ["scenario", made.scenario],
            ["files that the scenario names", made.files],
            ["compression profile", made.compression_profile],
            ["ledger cost profile", made.ledger_profile],
        ],
    )


def command(results: Results) -> str:
    """Return the command by which the runs were made, without what changes no figure: where, and by how many workers.

    A scenario that does not come with the simulator is a file of its name.
    """
    known = results.scenario in shipped_scenarios()
    words = ["ecochain", "experiment", results.experiment]
    words += ["--scenario", results.scenario if known else f"{results.scenario}.yaml"]
    words += ["--seed", str(results.seed), "--replications", str(results.replications)]
    words += [] if results.tasks is None else ["--tasks", str(results.tasks)]
    words += _chosen(results)
    words += ["--ledger", "real"] if results.chain else []
    if isinstance(results.parameters, Scenario) and results.parameters.ledger.prices is not None:
        words += ["--credit-prices", results.parameters.ledger.prices]
    return shlex.join(words)


def _chosen(results: Results) -> list[str]:
    """Return the flags that choose some of the experiment's cases, where not all of them ran by themselves."""
    experiment = EXPERIMENTS[results.experiment]
    request = Request(
        experiment=results.experiment, scenario=results.parameters, tasks=results.tasks, output=Path(), full=False
    )
    ran, whole = [case.method for case in results.cases], [case.label for case in request.cases]
    words = []
    if results.reference is not None and results.reference != whole[0]:
        words += ["--reference", results.reference]
    if set(ran) == set(whole):
        return words
    if experiment.settings:
        return [*words, "--parameters", *dict.fromkeys(case.panel for case in results.cases if case.panel)]
    if experiment.every is not None:
        return [*words, "--full"]
    return [*words, "--methods", *(name for name in ran if name != results.reference)]
