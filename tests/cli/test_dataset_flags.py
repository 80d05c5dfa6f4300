from __future__ import annotations

from pathlib import Path

import pytest

from genconvit.cli.dataset_flags import listing_of


def test_what_is_left_out_of_videos_without_labels_is_said_and_noted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.mp4", "notes.txt", "LICENSE", "x.csv", "y.csv"):
        (tmp_path / name).touch()
    listing = listing_of([str(tmp_path)], None, None)
    assert [Path(source.name).name for source in listing.sources] == ["a.mp4"]
    assert [Path(each.name).name for each in listing.skipped] == ["LICENSE", "notes.txt", "x.csv", "y.csv"]
    assert capsys.readouterr().err.splitlines()[0] == "left out: 4"
    (note,) = listing.notes
    assert note.startswith(f"left out: 4 ({tmp_path / 'LICENSE'}: neither a video nor an image by its suffix (none); ")
    assert note.endswith(", ...)")
    assert listing_of([str(tmp_path / "a.mp4")], None, None).notes == ()
