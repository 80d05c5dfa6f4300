"""Crops that are cut on a device are the host's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from genconvit.core.cut import Cut, SquareRule
from genconvit.core.errors import ConfigError
from genconvit.core.types import Box, DetectedFace, Frame, ImageArray
from genconvit.faces import crop_device as module
from genconvit.faces.crop import crop_face, crop_faces
from genconvit.faces.crop_device import crop_faces_on_device

RULE = SquareRule(side=0.8, shift_down=0.05)
CPU = torch.device("cpu")


def noise(height: int, width: int) -> ImageArray:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), dtype=np.uint8)


def squares_of_all_kinds(height: int, width: int, count: int = 60) -> list[Box]:
    """Random squares from a pixel to four frames, inside and over each edge, and a few extreme ones."""
    random = np.random.default_rng(7)
    longest = max(height, width)
    sides = np.exp(random.uniform(0, np.log(4 * longest), count))
    centres = random.uniform(-0.5, 1.5, (count, 2)) * (width, height)
    drawn = [
        (float(x - side / 2), float(y - side / 2), float(x + side / 2), float(y + side / 2))
        for side, (x, y) in zip(sides, centres, strict=True)
    ]
    return [*drawn, (-1e308, -1e308, 1e308, 1e308), (3.0, 3.0, 3.0001, 3.0001), (0.0, 0.0, float(width), float(width))]


def check_against_the_host(image: ImageArray, size: int, device: torch.device) -> None:
    squares = squares_of_all_kinds(*image.shape[:2])
    crops, cut = crop_faces_on_device(torch.from_numpy(image).to(device), squares, size)
    assert (crops.dtype, crops.device.type) == (torch.uint8, device.type)
    for crop, seen, square in zip(crops.cpu().numpy(), cut, squares, strict=True):
        expected, whole = crop_face(image, square, size)
        assert seen == whole
        assert np.abs(crop.astype(int) - expected.astype(int)).max() <= 1, square


@pytest.mark.parametrize("size", [1, 32, 224])
@pytest.mark.parametrize("shape", [(60, 80), (270, 480), (1, 1), (1, 300), (300, 1), (720, 31)])
def test_every_square_gives_the_hosts_crop(shape: tuple[int, int], size: int) -> None:
    check_against_the_host(noise(*shape), size, CPU)


def test_a_crop_of_its_own_size_is_exact() -> None:
    image = noise(60, 80)
    crops, cut = crop_faces_on_device(torch.from_numpy(image), [(20.0, 10.0, 52.0, 42.0)] * 2, 32)
    assert cut == [(20.0, 10.0, 52.0, 42.0)] * 2
    for crop in crops:
        np.testing.assert_array_equal(crop.numpy(), image[10:42, 20:52])


def test_many_faces_are_cut_in_groups_of_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    image, squares = torch.from_numpy(noise(60, 80)), squares_of_all_kinds(60, 80)
    whole, _ = crop_faces_on_device(image, squares, 16)
    monkeypatch.setattr(module, "_MOST_BYTES", 16 * 80 * 3 * 4 * 5)
    grouped, _ = crop_faces_on_device(image, squares, 16)
    assert (whole.int() - grouped.int()).abs().max() <= 1


def test_no_square_is_no_crop() -> None:
    crops, cut = crop_faces_on_device(torch.zeros(4, 4, 3, dtype=torch.uint8), [], 8)
    assert (tuple(crops.shape), cut) == ((0, 8, 8, 3), [])


def test_a_size_below_one_is_an_error() -> None:
    with pytest.raises(ConfigError, match="at least 1 pixel, got 0"):
        crop_faces_on_device(torch.zeros(4, 4, 3, dtype=torch.uint8), [], 0)


def test_a_frame_on_a_device_gives_crops_there() -> None:
    image = noise(60, 80)
    faces = [DetectedFace((10.0, 10.0, 30.0, 40.0), 0.9), DetectedFace((40.0, 5.0, 60.0, 35.0), 0.8)]
    on_device = crop_faces(Frame(7, 0.25, torch.from_numpy(image)), faces, Cut(size=24, rule=RULE))
    on_host = crop_faces(Frame(7, 0.25, image), faces, Cut(size=24, rule=RULE))
    for one, other in zip(on_device, on_host, strict=True):
        assert isinstance(one.image, torch.Tensor)
        assert (one.face, one.square, one.frame_index, one.pts_seconds) == (other.face, other.square, 7, 0.25)
        np.testing.assert_array_equal(one.image, other.image)


@pytest.mark.gpu
def test_cuda_cuts_the_hosts_crops(gpu: torch.device) -> None:
    check_against_the_host(noise(270, 480), 224, gpu)
