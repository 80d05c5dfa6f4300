"""The citation names this project as its metadata do."""

from __future__ import annotations

import re
from pathlib import Path

from genconvit.core.version import __version__

ROOT = Path(__file__).resolve().parents[2]
CITATION = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def top(key: str) -> str:
    """The value of a key of the software's own."""
    (value,) = re.findall(rf'^{key}: "?([^"\n]+)"?$', CITATION, re.MULTILINE)
    return str(value)


def test_it_has_what_the_format_asks_for() -> None:
    assert top("cff-version") == "1.2.0"
    assert top("type") == "software"
    assert top("message")


def test_it_says_what_the_metadata_say() -> None:
    assert top("version") == __version__
    for key, name in {"title": "name", "abstract": "description", "license": "license"}.items():
        assert f'\n{name} = "{top(key)}"\n' in PROJECT
    (author,) = re.findall(r'^authors = \[\{ name = "([^"]+)" \}\]$', PROJECT, re.MULTILINE)
    assert f'\nauthors:\n  - name: "{author}"\n' in CITATION


def test_it_names_the_paper_whose_networks_are_run() -> None:
    source = (ROOT / "src" / "genconvit" / "models" / "original.py").read_text(encoding="utf-8")
    title, number = "Generative Convolutional Vision Transformer", "2307.07036"
    assert all(text in source and text in CITATION for text in (title, number))
