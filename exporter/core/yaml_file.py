"""Configuration files in YAML, each key at most once, and numbers as people mean them."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from yaml.composer import Composer
from yaml.constructor import ConstructorError, SafeConstructor
from yaml.resolver import BaseResolver, Resolver

from exporter.core.config import ConfigError, describe
from exporter.core.regular_file import read_file
from exporter.core.scalars import NUMBER, advice_on_number, number_of

if TYPE_CHECKING or yaml.__with_libyaml__:
    from yaml._yaml import CParser as Parser
else:
    from exporter.core.yaml_parser import Parser

MOST_BYTES = 16 * 2**20
"""Bytes of a configuration at most; a scenario of a thousand nodes has some 200,000."""

MOST_VALUES = 100_000
"""Values in a file at most, those that an alias stands for counted again: a scenario of 10,000 nodes."""

MOST_LEVELS = 50
"""Levels of lists and mappings within one another at most, those that an alias stands for among them; no configuration
has more than eight."""

_SURROGATE = re.compile(r"[\ud800-\udfff]")

_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

_TAG = "tag:yaml.org,2002:"


class _Loader(Composer, Parser, SafeConstructor, BaseResolver):
    """Safe YAML within limits that refuses a duplicate key; plain YAML would silently keep the last.

    PyYAML's own composer of libyaml's events is used: that of libyaml ends the process where it meets deep nesting.
    """

    def __init__(self, text: str) -> None:
        Parser.__init__(self, text)
        Composer.__init__(self)
        SafeConstructor.__init__(self)
        BaseResolver.__init__(self)
        self._levels = 0
        self._deepest = 0
        self._values = 0
        self._of_anchor: dict[str, tuple[int, int]] = {}  # values and levels

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Count levels and values on the way: aliases of aliases can stand for more than any memory holds."""
        event: Any = self.peek_event()
        before, is_alias = self._values, isinstance(event, yaml.AliasEvent)
        if is_alias and event.anchor in self.anchors and event.anchor not in self._of_anchor:
            raise _refusal("an alias stands for what contains it", event)
        values, levels = self._of_anchor.get(event.anchor, (1, 1)) if is_alias else (1, 1)
        self._values += values
        deepest_before, self._deepest = self._deepest, self._levels + levels
        if self._deepest > MOST_LEVELS or self._values > MOST_VALUES:
            most = f"{MOST_LEVELS} levels" if self._deepest > MOST_LEVELS else f"{MOST_VALUES:,} values"
            raise _refusal(f"expected at most {most}", event)
        self._levels += 1
        node = super().compose_node(parent, index)
        self._levels -= 1
        if event.anchor is not None and not is_alias:
            self._of_anchor[event.anchor] = (self._values - before, self._deepest - self._levels)
        self._deepest = max(deepest_before, self._deepest)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise _refusal(f"expected text as a key, got a {key_node.id}", key_node)
            if key_node.value in seen:
                raise _refusal(f"the key {key_node.value!r} appears twice", key_node)
            seen.add(key_node.value)
        return super().construct_mapping(node, deep=deep)

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        """Refuse lone surrogates, which escapes can write: no message that quotes one could be encoded."""
        if isinstance(node, yaml.ScalarNode) and _SURROGATE.search(node.value):
            raise _refusal("expected text, got half of a surrogate pair", node)
        return super().construct_scalar(node)

    def construct_number(self, node: yaml.ScalarNode) -> float:
        """Return a number; what a written tag calls one may be none."""
        if NUMBER.fullmatch(node.value):
            return number_of(node.value)
        if _NOT_FINITE.fullmatch(node.value):
            return float(node.value.replace(".", ""))
        raise _refusal(f"expected a number, got {node.value}{advice_on_number(node.value)}", node)

    def construct_yaml_timestamp(self, node: yaml.ScalarNode) -> Any:
        """Report the place of an impossible date (30 February), which PyYAML raises as a plain ValueError."""
        try:
            return super().construct_yaml_timestamp(node)
        except ValueError as error:
            raise _refusal(f"{error}: {node.value}", node) from error

    yaml_constructors = SafeConstructor.yaml_constructors | {
        f"{_TAG}int": construct_number,
        f"{_TAG}float": construct_number,
        f"{_TAG}timestamp": construct_yaml_timestamp,
    }


_Loader.yaml_implicit_resolvers = {
    first: [row for row in rows if row[0].removeprefix(_TAG) not in {"int", "float", "value"}]
    for first, rows in Resolver.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(f"{_TAG}int", re.compile(rf"(?:{NUMBER.pattern})\Z"), list("-+.0123456789"))
_Loader.add_implicit_resolver(f"{_TAG}float", re.compile(rf"(?:{_NOT_FINITE.pattern})\Z"), list("-+."))


def _refusal(problem: str, place: Any) -> ConstructorError:
    """Return the error that names the line of an event or a node."""
    return ConstructorError(None, None, problem, place.start_mark)


def load_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file; an empty file is an empty mapping.

    Raises ConfigError where the file cannot be read, is not YAML, or is not a mapping.
    """
    try:
        data = _Loader(read_file(path, MOST_BYTES).decode("utf-8-sig")).get_single_data()
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: is not UTF-8 text"]) from error
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f":{error.problem_mark.line + 1}"
        raise ConfigError([f"{path}{line}: is not valid YAML: {error.problem}"]) from error
    except yaml.YAMLError as error:
        raise ConfigError([f"{path}: is not valid YAML: {str(error).splitlines()[0]}"]) from error
    except (ValueError, LookupError, AttributeError) as error:
        # PyYAML lets out what its constructors run into: a 99th of May is a ValueError.
        raise ConfigError([f"{path}: is not valid YAML: {error}"]) from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigError([f"{path}: expected a mapping of sections, got {describe(data)}"])
    return data
