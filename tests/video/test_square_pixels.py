"""Frames whose pixels are not square are stretched, by what their file says and as far as it is believed."""

from __future__ import annotations

from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch

from genconvit.assemble import assemble_readers
from genconvit.core.types import Frame, on_host
from genconvit.settings import DetectorConfig
from genconvit.video import square_pixels as module
from genconvit.video.base import VideoDecoder
from genconvit.video.reading import SourceOpened, read_source
from genconvit.video.sampling import FrameChoice
from genconvit.video.square_pixels import SQUARE, believed_aspect, squared
from support import grey_frames, index_of, rotate_mp4

ALL = FrameChoice("all")


def make(path: Path, aspect: Fraction | None, *, width: int = 64, height: int = 48) -> Path:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        for number, image in enumerate(grey_frames(3, width, height)):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def read(path: Path, decoder: VideoDecoder, **options: bool) -> tuple[set[tuple[int, ...]], tuple[str, ...]]:
    """The frames' heights and widths, and the notes; the frames are those that were made."""
    opened, *frames = read_source(path, [decoder], ALL, **options)
    assert isinstance(opened, SourceOpened)
    images = [frame.image for frame in frames if isinstance(frame, Frame)]
    assert [index_of(image) for image in images] == [0, 1, 2]
    return {tuple(image.shape[:2]) for image in images}, opened.notes


@pytest.mark.parametrize(
    ("aspect", "size"),
    [(Fraction(3, 2), (48, 96)), (Fraction(16, 11), (48, 93)), (Fraction(8, 9), (54, 64)), (Fraction(1, 2), (96, 64))],
)
def test_the_shorter_side_of_a_pixel_is_stretched(
    tmp_path: Path, any_decoder: VideoDecoder, aspect: Fraction, size: tuple[int, int]
) -> None:
    path = make(tmp_path / "a.mp4", aspect)
    said = f"its pixels are {aspect.numerator}:{aspect.denominator}; frames were"
    assert read(path, any_decoder) == ({size}, (f"{said} stretched to square ones",))
    assert read(path, any_decoder, square_pixels=False) == ({(48, 64)}, (f"{said} not stretched",))


@pytest.mark.parametrize("suffix", ["mkv", "flv"])
def test_other_containers(tmp_path: Path, pyav: VideoDecoder, suffix: str) -> None:
    assert read(make(tmp_path / f"a.{suffix}", Fraction(3, 2)), pyav)[0] == {(48, 96)}


@pytest.mark.parametrize("aspect", [None, Fraction(1), Fraction(200, 201)])
def test_square_pixels_are_left_alone(tmp_path: Path, pyav: VideoDecoder, aspect: Fraction | None) -> None:
    assert read(make(tmp_path / "a.mp4", aspect), pyav) == ({(48, 64)}, ())


def test_a_turned_frame_is_stretched_along_its_other_side(tmp_path: Path, any_decoder: VideoDecoder) -> None:
    path = rotate_mp4(make(tmp_path / "a.mp4", Fraction(3, 2)), 90)
    assert read(path, any_decoder) == ({(96, 48)}, ("its pixels are 2:3; frames were stretched to square ones",))


@pytest.mark.parametrize("aspect", [Fraction(5), Fraction(1, 5)])
def test_an_absurd_aspect_is_not_believed(tmp_path: Path, pyav: VideoDecoder, aspect: Fraction) -> None:
    sizes, (note,) = read(make(tmp_path / "a.mp4", aspect), pyav)
    assert sizes == {(48, 64)}
    assert note.startswith(f"the file says that its pixels are {aspect.numerator}:{aspect.denominator}, which is not")


def test_frames_that_would_be_too_large_are_not_stretched() -> None:
    aspect, note = believed_aspect(Fraction(2), 8000, 4000)
    assert (aspect, note) == (
        SQUARE,
        "the file says that its pixels are 2:1, which is not believed (stretched frames would be 16000 x 4000)",
    )


def test_a_frame_that_grows_too_large_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FRAME_PIXELS", 100)
    assert squared(np.zeros((10, 10, 3), np.uint8), Fraction(3, 2)) is None


def test_a_tensor_is_stretched_as_an_array_is() -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    for aspect in (Fraction(3, 2), Fraction(2, 3)):
        first, second = squared(image, aspect), squared(torch.from_numpy(image), aspect)
        assert first is not None
        assert isinstance(second, torch.Tensor)
        assert np.abs(on_host(first).astype(int) - on_host(second).astype(int)).max() <= 1


@pytest.mark.parametrize("isolate", [False, True])
@pytest.mark.parametrize(("square_pixels", "width"), [(True, 96), (False, 64)])
def test_a_detectors_option_reaches_threads_and_workers(
    tmp_path: Path, isolate: bool, square_pixels: bool, width: int
) -> None:
    path = make(tmp_path / "a.mp4", Fraction(3, 2))
    config = DetectorConfig(device="cpu", isolate=isolate, square_pixels=square_pixels)
    with closing(assemble_readers(config, ALL)) as readers, readers.for_one(path).start(path) as reading:
        assert {event.image.shape[1] for event in reading if isinstance(event, Frame)} == {width}


def test_frames_are_stretched_unless_asked_otherwise() -> None:
    assert DetectorConfig().square_pixels
