"""The rules of plain English in docstrings and help texts: a function's docstring begins with a verb in the imperative,
a help text with the thing that is measured, and neither is a riddle."""

import ast
from collections.abc import Iterator
from itertools import pairwise

import pytest

from exporter.exposition.rows import ROWS
from scripts.imports import ROOT
from simulator.experiments.find.estimates import MEASURES
from simulator.live.exposition.rows import ROWS as SIMULATED_ROWS

PACKAGES = ("bench", "exporter", "grafana", "prometheus", "scripts", "simulator", "tests")

QUESTIONS = {"how", "what", "whether", "when", "where", "which", "who", "whose", "why"}
NO_VERBS = {
    *("a", "all", "an", "any", "both", "each", "every", "half", "it", "its", "itself", "no", "none", "nothing"),
    *("one", "other", "some", "that", "the", "their", "them", "themselves", "these", "they", "this", "those", "two"),
    *("above", "after", "against", "as", "at", "before", "below", "by", "for", "from", "if", "in", "of", "on"),
    *("to", "unless", "until", "up", "while", "with", "without"),
}
"""Pronouns, articles, prepositions and conjunctions: no imperative begins with one."""

NOUNS = {"cpu", "median", "memory", "peak", "somebody", "tcp", "usage", "value", "wall"}
"""Nouns with which docstrings have begun in place of a verb."""

AFTER_A_NOUN = {"as", "of", "per", "that", "which"}
"""Words that follow a noun, and hardly ever a verb: "Energy of ...", "Share that ..."."""

BARE = {"he", "it", "itself", "she", "them", "themselves", "they", "those"}
"""Pronouns that leave the reader of a help text, which stands by itself, to guess what they stand for."""

VERBS = {"bring", "check", "embed", "feed", "log", "note", "require", "see", "show", "take", "warn"}
"""Imperatives that the rules would take for something else."""


def docstrings(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Yield every docstring with the module, class, function or constant that it describes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield node, text
            for statement, following in pairwise(node.body):
                match following:
                    case ast.Expr(value=ast.Constant(value=str(text))):
                        yield statement, text


def is_function(node: ast.AST) -> bool:
    """Tell whether a node is a function whose docstring needs a verb.

    A property is read like a field. The name of a test is a sentence already, and a docstring gives its reason.
    """
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("test_"):
        return False
    return not any(ast.unparse(one).endswith("property") for one in node.decorator_list)


def is_imperative(sentence: str) -> bool:
    """Tell whether a sentence seems to begin with a verb in the imperative."""
    first, second = (*sentence.replace(",", " ").lower().split()[:2], "")[:2]
    if first in VERBS:
        return True
    ends_otherwise = first.endswith(("ed", "ing")) or (first.endswith("s") and not first.endswith("ss"))
    return (
        first.isalpha()
        and not ends_otherwise
        and first not in NO_VERBS | NOUNS | QUESTIONS
        and second not in AFTER_A_NOUN
    )


def breaches(path: str, text: str) -> Iterator[str]:
    """Yield the docstrings of a source text that break a rule."""
    for node, docstring in docstrings(ast.parse(text)):
        sentence = docstring.split("\n\n")[0]
        where = f"{path}:{getattr(node, 'lineno', 1)}: {sentence}"
        if sentence.split()[0].lower() in QUESTIONS:
            yield f"{where} (name the thing instead of asking for it)"
        elif len(docstring.split()) <= 2 and not docstring.startswith("See "):
            yield f"{where} (say more than two words)"
        elif is_function(node) and not is_imperative(sentence):
            yield f"{where} (begin with a verb in the imperative)"


def unclear(help_text: str) -> str:
    """Return what makes a help text unclear; nothing where it names the thing and says it in whole words."""
    words = [word.strip(".,:;()'") for word in help_text.split()]
    if words[0].lower() in QUESTIONS | NO_VERBS or not words[0][0].isupper():
        return "begin with a capital and the name of the thing"
    if len(words) <= 2 or not help_text.endswith("."):
        return "say more than two words, and end with a full stop"
    bare = BARE.intersection(word.lower() for word in words)
    return f"name the thing in place of {', '.join(sorted(bare))}" if bare else ""


def test_help_texts_name_the_thing() -> None:
    told = {one.name: one.help for one in ROWS}
    told |= {one.name: one.help for one in SIMULATED_ROWS} | {one.name: one.help for one in MEASURES}
    assert [f"{name}: {text} ({why})" for name, text in told.items() if (why := unclear(text))] == []


@pytest.mark.parametrize(
    "text",
    [
        "When the state file began.",
        "Samples taken.",
        "The energy of the machine.",
        "1 if the provider answers.",
        "energy of the machine.",
        "Energy of the machine",
        "Emissions of scope network by activity; it sums to that scope.",
    ],
)
def test_an_unclear_help_text_is_seen(text: str) -> None:
    assert unclear(text)


def test_docstrings_are_plain_english() -> None:
    files = {str(file.relative_to(ROOT)): file for folder in PACKAGES for file in sorted((ROOT / folder).rglob("*.py"))}
    kept = {path: file.read_text(encoding="utf-8") for path, file in files.items()}
    assert len(kept) > 100
    assert [breach for path, text in kept.items() for breach in breaches(path, text)] == []


@pytest.mark.parametrize(
    "docstring",
    [
        "What the machine does.",
        "Whether it is there.",
        "Both of them.",
        "The energy of a sample.",
        "Energy of a sample.",
        "Returns the energy.",
        "Reading the energy of a sample.",
        "`profile` with a sample added.",
        "Stop now.",
    ],
)
def test_a_docstring_without_a_verb_or_a_subject_is_seen(docstring: str) -> None:
    assert list(breaches("exporter/a.py", f'def f():\n    """{docstring}"""\n'))


def test_a_test_gives_its_reason_and_asks_no_question() -> None:
    assert not list(breaches("tests/test_a.py", 'def test_a():\n    """A sensor tells of a moment."""\n'))
    assert list(breaches("tests/test_a.py", 'def test_a():\n    """Whether a sensor tells."""\n'))
    assert list(breaches("tests/test_a.py", 'def read():\n    """A sensor tells of a moment."""\n'))


@pytest.mark.parametrize("docstring", ["Return the energy of a sample.", "Pass a sample on.", "Go on as before."])
def test_an_imperative_passes(docstring: str) -> None:
    assert not list(breaches("exporter/a.py", f'def f():\n    """{docstring}"""\n'))


def test_classes_and_properties_may_be_named_by_a_noun() -> None:
    text = (
        'class A:\n    """Energy of a sample."""\n    @property\n    def b(self):\n        """Joules per sample."""\n'
    )
    assert not list(breaches("exporter/a.py", text))
    assert list(breaches("exporter/a.py", '"""What it is."""\nclass A:\n    """How it is."""\n')) != []
