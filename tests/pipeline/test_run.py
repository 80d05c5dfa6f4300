"""The stages around a network and a face detector that stand in for the real ones."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from genconvit.core.cut import Cut, SquareRule
from genconvit.core.errors import ConfigError
from genconvit.core.types import DetectedFace
from genconvit.faces.base import FaceDetector
from genconvit.faces.quality import measure_quality
from genconvit.models.base import ArchitectureConfig
from genconvit.pipeline.find import FaceFinder, PipelineOptions
from genconvit.pipeline.outcome import FoundFace, Outcome, SourceScores
from genconvit.pipeline.run import Pipeline
from genconvit.pipeline.scorer import Scorer
from genconvit.pipeline.torch_network import TorchNetwork
from genconvit.video.base import VideoDecoder
from genconvit.video.names import Source
from genconvit.video.pyav import PyAVDecoder
from genconvit.video.readers import ThreadReader
from processes import LONG_SECONDS, wait_until
from stages import CPU, WHOLE, Brightness, Everywhere, GivesUp
from support import grey_frames, make_video


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert wait_until(lambda: threading.active_count() == before)


class Made:
    """A pipeline over the stand-ins."""

    def __init__(
        self, *, faces: int = 1, batch_size: int = 8, decoders: Sequence[VideoDecoder] = (), **options: Any
    ) -> None:
        chosen = PipelineOptions(**options)
        self.model = Brightness(ArchitectureConfig(mode="any"))
        scorer = Scorer(TorchNetwork(self.model, device=CPU, precision="fp32"), batch_size=batch_size)
        self.detector = Everywhere(count=faces)
        self.pipeline = Pipeline(FaceFinder(self.detector, [WHOLE], chosen, device=CPU), scorer)
        self.reader = ThreadReader(decoders or [PyAVDecoder()], chosen.frame_choice)

    def run(self, *sources: Source) -> list[Outcome]:
        return list(self.pipeline.run(self.reader, sources))


def video(path: Path, frames: int = 10) -> Path:
    return make_video(path, grey_frames(frames, 48, 48))


def brightness(outcome: Outcome) -> list[int]:
    """The frames' brightness as the network saw it, face by face."""
    scores = outcome.scores
    assert scores is not None
    return [round(value) for value in scores.logits()["one"][:, 0].tolist()]


def test_each_source_gets_its_own_scores(tmp_path: Path) -> None:
    paths = [video(tmp_path / f"{count}.mp4", count) for count in (3, 5, 1, 9)]
    made = Made(frames="all", batch_size=8)
    outcomes = made.run(*paths)
    assert [outcome.source for outcome in outcomes] == paths
    for outcome, count in zip(outcomes, (3, 5, 1, 9), strict=True):
        assert np.allclose(brightness(outcome), [4 + 5 * number for number in range(count)], atol=1)
        assert outcome.scores is not None
        assert [face.frame_index for face in outcome.scores.faces] == list(range(count))
    assert made.model.batches == [3, 5, 1, 8, 1]


def test_each_source_has_batches_of_its_own(tmp_path: Path) -> None:
    paths = [video(tmp_path / f"{count}.mp4", count) for count in (3, 1, 9)]
    made = Made(frames="all", batch_size=4)
    made.run(*paths, *paths)
    assert made.model.batches == [3, 1, 4, 4, 1] * 2


def test_outcomes_come_in_order_with_those_that_fail_among_them(tmp_path: Path) -> None:
    good = video(tmp_path / "good.mp4")
    (tmp_path / "text.mp4").write_text("hello")
    array = np.full((2, 48, 48, 3), 100, np.uint8)
    outcomes = Made().run(tmp_path / "none.mp4", good, tmp_path / "text.mp4", array, good, tmp_path / "none.mp4")
    assert [outcome.error is None for outcome in outcomes] == [False, True, False, True, True, False]
    assert [outcome.scores is None for outcome in outcomes] == [True, False, True, False, False, True]
    assert brightness(outcomes[3]) == [100, 100]
    assert outcomes[1].sha256 is not None
    assert outcomes[3].sha256 is None


def test_an_outcome_does_not_wait_for_a_source_that_is_not_there_yet(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mp4")
    asked, more = threading.Event(), threading.Event()

    def sources() -> Iterator[Source]:
        yield path
        asked.set()
        assert more.wait(LONG_SECONDS)
        yield path

    made = Made(batch_size=100)
    outcomes = made.pipeline.run(made.reader, sources())
    assert next(outcomes).source == path
    assert asked.is_set()
    more.set()
    assert next(outcomes).source == path
    assert list(outcomes) == []


def test_more_faces_than_a_batch_in_a_single_frame(tmp_path: Path) -> None:
    (outcome,) = Made(faces=30, batch_size=8, frames=2).run(video(tmp_path / "a.mp4", 2))
    assert np.allclose(brightness(outcome), [4] * 30 + [9] * 30, atol=1)


def test_faces_are_measured_in_the_whole_frame_by_the_detectors_own_rule() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, 60, 80, 3), np.uint8)
    other = Cut(size=4, rule=SquareRule(side=0.5, shift_down=0.2))
    made = Made(faces=2)
    finder = FaceFinder(made.detector, [other], PipelineOptions(margin=0.4), device=CPU)
    (outcome,) = Pipeline(finder, made.pipeline.scorer).run(made.reader, [frames])
    assert outcome.scores is not None
    assert [face.quality for face in outcome.scores.faces] == [
        measure_quality(frame, DetectedFace((0.0, 0.0, 48.0, 48.0), 1.0), WHOLE.rule) for frame in frames for _ in "12"
    ]


