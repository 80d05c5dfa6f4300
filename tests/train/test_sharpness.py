from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from genconvit.core.types import ImageArray
from genconvit.faces.crop import crop_face
from genconvit.faces.scrfd import InsightFaceDetector
from genconvit.faces.square import square_of
from genconvit.train.self_blended import SelfBlendConfig, self_blend
from genconvit.video.images import read_image
from support import shared

SIDE = 128


def sharpness(image: ImageArray) -> float:
    """The mean absolute Laplacian of the middle of a face."""
    grey = image.mean(2)[16:112, 16:112]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float(np.abs(4 * grey[1:-1, 1:-1] - around).mean())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "most"),
    [(SelfBlendConfig(ratios=(1.0,)), 0.56), (SelfBlendConfig(), 0.64)],
    ids=["blended wholly", "as by default"],
)
def test_sharpness_alone_hardly_tells_fakes_from_reals(config: SelfBlendConfig, most: float) -> None:
    folder = shared("faces", "portraits")
    entries = json.loads((folder / "manifest.json").read_text())[:500]
    labels, values = [], []
    for number, entry in enumerate(entry for entry in entries if entry["box"]):
        image, cut = crop_face(
            read_image(folder / entry["file"]), square_of(entry["box"], InsightFaceDetector.square_rule), SIDE
        )
        factor = SIDE / (cut[2] - cut[0])
        points = [((x - cut[0]) * factor, (y - cut[1]) * factor) for x, y in entry["landmarks"]]
        made = self_blend(image, points, config, np.random.default_rng(number))
        labels += [1, 0]
        values += [sharpness(made.real), sharpness(made.fake)]
    assert 1 - most < roc_auc_score(labels, values) < most
