"""Faces are cut as the weights ask: at prediction, in comparisons, degraded, and for a data set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from genconvit import Detector
from genconvit.compare.comparison import compare_variants
from genconvit.compare.variants import Variant
from genconvit.core.cut import CropRules, SquareRule
from genconvit.crops.folder import read_crops
from genconvit.data.base import LabelledSource, Listing
from genconvit.evaluation.conventions import EvaluationOptions
from genconvit.evaluation.results_file import read_results
from genconvit.extract.extraction import extract
from genconvit.extract.options import ExtractOptions
from genconvit.metrics.intervals import Resampling
from genconvit.results.result import VideoResult
from genconvit.robustness.degrade import degradations_named
from genconvit.robustness.measurement import measure_robustness
from stubs import grey_config, register_stubs, ruled_grey, trained_grey
from support import grey_frames, make_video

HALF = SquareRule(side=0.5, shift_down=0.25)
WHOLE_FRAME = (0.0, 0.0, 48.0, 48.0)
LOWER_HALF = (12.0, 24.0, 36.0, 48.0)
NO_INTERVALS = Resampling(resamples=0)


@pytest.fixture(autouse=True)
def _stubs(monkeypatch: pytest.MonkeyPatch) -> None:
    register_stubs(monkeypatch)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Frames of 48 x 48, bright where the lower half's middle is and dark elsewhere."""
    frames = [frame // 8 + 16 for frame in grey_frames(4, 48, 48)]
    for frame in frames:
        frame[24:, 12:36] = 235
    return make_video(tmp_path / "clip.mp4", frames)


def predicted(clip: Path, weights: Path, **options: Any) -> VideoResult:
    with Detector(grey_config(weights, **options)) as detector:
        return detector.predict(clip)


def test_the_weights_rule_cuts_faces_and_is_stated(clip: Path, tmp_path: Path) -> None:
    own = predicted(clip, trained_grey(tmp_path / "own.safetensors"))
    ruled = predicted(clip, ruled_grey(tmp_path / "ruled.safetensors", {"whole_frame": HALF}))
    assert {face.crop for face in own.faces} == {WHOLE_FRAME}
    assert {face.crop for face in ruled.faces} == {LOWER_HALF}
    assert (own.provenance.square_rule, ruled.provenance.square_rule) == (SquareRule(side=1, shift_down=0), HALF)
    assert (own.label, ruled.label) == ("REAL", "FAKE")
    assert own.notes == ruled.notes == ()
    assert VideoResult.model_validate_json(ruled.model_dump_json()) == ruled


def test_weights_that_name_other_detectors_leave_the_own_rule_and_a_note(clip: Path, tmp_path: Path) -> None:
    rules = {"mtcnn": HALF, "\x1b": HALF}
    result = predicted(clip, ruled_grey(tmp_path / "other.safetensors", rules))
    assert {face.crop for face in result.faces} == {WHOLE_FRAME}
    assert result.notes == ("faces were cut by whole_frame's own rule: the weights say how for mtcnn, \\x1b alone",)
    assert result.provenance.weights.crop_rules == rules


def test_a_margin_widens_the_weights_square(clip: Path, tmp_path: Path) -> None:
    weights = ruled_grey(tmp_path / "ruled.safetensors", {"whole_frame": SquareRule(side=0.5, shift_down=0)})
    assert {face.crop for face in predicted(clip, weights, margin=0.5).faces} == {(6.0, 6.0, 42.0, 42.0)}


def test_each_variant_of_a_comparison_sees_what_it_would_alone(clip: Path, tmp_path: Path) -> None:
    files = [
        trained_grey(tmp_path / "own.safetensors"),
        ruled_grey(tmp_path / "ruled.safetensors", {"whole_frame": HALF}),
        ruled_grey(tmp_path / "large.safetensors", {"whole_frame": HALF}, input_size=16),
    ]
    variants = [Variant(name=file.stem, config=grey_config(file)) for file in files]
    options = EvaluationOptions(resampling=NO_INTERVALS)
    runs = compare_variants(listing_of(clip), variants, tmp_path / "out", options)
    for run, file in zip(runs, files, strict=True):
        alone = predicted(clip, file)
        (row,) = read_results(run.file).rows
        assert (row.score, row.predicted) == (alone.fake_probability, alone.label)
        written = VideoResult.model_validate(json.loads(run.file.read_text())["results"][0])
        assert written.faces == alone.faces
        assert written.provenance.square_rule == alone.provenance.square_rule


def test_degraded_faces_are_cut_at_the_same_squares(clip: Path, tmp_path: Path) -> None:
    weights = ruled_grey(tmp_path / "ruled.safetensors", {"whole_frame": HALF})
    report = measure_robustness(
        grey_config(weights), listing_of(clip), degradations_named(["brightness"]), NO_INTERVALS
    )
    (video,) = report.videos
    assert video.scores[0] == predicted(clip, weights).fake_probability
    of_the_frame = measure_robustness(
        grey_config(trained_grey(tmp_path / "own.safetensors")),
        listing_of(clip),
        degradations_named(["brightness"]),
        NO_INTERVALS,
    )
    for inside, whole in zip(video.scores, of_the_frame.videos[0].scores, strict=True):
        assert inside is not None
        assert whole is not None
        assert inside > whole + 0.05


def test_a_data_set_is_cut_by_the_rule_and_anew_where_it_changes(clip: Path, tmp_path: Path) -> None:
    for rules, square in (({}, WHOLE_FRAME), ({"whole_frame": HALF}, LOWER_HALF), ({"mtcnn": HALF}, WHOLE_FRAME)):
        options = ExtractOptions(size=32, crop_rules=rules)
        summary = extract(listing_of(clip), grey_config("random"), tmp_path / "out", options)
        assert {record.square for record in read_crops(tmp_path / "out").records} == {square}
        assert summary.done == 1
    assert extract(listing_of(clip), grey_config("random"), tmp_path / "out", ExtractOptions(size=32)).done == 0


@pytest.mark.parametrize(
    "rules",
    [
        {"mtcnn": {"side": 0, "shift_down": 0}},
        {"mtcnn": {"side": float("nan"), "shift_down": 0}},
        {"mtcnn": {"side": 1, "shift_down": float("inf")}},
        {"mtcnn": {"side": 1e300, "shift_down": 0}},
        {"mtcnn": {"side": 1}},
        {"": {"side": 1, "shift_down": 0}},
        {"x" * 101: {"side": 1, "shift_down": 0}},
        {str(number): {"side": 1, "shift_down": 0} for number in range(21)},
    ],
    ids=lambda rules: f"{str(rules)[:40]}",
)
def test_rules_that_make_no_square_are_refused(rules: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(CropRules).validate_python(rules)


def listing_of(clip: Path) -> Listing:
    source = LabelledSource(path=str(clip), name="clip.mp4", label="FAKE")
    return Listing(dataset="made", split="all", sources=(source,))
