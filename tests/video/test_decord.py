from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from importlib.abc import MetaPathFinder
from pathlib import Path

import pytest

from genconvit.core.errors import ConfigError, SourceError
from genconvit.video import decord as module
from genconvit.video.base import VideoDecoder
from genconvit.video.decord import DecordDecoder
from support import grey_frames, index_of, make_streams, make_video, remux

NOT_CODED = b"\x00\x00\x01\xb6\x50\xcf"
"""An MPEG-4 packet that is valid and gives no frame."""


@pytest.fixture
def unloaded() -> Iterator[None]:
    """Let decord be as if it had not been asked for yet, before and after."""
    module._load_decord.cache_clear()
    yield
    module._load_decord.cache_clear()


@pytest.mark.usefixtures("unloaded")
def test_a_missing_decord_names_the_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "decord", None)
    with pytest.raises(ConfigError, match=r"'decord', which cannot be imported .* choose 'pyav'"):
        DecordDecoder().open(tmp_path / "any.mp4")


@pytest.mark.usefixtures("unloaded", "decord")
@pytest.mark.parametrize("error", [KeyError("PATH"), AttributeError("x"), OSError("libGL"), RuntimeError()])
def test_a_decord_that_breaks_as_it_loads_is_as_good_as_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    class Breaking(MetaPathFinder):
        def find_spec(self, name: str, *_: object) -> None:
            if name == "decord":
                raise error

    monkeypatch.delitem(sys.modules, "decord", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Breaking(), *sys.meta_path])
    before = dict(os.environ)
    with pytest.raises(ConfigError, match=rf"cannot be imported \({type(error).__name__}.*choose 'pyav'"):
        DecordDecoder().open(tmp_path / "any.mp4")
    assert dict(os.environ) == before


def test_an_empty_environment_falls_back(tmp_path: Path) -> None:
    make_video(tmp_path / "a.mp4", grey_frames(5))
    code = (
        "import os, sys; os.environ.clear()\n"
        "from genconvit.video.decord import DecordDecoder; from genconvit.video.pyav import PyAVDecoder\n"
        "from genconvit.video.sources import open_source\n"
        "opened = open_source(sys.argv[1], [DecordDecoder(), PyAVDecoder()])\n"
        "print(opened.stream.frame_count)"
    )
    ran = subprocess.run([sys.executable, "-c", code, tmp_path / "a.mp4"], capture_output=True, text=True)
    assert ran.stdout.strip() == "5", ran.stderr


@pytest.mark.usefixtures("unloaded", "decord")
def test_decord_is_loaded_once_by_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    edits: list[int] = []
    real = module._environment_for_decord

    def counted() -> AbstractContextManager[None]:
        edits.append(1)
        return real()

    monkeypatch.setattr(module, "_environment_for_decord", counted)
    with ThreadPoolExecutor(8) as threads:
        libraries = list(threads.map(lambda _: module._import_decord(), range(32)))
    assert len({id(library) for library in libraries}) == 1
    assert edits == [1]


def test_packets_without_a_frame_at_the_end_are_an_error_and_no_endless_loop(
    tmp_path: Path, decord: VideoDecoder
) -> None:
    whole = make_video(tmp_path / "whole.mp4", grey_frames(500), codec="mpeg4", gop=600, options={"b": "3000000"})
    path = remux(whole, tmp_path / "short.mp4", replace=dict.fromkeys(range(100, 500), NOT_CODED))
    with decord.open(path) as stream:
        for indices in ([10, 499], [250], range(90, 500, 7)):
            with pytest.raises(SourceError, match="fewer frames than the file announces"):
                list(stream.read(indices))
        assert [index_of(frame.image) for frame in stream.read([20, 40])] == [20, 40]


def test_a_file_whose_main_stream_is_not_the_first_is_refused(tmp_path: Path, decord: VideoDecoder) -> None:
    sizes = [(32, 24), (64, 48)]
    decord.open(make_streams(tmp_path / "first.mkv", sizes, main=0)).close()
    with pytest.raises(SourceError, match="another video stream than the main one"):
        decord.open(make_streams(tmp_path / "second.mkv", sizes, main=1))


def test_a_closed_stream_says_so(tmp_path: Path, decord: VideoDecoder) -> None:
    stream = decord.open(make_video(tmp_path / "a.mp4", grey_frames(5)))
    stream.close()
    stream.close()
    with pytest.raises(SourceError, match="closed; open it again"):
        list(stream.read([0]))


def test_the_environment_is_left_as_it_was(tmp_path: Path, decord: VideoDecoder) -> None:
    before = {name: value for name, value in os.environ.items() if name.startswith("DECORD_")}
    decord.open(make_video(tmp_path / "a.mp4", grey_frames(5))).close()
    assert {name: value for name, value in os.environ.items() if name.startswith("DECORD_")} == before
