"""A network, a face detector and a decoder that stand in for the real ones in tests of the stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from genconvit.core.cut import Cut, SquareRule
from genconvit.core.errors import SourceError
from genconvit.core.input_spec import InputSpec
from genconvit.core.types import DetectedFace, Frame
from genconvit.faces.base import FaceDetector
from genconvit.models.base import Architecture, ArchitectureConfig, ModelOutput
from genconvit.pipeline.scorer import Scorer
from genconvit.pipeline.torch_network import TorchNetwork
from genconvit.video.base import FrameStream, VideoDecoder
from genconvit.video.pyav import PyAVDecoder

CPU = torch.device("cpu")
WHOLE = Cut(size=4, rule=SquareRule(side=1.0, shift_down=0.0))


class Everywhere(FaceDetector):
    """Sees so many faces in every frame, each of them the whole frame."""

    name = "everywhere"
    square_rule = WHOLE.rule
    needs_model = False
    licence = "none"

    def __init__(self, model: Path | None = None, device: torch.device = CPU, count: int = 1) -> None:
        del model, device
        self.count = count
        self.searched = 0

    def detect(self, images: Sequence[Any]) -> list[list[DetectedFace]]:
        self.searched += len(images)
        return [[DetectedFace((0.0, 0.0, 48.0, 48.0), 1.0)] * self.count for _ in images]


class GivesUp(VideoDecoder):
    """Reads the first two frames of a file and then no more."""

    name = "gives_up"

    def open(self, path: Path) -> FrameStream:
        return _TwoFrames(PyAVDecoder().open(path))


class StreamOver(FrameStream):
    """Stands over another stream, whose frames it gives in its own way."""

    def __init__(self, whole: FrameStream) -> None:
        self.whole = whole

    @property
    def frame_count(self) -> int:
        return self.whole.frame_count


class _TwoFrames(StreamOver):
    decoder = "gives_up"

    def read(self, indices: Sequence[int]) -> Iterator[Frame]:
        yield from self.whole.read(indices[:2])
        raise SourceError("it", "no more")


class Brightness(Architecture):
    """An architecture whose logits are the mean brightness of a face, so that scores tell which face they are of.

    Attributes:
        fits: the most faces that a call takes before it runs out of memory.
        batches: number of faces that each successful call got.
        before: called before each.
    """

    config_class = ArchitectureConfig

    def __init__(self, config: ArchitectureConfig) -> None:
        super().__init__(config)
        self.config = config
        self.input_spec = InputSpec(size=4)
        self.fits = 1000
        self.batches: list[int] = []
        self.before: Callable[[], object] = list

    def preprocess(self, faces: Tensor) -> Tensor:
        return faces.permute(0, 3, 1, 2).float()

    def forward(self, faces: Tensor) -> ModelOutput:
        self.before()
        if len(faces) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.batches.append(len(faces))
        mean = faces.mean(dim=(1, 2, 3))
        return ModelOutput(logits={"one": torch.stack((mean, -mean), dim=1)})


def scorer(batch_size: int | None = None, **options: Any) -> tuple[Scorer, Brightness]:
    model = Brightness(ArchitectureConfig(mode="any"))
    return Scorer(TorchNetwork(model, device=CPU, precision="fp32", **options), batch_size=batch_size), model
