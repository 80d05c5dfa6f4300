"""Samples of code and output are no wider than a page shows without scrolling sideways."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = 72
PAGES = {str(path.relative_to(ROOT)): path for path in [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]}
MODULES = {str(path.relative_to(ROOT)): path for path in sorted(ROOT.glob("src/**/*.py"))}


@pytest.mark.parametrize("name", PAGES)
def test_samples_of_a_page_fit(name: str) -> None:
    assert [line for line in samples(PAGES[name].read_text(encoding="utf-8")) if len(line) > COLUMNS] == []


def test_samples_of_docstrings_fit() -> None:
    found = {
        name: [line for text in docstrings(path.read_text(encoding="utf-8")) for line in prompts(text)]
        for name, path in MODULES.items()
    }
    assert sum(map(len, found.values())) > 100, "the samples are found"
    assert {name: [line for line in lines if len(line) > COLUMNS] for name, lines in found.items()} == {
        name: [] for name in found
    }


def test_a_sample_is_a_fenced_or_an_indented_block() -> None:
    page = "text\n```sh\na\n\nb\n```\ntext\n\n    indented\n\n- item\n  ```py\n  in an item\n  ```\n"
    assert list(samples(page)) == ["a", "", "b", "indented", "in an item"]


def samples(page: str) -> Iterator[str]:
    """Yield the lines of a page's samples, without the indentation of their block."""
    fence = None
    for line in page.splitlines():
        mark = re.match(r"( *)```", line)
        if mark:
            fence = None if fence is not None else len(mark[1])
        elif fence is not None:
            yield line[fence:]
        elif line.startswith("    "):
            yield line[4:]


def docstrings(source: str) -> Iterator[str]:
    """Yield the docstrings of a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield ast.get_docstring(node) or ""


def prompts(docstring: str) -> Iterator[str]:
    """Yield the lines of a docstring that a reader may type, with their prompts."""
    yield from (line.strip() for line in docstring.splitlines() if re.match(r" *(>>>|\.\.\.) ", line))
