from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from genconvit.core.errors import SourceError
from genconvit.core.types import on_host
from genconvit.video.arrays import ArrayStream

FRAMES = np.random.default_rng(0).integers(0, 255, (5, 4, 6, 3), np.uint8)
FIRST = FRAMES.transpose(0, 3, 1, 2)


@pytest.mark.parametrize(
    "array",
    [
        FRAMES,
        FIRST,
        np.ascontiguousarray(FIRST),
        np.asfortranarray(FRAMES),
        torch.from_numpy(FRAMES),
        torch.from_numpy(FIRST),
        torch.from_numpy(FRAMES).clone().requires_grad_(False),
    ],
    ids=["last", "first view", "first", "fortran", "tensor last", "tensor first", "tensor copy"],
)
def test_every_layout_gives_the_same_frames(array: npt.NDArray[Any] | torch.Tensor) -> None:
    with ArrayStream(array) as stream:
        assert (stream.decoder, stream.frame_count) == ("array", 5)
        frames = list(stream.read([0, 2, 4]))
    assert [(frame.index, frame.pts_seconds) for frame in frames] == [(0, None), (2, None), (4, None)]
    for frame in frames:
        np.testing.assert_array_equal(frame.image, FRAMES[frame.index])
        assert on_host(frame.image).flags.c_contiguous


@pytest.mark.parametrize("array", [FRAMES[1], FIRST[1], torch.from_numpy(FIRST[1])])
def test_a_single_frame(array: npt.NDArray[Any] | torch.Tensor) -> None:
    stream = ArrayStream(array)
    assert stream.frame_count == 1
    np.testing.assert_array_equal(next(iter(stream.read([0]))).image, FRAMES[1])


def test_channels_last_wins_where_both_fit() -> None:
    array = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    np.testing.assert_array_equal(next(iter(ArrayStream(array).read([0]))).image, array)


@pytest.mark.parametrize(
    ("array", "name", "reason"),
    [
        (FRAMES.astype(np.float32), r"array float32 \[5, 4, 6, 3\]", "convert the values to 0..255 uint8"),
        (torch.zeros(2, 3, 4, 5), r"array float32 \[2, 3, 4, 5\]", "convert the values to 0..255 uint8"),
        (FRAMES.astype(np.int64), "array int64", "uint8"),
        (FRAMES.astype(bool), "array bool", "uint8"),
        (FRAMES[..., :1], r"array uint8 \[5, 4, 6, 1\]", "this shape is neither"),
        (FRAMES[0, 0], r"array uint8 \[6, 3\]", "this shape is neither"),
        (FRAMES[None], r"array uint8 \[1, 5, 4, 6, 3\]", "this shape is neither"),
        (np.ones((), np.uint8), r"array uint8 \[\]", "this shape is neither"),
        (FRAMES[:0], r"array uint8 \[0, 4, 6, 3\]", "this one is empty"),
    ],
)
def test_anything_else_states_what_is_allowed(array: Any, name: str, reason: str) -> None:
    with pytest.raises(SourceError, match=f"^{name}.*: frames are uint8 .*{reason}"):
        ArrayStream(array)


@pytest.mark.gpu
def test_a_tensor_on_the_gpu(gpu: torch.device) -> None:
    stream = ArrayStream(torch.from_numpy(FRAMES).to(gpu))
    np.testing.assert_array_equal(np.stack([frame.image for frame in stream.read(range(5))]), FRAMES)
