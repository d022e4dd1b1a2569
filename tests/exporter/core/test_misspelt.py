"""A misspelt key or word is answered with the one that was meant, in the files of both programs."""

import string
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import inspect

from exporter.config import Config
from exporter.core.config import ConfigError, convert, did_you_mean
from simulator.scenario.load import load_scenario
from simulator.scenario.published import PublishedScenario
from simulator.scenario.schema import Scenario

ROOTS: tuple[type[msgspec.Struct], ...] = (Config, Scenario, PublishedScenario)

SCENARIO = """
nodes: [{name: pi, device: raspberry-pi-4}]
workload: {classes: [{name: a, model: cnn, work_seconds: 1, share: 1, deadline_seconds: 10}]}
"""

LEAST_LETTERS = 5
"""Letters of a key from which on one wrong letter leaves no doubt; `url` with one may be `per`."""

CLEAR_EDITS = 3
"""Edits between two keys of a section from which on one wrong letter leaves no doubt which was meant."""


def sections(node: inspect.Type, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield each section's place, with an empty step for an item of a list, and its keys."""
    match node:
        case inspect.Metadata():
            yield from sections(node.type, path)
        case inspect.UnionType():
            # Of a section or nothing, the section; a list among other values is not looked into.
            kinds = [one for one in node.types if not isinstance(one, inspect.NoneType)]
            yield from sections(kinds[0], path) if len(kinds) == 1 else ()
        case inspect.VarTupleType():
            yield from sections(node.item_type, (*path, ""))
        case inspect.StructType():
            yield path, tuple(field.encode_name for field in node.fields)
            for field in node.fields:
                yield from sections(field.type, (*path, field.encode_name))


def edits(one: str, other: str) -> int:
    """Return how many letters have to be taken out, put in or replaced to turn a word into another (Levenshtein)."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, start=1):
        before, row = row, [number]
        for (corner, above), wanted in zip(pairwise(before), other, strict=True):
            row.append(min(corner + (letter != wanted), above + 1, row[-1] + 1))
    return row[-1]


KEYS = [
    (root, path, key, keys)
    for root in ROOTS
    for path, keys in sections(inspect.type_info(root))
    for key in keys
    if len(key) >= LEAST_LETTERS and all(edits(key, other) >= CLEAR_EDITS for other in keys if other != key)
]
"""Keys that one wrong letter does not make like another: the root, the section's place, the key and its neighbours."""


def test_most_keys_of_both_programs_are_looked_at() -> None:
    every = [key for root in ROOTS for _, keys in sections(inspect.type_info(root)) for key in keys]
    assert len(KEYS) > 0.75 * len(every) > 200


def typos(word: str) -> st.SearchStrategy[str]:
    """Return the words with one letter left out, added, replaced, or exchanged with the next."""
    places = st.integers(0, len(word) - 1)
    letters = st.sampled_from(string.ascii_lowercase + "_-")
    return st.one_of(
        places.map(lambda at: word[:at] + word[at + 1 :]),
        st.tuples(places, letters).map(lambda put: word[: put[0]] + put[1] + word[put[0] :]),
        st.tuples(places, letters).map(lambda put: word[: put[0]] + put[1] + word[put[0] + 1 :]),
        places.map(lambda at: word[:at] + word[at : at + 2][::-1] + word[at + 2 :]),
    )


def refused(root: type[msgspec.Struct], path: tuple[str, ...], key: str) -> list[str]:
    """Return the lines that refuse a file with this one key in the section at a place."""
    data: Any = {key: 1}
    for step in reversed(path):
        data = {step: data} if step else [data]
    with pytest.raises(ConfigError) as caught:
        convert(data, root, origin="mine.yml")
    return caught.value.mistakes


@given(st.data())
def test_one_wrong_letter_is_answered_with_the_key_that_was_meant(data: st.DataObject) -> None:
    root, path, key, keys = data.draw(st.sampled_from(KEYS))
    wrong = data.draw(typos(key))
    assume(wrong not in keys)
    place = "".join(f".{step}" if step else "[0]" for step in (*path, wrong)).removeprefix(".")
    (line,) = (one for one in refused(root, path, wrong) if one.startswith(f"mine.yml: {place}: unknown key; "))
    assert line.endswith(f"; did you mean {key}?")


@given(st.sampled_from([(root, path) for root, path, _, _ in KEYS]), st.text())
def test_whatever_stands_as_a_key_is_refused_in_lines(
    place: tuple[type[msgspec.Struct], tuple[str, ...]], key: str
) -> None:
    root, path = place
    assume(all(key not in keys for where, keys in sections(inspect.type_info(root)) if where == path))
    lines = refused(root, path, key)
    assert all(line.isprintable() and line.startswith("mine.yml: ") for line in lines)
    assert sum(": unknown key; known here: " in line for line in lines) == 1


@given(st.text())
def test_only_a_word_that_is_like_a_known_one_is_offered_one(word: str) -> None:
    assert did_you_mean("Watts" + word[:1], ("watts", "zone")) == "; did you mean watts?"
    assert did_you_mean(word, ()) == did_you_mean("?!" * 5 + word[:1], ("zone",)) == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nodes: [{name: pi, device: raspberry-pi4}]", "did you mean raspberry-pi-4?"),
        ("scheduler: {policy: carbon-gredy}", "did you mean carbon-greedy?"),
        ("scheduler: {policy: single-node:pie}", "did you mean pi?"),
        ("scheduler: {sleeping: nevr}", "did you mean never?"),
        ("network: {energy: swd-v5}", "did you mean swd-v4?"),
        ("model: publisht", "did you mean published?"),
    ],
)
def test_a_misspelt_word_of_a_scenario_is_answered_with_the_one_that_was_meant(
    tmp_path: Path, text: str, told: str
) -> None:
    file = tmp_path / "mine.yaml"
    key = text.partition(":")[0]
    file.write_text("\n".join([*(line for line in SCENARIO.splitlines() if not line.startswith(key)), text]))
    with pytest.raises(ConfigError) as caught:
        load_scenario(str(file))
    (line,) = caught.value.mistakes
    assert line.endswith(f"; {told}")


def test_a_misspelt_scenario_is_answered_with_the_one_that_was_meant() -> None:
    with pytest.raises(ConfigError, match=r"did you mean solar-farm\?"):
        load_scenario("solar_farm")
