"""Configuration from YAML: strict, and with every mistake reported at once, each on one line."""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

ConfigT = TypeVar("ConfigT", bound=msgspec.Struct)

_VALIDATION = re.compile(r"^(?P<what>.*?)(?:, got `(?P<got>[^`]*)`)?(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>[^`]*)`")


class ConfigError(Exception):
    """A configuration that cannot be used; one line for each mistake."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class _UniqueKeyLoader(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice, of which plain YAML would keep the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen = set()
        for key_node, _ in node.value:
            if key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key_node.value!r} stands twice", key_node.start_mark
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep=deep)


def load_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; an empty file is an empty mapping.

    Raises ConfigError where the file cannot be read, is not YAML, or is not a mapping.
    """
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: is not UTF-8 text"]) from error
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f":{error.problem_mark.line + 1}"
        raise ConfigError([f"{path}{line}: is not valid YAML: {error.problem}"]) from error
    except yaml.YAMLError as error:
        raise ConfigError([f"{path}: is not valid YAML: {str(error).splitlines()[0]}"]) from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigError([f"{path}: expected a mapping of sections, got {_describe(data)}"])
    return data


def convert(data: Mapping[str, Any], kind: type[ConfigT], *, origin: str) -> ConfigT:
    """Turn a mapping into the configuration `kind`, section by section.

    Raises ConfigError with one line for each bad section; `origin` (the file's name) stands at the head of each.
    """
    mistakes = [f"{origin}: {path}: expected a finite number, got {value}" for path, value in _non_finite(data, "")]
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    sections: dict[str, Any] = {}
    for key, value in data.items():
        if key not in fields:
            mistakes.append(f"{origin}: {key}: unknown key; known here: {', '.join(fields)}")
            continue
        try:
            # An empty section ("power:") is the same as leaving it out.
            sections[key] = fields[key].default_factory() if value is None else msgspec.convert(value, fields[key].type)
        except msgspec.ValidationError as error:
            mistakes.append(f"{origin}: {_explain(str(error), key, value, fields[key].type)}")
        except TypeError:
            mistakes.append(f"{origin}: {key}: expected a value, got nothing")
    if mistakes:
        raise ConfigError(mistakes)
    try:
        return kind(**sections)
    except ValueError as error:
        raise ConfigError([f"{origin}: {error}"]) from error


def _explain(message: str, section: str, value: object, kind: Any) -> str:
    """Rewrite msgspec's message as `path: expected ..., got ...`."""
    match = _VALIDATION.match(message)
    if match is None:
        return f"{section}: {message}"
    path = section + (match["path"] or "")
    unknown = _UNKNOWN.match(match["what"])
    if unknown:
        known = ", ".join(field.encode_name for field in msgspec.structs.fields(kind))
        return f"{path}.{unknown['key']}: unknown key; known here: {known}"
    what = match["what"].replace("`", "")
    what = what[:1].lower() + what[1:]
    what = re.sub(r"\b(float|int)( \| null)?\b", "number", what)
    what = what.replace("object", "mapping").replace("str", "text") if what.startswith("expected") else what
    got = _lookup(value, match["path"] or "")
    return f"{path}: {what}, got {_describe(got)}" if what.startswith(("expected", "invalid")) else f"{path}: {what}"


def _lookup(value: object, path: str) -> object:
    """The value at a path such as `.include[0]` below a section."""
    for name, index in re.findall(r"\.([^.\[\]]+)|\[(\d*)\]", path):
        if name and isinstance(value, dict):
            value = value.get(name)
        elif index and isinstance(value, list):
            value = value[int(index)]
    return value


def _describe(value: object) -> str:
    """A value as its writer would recognise it."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return str(value)


def _non_finite(value: object, path: str) -> Iterator[tuple[str, float]]:
    """Paths and values of every NaN or infinity, which YAML can write and a range check may let through."""
    if isinstance(value, float) and not math.isfinite(value):
        yield path.removeprefix("."), value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _non_finite(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _non_finite(item, f"{path}[{index}]")
