from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from genconvit.errors import ConfigError, SourceError
from genconvit.video.base import VideoDecoder
from genconvit.video.decord import DecordDecoder
from support import grey_frames, index_of, make_video, remux

NOT_CODED = b"\x00\x00\x01\xb6\x50\xcf"
"""An MPEG-4 packet that is valid and gives no frame."""


def test_a_missing_decord_names_the_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "decord", None)
    with pytest.raises(ConfigError, match=r"'decord', which cannot be imported .* choose 'pyav'"):
        DecordDecoder().open(tmp_path / "any.mp4")


def test_packets_without_a_frame_at_the_end_are_an_error_and_no_endless_loop(
    tmp_path: Path, decord: VideoDecoder
) -> None:
    whole = make_video(tmp_path / "whole.mp4", grey_frames(500), codec="mpeg4", gop=600, options={"b": "3000000"})
    path = remux(whole, tmp_path / "short.mkv", replace=dict.fromkeys(range(100, 500), NOT_CODED))
    with decord.open(path) as stream:
        for indices in ([10, 499], [250], range(90, 500, 7)):
            with pytest.raises(SourceError, match="fewer frames than the file announces"):
                list(stream.read(indices))
        assert [index_of(frame.image) for frame in stream.read([20, 40])] == [20, 40]


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
