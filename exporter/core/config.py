"""Configuration from plain values: strict, with every mistake reported at once, one line each."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin
from urllib.parse import urlsplit

import msgspec
from msgspec import inspect

from exporter.core.printable import printable
from exporter.core.scalars import advice_on_number, advice_on_text

ConfigT = TypeVar("ConfigT", bound=msgspec.Struct)

_VALIDATION = re.compile(r"^(?P<what>.*?)(?:, got `(?P<got>[^`]*)`)?(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_STEPS = re.compile(r"\.([^.\[\]]+)|\[(\d*)\]")

MOST_CHARACTERS = 480
"""Characters of a line that tells a mistake, which the program's name precedes: what a terminal shows in a few rows."""

MOST_MISTAKES = 100
"""Mistakes that are told; of the others only the number."""

MOST_QUOTED = 80
"""Characters of a value that a mistake quotes."""

LEAST_LIKENESS = 0.55
"""Likeness, by difflib's ratio, from which on a known word is offered for an unknown one. Chosen: `idle` is still
answered with idle_watts, and words that share half of their letters by chance are not."""


class ConfigError(Exception):
    """Configuration that cannot be used; one line for each mistake."""

    def __init__(self, mistakes: list[str]) -> None:
        """Keep each mistake on a line of its own, and the lines short: what they quote may be anything."""
        self.mistakes = [_line(mistake) for mistake in mistakes[:MOST_MISTAKES]]
        if len(mistakes) > MOST_MISTAKES:
            self.mistakes.append(f"and {len(mistakes) - MOST_MISTAKES:,} more mistakes")
        super().__init__("\n".join(self.mistakes))

    def __reduce__(self) -> tuple[type["ConfigError"], tuple[list[str]]]:
        """Pickle the mistakes themselves, not their text."""
        return type(self), (self.mistakes,)


