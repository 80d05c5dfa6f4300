"""The schemas of what the program writes and reads; the files in ``schemas`` hold them as they are published."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from genconvit import VideoResult

from .conftest import Run

HELD = Path(__file__).parent / "schemas"
RESULTS_PAGE = Path(__file__).parents[2] / "docs" / "results.md"
SUBJECTS = ("result", "config", "train")


def fields(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each field of a schema and of what it refers to."""
    for name, model in {"": schema, **schema.get("$defs", {})}.items():
        for field, about in model.get("properties", {}).items():
            yield f"{name}.{field}", about


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_schema_is_as_it_was_published(run: Callable[..., Run], subject: str) -> None:
    printed = run("schema", subject)
    assert (printed.status, printed.err) == (0, "")
    held = json.loads((HELD / f"{subject}.json").read_text())
    assert json.loads(printed.out) == held, (
        f"if the change is meant: genconvit schema {subject} > {HELD}/{subject}.json"
    )


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_field_has_a_description_of_its_own(subject: str) -> None:
    found = dict(fields(json.loads((HELD / f"{subject}.json").read_text())))
    assert len(found) > 20
    for name, about in found.items():
        assert about.get("description", "").endswith("."), f"{name} has no description"
        assert about["description"][0].isupper(), f"{name}: a description begins with a capital"


def test_another_subject_is_a_usage_error(run: Callable[..., Run]) -> None:
    ended = run("schema", "resullt")
    assert ended.status == 2
    assert "resullt" in ended.err
    assert all(subject in ended.err for subject in SUBJECTS)


def test_the_page_on_results_names_every_field_of_a_result_and_no_other() -> None:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", RESULTS_PAGE.read_text().split("## ")[0], flags=re.MULTILINE)
    assert sorted(name.strip("`") for row in rows for name in row.split(", ")) == sorted(VideoResult.model_fields)
