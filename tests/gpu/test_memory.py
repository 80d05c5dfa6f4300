"""A GPU whose memory is nearly full: batches are halved, and the scores are those of a free one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from genconvit import Detector
from genconvit.core.cut import Cut
from genconvit.data.sample import portrait
from genconvit.faces.mtcnn import MTCNNDetector
from genconvit.pipeline.find import FaceFinder, PipelineOptions
from genconvit.pipeline.outcome import Outcome
from genconvit.video.readers import ThreadReader

pytestmark = pytest.mark.gpu

FACES = 512
LEFT_BYTES = 3_000_000_000
SEARCH_BYTES = 300_000_000

Frames = npt.NDArray[np.uint8]


def hoard(left_bytes: int) -> torch.Tensor:
    """All memory of the GPU but so much."""
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info()
    return torch.empty(free - left_bytes, dtype=torch.uint8, device="cuda")


def test_a_batch_that_does_not_fit_is_halved() -> None:
    faces = np.random.default_rng(0).integers(0, 256, (FACES, 224, 224, 3), np.uint8)
    options: dict[str, Any] = {"mode": "ed", "weights": "random", "device": "cuda", "precision": "fp32"}
    with Detector("original", batch_size=FACES, face_detector="mtcnn", **options) as detector:
        expected = detector.score_faces(faces[:32])
        taken = hoard(LEFT_BYTES)
        scores = detector.score_faces(faces)
        notes = detector._open().pipeline.scorer.notes
        del taken
    assert len(scores) == FACES
    assert notes
    assert notes[0].startswith(f"cuda ran out of memory with {FACES} faces at once; {FACES // 2} were taken")
    torch.testing.assert_close(scores.fake_probability[:32], expected.fake_probability, rtol=0, atol=1e-3)


def test_faces_are_found_beside_networks_that_fill_the_memory(portraits: Frames) -> None:
    device, options = torch.device("cuda"), PipelineOptions(frames="all")
    cut = Cut(size=64, rule=MTCNNDetector.square_rule)
    finder = FaceFinder(MTCNNDetector(None, device), [cut], options, device=device)

    def found() -> list[int]:
        with ThreadReader([], options.frame_choice).start(portraits) as reading:
            return [each.crop.frame_index for each in finder.find(reading, Outcome(portraits))]

    assert found() == list(range(len(portraits)))
    taken = hoard(SEARCH_BYTES)
    assert found() == list(range(len(portraits)))
    del taken


@pytest.fixture(scope="module")
def portraits() -> Frames:
    """Eight portraits, uint8 [8, 1440, 1440, 3]."""
    image = np.asarray(Image.fromarray(portrait()).resize((1440, 1440)))
    return np.stack([image] * 8)
