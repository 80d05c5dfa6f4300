"""Docstrings and descriptions of fields say what a thing is or does, each line alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "genconvit"

DANGLING = re.compile(
    r"(what|whether|how|why|where|when|who|whose|which|as|so|likewise|the same|"
    r"of|its|their|it|they|this|that|these|those)\b",
    re.IGNORECASE,
)
"""Beginnings that leave out the subject, or point to another line for it."""

FILES = {str(path.relative_to(PACKAGE).as_posix()): path for path in sorted(PACKAGE.rglob("*.py"))}


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_description_stands_alone(name: str) -> None:
    tree = ast.parse(FILES[name].read_text())
    assert [text for text in descriptions(tree) if DANGLING.match(text)] == []


def test_each_kind_of_description_is_seen() -> None:
    source = '''
"""A module."""

NUMBER = 1
"""A constant."""

class Config:
    """A class.

    Attributes:
        plain: an attribute
            of two lines.
    """

    field: int = 0
    """A field."""

    def method(self, *values, other):
        """A method.

        Args:
            *values: some values: 1, 2.
            other: another one.

        Raises:
            ValueError: what is not looked at.
        """
'''
    assert set(descriptions(ast.parse(source))) == {
        "A module.",
        "A constant.",
        "A class.",
        "an attribute",
        "A field.",
        "A method.",
        "some values: 1, 2.",
        "another one.",
    }


def test_what_points_elsewhere_is_seen() -> None:
    assert all(map(DANGLING.match, ("What it is.", "how many", "The same of the last.", "Its name.", "of the file.")))
    assert not any(map(DANGLING.match, ("Assemble it.", "Whatever comes.", "Number of frames.", "offset in pixels")))


def descriptions(tree: ast.Module) -> Iterator[str]:
    """Yield the first line of each docstring, of each entry of its arguments or attributes, and below each name."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _of_docstring(ast.get_docstring(node) or "")
            for before, statement in pairwise(node.body):
                if isinstance(before, (ast.Assign, ast.AnnAssign)):
                    yield from _of_expression(statement)


def _of_docstring(text: str) -> Iterator[str]:
    yield text.partition("\n")[0]
    for section in re.findall(r"^(?:Args|Attributes):\n((?: +.*\n?|\n)+)", text, re.MULTILINE):
        yield from re.findall(r"^    \**\w+: (.*)", section, re.MULTILINE)


def _of_expression(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        yield str(statement.value.value).partition("\n")[0]
