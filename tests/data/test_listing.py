from __future__ import annotations

import re
from pathlib import Path

import pytest

from genconvit.core.errors import ConfigError, DatasetError, PluginError
from genconvit.data.listing import check_dataset, list_dataset
from genconvit.registry import DATASETS

from .conftest import Files, put

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "datasets.md"


def test_an_unknown_name_and_an_unknown_split_are_errors_that_list_the_known(files: Files) -> None:
    with pytest.raises(PluginError, match=r"unknown data set 'celebdf' \(did you mean 'celeb-df'\?\)"):
        list_dataset("celebdf", files("a.mp4"))
    with pytest.raises(ConfigError, match=r"'folder' has no split 'tset' .*allowed are all, train, val, test"):
        list_dataset("folder", files("a.mp4"), "tset")


def test_nothing_to_score_is_an_error_that_says_what_was_looked_for(files: Files) -> None:
    with pytest.raises(
        DatasetError, match=r"nothing to score .*0 missing, 1 skipped \(the first, 'a.mp4': .*Looked for"
    ):
        list_dataset("folder", files("a.mp4"))
    assert check_dataset("folder", files("a.mp4")).sources == ()


@pytest.mark.parametrize("name", sorted(DATASETS.names()))
def test_every_data_set_refuses_an_empty_folder_and_a_path_that_is_not_there(name: str, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(DatasetError):
            list_dataset(name, path)


def test_the_documented_loader_works(files: Files) -> None:
    (source,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), flags=re.DOTALL)
    scope: dict[str, type] = {}
    exec(compile(source, str(DOCUMENT), "exec", dont_inherit=True), scope)  # noqa: S102 - our own page
    root = files("clips/a.mp4", "clips/b.mp4", "clips/c.mp4")
    put(root / "answers.csv", "clip,answer,tool\na.mp4,fake,x\nb.mp4,real,\ngone.mp4,fake,x\n")
    DATASETS.register("answers", scope["AnswersDataset"])
    try:
        listing = list_dataset("answers", root)
    finally:
        DATASETS.unregister("answers")
    assert [(each.name, each.label, each.groups) for each in listing.sources] == [
        ("clips/a.mp4", "FAKE", {"tool": "x"}),
        ("clips/b.mp4", "REAL", {}),
    ]
    assert [each.name for each in listing.missing] == ["clips/gone.mp4"]
    assert [each.name for each in listing.skipped] == ["clips/c.mp4"]
