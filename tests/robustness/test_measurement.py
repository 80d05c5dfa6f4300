from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from genconvit import Detector
from genconvit.core.errors import ConfigError, SourceError
from genconvit.core.types import Frame
from genconvit.data.base import LabelledSource, Listing
from genconvit.evaluation.robustness import RobustnessReport, StepSummary
from genconvit.metrics.intervals import Resampling
from genconvit.pipeline.find import FaceFinder, PipelineOptions
from genconvit.pipeline.outcome import Cropped, Outcome
from genconvit.pipeline.run import score_faces
from genconvit.robustness import measurement, reencode
from genconvit.robustness.degrade import BLUR, BRIGHTNESS, H264, JPEG, NOISE, Degradation
from genconvit.robustness.faces import DegradedFaces, steps_of
from genconvit.robustness.measurement import measure_robustness
from genconvit.settings import DetectorConfig
from genconvit.video.base import FrameStream
from genconvit.video.pyav import PyAVDecoder
from genconvit.video.readers import ThreadReader
from genconvit.video.sampling import FrameChoice
from processes import wait_until
from stages import WHOLE, Everywhere, GivesUp, StreamOver, scorer
from stubs import WholeFrame, grey_clip, grey_config, grey_listing, register_stubs, trained_grey
from support import grey_frames, make_video, shared

QUICK = Resampling(resamples=0)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert wait_until(lambda: threading.active_count() == before)


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    register_stubs(monkeypatch)
    path = tmp_path / "grey.safetensors"
    trained_grey(path)
    return path


def listing_of(*paths: Path) -> Listing:
    sources = tuple(LabelledSource(path=str(path), name=path.name, label=None) for path in paths)
    return Listing(dataset="unlabelled", split="all", sources=sources)


def measured(weights: Path | str, listing: Listing, *kinds: Degradation, **options: Any) -> RobustnessReport:
    return measure_robustness(grey_config(weights, **options), listing, kinds, QUICK)


def at(report: RobustnessReport, name: str, strength: float | None) -> StepSummary:
    return next(step for step in report.steps if (step.degradation, step.strength) == (name, strength))


def test_the_clean_score_is_the_detectors(weights: Path, tmp_path: Path) -> None:
    paths = [grey_clip(tmp_path / f"{value}.mp4", value) for value in (60, 120)]
    for options in ({}, {"frames": "all"}, {"frames": 3, "max_faces": 2}, {"margin": 0.3, "score_rule": "top1"}):
        report = measured(weights, listing_of(*paths), JPEG, **options)
        with Detector(grey_config(weights, **options)) as detector:
            results = list(detector.predict_many(paths))
        assert [video.scores[0] for video in report.videos] == [result.fake_probability for result in results]
        assert [video.labels[0] for video in report.videos] == [result.label for result in results]
        assert [video.faces[0] for video in report.videos] == [len(result.faces) for result in results]
        assert [video.notes for video in report.videos] == [result.notes for result in results]


def test_faces_are_found_once_and_cut_from_every_version(weights: Path, tmp_path: Path) -> None:
    report = measured(weights, listing_of(grey_clip(tmp_path / "a.mp4", 120)), JPEG, H264, BLUR, BRIGHTNESS)
    assert WholeFrame.searched == 2
    assert {step.faces for step in report.steps} == {2}
    assert len(report.steps) == 1 + sum(len(each.strengths) for each in (JPEG, H264, BLUR, BRIGHTNESS))
    assert all(step.seconds > 0 for step in report.steps[1:])


def test_scores_move_as_the_degradation_says(weights: Path, tmp_path: Path) -> None:
    report = measured(weights, listing_of(grey_clip(tmp_path / "a.mp4", 100)), H264, BRIGHTNESS)
    clean = report.steps[0].mean_score
    assert clean == pytest.approx(1 / (1 + np.exp(-8 * (100 / 255 - 0.5))), abs=0.02)
    brighter, darker = at(report, "brightness", 2), at(report, "brightness", 0.25)
    assert brighter.mean_score == pytest.approx(1 / (1 + np.exp(-8 * (200 / 255 - 0.5))), abs=0.02)
    assert darker.mean_change == pytest.approx((darker.mean_score or 0) - (clean or 0))
    assert (brighter.labels_changed, darker.labels_changed) == (1, 0)
    assert at(report, "h264", 18).max_distance == pytest.approx(0, abs=0.03)


