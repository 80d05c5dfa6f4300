"""A source has the same score to the bit: whatever the timing, the neighbours, the workers and the call.

The network here makes faces that are scored together visible: a face's logits tell how many there were, and which.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image
from torch import Tensor

from genconvit import Detector, VideoResult
from genconvit.compare.comparison import compare_variants
from genconvit.compare.variants import Variant
from genconvit.core.input_spec import InputSpec
from genconvit.core.types import Frame
from genconvit.data.base import LabelledSource, Listing
from genconvit.data.sample import FACE, portrait
from genconvit.evaluation.conventions import EvaluationOptions
from genconvit.metrics.intervals import Resampling
from genconvit.models.base import Architecture, ArchitectureConfig, ModelOutput
from genconvit.pipeline.find import FaceFinder, PipelineOptions
from genconvit.pipeline.outcome import Outcome
from genconvit.pipeline.run import Pipeline
from genconvit.pipeline.scorer import Scorer
from genconvit.pipeline.torch_network import TorchNetwork
from genconvit.registry import ARCHITECTURES
from genconvit.robustness.degrade import BRIGHTNESS
from genconvit.robustness.measurement import measure_robustness
from genconvit.video.base import FrameStream, VideoDecoder
from genconvit.video.names import Source
from genconvit.video.pyav import PyAVDecoder
from genconvit.video.readers import ThreadReader
from genconvit.weights.load import load_model
from stages import CPU, WHOLE, Everywhere, GivesUp
from stubs import register_stubs
from support import grey_frames, make_video

COUNTS = (3, 1, 9, 5, 1, 4)
"""Frames of the sources, with a face each: full batches of four, parts of one, and both."""

BATCH = 4


class CrowdConfig(ArchitectureConfig):
    mode: str = "any"


class Crowd(Architecture):
    """An architecture whose logits follow from a face's brightness, and from that and the place of all in its batch.

    Attributes:
        delays: slept for before each batch, where there are any.
    """

    config_class = CrowdConfig
    default_weights = "random"

    def __init__(self, config: ArchitectureConfig) -> None:
        super().__init__(config)
        self.config = config
        self.input_spec = InputSpec(size=4)
        self.slope = torch.nn.Parameter(torch.tensor(0.01))
        self.delays: Delays | None = None

    def forward(self, faces: Tensor) -> ModelOutput:
        if self.delays:
            self.delays.sleep()
        brightness = faces.mean(dim=(1, 2, 3))
        company = (brightness * torch.arange(1, len(faces) + 1).sqrt()).sum() + len(faces)
        logit = self.slope * (brightness + company)
        return ModelOutput(logits={"one": torch.stack((logit, -logit), dim=1)})


class Delays:
    """Sleeps for a chance time, now and then a longer one."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def sleep(self) -> None:
        time.sleep(self._random.choice((0, 0, 0.001, 0.005)))


class LateDecoder(VideoDecoder):
    """PyAV's frames, each after a delay."""

    name = "late"

    def __init__(self, delays: Delays) -> None:
        self._delays = delays

    def open(self, path: Path) -> FrameStream:
        return _LateFrames(PyAVDecoder().open(path), self._delays)


class _LateFrames(FrameStream):
    decoder = "late"

    def __init__(self, frames: FrameStream, delays: Delays) -> None:
        self._frames, self._delays = frames, delays

    @property
    def frame_count(self) -> int:
        return self._frames.frame_count

    def read(self, indices: Sequence[int]) -> Iterator[Frame]:
        for frame in self._frames.read(indices):
            self._delays.sleep()
            yield frame


class LateSearch(Everywhere):
    """Finds a face in every frame, after a delay."""

    def __init__(self, delays: Delays) -> None:
        super().__init__()
        self._delays = delays

    def detect(self, images: Sequence[Any]) -> list[list[Any]]:
        self._delays.sleep()
        return super().detect(images)


def logits(outcome: Outcome) -> bytes | None:
    return None if outcome.scores is None else outcome.scores.logits()["one"].tobytes()


