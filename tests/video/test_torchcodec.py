"""The torchcodec decoder: the index's frames, on the device that it decodes on."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from genconvit.core.errors import ConfigError, SourceError
from genconvit.core.types import on_host
from genconvit.video import torchcodec as module
from genconvit.video.base import VideoDecoder
from genconvit.video.index import index_frames
from genconvit.video.reading import SourceOpened, read_source
from genconvit.video.sampling import FrameChoice, evenly_spaced
from genconvit.video.torchcodec import TorchcodecDecoder, TorchcodecStream
from support import cut_short, grey_frames, index_of, make_streams, make_video, rotate_mp4, shared

CLIPS = ("0017_fake", "0048_fake", "anndvqgoko", "sample_2", "sample_4")
CPU = torch.device("cpu")


@pytest.fixture(scope="session")
def works(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips where torchcodec, or an FFmpeg for it, is not installed."""
    try:
        TorchcodecDecoder().open(make_video(tmp_path_factory.mktemp("works") / "a.mp4", grey_frames(2)))
    except ConfigError as error:
        pytest.skip(f"needs torchcodec with FFmpeg: {error}")


needs_torchcodec = pytest.mark.usefixtures("works")


class FakeVideo:
    """Stand-in for ``torchcodec.decoders.VideoDecoder`` with a video of ten grey frames."""

    cpu_fallback = False
    late = 0.0

    def __init__(self, path: str, **options: Any) -> None:
        self.path, self.options = path, options

    def __len__(self) -> int:
        return 10

    def get_frame_at(self, index: int) -> SimpleNamespace:
        if index == 7:
            raise RuntimeError("Could not receive frame from decoder")
        data = torch.from_numpy(grey_frames(10)[index])
        return SimpleNamespace(data=data, pts_seconds=index / 25 + self.late)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return make_video(tmp_path / "a.mp4", grey_frames(10))


def stream(video: Path, fake: type[FakeVideo], device: str = "cpu") -> TorchcodecStream:
    library: Any = SimpleNamespace(VideoDecoder=fake)
    return TorchcodecStream(library, video, index_frames(video), device)


def test_the_main_stream_is_decoded_exactly_and_where_it_was_asked(video: Path) -> None:
    for device, threads in (("cpu", 0), ("cuda:1", 1)):
        opened: Any = stream(video, FakeVideo, device)._video
        assert opened.path == str(video.absolute())
        assert opened.options == {
            "stream_index": 0,
            "dimension_order": "NHWC",
            "num_ffmpeg_threads": threads,
            "device": device,
            "seek_mode": "exact",
        }


def test_a_frame_that_cannot_be_decoded_is_left_out(video: Path) -> None:
    frames = list(stream(video, FakeVideo).read(range(5, 10)))
    assert [(frame.index, index_of(frame.image)) for frame in frames] == [(5, 5), (6, 6), (8, 8), (9, 9)]
    assert all(isinstance(frame.image, np.ndarray) for frame in frames)


def test_frames_of_a_device_stay_tensors(video: Path) -> None:
    (frame,) = stream(video, FakeVideo, "cuda").read([3])
    assert isinstance(frame.image, torch.Tensor)


def test_a_frame_of_another_time_is_refused(video: Path) -> None:
    class Late(FakeVideo):
        late = 1 / 25

    with pytest.raises(SourceError, match=r"a frame at 0\.160 s for frame 3, which is another one"):
        list(stream(video, Late).read([3]))


def test_another_count_of_frames_is_refused(tmp_path: Path) -> None:
    path = make_video(tmp_path / "b.mp4", grey_frames(12))
    with pytest.raises(SourceError, match="torchcodec counts 10 frames where the file shows 12"):
        stream(path, FakeVideo)


def test_a_full_gpu_is_an_error_and_no_missing_frame(video: Path) -> None:
    class Full(FakeVideo):
        def get_frame_at(self, index: int) -> SimpleNamespace:
            raise torch.OutOfMemoryError(f"CUDA out of memory at {index}")

    with pytest.raises(SourceError, match="no memory for its frames on the GPU"):
        list(stream(video, Full, "cuda").read([3]))