def test_labels_make_an_auc_and_what_has_no_score_is_counted(weights: Path, tmp_path: Path) -> None:
    report = measured(weights, grey_listing(tmp_path / "videos"), BRIGHTNESS)
    assert report.is_labelled
    assert [video.name for video in report.videos] == ["f1.mp4", "f2.mp4", "r1.mp4", "r2.mp4", "f3.mp4"]
    assert report.no_face == ("black.mp4",)
    assert [each.name for each in report.unreadable] == ["broken.mp4"]
    assert report.unreadable[0].reason
    assert [step.videos for step in report.steps] == [5] * 6
    assert report.steps[0].roc_auc.value == 1
    assert report.trained
    assert not report.notes
    assert RobustnessReport.model_validate_json(report.model_dump_json()) == report


def test_without_labels_there_is_no_auc_but_a_reason(weights: Path, tmp_path: Path) -> None:
    report = measured(weights, listing_of(grey_clip(tmp_path / "a.mp4", 100)), JPEG)
    assert {(step.roc_auc.value, step.roc_auc.why_not) for step in report.steps} == {
        (None, "there are no rows with a known truth")
    }


@pytest.mark.usefixtures("weights")
def test_untrained_weights_are_marked_and_give_no_labels(tmp_path: Path) -> None:
    report = measured("random", listing_of(grey_clip(tmp_path / "a.mp4", 100)), JPEG)
    assert not report.trained
    assert "untrained: no verdict" in report.notes[0]
    assert {step.labels_changed for step in report.steps} == {None}


def test_noise_is_the_same_in_every_run(weights: Path, tmp_path: Path) -> None:
    listing = listing_of(grey_clip(tmp_path / "a.mp4", 100), grey_clip(tmp_path / "b.mp4", 100))
    one, other = (measured(weights, listing, NOISE) for _ in range(2))
    assert one.videos == other.videos
    assert one.videos[0].scores != one.videos[1].scores


