"""Imports point down only, and files and functions stay short."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "genconvit"

LAYERS = (
    {"__main__"},
    {"cli"},
    {"doctor"},
    {"serve"},
    {"bench", "compare", "robustness", "testing"},
    {"extract", "train"},
    {"render"},
    {"plots"},
    {"evaluation"},
    {"scale"},
    {"detector"},
    {"journal"},
    {"assemble"},
    {"portable"},
    {"settings"},
    {"verdict", "explain"},
    {"pipeline"},
    {"credentials", "runtimes"},
    {"isolation", "weights", "crops", "inputs"},
    {"models", "data"},
    {"nn", "video", "faces", "metrics"},
    {"results"},
    {"registry"},
    {"core"},
)
"""Layers from top to bottom. A unit, which is a file or a folder of the package, imports itself and what lies below
it."""

RANKS = {unit: rank for rank, layer in enumerate(LAYERS) for unit in layer}
ONLY_TYPES: dict[str, set[tuple[str, ...]]] = {
    "registry": {
        ("genconvit", "data", "base", "Dataset"),
        ("genconvit", "faces", "base", "FaceDetector"),
        ("genconvit", "models", "base", "Architecture"),
        ("genconvit", "results", "renderer", "Renderer"),
        ("genconvit", "video", "base", "VideoDecoder"),
    },
    "results": {("genconvit", "detector", "Detector")},
}
"""What a unit imports from above for type checkers alone: the registry's classes, which it else holds as strings, and
what a page of a result is made with."""

STRANGERS = ({"original", "timm", "v2"},)
"""Modules of ``models`` that never import one another."""

MOST_LINES = 330
MOST_LINES_OF_A_FUNCTION = 55

FILES = sorted(PACKAGE.rglob("*.py"))
INNER = [path for path in FILES if path != PACKAGE / "__init__.py"]


def test_there_is_a_package() -> None:
    assert {"detector.py", "__init__.py", "backbone.py"} <= {path.name for path in FILES}


def test_no_unit_is_in_two_layers() -> None:
    assert len(RANKS) == sum(map(len, LAYERS))


@pytest.mark.parametrize("path", INNER, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    unit = module_of(path)[1]
    assert unit in RANKS, f"{unit} is in no layer: put it into LAYERS"
    for imported in set(own_imports(path)) - ONLY_TYPES.get(unit, set()):
        other = imported[1] if len(imported) > 1 else ""
        assert other in RANKS, f"{'.'.join(imported)} names no unit of the package: import the module that defines it"
        assert other == unit or RANKS[other] > RANKS[unit], f"{unit} may not import {other}: it does not lie below"


@pytest.mark.parametrize("unit", sorted(ONLY_TYPES))
def test_what_is_imported_from_above_is_for_type_checkers_alone(unit: str) -> None:
    seen = set()
    for path in (path for path in FILES if module_of(path)[1:2] == (unit,)):
        tree = ast.parse(path.read_text())
        guarded = [each for each in tree.body if isinstance(each, ast.If) and ast.unparse(each.test) == "TYPE_CHECKING"]
        seen |= {parts for each in guarded for parts in _imports(each, ()) if parts[0] == "genconvit"}
        others = {parts for each in tree.body if each not in guarded for parts in _imports(each, ())}
        assert not others & ONLY_TYPES[unit]
    assert {parts for parts in seen if RANKS[parts[1]] < RANKS[unit]} == ONLY_TYPES[unit]


@pytest.mark.parametrize("path", sorted(PACKAGE.joinpath("models").glob("*.py")), ids=lambda path: path.stem)
def test_architectures_do_not_import_one_another(path: Path) -> None:
    imported = {parts[2] for parts in own_imports(path) if parts[1:2] == ("models",) and len(parts) > 2}
    for group in STRANGERS:
        assert path.stem not in group or not imported & (group - {path.stem})


def test_the_package_itself_imports_only_its_version() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    eager = {parts for statement in tree.body if not isinstance(statement, ast.If) for parts in _imports(statement, ())}
    assert {parts for parts in eager if parts[0] == "genconvit"} == {("genconvit", "core", "version", "__version__")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_are_short(path: Path) -> None:
    source = path.read_text()
    assert source.count("\n") <= MOST_LINES
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert lines_of(node) <= MOST_LINES_OF_A_FUNCTION, f"{node.name} is too long: {lines_of(node)} lines"


def test_imports_are_seen_wherever_they_stand() -> None:
    source = """
import genconvit.cli
from genconvit.nn import vae
from . import sibling
from ..core.errors import WeightsError
import torch

def function():
    from genconvit.detector import Detector

if TYPE_CHECKING:
    from genconvit.pipeline.run import Pipeline
"""
    assert set(_imports(ast.parse(source), ("genconvit", "models"))) == {
        ("genconvit", "cli"),
        ("genconvit", "nn", "vae"),
        ("genconvit", "models", "sibling"),
        ("genconvit", "core", "errors", "WeightsError"),
        ("torch",),
        ("genconvit", "detector", "Detector"),
        ("genconvit", "pipeline", "run", "Pipeline"),
    }


def test_neither_signature_nor_docstring_lengthen_a_function() -> None:
    source = """
def f(
    a
):
    '''One

    two.
    '''
    a = 1
    return a
"""
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    assert lines_of(function) == 2


def module_of(path: Path) -> tuple[str, ...]:
    """The dotted name of a file of the package, as its parts."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def own_imports(path: Path) -> Iterator[tuple[str, ...]]:
    """Give what a file imports of the package itself, as the parts of dotted names."""
    module = module_of(path)
    package = module if path.name == "__init__.py" else module[:-1]
    return (parts for parts in _imports(ast.parse(path.read_text()), package) if parts[0] == "genconvit")


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function's body without its docstring."""
    body = function.body[ast.get_docstring(function) is not None :]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _imports(tree: ast.AST, package: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = tuple(node.module.split(".")) if node.module else ()
            yield from ((*base, *module, alias.name) for alias in node.names)
