"""A file's display matrix lays a frame in one of eight ways, whatever decodes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from genconvit.core.types import on_host
from genconvit.video.base import VideoDecoder
from genconvit.video.orientation import UPRIGHT, Orientation
from support import lay_mp4, make_video

Matrix = tuple[int, int, int, int]

MATRICES: dict[str, Matrix] = {
    "upright": (1, 0, 0, 1),
    "left and right changed": (-1, 0, 0, 1),
    "turned by 180": (-1, 0, 0, -1),
    "top and bottom changed": (1, 0, 0, -1),
    "transposed": (0, 1, 1, 0),
    "turned by 90": (0, 1, -1, 0),
    "transposed the other way": (0, -1, -1, 0),
    "turned by 270": (0, -1, 1, 0),
}
QUARTERS = np.zeros((48, 64, 3), np.uint8)
QUARTERS[:24, :32], QUARTERS[:24, 32:], QUARTERS[24:, :32] = 250, 120, 60


def laid(image: npt.NDArray[np.uint8], matrix: Matrix) -> npt.NDArray[np.uint8]:
    """The image as a matrix says it pixel by pixel: from x, y to a x + c y, b x + d y."""
    a, b, c, d = matrix
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    to_x, to_y = a * x + c * y, b * x + d * y
    to_x, to_y = to_x - to_x.min(), to_y - to_y.min()
    seen = np.zeros((to_y.max() + 1, to_x.max() + 1, 3), np.uint8)
    seen[to_y, to_x] = image
    return seen


@pytest.mark.parametrize("name", MATRICES)
def test_frames_of_a_file_stand_upright(tmp_path: Path, any_decoder: VideoDecoder, name: str) -> None:
    path = lay_mp4(make_video(tmp_path / "a.mp4", [QUARTERS] * 3, options={"crf": "5"}), MATRICES[name])
    seen = laid(QUARTERS, MATRICES[name])
    with any_decoder.open(path) as stream:
        for frame in stream.read([0, 2]):
            assert frame.image.shape == seen.shape
            assert np.abs(on_host(frame.image).astype(int) - seen).mean() < 2


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("scale", [1, 1 << 16])
def test_an_orientation_does_what_its_matrix_says(name: str, scale: int) -> None:
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    a, b, c, d = (value * scale for value in MATRICES[name])
    orientation = Orientation.of_matrix(a, b, c, d)
    for kind in (image, torch.from_numpy(image)):
        np.testing.assert_array_equal(on_host(orientation.apply(kind)), laid(image, MATRICES[name]))


@pytest.mark.parametrize("name", MATRICES)
def test_a_turn_and_what_is_left_behind_it_make_the_orientation(name: str) -> None:
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    a, b, c, d = MATRICES[name]
    turned = laid(image, (a, b, -b, a))
    np.testing.assert_array_equal(
        Orientation.of_matrix(a, b, c, d).behind_turn.apply(turned), laid(image, (a, b, c, d))
    )


@pytest.mark.parametrize("matrix", [(0, 0, 0, 0), (1000, 1000, -1000, 1000), (1000, 30, -30, 1000), (0, 5, 0, 0)])
def test_a_matrix_that_is_no_right_angle_leaves_frames_as_they_are(matrix: Matrix) -> None:
    assert Orientation.of_matrix(*matrix) == UPRIGHT