def test_decoding_on_the_cpu_instead_of_the_gpu_is_in_the_notes(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class FellBack(FakeVideo):
        cpu_fallback = True

    monkeypatch.setattr(module, "_import_torchcodec", lambda: SimpleNamespace(VideoDecoder=FellBack))
    for device, notes in (
        ("cuda", ("torchcodec decoded it on the cpu: the GPU's video hardware cannot",)),
        ("cpu", ()),
    ):
        decoder = TorchcodecDecoder.for_device(torch.device(device))
        opened, *_ = read_source(video, [decoder], FrameChoice("spaced", 1))
        assert isinstance(opened, SourceOpened)
        assert opened.notes == notes


def test_a_closed_stream_says_so(video: Path) -> None:
    closed = stream(video, FakeVideo)
    closed.close()
    closed.close()
    with pytest.raises(SourceError, match="closed; open it again"):
        list(closed.read([0]))


def test_a_missing_package_names_the_next_step(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchcodec", None)
    with pytest.raises(ConfigError, match=r"'torchcodec', which cannot be imported .*genconvit\[gpu\].* choose 'pyav'"):
        TorchcodecDecoder().open(video)


def test_a_missing_ffmpeg_names_the_next_step(video: Path) -> None:
    class NoFFmpeg(FakeVideo):
        def __init__(self, *_: Any, **__: Any) -> None:
            raise RuntimeError("Could not load libtorchcodec. Likely causes:\n 1. FFmpeg is not properly installed")

    with pytest.raises(ConfigError, match=r"finds no FFmpeg.*Debian's package ffmpeg.* choose 'pyav'"):
        stream(video, NoFFmpeg)


def test_a_file_that_it_cannot_open_is_one_readable_line(video: Path) -> None:
    class Failing(FakeVideo):
        def __init__(self, *_: Any, **__: Any) -> None:
            raise RuntimeError("Could not open input file\nmore")

    with pytest.raises(SourceError, match=r"torchcodec cannot open it \(Could not open input file\)$"):
        stream(video, Failing)


@needs_torchcodec
@pytest.mark.parametrize("clip", CLIPS)
def test_pixels_and_times_are_pyavs(clip: str, pyav: VideoDecoder) -> None:
    path = shared("videos", f"{clip}.mp4")
    with TorchcodecDecoder().open(path) as first, pyav.open(path) as second:
        indices = evenly_spaced(second.frame_count, 15)
        pairs = list(zip(first.read(indices), second.read(indices), strict=True))
    assert [(one.index, one.pts_seconds) for one, _ in pairs] == [
        (other.index, other.pts_seconds) for _, other in pairs
    ]
    for one, other in pairs:
        np.testing.assert_array_equal(one.image, other.image)


@needs_torchcodec
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("b_frames.mp4", {}),
        ("open_gop.mp4", {"options": {"x264-params": "open-gop=1:keyint=12:bframes=3"}}),
        ("hevc.mp4", {"codec": "libx265", "options": {"x265-params": "log-level=none"}}),
        ("variable_rate.mkv", {"rate": 1000, "ticks": lambda number: number * 40 + (number * 7919) % 37}),
        ("vp9.webm", {"codec": "libvpx-vp9"}),
        ("from_a_late_start.mp4", {"ticks": lambda number: number + 1000}),
        ("rotated.mp4", {}),
    ],
)
def test_index_i_gives_frame_i(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    path = make_video(tmp_path / name, grey_frames(50), **options)
    if name == "rotated.mp4":
        rotate_mp4(path, 90)
    with TorchcodecDecoder().open(path) as opened:
        for indices in (range(50), evenly_spaced(50, 7), [49], [0]):
            frames = list(opened.read(indices))
            assert [(frame.index, index_of(frame.image)) for frame in frames] == [(index, index) for index in indices]
    assert frames[0].image.shape == ((64, 48, 3) if name == "rotated.mp4" else (48, 64, 3))


@needs_torchcodec
@pytest.mark.parametrize("name", ["raw.h264", "h264.avi"])
def test_files_without_times_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match="torchcodec misplaces the frames of this format"):
        TorchcodecDecoder().open(make_video(tmp_path / name, grey_frames(10)))


@needs_torchcodec
def test_the_main_video_stream_is_read(tmp_path: Path) -> None:
    with TorchcodecDecoder().open(make_streams(tmp_path / "a.mkv", [(32, 24), (64, 48)], main=1)) as opened:
        assert {frame.image.shape for frame in opened.read(range(10))} == {(48, 64, 3)}


@needs_torchcodec
def test_a_file_cut_short_gives_its_frames_or_is_refused(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", grey_frames(300), container_options={"movflags": "faststart"})
    try:
        with TorchcodecDecoder().open(cut_short(path, 0.6)) as opened:
            frames = list(opened.read(range(opened.frame_count)))
    except SourceError as error:
        assert "torchcodec" in error.reason  # noqa: PT017 - either is fine
    else:
        assert len(frames) > 50
        assert all(index_of(frame.image) == frame.index % 50 for frame in frames[:-4])


@pytest.mark.gpu
@needs_torchcodec
def test_on_cuda_frames_are_tensors_there_with_nearly_pyavs_pixels(pyav: VideoDecoder) -> None:
    path = shared("videos", "anndvqgoko.mp4")
    with TorchcodecDecoder.for_device(torch.device("cuda")).open(path) as first, pyav.open(path) as second:
        indices = evenly_spaced(second.frame_count, 5)
        for one, other in zip(first.read(indices), second.read(indices), strict=True):
            assert isinstance(one.image, torch.Tensor)
            assert one.image.is_cuda
            difference = np.abs(on_host(one.image).astype(int) - on_host(other.image).astype(int))
            assert difference.mean() < 2
