"""Heat maps of the small V2 that ships with the library, on a real face."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from genconvit import Detector, FaceHeatMaps
from genconvit.data.sample import FACE, portrait

BRANCHES = ("ed", "vae")


@pytest.fixture(scope="module")
def crops() -> npt.NDArray[np.uint8]:
    """The face of a portrait, cut in five ways."""
    left, top, right, bottom = FACE
    picture = Image.fromarray(portrait())
    ways = ((0, 0), (12, 0), (-12, 6), (0, 12), (6, -12))
    boxes = [(left + right_by, top + down, right + right_by, bottom + down) for right_by, down in ways]
    return np.stack([np.asarray(picture.crop(box).resize((128, 128))) for box in boxes])


@pytest.fixture(scope="module")
def detector() -> Iterator[Detector]:
    with Detector(weights="embedded", device="cpu", precision="fp32", face_detector="mtcnn") as detector:
        yield detector


@pytest.fixture(scope="module")
def maps(detector: Detector, crops: npt.NDArray[np.uint8]) -> tuple[FaceHeatMaps, ...]:
    """Maps of what speaks for the class that the weights take the portrait for."""
    return detector.heat_maps(crops, target="real")


def test_they_explain_the_score(
    detector: Detector, crops: npt.NDArray[np.uint8], maps: tuple[FaceHeatMaps, ...]
) -> None:
    scores = detector.score_faces(crops).fake_probability
    np.testing.assert_allclose([each.fake_probability for each in maps], scores, atol=1e-5)
    assert max(scores) < 0.5
    for face in maps:
        assert {name: each.grid for name, each in face.grad_cam.items()} == dict.fromkeys(BRANCHES, (4, 4))
        assert {name: each.grid for name, each in face.reconstruction_error.items()} == dict.fromkeys(
            BRANCHES, (128, 128)
        )
        assert face.attention.keys() == {"ed_from_vae", "vae_from_ed"}
        assert all(each.maximum > 0 for each in face.grad_cam.values())


def test_grad_cam_follows_from_the_weights(crops: npt.NDArray[np.uint8], maps: tuple[FaceHeatMaps, ...]) -> None:
    """The sanity check of Adebayo et al. (NeurIPS 2018, arXiv 1810.03292): random weights give other maps."""
    with Detector("v2", size="nano", weights="random", device="cpu", precision="fp32", face_detector="mtcnn") as random:
        others = random.heat_maps(crops, target="real")
    for branch in BRANCHES:
        assert likeness(maps, maps, branch) == pytest.approx(1.0)
        assert likeness(maps, others, branch) < 0.5


def likeness(some: tuple[FaceHeatMaps, ...], others: tuple[FaceHeatMaps, ...], branch: str) -> float:
    """The mean over faces of the correlation, whatever its sign; a map that is zero is like no other."""
    pairs = [
        (a.grad_cam[branch].raw.ravel(), b.grad_cam[branch].raw.ravel()) for a, b in zip(some, others, strict=True)
    ]
    return float(np.mean([abs(np.corrcoef(a, b)[0, 1]) if a.any() and b.any() else 0.0 for a, b in pairs]))