@pytest.mark.parametrize(("limit", "noted"), [(3, True), (10, False), (11, False)])
def test_a_limit_of_faces_ends_a_source_early(tmp_path: Path, limit: int, noted: bool) -> None:
    made = Made(frames="all", max_faces=limit)
    (outcome,) = made.run(video(tmp_path / "a.mp4"))
    assert outcome.scores is not None
    assert len(outcome.scores.faces) == min(limit, 10)
    assert (f"the limit of {limit} faces was reached in frame {limit}" in outcome.scores.notes) == noted
    assert made.detector.searched == (limit + 1 if noted else 10)


def test_a_decoder_that_gives_up_leaves_nothing_of_its_own(tmp_path: Path) -> None:
    made = Made(decoders=[GivesUp(), PyAVDecoder()], frames=5)
    (outcome,) = made.run(video(tmp_path / "a.mp4"))
    scores = outcome.scores
    assert scores is not None
    assert (scores.decoder, scores.notes) == ("pyav", ["gives_up: no more"])
    assert scores.frame_indices == [face.frame_index for face in scores.faces] == [0, 2, 4, 6, 9]
    assert np.allclose(brightness(outcome), [4, 14, 24, 34, 49], atol=1)


def test_a_decoder_that_gives_up_and_has_no_other_behind_it_has_no_scores(tmp_path: Path) -> None:
    (outcome,) = Made(decoders=[GivesUp()], frames=5).run(video(tmp_path / "a.mp4"))
    assert outcome.scores is None
    assert outcome.error is not None
    assert outcome.error.reason == "no more"


def test_frames_that_do_not_decode_are_counted(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    from PIL import Image

    for number in range(4):
        Image.new("RGB", (48, 48), (number, number, number)).save(tmp_path / "frames" / f"{number}.png")
    (tmp_path / "frames" / "2.png").write_bytes(b"no image")
    (outcome,) = Made().run(tmp_path / "frames")
    assert outcome.scores is not None
    assert outcome.scores.notes == ["3 of 4 chosen frames decoded"]
    assert outcome.scores.frame_count == 4


def test_what_the_sources_raise_comes_out(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mp4")

    def sources() -> Iterator[Source]:
        yield path
        raise RuntimeError("the list broke off")

    made = Made()
    outcomes = made.pipeline.run(made.reader, sources())
    assert next(outcomes).source == path
    with pytest.raises(RuntimeError, match="the list broke off"):
        next(outcomes)


def test_a_source_of_a_wrong_type_ends_it() -> None:
    with pytest.raises(ConfigError, match="a source is of type int"):
        Made().run(3)  # type: ignore[arg-type]


def test_closing_in_the_middle_ends_every_stage(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mp4", 50)
    made = Made(frames="all", batch_size=4)
    outcomes = made.pipeline.run(made.reader, iter([path] * 100))
    next(outcomes)
    outcomes.close()
    assert made.detector.searched < 50 * 6


def test_a_run_in_each_of_several_threads(tmp_path: Path) -> None:
    paths = [video(tmp_path / f"{count}.mp4", count) for count in (3, 4, 5, 6)]
    made = Made(frames="all")
    found: dict[int, list[int]] = {}

    def run(number: int) -> None:
        (outcome,) = made.run(paths[number])
        found[number] = brightness(outcome)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number: len(values) for number, values in found.items()} == {0: 3, 1: 4, 2: 5, 3: 6}


def test_logits_of_batches_are_joined_to_the_last_bit() -> None:
    scorer = Scorer(TorchNetwork(Brightness(ArchitectureConfig(mode="any")), device=CPU, precision="fp32"))
    crops = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 3), np.uint8)
    whole, scores = scorer.score(crops), SourceScores("any", 3)
    face = FoundFace(0, None, (0, 0, 4, 4), 1.0, (0, 0, 4, 4))
    rows = [(scores.place(face),) for _ in crops]
    for part in (slice(0, 2), slice(2, 3)):
        scores.fill(rows[part], scorer.score(crops[part]))
    assert np.array_equal(scores.logits()["one"], whole.logits["one"])
    assert scores.fake_probabilities == whole.fake_probability.tolist()


class Cramped(Everywhere):
    """Has no memory for more than so many frames at once."""

    def __init__(self, fits: int) -> None:
        super().__init__()
        self.fits = fits
        self.batches: list[int] = []

    def search(self, images: Sequence[Any]) -> list[list[DetectedFace]]:
        if len(images) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.batches.append(len(images))
        return self.detect(images)


def found_by(detector: FaceDetector, path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The frames of the faces that are found where eight are searched at once, as on a GPU."""
    options = PipelineOptions(frames="all")
    finder = FaceFinder(detector, [WHOLE], options, device=CPU)
    monkeypatch.setattr(finder, "_at_once", 8)
    reading = ThreadReader([PyAVDecoder()], options.frame_choice).start(path)
    with reading:
        return [each.crop.frame_index for each in finder.find(reading, Outcome(path))]


def test_fewer_frames_are_searched_at_once_where_a_gpu_has_no_memory_for_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = Cramped(3)
    assert found_by(detector, video(tmp_path / "a.mp4"), monkeypatch) == list(range(10))
    assert detector.batches == [2, 2, 2, 2, 2]


def test_no_memory_for_a_single_frame_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"no memory to search a single frame for faces; .*--batch-size"):
        found_by(Cramped(0), video(tmp_path / "a.mp4"), monkeypatch)
