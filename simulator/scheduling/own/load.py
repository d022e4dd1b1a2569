"""A user's own policy by its path, package.module:Class, and what of a run it decides."""

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from exporter.core.config import ConfigError
from simulator.arrays import BoolArray
from simulator.scheduling.charging import Charging
from simulator.scheduling.interface import Cluster, Policy, Shifting
from simulator.scheduling.own.charging import OwnCharging
from simulator.scheduling.own.checked import Checked
from simulator.scheduling.own.per_task import PerTask
from simulator.scheduling.own.shifting import OwnShifting
from simulator.scheduling.own.sleeping import OwnSleeping
from simulator.scheduling.own.users_code import PolicyError, place_of, users_code
from simulator.scheduling.sleeping import Sleeping

OPTIONAL = ("release", "sleep", "charge")
"""The methods that a class of a user's own may lack, beside `choose` or `place`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A user's own policy in one run: one object of the user's class, whose methods share what it remembers.

    `methods` are those of OPTIONAL that it has. What it lacks the scenario decides.
    """

    name: str
    policy: Policy
    methods: dict[str, Callable[..., Any]]

    def shifting(self, deferrable: BoolArray) -> Shifting | None:
        """Return its way to choose when tasks of the classes that may wait, `deferrable` (K,), are released."""
        release = self.methods.get("release")
        return None if release is None else OwnShifting(self.name, release, deferrable)

    def sleeping(self) -> Sleeping | None:
        """Return its way to choose who sleeps."""
        sleep = self.methods.get("sleep")
        return None if sleep is None else OwnSleeping(self.name, sleep)

    def charging(self, cluster: Cluster) -> Charging | None:
        """Return its way to choose what batteries take from the grid."""
        charge = self.methods.get("charge")
        return None if charge is None else OwnCharging(self.name, charge, cluster)


def load_policy(path: str) -> Own:
    """Return the policy called `package.module:Class`: one with `place` or `choose`, or a function like `choose`.

    A class is made into an object without arguments, afresh for every run. Raises ConfigError, in one line, where there
    is no such thing, or where its code raises something.
    """
    try:
        return _loaded(path)
    except PolicyError as error:
        raise ConfigError([f"scheduler.policy: {error}"]) from error


def _loaded(path: str) -> Own:
    module, _, attribute = path.partition(":")
    with users_code(path):
        try:
            found = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError, ValueError, TypeError) as error:
            if place_of(error):
                raise
            told = f"expected the policy {path} to be importable: {error}"
            if isinstance(error, ModuleNotFoundError) and error.name == module:
                told += "; PYTHONPATH=. has Python look in the current folder"
            raise PolicyError(told) from error
    with users_code(path, found):
        if inspect.isclass(found):
            found = found()
        places = hasattr(found, "place")
        methods = {name: getattr(found, name) for name in OPTIONAL if hasattr(found, name)}
        choose = found.place if places else getattr(found, "choose", found)
    if not callable(choose):
        raise PolicyError(f"expected {path} to have choose(task, nodes) or place(tasks, cluster, view)")
    for name, method in methods.items():
        if not callable(method):
            raise PolicyError(f"expected {name} of {path} to be a method")
    policy = cast(Policy, found) if places else PerTask(path, choose)
    return Own(name=path, policy=Checked(policy, path), methods=methods)