def scored(sources: Sequence[Source], seed: int | None = None) -> list[bytes | None]:
    """The logits of each source, with delays in every stage where there is a seed."""
    delays = [None] * 4 if seed is None else [Delays(4 * seed + stage) for stage in range(4)]
    reading, finding, scoring, asking = delays
    options = PipelineOptions(frames="all")
    model = Crowd(CrowdConfig())
    model.delays = scoring
    detector = LateSearch(finding) if finding else Everywhere()
    decoder = LateDecoder(reading) if reading else PyAVDecoder()
    finder = FaceFinder(detector, [WHOLE], options, device=CPU)
    pipeline = Pipeline(finder, Scorer(TorchNetwork(model, device=CPU, precision="fp32"), batch_size=BATCH))
    reader = ThreadReader([GivesUp(), decoder], options.frame_choice)

    def asked() -> Iterator[Source]:
        for source in sources:
            if asking:
                asking.sleep()
            yield source

    return [logits(outcome) for outcome in pipeline.run(reader, asked())]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("clips")
    return [
        make_video(folder / f"{number}.mp4", grey_frames(4 + number + count, 48, 48)[4 + number :])
        for number, count in enumerate(COUNTS)
    ]


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Options of a detector with the network above."""
    register_stubs(monkeypatch)
    monkeypatch.setitem(ARCHITECTURES._registered, "crowd", Crowd)
    options = {"weights": "random", "face_detector": "whole_frame", "device": "cpu"}
    return {"architecture": "crowd", "frames": "all", "batch_size": BATCH, **options}


def test_the_network_tells_who_was_scored_together() -> None:
    model = Crowd(CrowdConfig())
    faces = np.arange(5, dtype=np.uint8).repeat(48).reshape(5, 4, 4, 3)
    found = {
        float(Scorer(TorchNetwork(model, device=CPU, precision="fp32")).score(faces[order]).logits["one"][0, 0])
        for order in ([0], [0, 1], [0, 1, 2], [0, 2, 1], [0, 1, 3])
    }
    assert len(found) == 5


@pytest.mark.parametrize("seed", range(3))
def test_delays_in_every_stage_change_no_bit(clips: list[Path], seed: int, tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    array = np.full((6, 48, 48, 3), 100, np.uint8)
    sources: list[Source] = [*clips[:3], tmp_path / "broken.mp4", array, *clips[3:]]
    alone = [scored([source])[0] for source in sources]
    assert alone[3] is None
    assert len(set(alone)) == len(alone)
    assert scored(sources, seed) == alone


def without_isolation(result: VideoResult) -> str:
    """A result as text, but for whether workers read it."""
    provenance = result.provenance.model_copy(update={"isolated": False})
    return result.model_copy(update={"provenance": provenance}).model_dump_json()


def test_one_by_one_many_at_once_with_and_without_workers(clips: list[Path], config: dict[str, Any]) -> None:
    with Detector(isolate=False, **config) as detector:
        alone = [without_isolation(detector.predict(clip)) for clip in clips]
        together = list(detector.predict_many(clips))
        backwards = list(detector.predict_many(clips[::-1]))[::-1]
        again = list(detector.predict_many([*clips, *clips]))
    assert [without_isolation(each) for each in together] == alone
    assert [without_isolation(each) for each in backwards] == alone
    assert [without_isolation(each) for each in again] == [*alone, *alone]
    for workers in (1, 3):
        with Detector(isolate=True, workers=workers, **config) as detector:
            assert [without_isolation(detector.predict(clip)) for clip in clips[:2]] == alone[:2]
            isolated = list(detector.predict_many(clips))
        assert all(each.provenance.isolated for each in isolated)
        assert [without_isolation(each) for each in isolated] == alone


def test_crops_are_scored_as_the_source_that_they_are_of(config: dict[str, Any]) -> None:
    frames = np.arange(20, 110, 9, dtype=np.uint8).repeat(48).reshape(10, 4, 4, 3)
    with Detector(**config) as detector:
        result, scores = detector.predict(frames), detector.score_faces(frames)
    assert [face.fake_probability for face in result.faces] == scores.fake_probability.tolist()


FP32_LOGITS = 1e-5
"""Farthest that the logits of a face may lie apart where the batch size or the compiler is another, in fp32 on a
CPU."""


def test_another_batch_size_moves_trained_logits_by_rounding_alone() -> None:
    model = load_model("v2", ARCHITECTURES.load("v2"), {"size": "nano"}, "embedded").model
    scorer = Scorer(TorchNetwork(model, device=CPU, precision="fp32"))
    base = np.asarray(Image.fromarray(portrait()).crop(FACE).resize((scorer.input_size, scorer.input_size)))
    chance = np.random.default_rng(0)
    faces = np.stack([np.clip(base + chance.normal(0, 20, base.shape), 0, 255).astype(np.uint8) for _ in range(9)])
    found = []
    for size in (5, 1, 2, 9, 5):
        scorer.batch_size = size
        found.append(np.concatenate(list(scorer.score(faces).logits.values()), axis=1))
    assert float(found[0].std()) > 0.01
    assert np.array_equal(found[-1], found[0])
    for logits in found:
        torch.testing.assert_close(logits, found[0], rtol=0, atol=FP32_LOGITS)


class SmallConvolution(Crowd):
    """A network with what the large ones have: convolutions, normalisation, linear layers."""

    def __init__(self, config: ArchitectureConfig) -> None:
        super().__init__(config)
        self.input_spec = InputSpec(size=32)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.layers = torch.nn.Sequential(
                torch.nn.Conv2d(3, 16, 3, stride=2, padding=1),
                torch.nn.BatchNorm2d(16),
                torch.nn.GELU(),
                torch.nn.Conv2d(16, 32, 3, stride=2, padding=1),
                torch.nn.AdaptiveAvgPool2d(1),
                torch.nn.Flatten(),
                torch.nn.LayerNorm(32),
                torch.nn.Linear(32, 2),
            )

    def forward(self, faces: Tensor) -> ModelOutput:
        return ModelOutput(logits={"one": self.layers(faces)})


@pytest.mark.slow
def test_compiled_networks_score_a_source_alike_whichever_comes_first() -> None:
    faces = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8)
    found: list[dict[int, npt.NDArray[np.float32]]] = []
    for order in ((1, 3, 8, 2), (8, 2, 3, 1)):
        torch.compiler.reset()
        model = SmallConvolution(CrowdConfig()).eval()
        scorer = Scorer(TorchNetwork(model, device=CPU, precision="fp32", compile=True), batch_size=8)
        found.append({count: scorer.score(faces[:count]).logits["one"] for count in order})
    torch.compiler.reset()
    eager = Scorer(TorchNetwork(SmallConvolution(CrowdConfig()).eval(), device=CPU, precision="fp32"), batch_size=8)
    for count in (1, 2, 3, 8):
        assert np.array_equal(found[0][count], found[1][count])
        torch.testing.assert_close(found[0][count], eager.score(faces[:count]).logits["one"], rtol=0, atol=FP32_LOGITS)


def labelled(clips: Sequence[Path]) -> Listing:
    sources = [LabelledSource(path=str(clip), name=clip.name, label="FAKE") for clip in clips]
    return Listing(dataset="made", split="all", sources=tuple(sources))


def test_a_comparison_and_the_clean_frames_of_a_robustness_run_have_the_same_scores(
    clips: list[Path], config: dict[str, Any], tmp_path: Path
) -> None:
    with Detector(isolate=False, **config) as detector:
        settings = detector.config
        alone = [detector.predict(clip).fake_probability for clip in clips]
    quick = EvaluationOptions(resampling=Resampling(resamples=0))
    listing = labelled(clips)
    (run,) = compare_variants(listing, [Variant(name="crowd", config=settings)], tmp_path, quick)
    assert [row.score for row in run.evaluated.scored.rows] == alone
    report = measure_robustness(settings, listing, [BRIGHTNESS], quick.resampling)
    assert [video.scores[0] for video in report.videos] == alone
