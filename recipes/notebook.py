"""Run the code cells of a notebook, one after another, and put what they print and show into it.

Run it: python -m recipes.notebook examples/quickstart.ipynb
"""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

from PIL.Image import Image

COLOURS = 64
"""Colours of a picture in a notebook, so that the file stays small."""


def run(notebook: dict[str, Any]) -> dict[str, Any]:
    """Give the notebook with new outputs; an error of a cell is raised."""
    scope: dict[str, Any] = {"__name__": "__main__"}
    cells, count = [], 0
    for cell in notebook["cells"]:
        new: dict[str, Any] = {}
        if cell["cell_type"] == "code":
            count += 1
            new = {"execution_count": count, "outputs": _outputs("".join(cell["source"]), scope, count)}
        cells.append({**cell, **new})
    return {**notebook, "cells": cells}


def _outputs(source: str, scope: dict[str, Any], count: int) -> list[dict[str, Any]]:
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    value: object = None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), scope)  # noqa: S102 - the notebook's own
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), scope)  # noqa: S307
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        outputs.append({"output_type": "stream", "name": "stdout", "text": _lines(printed.getvalue())})
    if value is not None:
        shown = {"output_type": "execute_result", "execution_count": count, "metadata": {}, "data": _data(value)}
        outputs.append(shown)
    return outputs


def _data(value: object) -> dict[str, Any]:
    if not isinstance(value, Image):
        return {"text/plain": _lines(repr(value))}
    png = io.BytesIO()
    value.quantize(COLOURS).save(png, "png", optimize=True)
    return {"text/plain": ["<a picture>"], "image/png": base64.b64encode(png.getvalue()).decode()}


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(json.dumps(run(json.loads(path.read_text())), indent=1, ensure_ascii=False) + "\n")
