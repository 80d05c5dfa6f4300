"""An architecture sees what its input spec says: its own crop, turned faces, other colours, clips of one person."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from contracts import failures, in_two_parts
from genconvit import ConfigError, Detector, InputSpec, VideoResult, register_architecture
from genconvit.compare.comparison import compare_variants
from genconvit.compare.variants import Variant
from genconvit.core.cut import Cut, SquareRule
from genconvit.core.errors import PluginError
from genconvit.core.input_spec import CropSpec
from genconvit.core.types import DetectedFace, ImageArray
from genconvit.crops.folder import read_crops
from genconvit.data.base import LabelledSource, Listing
from genconvit.evaluation.conventions import EvaluationOptions
from genconvit.extract.extraction import extract
from genconvit.extract.options import ExtractOptions
from genconvit.faces.base import FaceDetector
from genconvit.faces.crop import crop_face, crop_turned
from genconvit.metrics.intervals import Resampling
from genconvit.registry import ARCHITECTURES, FACE_DETECTORS
from genconvit.robustness.degrade import BRIGHTNESS
from genconvit.robustness.measurement import measure_robustness
from genconvit.train.config import TrainConfig
from genconvit.train.start import first_model
from genconvit.weights.load import input_spec_of
from stubs import Grey, GreyConfig, register_stubs
from support import make_video

PLUGIN = Path(__file__).with_name("plugin") / "src"
ANGLE = math.radians(20)


class TwoPeople(FaceDetector):
    """Detector of two people side by side, the left one's head turned by 20 degrees, the right one without landmarks.

    A frame whose left upper pixel is bright has the left one alone.
    """

    name = "two_people"
    square_rule = SquareRule(side=0.5, shift_down=0.25)
    needs_model = False
    licence = "none"

    def __init__(self, model: Path | None = None, device: torch.device | None = None) -> None:
        del model, device

    def detect(self, images: Sequence[ImageArray]) -> list[list[DetectedFace]]:
        return [[left_face(), right_face()][: 1 if image[0, 0].mean() > 128 else 2] for image in images]


def left_face() -> DetectedFace:
    across, down = 10 * math.cos(ANGLE), 10 * math.sin(ANGLE)
    eyes = [(40 - across, 50 - down), (40 + across, 50 + down)]
    points = np.array([*eyes, (40, 58), (35, 65), (45, 65)], np.float32)
    return DetectedFace((20.0, 30.0, 60.0, 70.0), 0.9, points)


def right_face() -> DetectedFace:
    return DetectedFace((110.0, 30.0, 150.0, 70.0), 0.8)


@pytest.fixture(autouse=True)
def _plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    register_stubs(monkeypatch)
    monkeypatch.setitem(FACE_DETECTORS._registered, "two_people", TwoPeople)
    monkeypatch.syspath_prepend(PLUGIN)
    for name in ("upright", "flicker"):
        module = importlib.import_module(f"genconvit_plugin_example.{name}")
        register_architecture(name, getattr(module, name.capitalize()))
    yield
    for name in ("upright", "flicker"):
        ARCHITECTURES.unregister(name)
    for name in [name for name in sys.modules if name.startswith("genconvit_plugin_example")]:
        del sys.modules[name]


def frames(count: int, seed: int = 0, *, alone: Sequence[int] = ()) -> ImageArray:
    """Make frames of noise in large patches; in those that are named the left person is alone."""
    noise = np.random.default_rng(seed).integers(0, 256, (count, 12, 20, 3), np.uint8)
    video = noise.repeat(10, axis=1).repeat(10, axis=2)
    for index in range(count):
        video[index, 0, 0] = 255 if index in alone else 0
    return video


def detector(architecture: str, **options: Any) -> Detector:
    given = {"frames": "all", "precision": "fp32", **options}
    return Detector(architecture, weights="random", device="cpu", face_detector="two_people", **given)


@in_two_parts
@pytest.mark.parametrize("name", ["upright", "flicker"])
def test_the_example_plugins_keep_to_the_contract(name: str, exported: bool) -> None:
    assert failures(name, exported=exported) == {}


def test_a_crop_lies_where_the_architecture_wants_it_relative_to_the_canonical_box() -> None:
    with detector("upright") as upright, detector("timm", backbone="test_resnet", image_size=64) as plain:
        own, canonical = upright.predict(frames(1)), plain.predict(frames(1))
    assert [face.crop for face in canonical.faces] == [(30, 50, 50, 70), (120, 50, 140, 70)]
    assert [face.crop for face in own.faces] == [(25, 43, 55, 73), (115, 43, 145, 73)]
    assert own.provenance.square_rule == canonical.provenance.square_rule == TwoPeople.square_rule
    spec = own.provenance.input_spec
    assert spec is not None
    assert (spec.scale, spec.shift_down, spec.aligned, spec.colour_order) == (1.5, -0.125, True, "bgr")
    half = (0.5, 0.5, 0.5)
    assert canonical.provenance.input_spec == InputSpec(size=64, mean=half, std=half)
    assert VideoResult.model_validate_json(own.model_dump_json()) == own


def test_a_face_is_turned_where_it_has_landmarks_and_the_result_says_where_not() -> None:
    video = frames(2, alone=[0])
    with detector("upright") as upright:
        result = upright.predict(video)
        crops = [crop_turned(frame, (25, 43, 55, 73), ANGLE, 64) for frame in video]
        crops.append(crop_face(video[1], (115, 43, 145, 73), 64)[0])
        expected = upright.score_faces(np.stack(crops)).fake_probability
    assert [face.fake_probability for face in result.faces] == pytest.approx(expected.tolist(), abs=1e-6)
    assert [note for note in result.notes if "level" in note] == [
        "faces are turned until their eyes are level; those without landmarks were left as they are, the first "
        "in frame 1"
    ]


def test_colours_come_in_the_order_and_range_of_the_spec() -> None:
    with detector("upright") as upright:
        model = upright.model
        images = model.preprocess(torch.tensor([[[255, 0, 0]]], dtype=torch.uint8).expand(1, 64, 64, 3))
    assert images[0, :, 0, 0].tolist() == [-1, -1, 1]


def test_a_clip_is_one_persons_face_in_the_order_of_time() -> None:
    video = frames(10)
    left, right = (np.stack([crop_face(frame, square, 32)[0] for frame in video]) for square in SQUARES)
    clips = np.stack([left[:8], left[2:], right[:8], right[2:]])
    with detector("flicker") as flicker:
        result = flicker.predict(video)
        by_hand = flicker.score_faces(clips)
        resized = flicker.score_faces(clips.repeat(2, axis=2).repeat(2, axis=3))
    first_left, last_left, first_right, last_right = by_hand.fake_probability.tolist()
    assert len({first_left, last_left, first_right, last_right}) == 4
    assert [face.track for face in result.faces] == [0, 1] * 10
    found = {track: [f.fake_probability for f in result.faces if f.track == track] for track in (0, 1)}
    assert found[0] == pytest.approx([first_left] * 8 + [last_left] * 2, abs=1e-6)
    assert found[1] == pytest.approx([first_right] * 8 + [last_right] * 2, abs=1e-6)
    assert resized.fake_probability.tolist() == pytest.approx(by_hand.fake_probability.tolist(), abs=1e-6)
    assert not [note for note in result.notes if "clip" in note]


SQUARES = ((30.0, 50.0, 50.0, 70.0), (120.0, 50.0, 140.0, 70.0))
"""Canonical boxes of the two people."""


def test_a_short_track_is_filled_up_and_the_result_says_so() -> None:
    with detector("flicker") as flicker:
        result = flicker.predict(frames(9, alone=range(3, 9)))
        assert flicker.predict(np.stack([np.full((4, 4, 3), 255, np.uint8)])).status == "ok"
    assert len(result.faces) == 9 + 3
    assert [note for note in result.notes if "clip" in note] == [
        "1 of 3 clips of 8 faces were filled up by their last face, since the person was seen in fewer frames"
    ]


def test_the_batch_size_counts_faces_and_batches_begin_with_each_source() -> None:
    videos = [frames(20, seed) for seed in range(3)]
    with detector("flicker", batch_size=16) as flicker:
        assert flicker._open().pipeline.scorer.batch_size == 2
        alone = [flicker.predict(video).model_dump(mode="json") for video in videos]
        assert [each.model_dump(mode="json") for each in flicker.predict_many(videos)] == alone


def test_a_clip_has_heat_maps_of_its_frames() -> None:
    with detector("flicker") as flicker:
        for target in ("fake", "real"):
            (maps,) = flicker.heat_maps(frames(8)[None, :, :32, :32], target=target)
            assert maps.grad_cam["flicker"].raw.shape == (8, 4, 4)
            assert not maps.grad_cam["flicker"].raw[[0, 7]].any()
            assert maps.grad_cam["flicker"].upsampled.shape == (8, 32, 32)


def test_clips_of_another_form_are_refused() -> None:
    with detector("flicker") as flicker:
        for shape in ((2, 32, 32, 3), (2, 7, 32, 32, 3), (2, 8, 32, 31, 3), (2, 8, 3, 32, 32), (2, 8, 0, 0, 3)):
            with pytest.raises(ConfigError, match=r"faces in clips of 8 are RGB uint8 \[N, 8, S, S, 3\]"):
                flicker.score_faces(np.zeros(shape, np.uint8))
        assert len(flicker.score_faces(np.zeros((0, 8, 32, 32, 3), np.uint8))) == 0


@pytest.mark.parametrize("architecture", ["upright", "flicker"])
def test_comparisons_and_robustness_see_the_same(architecture: str, tmp_path: Path) -> None:
    clips = [make_video(tmp_path / f"{seed}.mp4", list(frames(11, seed))) for seed in range(2)]
    with detector(architecture, isolate=False) as one:
        config, alone = one.config, [one.predict(clip).fake_probability for clip in clips]
    listing = Listing(
        dataset="made",
        split="all",
        sources=tuple(LabelledSource(path=str(clip), name=clip.name, label="FAKE") for clip in clips),
    )
    quick = EvaluationOptions(resampling=Resampling(resamples=0))
    other = detector("timm", backbone="test_resnet", image_size=64).config
    variants = [Variant(name="one", config=config), Variant(name="other", config=other)]
    run, _ = compare_variants(listing, variants, tmp_path / "out", quick)
    assert [row.score for row in run.evaluated.scored.rows] == alone
    report = measure_robustness(config, listing, [BRIGHTNESS], quick.resampling)
    assert [video.scores[0] for video in report.videos] == alone
    assert all(score is not None for video in report.videos for score in video.scores)


def test_a_data_set_is_cut_as_an_architecture_sees_it(tmp_path: Path) -> None:
    clip = make_video(tmp_path / "clip.mp4", list(frames(2, alone=[0, 1])))
    source = LabelledSource(path=str(clip), name=clip.name, label="FAKE")
    listing = Listing(dataset="made", split="all", sources=(source,))
    config = detector("upright").config
    seen = input_spec_of("upright", {}).model_dump(include=set(CropSpec.model_fields))
    records = []
    for crop in ({"size": 64}, seen, {"size": 64}):
        summary = extract(listing, config, tmp_path / "crops", ExtractOptions(**crop))
        assert summary.done == 1, "another crop is cut anew"
        records.append(read_crops(tmp_path / "crops").records[0])
    plain, own, again = records
    assert plain == again
    assert [own.square, plain.square] == [(25, 43, 55, 73), (30, 50, 50, 70)]
    left, right = own.landmarks[:2]
    assert left[1] == pytest.approx(right[1], abs=0.02), "eyes are level in the crop"
    assert right[0] - left[0] == pytest.approx(20 * 64 / 30, abs=0.05)
    assert plain.landmarks[0][1] < plain.landmarks[1][1]


def test_a_training_refuses_clips(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="architecture 'flicker' sees clips of 8 faces"):
        first_model(TrainConfig(data=str(tmp_path), architecture="flicker", init="random"))


class Silent(Grey):
    def __init__(self, config: GreyConfig) -> None:
        super().__init__(config)
        del self.input_spec


def test_an_architecture_that_does_not_say_what_it_sees_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARCHITECTURES._registered, "silent", Silent)
    with pytest.raises(PluginError, match=r"Silent does not say what it sees; .*InputSpec\(size=...\)"):
        Detector("silent", weights="random", device="cpu")


@pytest.mark.parametrize(
    "field",
    [
        *({"size": 0}, {"scale": 0}, {"scale": math.inf}, {"shift_down": 11}, {"frames": 0}, {"frames": 257}),
        *({"std": (1, 0, 1)}, {"mean": (math.nan, 0, 0)}, {"mean": (0.5,)}, {"colour_order": "gbr"}, {"sclae": 2}),
    ],
    ids=str,
)
def test_values_that_mean_nothing_are_refused(field: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(field))):
        InputSpec(**{"size": 8, **field})


def test_a_cut_is_the_crop_of_a_spec_and_the_rule_of_a_detector() -> None:
    spec = InputSpec(size=8, scale=1.5, shift_down=0.5, aligned=True, frames=4)
    cut = Cut.of(spec, TwoPeople.square_rule)
    assert cut == Cut(size=8, scale=1.5, shift_down=0.5, aligned=True, rule=TwoPeople.square_rule)
    assert (spec.shape, InputSpec(size=8).shape) == ((4, 8, 8, 3), (8, 8, 3))