def _line(text: str) -> str:
    """Return a text as one line: without its middle where it is long, and with escapes for what does not print."""
    # Escapes have at most ten characters each, so that this much suffices for a whole line.
    ends = text if len(text) <= 2 * MOST_CHARACTERS else text[:MOST_CHARACTERS] + text[-MOST_CHARACTERS:]
    plain = printable(ends)
    if len(plain) <= MOST_CHARACTERS:
        return plain
    half = MOST_CHARACTERS // 2 - 2
    return f"{plain[:half]}...{plain[-half:]}"


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every section: an unknown key is refused."""


def is_address(url: str) -> bool:
    """Tell whether a text is the address of a server, and nothing more than that."""
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and " " not in url
    return named and plain and parts.scheme in {"http", "https"} and not {"@", "?", "#"} & set(url)


def convert(data: Mapping[str, Any], kind: type[ConfigT], *, origin: str) -> ConfigT:
    """Turn a mapping into the configuration `kind`.

    Raises ConfigError with one line for each bad value; `origin` (the file's name) stands at the head of each.
    """
    mistakes = [f"{origin}: {path}: expected a finite number, got {value}" for path, value in _non_finite(data, "")]
    if mistakes:
        raise ConfigError(mistakes)
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    converted: dict[str, Any] = {}
    for key in dict.fromkeys((*data, *fields)):
        if key not in fields:
            mistakes.append(f"{origin}: {key}: {_unknown_key(str(key), fields)}")
            continue
        field, value = fields[key], data.get(key)
        if value is None:
            if not isinstance(inspect.type_info(field.type), inspect.StructType):
                continue
            # A section that is absent or empty ("power:") is checked as well: its defaults may not suit this machine.
            value = {}
        told = _mistakes(value, field.type, key)
        mistakes += [f"{origin}: {one}" for one in told]
        if not told:
            converted[key] = msgspec.convert(value, field.type)
    if mistakes:
        raise ConfigError(mistakes)
    try:
        return kind(**converted)
    except ValueError as error:  # of a check across sections
        raise ConfigError([f"{origin}: {error}"]) from error


def _mistakes(value: object, kind: Any, path: str) -> list[str]:
    """Return every mistake in a value: those of its parts if there are any."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        return list(_mistakes_below(value, kind, path)) or [_explain(str(error), path, value, kind)]
    return []


def _mistakes_below(value: object, kind: Any, path: str) -> Iterator[str]:
    """Return the mistakes in each field of a section and each item of a list; msgspec reports only the first."""
    plain = _plain(kind)
    if isinstance(value, dict) and isinstance(plain, type) and issubclass(plain, msgspec.Struct):
        fields = {field.encode_name: field for field in msgspec.structs.fields(plain)}
        if not all(isinstance(key, str) for key in value):
            return
        for key in dict.fromkeys((*value, *fields)):
            if key in fields and key in value:
                yield from _mistakes(value[key], fields[key].type, f"{path}.{key}")
            elif key in value:
                yield f"{path}.{key}: {_unknown_key(key, fields)}"
            elif fields[key].required:
                yield f"{path}.{key}: expected {describe_type(inspect.type_info(fields[key].type))}, got nothing"
    elif isinstance(value, dict) and get_origin(plain) is dict:
        if not all(isinstance(key, str) for key in value):
            return
        for key, item in value.items():
            yield from _mistakes(item, get_args(plain)[1], f"{path}.{key}")
    elif isinstance(value, list) and (plain := _list_of(plain)) is not None:
        for index, item in enumerate(value):
            yield from _mistakes(item, get_args(plain)[0], f"{path}[{index}]")


def _unknown_key(key: str, known: Iterable[str]) -> str:
    return f"unknown key; known here: {', '.join(known)}{did_you_mean(key, known)}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of a line that refuses a word: the known word most like it; nothing where none is like it."""
    import difflib  # noqa: PLC0415 - for a mistake alone

    near = difflib.get_close_matches(word[:MOST_QUOTED].lower(), tuple(known), n=1, cutoff=LEAST_LIKENESS)
    return f"; did you mean {near[0]}?" if near else ""


def _plain(kind: Any) -> Any:
    """Return a type as it is written, without its description and without the null of an optional value."""
    if get_origin(kind) is Annotated:
        return _plain(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        kinds = [one for one in get_args(kind) if one is not NoneType]
        return _plain(kinds[0]) if len(kinds) == 1 else kind
    return kind


def _list_of(kind: Any) -> Any:
    """Return a list's type, perhaps found among others; None where none is a list."""
    kinds = map(_plain, get_args(kind)) if get_origin(kind) in (Union, UnionType) else (kind,)
    return next((one for one in kinds if get_origin(one) is tuple), None)


def _explain(message: str, section: str, value: object, kind: Any) -> str:
    """Rewrite msgspec's message as `path: expected ..., got ...`."""
    match = _VALIDATION.match(message)
    if match is None:
        return f"{section}: {message}"
    below = match["path"] or ""
    node = _type_at(inspect.type_info(kind), below)
    if match["what"].startswith(("Expected", "Invalid", "Number")):
        got = _lookup(value, below)
        return f"{section}{below}: expected {describe_type(node)}, got {describe(got)}{_advice(node, got)}"
    # From a section's own check of its values, which may begin with the key it is about (".time_zone: ...").
    return f"{section}{below}{'' if match['what'].startswith('.') else ': '}{match['what']}"


def _advice(node: inspect.Type, value: object) -> str:
    """Say how to write a value where YAML took it for another kind, or a known word like it; nothing otherwise."""
    kinds = node.types if isinstance(node, inspect.UnionType) else (node,)
    if isinstance(value, str) and isinstance(node, inspect.LiteralType):
        return did_you_mean(value, map(str, node.values))
    if isinstance(value, str) and any(isinstance(kind, inspect.FloatType | inspect.IntType) for kind in kinds):
        return advice_on_number(value)
    return advice_on_text(value) if any(isinstance(kind, inspect.StrType) for kind in kinds) else ""


def _type_at(node: inspect.Type, path: str) -> inspect.Type:
    """Return the type that a path such as `.include[0]` leads to, unwrapped."""
    node = _unwrapped(node)
    for name, _ in _STEPS.findall(path):
        if isinstance(node, inspect.StructType) and name:
            node = _unwrapped(next(field.type for field in node.fields if field.encode_name == name))
            continue
        if isinstance(node, inspect.UnionType):
            node = next(one for one in node.types if isinstance(one, inspect.VarTupleType))
        if isinstance(node, inspect.VarTupleType):
            node = _unwrapped(node.item_type)
    return node


def _unwrapped(node: inspect.Type) -> inspect.Type:
    """Return a type without its description and without the null of an optional value."""
    if isinstance(node, inspect.Metadata):
        return _unwrapped(node.type)
    if isinstance(node, inspect.UnionType):
        kinds = [one for one in node.types if not isinstance(one, inspect.NoneType)]
        return _unwrapped(kinds[0]) if len(kinds) == 1 else inspect.UnionType(tuple(map(_unwrapped, kinds)))
    return node


_OTHER_TYPES: Mapping[type[inspect.Type], str] = {
    inspect.BoolType: "true or false",
    inspect.DateType: "a date such as 2026-03-20",
    inspect.VarTupleType: "a list",
}


def describe_type(node: inspect.Type) -> str:
    """Describe in words what a value of this type has to be."""
    match node := _unwrapped(node):
        case inspect.UnionType():
            return ", or ".join(describe_type(one) for one in node.types)
        case inspect.FloatType() | inspect.IntType():
            bounds = ((">=", node.ge), (">", node.gt), ("<=", node.le), ("<", node.lt))
            told = " and ".join(f"{sign} {_number(bound)}" for sign, bound in bounds if bound is not None)
            return f"a number {told}".rstrip()
        case inspect.LiteralType():
            return f"one of {', '.join(str(value) for value in node.values)}"
        case inspect.StrType():
            lengths = (("at least", node.min_length), ("at most", node.max_length))
            told = " and ".join(f"{word} {length}" for word, length in lengths if length is not None)
            text = f"text of {told} characters" if told else "text"
            return text if node.pattern is None else f"{text} that match {node.pattern}"
        case inspect.VarTupleType() if node.min_length is not None and node.min_length == node.max_length:
            return f"a list of {node.min_length}"
        case _:
            return _OTHER_TYPES.get(type(node), "a mapping")


def _number(bound: float) -> str:
    return f"{bound:,.0f}" if bound == int(bound) else f"{bound:g}"


def _lookup(value: object, path: str) -> object:
    """Return the value at a path such as `.include[0]` below a section."""
    for name, index in _STEPS.findall(path):
        if name and isinstance(value, dict):
            value = value.get(name)
        elif index and isinstance(value, list):
            value = value[int(index)]
    return value


def describe(value: object) -> str:
    """Describe a value as its writer would recognise it."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return f'"{_short(value)}"'
        case dict():
            odd = [key for key in value if not isinstance(key, str)]
            return f"the key {describe(odd[0])}, which is not text{advice_on_text(odd[0])}" if odd else "a mapping"
        case list():
            return "a list"
        case _:
            return _short(str(value))


def _short(text: str) -> str:
    return text if len(text) <= MOST_QUOTED else f"{text[:MOST_QUOTED]}..."


def _non_finite(value: object, path: str) -> Iterator[tuple[str, float]]:
    """Find the paths and values of every NaN or infinity, which YAML can write and a range check may let through."""
    if isinstance(value, float) and not math.isfinite(value):
        yield path.removeprefix("."), value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _non_finite(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _non_finite(item, f"{path}[{index}]")
