"""The provenance of a run's figures, besides the seed: two digests, and the parts of which they are made.

The digest `inputs` covers all that can change a figure: the code that a run executes, by content; the scenario; the
files that the scenario names; the measured profiles. The digest `environment` covers Python and the libraries. All
digests are SHA-256.
"""

import functools
import hashlib
import importlib.metadata
import importlib.util
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

import simulator
from exporter.core.config import ConfigError
from simulator.assembly.parts import profile_of
from simulator.ledger.cost.cost_profile import shipped_profile
from simulator.scenario.files import named_files
from simulator.scenario.published import AnyScenario
from simulator.scenario.schema import Scenario
from simulator.scheduling.names import is_users

LIBRARIES = ("numpy", "numba", "pvlib", "scipy")
"""Libraries whose versions can change a result."""

ABSENT = "absent"
"""Version of a library that is not installed."""

EXECUTED = (
    "exporter/core/config.py",
    "exporter/core/logs.py",
    "exporter/core/printable.py",
    "exporter/core/regular_file.py",
    "exporter/core/scalars.py",
    "exporter/core/units.py",
    "exporter/core/whole_lines.py",
    "simulator/arrays.py",
    "simulator/assembly",
    "simulator/energy",
    "simulator/experiments/plan/work.py",
    "simulator/experiments/run/chained.py",
    "simulator/experiments/run/procured.py",
    "simulator/experiments/run/saturation.py",
    "simulator/experiments/run/work.py",
    "simulator/forecast",
    "simulator/grid",
    "simulator/hardware",
    "simulator/ledger/application.py",
    "simulator/ledger/booking",
    "simulator/ledger/consensus",
    "simulator/ledger/cost/accounting.py",
    "simulator/ledger/cost/cost_profile.py",
    "simulator/ledger/devices",
    "simulator/ledger/file/snapshot.py",
    "simulator/ledger/record",
    "simulator/live/ledger/claiming.py",
    "simulator/live/ledger/setting.py",
    "simulator/live/ledger/validators.py",
    "simulator/models/integer.py",
    "simulator/models/networks.py",
    "simulator/models/profile.py",
    "simulator/procurement",
    "simulator/published/booked.py",
    "simulator/published/draws.py",
    "simulator/published/model.py",
    "simulator/run",
    "simulator/scenario/devices.py",
    "simulator/scenario/published.py",
    "simulator/scenario/schema.py",
    "simulator/scenario/supply.py",
    "simulator/scenario/tasks.py",
    "simulator/scheduling",
    "simulator/streams.py",
    "simulator/workload",
)
"""Files and folders of the code that a run executes. Code to plan, estimate, write or show changes no figure."""


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """The program that does the work in a process: the digests of its code and of its environment."""

    code: str
    environment: str


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """The two digests, and the digests and versions behind them. `files` covers the files that the scenario names.

    Of the libraries by which forecasters learn, `versions` has those that were asked for and absent. `program` is the
    version of ecochain, which is in no digest; results from before it was kept have none.
    """

    inputs: str
    environment: str
    versions: dict[str, str]
    code: str
    scenario: str
    files: str
    compression_profile: str
    ledger_profile: str
    program: str = ""

    @property
    def warning(self) -> str:
        """A line on the libraries that forecasters lacked; empty where they lacked none."""
        absent = ", ".join(name for name, version in self.versions.items() if version == ABSENT)
        what = "forecasters that need it to learn gave way to others, and figures are not those with it"
        return f"Not installed: {absent}; {what}" if absent else ""

    def differences(self, other: "Provenance") -> Iterator[str]:
        """Name the differences to another provenance, in the order of reading: the two digests, then their parts."""
        if self.inputs != other.inputs:
            parts = ("code", "scenario", "files", "compression_profile", "ledger_profile")
            changed = (part.replace("_", " ") for part in parts if getattr(self, part) != getattr(other, part))
            yield f"other inputs ({', '.join(changed)})"
        if self.environment != other.environment:
            names = dict.fromkeys((*self.versions, *other.versions))
            kept = (
                f"{name} {self.versions.get(name, 'installed' if other.versions.get(name) == ABSENT else ABSENT)}"
                for name in names
                if self.versions.get(name) != other.versions.get(name)
            )
            yield f"another environment ({', '.join(kept)})"


def provenance_of(scenario: AnyScenario, lacking: Iterable[str] = ()) -> Provenance:
    """Return the provenance of figures of a scenario here, with the libraries that its forecasters lack.

    Raises ConfigError for a file that cannot be read.
    """
    found = versions() | dict.fromkeys(sorted(lacking), ABSENT)
    parts = {
        "code": program().code,
        "scenario": digest(scenario),
        "files": digest([hashlib.sha256(data).hexdigest() for data in _contents(scenario)]),
        "compression_profile": profile_of(scenario).digest(),
        "ledger_profile": shipped_profile().digest(),
    }
    return Provenance(
        inputs=digest(parts), environment=digest(found), versions=found, program=simulator.__version__, **parts
    )


def _contents(scenario: AnyScenario) -> Iterator[bytes]:
    """Yield the contents of the files that the scenario names, its own policy's included."""
    if not isinstance(scenario, Scenario):
        return
    named = named_files(scenario)
    named.pop("models.profile", None)  # has a digest of its own
    # These have a place of their own even where there is none, as they had in the first results.
    always = (named.pop("weather.file", None), named.pop("workload.arrivals.file", None))
    try:
        for file in (*always, _source_of(scenario.scheduler.policy), *named.values()):
            yield b"" if file is None else Path(file).read_bytes()
    except OSError as error:
        raise ConfigError([f"{error.filename}: cannot be read: {error.strerror}"]) from error


def _source_of(policy: str) -> str | None:
    """Return the file of a user's policy `module:Class`; what that file imports in turn is not looked at."""
    if not is_users(policy):
        return None
    spec = importlib.util.find_spec(policy.partition(":")[0])
    return None if spec is None else spec.origin


def digest(value: object) -> str:
    """Return the digest of a value's canonical JSON."""
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()


@functools.cache
def program() -> Program:
    """Return the digests of the code and of the environment of this process."""
    return Program(code=_code_digest(), environment=digest(versions()))


def executed_files() -> dict[str, Path]:
    """Return the files of EXECUTED by their paths from the folder of both packages."""
    root = Path(simulator.__file__).parent.parent
    parts = [root / part for part in EXECUTED]
    found = (file for part in parts for file in ([part] if part.suffix else part.rglob("*.py")))
    return {file.relative_to(root).as_posix(): file for file in sorted(found)}


def _code_digest() -> str:
    found = hashlib.sha256()
    for name, file in executed_files().items():
        found.update(name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that a run computes with."""
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in LIBRARIES}}
