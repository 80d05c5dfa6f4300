"""A network and a face detector that stand in for the real ones, registered as plugins are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from calibrations import write_calibration
from genconvit.core.cut import CropRules, SquareRule
from genconvit.core.files import sha256_of_file
from genconvit.core.input_spec import InputSpec
from genconvit.core.types import DetectedFace
from genconvit.data.base import LabelledSource, Listing
from genconvit.faces.base import FaceDetector
from genconvit.models.base import Architecture, ArchitectureConfig, ModelOutput
from genconvit.registry import ARCHITECTURES, FACE_DETECTORS
from genconvit.results.provenance import WeightsInfo
from genconvit.settings import DetectorConfig
from genconvit.verdict.calibration import ScoreBasis
from genconvit.weights.card import Card, Measured
from genconvit.weights.convert import save_model
from genconvit.weights.load import LoadedModel
from support import make_video


class GreyConfig(ArchitectureConfig):
    mode: str = "any"
    input_size: int = 8
    inverted: bool = False


class Grey(Architecture):
    """Takes bright faces for fake, or dark ones where it is inverted: p_fake is the sigmoid of slope * brightness."""

    config_class = GreyConfig

    def __init__(self, config: ArchitectureConfig) -> None:
        super().__init__(config)
        assert isinstance(config, GreyConfig)
        self.config = config
        self.input_spec = InputSpec(size=config.input_size)
        self.slope = nn.Parameter(torch.tensor(-8.0 if config.inverted else 8.0))

    def preprocess(self, faces: Tensor) -> Tensor:
        return faces.permute(0, 3, 1, 2).float() / 255

    def forward(self, faces: Tensor) -> ModelOutput:
        logit = self.slope * (faces.mean(dim=(1, 2, 3)) - 0.5)
        return ModelOutput(logits={"one": torch.stack((logit, -logit), dim=1)})


class WholeFrame(FaceDetector):
    """Sees one face in every frame, the whole frame, unless the frame is black.

    Attributes:
        searched: number of frames that all of them have searched.
    """

    name = "whole_frame"
    square_rule = SquareRule(side=1.0, shift_down=0.0)
    needs_model = False
    licence = "none"
    searched = 0

    def __init__(self, model: Path | None = None, device: torch.device | None = None) -> None:
        del model, device

    def detect(self, images: Sequence[Any]) -> list[list[DetectedFace]]:
        WholeFrame.searched += len(images)
        return [
            [DetectedFace((0.0, 0.0, float(image.shape[1]), float(image.shape[0])), 1.0)] if image.max() > 16 else []
            for image in images
        ]


def register_stubs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make ``grey`` and ``whole_frame`` available for one test."""
    monkeypatch.setitem(ARCHITECTURES._registered, "grey", Grey)
    monkeypatch.setitem(FACE_DETECTORS._registered, "whole_frame", WholeFrame)
    monkeypatch.setattr(WholeFrame, "searched", 0)


def trained_grey(path: Path, **options: Any) -> Path:
    """A file of weights for ``grey`` that counts as trained; needs ``register_stubs``."""
    return ruled_grey(path, {}, **options)


def ruled_grey(path: Path, crop_rules: CropRules, **options: Any) -> Path:
    """Write weights for ``grey`` that count as trained, with rules by which faces are cut."""
    model = Grey(GreyConfig(**options)).eval()
    info = WeightsInfo(origin="file", trained=True, crop_rules=crop_rules)
    save_model(LoadedModel(model, info), "grey", path, precision="fp32")
    return path


def ship_grey(monkeypatch: pytest.MonkeyPatch, folder: Path, crop_rules: CropRules | None = None, **card: Any) -> Card:
    """Make weights for ``grey`` what ships with the library, for one test; needs ``register_stubs``.

    Their calibration is a temperature of 2, fitted on single faces, and scores from 0.4 to 0.7 get no label.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = ruled_grey(folder / "grey_small.safetensors", crop_rules or {})
    sha256 = sha256_of_file(weights)
    basis = ScoreBasis(architecture="grey", config=GreyConfig().model_dump(mode="json"), weights_sha256=(sha256,))
    fitted = {"version": 2, "videos": None, "count": 7, "unit": "faces", "balanced": True, "temperature": 2.0}
    write_calibration(folder / "grey_small.calibration.json", basis=basis.model_dump(mode="json"), **fitted)
    measured = Measured(on="made faces", faces=50, reals_called_fake=0.1, fakes_called_real=0.2, roc_auc=0.9)
    words = {"trained_on": "flat greys", "licence": "greys are for tests", "inconclusive": (0.4, 0.7)}
    made = Card.model_validate(
        {"architecture": "grey", "weights_sha256": sha256, "measured": measured, **words, **card}
    )
    (folder / "grey_small.json").write_text(made.model_dump_json(), encoding="utf-8")
    monkeypatch.setattr("genconvit.weights.embedded.embedded_folder", lambda: folder)
    return made


def grey_config(weights: Path | str, **options: Any) -> DetectorConfig:
    """A detector of the stubs on two frames, in this process."""
    shared = {"face_detector": "whole_frame", "isolate": False, "frames": 2, "device": "cpu"}
    return DetectorConfig.from_options("grey", weights=str(weights), **{**shared, **options})


def grey_clip(path: Path, brightness: int) -> Path:
    """A video of four frames of one grey."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return make_video(path, [np.full((48, 48, 3), brightness, np.uint8)] * 4)


def grey_listing(folder: Path) -> Listing:
    """Two bright fakes, two dark reals, a fake that looks real, a video without a face, and a broken one."""
    brightness = {"f1": 220, "f2": 190, "r1": 40, "r2": 70, "f3": 90, "black": 0}
    groups = {"f1": "swap", "f2": "swap", "f3": "puppet"}
    sources = [
        LabelledSource(
            path=str(grey_clip(folder / f"{name}.mp4", value)),
            name=f"{name}.mp4",
            label="FAKE" if name[0] == "f" else "REAL",
            groups={"method": groups[name]} if name in groups else {},
        )
        for name, value in brightness.items()
    ]
    broken = folder / "broken.mp4"
    broken.write_bytes(b"no video")
    sources.append(LabelledSource(path=str(broken), name="broken.mp4", label="FAKE"))
    return Listing(dataset="made", split="all", sources=tuple(sources))