def test_images_and_folders_of_frames_take_part(weights: Path, tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number, pixels in enumerate(grey_frames(30)[20:]):
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    report = measured(weights, listing_of(folder, folder / "03.png"), JPEG, H264, frames=3)
    assert [set(video.faces) for video in report.videos] == [{3}, {1}]
    assert not any(video.notes for video in report.videos)


def test_a_video_that_cannot_be_encoded_keeps_its_other_steps(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str, *_: object) -> Iterator[tuple[int, Any]]:
        raise SourceError(name, "it cannot be encoded")

    monkeypatch.setattr("genconvit.robustness.faces.encoded_anew", refuse)
    report = measured(weights, listing_of(grey_clip(tmp_path / "a.mp4", 100)), JPEG, H264)
    assert (at(report, "jpeg", 95).videos, at(report, "h264", 23).videos) == (1, 0)
    assert at(report, "h264", 23).mean_change is None
    assert report.videos[0].notes == ("it cannot be encoded",)
    assert report.notes == ("videos without a score at some of the steps: 1; their notes say why",)


def test_without_an_encoder_nothing_is_begun(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reencode, "ENCODER", "no_such_encoder")
    monkeypatch.setattr(measurement, "assemble", lambda _: pytest.fail("weights were loaded"))
    with pytest.raises(ConfigError, match="h264 needs"):
        measured(weights, listing_of(tmp_path / "a.mp4"), JPEG, H264)


def test_an_interrupted_run_leaves_no_file_behind(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    listing = listing_of(*(grey_clip(tmp_path / f"{value}.mp4", value) for value in (60, 120)))

    def interrupted(items: Iterable[Any], *_: object) -> Iterator[Any]:
        for item in items:
            yield item
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_robustness(grey_config(weights), listing, [H264], QUICK, interrupted)
    assert not list((tmp_path / "temporary").iterdir())


def test_a_measurement_goes_on_where_it_ended(weights: Path, tmp_path: Path) -> None:
    listing = grey_listing(tmp_path / "videos")
    kept = tmp_path / "kept.videos.jsonl"

    def interrupted(items: Iterable[Any], *_: object) -> Iterator[Any]:
        for number, item in enumerate(items):
            if number == 3:
                raise KeyboardInterrupt
            yield item

    def without_times(report: RobustnessReport) -> dict[str, Any]:
        read = report.model_dump(exclude={"seconds"})
        return {**read, "steps": [{**step, "seconds": None} for step in read["steps"]]}

    alone = measured(weights, listing, NOISE)
    with pytest.raises(KeyboardInterrupt):
        measure_robustness(grey_config(weights), listing, [NOISE], QUICK, interrupted, kept)
    assert kept.read_bytes().count(b"\n") == 3
    before = WholeFrame.searched
    report = measure_robustness(grey_config(weights), listing, [NOISE], QUICK, kept_in=kept)
    assert without_times(report) == without_times(alone)
    assert WholeFrame.searched - before == 2 * 3  # three of six with frames are kept
    assert without_times(measure_robustness(grey_config(weights), listing, [NOISE], QUICK, kept_in=kept)) == (
        without_times(alone)
    )
    assert WholeFrame.searched - before == 2 * 3
    with pytest.raises(ConfigError, match=r'steps \["none 0.0", "noise .* -> \["none 0.0", "blur '):
        measure_robustness(grey_config(weights), listing, [BLUR], QUICK, kept_in=kept)


def test_a_decoder_that_starts_over_does_not_count_twice(tmp_path: Path) -> None:
    clip = make_video(tmp_path / "a.mp4", grey_frames(12))
    decoders = (GivesUp(), PyAVDecoder())
    finder = FaceFinder(Everywhere(), [WHOLE], PipelineOptions(), device=torch.device("cpu"))
    steps = steps_of([BRIGHTNESS, H264])
    chosen, every = (ThreadReader(decoders, choice) for choice in (FrameChoice("spaced", 4), FrameChoice("all")))
    faces = DegradedFaces(finder, chosen, every, steps, tmp_path)
    outcomes: list[Outcome] = list(score_faces(scorer()[0], faces.of_sources([clip])))
    assert len(outcomes) == len(steps)
    for outcome in outcomes:
        assert outcome.scores
        assert [face.frame_index for face in outcome.scores.faces] == [0, 3, 7, 11]
        assert outcome.scores.frame_indices == [0, 3, 7, 11]
        assert outcome.scores.decoder == "pyav"


class OnDevice(PyAVDecoder):
    """Gives tensors, as a decoder on a GPU does."""

    def open(self, path: Path) -> FrameStream:
        return _Tensors(super().open(path))


class _Tensors(StreamOver):
    decoder = "on_device"

    def read(self, indices: Sequence[int]) -> Iterator[Frame]:
        return (replace(frame, image=torch.tensor(frame.image)) for frame in self.whole.read(indices))


def test_frames_on_a_device_are_degraded_as_those_on_the_host(tmp_path: Path) -> None:
    clip = make_video(tmp_path / "a.mp4", grey_frames(12))
    steps = steps_of([JPEG, BLUR, H264])
    found = []
    for decoder in (OnDevice(), PyAVDecoder()):
        finder = FaceFinder(Everywhere(), [WHOLE], PipelineOptions(), device=torch.device("cpu"))
        chosen, every = (ThreadReader([decoder], choice) for choice in (FrameChoice("spaced", 2), FrameChoice("all")))
        faces = DegradedFaces(finder, chosen, every, steps, tmp_path).of_sources([clip])
        found.append([each.crop.image for each in faces if isinstance(each, Cropped)])
    assert len(found[0]) == 2 * len(steps)
    for on_device, host in zip(*found, strict=True):
        assert isinstance(on_device, torch.Tensor)
        assert np.abs(on_device.numpy().astype(int) - host).max() <= 1


@pytest.mark.slow
def test_real_videos_in_worker_processes() -> None:
    options: dict[str, Any] = {"face_detector": "insightface", "face_model": str(shared("models", "scrfd.onnx"))}
    config = DetectorConfig.from_options("original", mode="ed", weights="random", frames=3, device="cpu", **options)
    paths = [shared("videos", name) for name in ("0017_fake.mp4", "sample_2.mp4")]
    report = measure_robustness(config, listing_of(*paths), [JPEG, H264], QUICK)
    with Detector(config) as detector:
        expected = [result.fake_probability for result in detector.predict_many(paths)]
    assert [video.scores[0] for video in report.videos] == pytest.approx(expected, abs=1e-5)
    assert all(set(video.faces) == {video.faces[0]} and video.faces[0] >= 2 for video in report.videos)
    assert all(score is not None for video in report.videos for score in video.scores)
