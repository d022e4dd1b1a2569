"""The profile of compressed models: their cost, measured once and stored with the host it was measured on."""

import datetime
import hashlib
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from exporter.core.config import ConfigError, describe
from exporter.core.regular_file import read_file

SHIPPED = Path(__file__).with_name("profile.json")

MODELS = ("mlp", "lstm", "cnn", "transformer", "audio")
"""Models that task classes may ask for."""

BASELINE = "fp32"
"""The precision to which others are compared."""

TOLERANCE = 0.05
"""Energies this close, as a share of FP32's, count as equal: pruned and unpruned models run the same dense code, and
measure up to 4% apart."""


class Measurement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model at one precision: its stored size, and one inference of one item.

    `agreement_ratio` is the share of inputs for which it answers as the same model in FP32.
    """

    model: str
    precision: str
    size_bytes: Annotated[int, Meta(gt=0)]
    latency_seconds: Annotated[float, Meta(gt=0)]
    energy_joules: Annotated[float, Meta(gt=0)]
    agreement_ratio: Annotated[float, Meta(ge=0, le=1)]


class CompressionProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Measurements of models at every precision, and their method, host and day."""

    measurements: Annotated[tuple[Measurement, ...], Meta(min_length=1)]
    torch_version: str
    host: str
    method: str
    date: datetime.date | None = None

    def digest(self) -> str:
        """Return SHA-256 over the canonical JSON, which results state as their profile, and its file as `digest`."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()

    @property
    def models(self) -> tuple[str, ...]:
        """The models that were measured."""
        return tuple(dict.fromkeys(one.model for one in self.measurements))

    def get(self, model: str, precision: str) -> Measurement:
        """Return a measurement. Raises KeyError where there is none."""
        for one in self.measurements:
            if (one.model, one.precision) == (model, precision):
                return one
        raise KeyError(f"{model} at {precision}")

    def time_ratio(self, model: str, precision: str) -> float:
        """Return the execution time over that in FP32. Raises KeyError where a measurement is missing."""
        return self.get(model, precision).latency_seconds / self.get(model, BASELINE).latency_seconds

    def best_time_ratio(self, model: str) -> float:
        """Return the time ratio at the best precision; 1 for a model that was not measured."""
        if model not in self.models:
            return 1.0
        return self.time_ratio(model, self.best(model).precision)

    def best(self, model: str, least_agreement: float = 0.98) -> Measurement:
        """Return the precision that takes the least energy among those that agree at least so much.

        Of those within TOLERANCE of the least it is the one that agrees most, and the plainest of equals. Raises
        KeyError where there is none; FP32 always agrees with itself.
        """
        good = [one for one in self.measurements if one.model == model and one.agreement_ratio >= least_agreement]
        if not good:
            raise KeyError(model)
        margin = TOLERANCE * self.get(model, BASELINE).energy_joules
        enough = min(one.energy_joules for one in good) + margin
        return max((one for one in good if one.energy_joules <= enough), key=lambda one: one.agreement_ratio)


def load_profile(path: Path | None = None) -> CompressionProfile:
    """Load a profile from a file; without one, the profile that comes with the simulator.

    Raises ConfigError where the file cannot be read, is not a profile, was changed by hand, lacks FP32 of a model, or,
    as the profile that comes with the simulator, lacks a model.
    """
    file = path or SHIPPED
    try:
        data = msgspec.json.decode(read_file(file))
        stated = data.pop("digest", None) if isinstance(data, dict) else None
        profile = msgspec.convert(data, CompressionProfile)
    except OSError as error:
        raise ConfigError([f"{file}: cannot be read: {error.strerror}"]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError([f"{file}: is not a compression profile: {error}"]) from error
    absent = [model for model in (MODELS if path is None else profile.models) if not _is_usable(profile, model)]
    if absent:
        raise ConfigError([f"{file}: {model}: expected a measurement at {BASELINE}, got none" for model in absent])
    _check_digest(profile, stated, str(file))
    return profile


def _check_digest(profile: CompressionProfile, stated: Any, origin: str) -> None:
    """Refuse a file that states another digest than its content has; files of earlier versions state none."""
    if stated not in (None, profile.digest()):
        raise ConfigError(
            [
                f"{origin}: digest: expected that of its content, {profile.digest()}, got {describe(stated)}: measure "
                "again, or remove the digest if you changed the file yourself"
            ]
        )


def _is_usable(profile: CompressionProfile, model: str) -> bool:
    """Return whether the profile has a best precision for the model, and its measurement at the baseline."""
    try:
        profile.best(model)
    except KeyError:
        return False
    return True


def encoded(profile: CompressionProfile) -> bytes:
    """Return a profile as its file holds it: with its digest, and keys in a fixed order."""
    data = msgspec.to_builtins(profile) | {"digest": profile.digest()}
    return msgspec.json.format(msgspec.json.encode(data, order="sorted"), indent=2) + b"\n"
