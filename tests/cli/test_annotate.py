"""``genconvit annotate`` scores a video and writes a copy of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import pytest

from genconvit.results.result import UNTRAINED

from .conftest import QUICK, Run


def test_a_clip_is_scored_and_drawn(run: Callable[..., Run], portrait_clip: Path, tmp_path: Path) -> None:
    ended = run("annotate", portrait_clip, *QUICK, "--output", tmp_path / "b.mp4")
    assert (ended.status, ended.err) == (0, "")
    assert UNTRAINED in ended.out
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 24


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--output", "b.avi"), "ends in .mp4, .mkv, .mov"),
        (("--output", "b.mp4", "--overlays", "boxes,hats"), "unknown overlay 'hats'"),
        (("--output", "b.mp4", "--overlays", ","), "name at least one of boxes"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_is_scored(
    run: Callable[..., Run],
    portrait_clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = run("annotate", portrait_clip, *QUICK, *arguments)
    assert ended.status == 2
    assert says in ended.err
    assert not list(tmp_path.iterdir())


def test_heat_maps_are_drawn_where_they_are_asked_for(
    run: Callable[..., Run], portrait_clip: Path, tmp_path: Path
) -> None:
    flags = ("--weights", "embedded", *QUICK[4:], "--overlays", "heat_maps", "--output", tmp_path / "b.mp4")
    ended = run("annotate", portrait_clip, *flags)
    assert (ended.status, ended.err) == (0, "")
    pictures = []
    for path in (portrait_clip, tmp_path / "b.mp4"):
        with av.open(str(path)) as container:
            pictures.append(next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int))
    assert (abs(pictures[1] - pictures[0]).max(axis=2) > 40).mean() > 0.005


def test_heat_maps_of_untrained_weights_are_refused(
    run: Callable[..., Run], portrait_clip: Path, tmp_path: Path
) -> None:
    ended = run("annotate", portrait_clip, *QUICK, "--overlays", "heat_maps", "--output", tmp_path / "b.mp4")
    assert ended.status == 2
    assert "never trained" in ended.err
    assert not list(tmp_path.iterdir())


def test_the_video_itself_is_never_written_over(run: Callable[..., Run], portrait_clip: Path) -> None:
    before = portrait_clip.read_bytes()
    ended = run("annotate", portrait_clip, *QUICK, "--output", portrait_clip)
    assert ended.status == 2
    assert "is also read" in ended.err
    assert portrait_clip.read_bytes() == before


def test_a_folder_is_no_video(run: Callable[..., Run], tmp_path: Path) -> None:
    ended = run("annotate", tmp_path, *QUICK, "--output", tmp_path / "b.mp4")
    assert ended.status == 2
    assert "is a folder; annotate takes one video file" in ended.err
