"""Videos of frames larger than the limit are refused before anything is decoded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genconvit.core.errors import SourceError
from genconvit.video import index as index_module
from genconvit.video.base import VideoDecoder
from genconvit.video.index import index_frames
from genconvit.video.size_limits import MAX_FRAME_PIXELS
from support import grey_frames, index_of, make_video, packets, remux

CODECS: dict[str, dict[str, Any]] = {
    "h264.mp4": {},
    "h264.ts": {},
    "raw.h264": {},
    "vp9.webm": {"codec": "libvpx-vp9"},
    "mjpeg.avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "png.mov": {"codec": "png", "pix_fmt": "rgb24"},
    "ffv1.mkv": {"codec": "ffv1"},
    "animated.gif": {"codec": "gif", "pix_fmt": "rgb8"},
}


@pytest.fixture
def few_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit below the 64 x 48 pixels of a test's frames."""
    monkeypatch.setattr(index_module, "MAX_FRAME_PIXELS", 3000)


def test_the_largest_pictures_of_common_codecs_are_within_the_limit() -> None:
    assert 8192 * 4352 <= MAX_FRAME_PIXELS < 8192 * 8192


@pytest.mark.usefixtures("few_pixels")
@pytest.mark.parametrize("name", CODECS)
def test_large_frames_are_refused_by_the_header(tmp_path: Path, decoder: VideoDecoder, name: str) -> None:
    path = make_video(tmp_path / name, grey_frames(5), **CODECS[name])
    with pytest.raises(SourceError, match=r"frames of 64 x 48 pixels; at most .* megapixels are read"):
        decoder.open(path)


@pytest.mark.usefixtures("few_pixels")
def test_a_size_that_no_header_tells_is_refused(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", grey_frames(5), codec="mpeg4")
    with pytest.raises(SourceError, match=r"no size of its frames is found within the limit of .* megapixels"):
        index_frames(path)


def test_a_large_frame_is_never_in_memory(tmp_path: Path) -> None:
    large = make_video(tmp_path / "large.mov", [np.zeros((8192, 8192, 3), np.uint8)], codec="png", pix_fmt="rgb24")
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from genconvit.video.index import index_frames\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: index_frames(Path(sys.argv[1]))\n"
        "except Exception as error: print(error)\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    ran = subprocess.run([sys.executable, "-c", code, large], capture_output=True, text=True, check=True)
    said, grown = ran.stdout.splitlines()
    assert said == f"{large}: frames of 8192 x 8192 pixels; at most 36 megapixels are read"
    assert int(grown) < 100


def test_a_frame_that_is_larger_than_the_header_says_is_left_out(
    tmp_path: Path, pyav: VideoDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = make_video(tmp_path / "small.mov", grey_frames(10), codec="png", pix_fmt="rgb24")
    large = make_video(tmp_path / "large.mov", grey_frames(1, 640, 480), codec="png", pix_fmt="rgb24")
    path = remux(small, tmp_path / "grows.mov", replace={5: packets(large)[0]})
    with pyav.open(path) as stream:
        assert [frame.image.shape[0] for frame in stream.read([4, 5, 6])] == [48, 480, 48]
        monkeypatch.setattr(index_module, "MAX_FRAME_PIXELS", 64 * 48)
        frames = list(stream.read(range(10)))
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4, 6, 7, 8, 9]
    assert all(index_of(frame.image) == frame.index for frame in frames)


def test_a_header_that_claims_smaller_frames_than_follow(
    tmp_path: Path, pyav: VideoDecoder, decord: VideoDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = make_video(tmp_path / "small.mov", grey_frames(3), codec="png", pix_fmt="rgb24")
    large = make_video(tmp_path / "large.mov", grey_frames(1, 640, 480), codec="png", pix_fmt="rgb24")
    path = remux(small, tmp_path / "lies.mov", replace=dict.fromkeys(range(3), packets(large)[0]))
    monkeypatch.setattr(index_module, "MAX_FRAME_PIXELS", 64 * 48)
    with pyav.open(path) as stream:
        assert list(stream.read(range(3))) == []
    with pytest.raises(SourceError, match="decord would decode frames of an unknown size"):
        decord.open(path)
