"""A result says what it is in a line, and its fields refuse what contradicts them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from genconvit.core.types import DetectedFace, FaceScores, Frame
from genconvit.results.decision import CalibrationInfo, Decision
from genconvit.results.provenance import FaceDetectorInfo, Provenance, WeightsFile, WeightsInfo
from genconvit.results.quality import FaceQuality, findings_of, poor_faces
from genconvit.results.result import UNTRAINED, WARM_START, BranchProbability, FaceResult, TrackResult, VideoResult
from genconvit.results.table import results_table


def provenance(**weights: Any) -> Provenance:
    return Provenance(
        library_version="1",
        architecture="original",
        config={"mode": "ed"},
        weights=WeightsInfo(**{"origin": "published", "trained": True, **weights}),
        face_detector=FaceDetectorInfo(name="mtcnn", reason="", model=None, model_sha256=None, licence="MIT"),
        decoder="pyav",
        device="cpu",
        precision="fp32",
        frame_indices=(0, 7),
    )


FACE = FaceResult(
    frame_index=7,
    pts_seconds=0.25,
    box=(1.0, 2.0, 3.0, 4.0),
    crop=(0.0, 1.0, 4.0, 5.0),
    confidence=0.9,
    fake_probability=0.75,
    branches={"ed": BranchProbability(fake=0.75, real=0.25)},
)
NOTHING: dict[str, Any] = {"label": None, "fake_probability": None, "faces": ()}
HIGH = Decision(threshold=0.8, threshold_from="given")
BAND = Decision(threshold=0.5, threshold_from="default", inconclusive=(0.4, 0.75))
CALIBRATED = Decision(
    threshold=0.5,
    threshold_from="default",
    calibration=CalibrationInfo(name="c.json", sha256="0" * 64, method="temperature"),
)
INCONCLUSIVE: dict[str, Any] = {"status": "inconclusive", "label": None, "decision": BAND}


def result(**fields: Any) -> VideoResult:
    usual = {"source": "a.mp4", "status": "ok", "label": "FAKE", "fake_probability": 0.75, "provenance": provenance()}
    return VideoResult(**{"faces": (FACE,), **usual, **fields})


def face(frame_index: int, track: int) -> FaceResult:
    return FACE.model_copy(update={"frame_index": frame_index, "pts_seconds": frame_index / 25, "track": track})


def track(number: int, first: int, last: int, faces: int, **fields: Any) -> TrackResult:
    ends = {"first_frame_index": first, "last_frame_index": last}
    times = {"first_pts_seconds": first / 25, "last_pts_seconds": last / 25}
    usual = {"track": number, "faces": faces, "fake_probability": 0.75, "one_off": False}
    return TrackResult(**{**ends, **times, **usual, **fields})


FACES = (face(0, 0), face(0, 1), face(7, 1), face(7, 0), face(7, 2))
TRACKS = (track(0, 0, 7, 2), track(1, 0, 7, 2), track(2, 7, 7, 1, one_off=True))


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, "a.mp4: FAKE (fake probability 0.750, 1 face in 2 frames)"),
        (
            {"faces": FACES, "tracks": TRACKS},
            "a.mp4: FAKE (fake probability 0.750, 5 faces of 2 tracks in 2 frames)",
        ),
        (
            {"label": None, "provenance": provenance(origin="random", trained=False), "notes": (UNTRAINED,)},
            "a.mp4: untrained: no verdict (fake probability 0.750, 1 face in 2 frames)",
        ),
        (
            {"label": "REAL", "provenance": provenance(origin="warm_start"), "notes": (WARM_START,)},
            f"a.mp4: REAL (fake probability 0.750, 1 face in 2 frames; {WARM_START})",
        ),
        (
            {"status": "no_face", **NOTHING, "notes": ("a\x1b[31m\nb: REAL",)},
            "a.mp4: no face (searched 2 frames; a\\x1b[31m\\nb: REAL)",
        ),
        (
            {"status": "unreadable", **NOTHING, "reason": "it is \x1b[1mempty", "notes": (UNTRAINED,)},
            "a.mp4: unreadable (it is \\x1b[1mempty; untrained: no verdict)",
        ),
        (
            INCONCLUSIVE,
            "a.mp4: inconclusive (fake probability 0.750, threshold 0.500, 1 face in 2 frames)",
        ),
        (
            {"decision": CALIBRATED, "calibrated_probability": 0.591},
            "a.mp4: FAKE (fake probability 0.750, calibrated 0.591, threshold 0.500, 1 face in 2 frames)",
        ),
    ],
)
def test_a_result_is_one_readable_line(fields: dict[str, Any], line: str) -> None:
    assert str(result(**fields)) == line


def test_json_holds_everything_both_ways() -> None:
    files = (WeightsFile(name="ed.pth", sha256="0" * 64, repository="owner/name", revision="1" * 40),)
    linked: dict[str, Any] = {"faces": FACES, "tracks": TRACKS, "person": "max", "score_rule": "top3"}
    whole = result(**linked, notes=("one", "two"), provenance=provenance(files=files, new_layers=("fusion.gate",)))
    assert VideoResult.model_validate_json(whole.model_dump_json()) == whole
    assert whole.model_dump(mode="json")["schema_version"] == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"decision": HIGH, "label": "REAL"},
        {"decision": HIGH, "fake_probability": 0.81},
        {"decision": CALIBRATED, "calibrated_probability": 0.5, "label": "REAL"},
        {"decision": CALIBRATED, "calibrated_probability": 0.51, "fake_probability": 0.1},
        {"decision": CALIBRATED, "status": "no_face", **NOTHING},
        {"decision": BAND, "status": "unreadable", **NOTHING},
        {"decision": BAND, "label": None, "provenance": provenance(origin="random", trained=False)},
        INCONCLUSIVE,
    ],
    ids=str,
)
def test_json_holds_the_rule_and_what_it_said(fields: dict[str, Any]) -> None:
    whole = result(**fields)
    assert VideoResult.model_validate_json(whole.model_dump_json()) == whole


def test_json_of_before_there_were_decisions_still_loads() -> None:
    old = result().model_dump(mode="json", exclude={"decision": True, "calibrated_probability": True})
    assert VideoResult.model_validate(old) == result()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"decision": HIGH}, r"by the decision, 0\.75 is \('ok', 'REAL'\); got \('ok', 'FAKE'\)"),
        ({"decision": HIGH, "fake_probability": 0.9, "label": "REAL"}, r"is \('ok', 'FAKE'\)"),
        ({"decision": HIGH, "fake_probability": 0.9, "label": None}, r"is \('ok', 'FAKE'\)"),
        ({"decision": BAND}, r"is \('inconclusive', None\); got \('ok', 'FAKE'\)"),
        ({**INCONCLUSIVE, "fake_probability": 0.76}, r"is \('ok', 'FAKE'\); got \('inconclusive', None\)"),
        ({**INCONCLUSIVE, "label": "FAKE"}, "needs status 'ok'"),
        ({**INCONCLUSIVE, "fake_probability": None}, "does not go with fake_probability None"),
        ({**INCONCLUSIVE, "decision": None}, "needs a decision with a band, and trained weights"),
        ({**INCONCLUSIVE, "provenance": provenance(origin="random", trained=False)}, "needs a decision with a band"),
        ({"calibrated_probability": 0.6}, "needs a calibration in the decision"),
        ({"calibrated_probability": 0.9, "decision": HIGH}, "needs a calibration in the decision"),
        ({"decision": CALIBRATED}, r"calibrated_probability None does not go with 0\.75"),
        ({"decision": CALIBRATED, "calibrated_probability": 0.4}, r"by the decision, 0\.4 is \('ok', 'REAL'\)"),
        (
            {"decision": CALIBRATED, "calibrated_probability": 0.6, "status": "no_face", **NOTHING},
            r"calibrated_probability 0\.6 does not go with None",
        ),
        ({"decision": CALIBRATED, "calibrated_probability": 1.1}, "less than or equal to 1"),
        (
            {"decision": {"threshold": 0.5, "threshold_from": "x", "inconclusive": (0.6, 0.7)}},
            "must hold the threshold",
        ),
    ],
    ids=str,
)
def test_a_label_cannot_contradict_the_decision(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        result(**fields)


def test_json_of_before_there_were_tracks_still_loads() -> None:
    old = result().model_dump(mode="json", exclude={"tracks": True, "person": True, "score_rule": True})
    for each in old["faces"]:
        del each["track"]
    read = VideoResult.model_validate(old)
    assert (read.tracks, read.person, read.score_rule, read.lasting_tracks) == ((), None, None, 0)
    assert read.faces[0].track == 0


def test_json_of_before_faces_were_measured_still_loads() -> None:
    old = result().model_dump(mode="json", exclude={"poor_faces": True})
    for each in old["faces"]:
        del each["quality"], each["findings"]
    read = VideoResult.model_validate(old)
    assert (read.poor_faces, read.faces[0].quality, read.faces[0].findings, read.warnings) == (None, None, (), ())
    assert read.to_row()["poor_faces"] is None


def test_json_holds_what_was_measured() -> None:
    quality = FaceQuality(width_px=31, outside=0, sharpness=0.1, luma=120, clipped=0, yaw_degrees=None)
    poor = FACE.model_copy(update={"quality": quality, "findings": findings_of(quality)})
    whole = result(faces=(poor,), poor_faces=poor_faces([poor.findings]))
    assert VideoResult.model_validate_json(whole.model_dump_json()) == whole
    assert whole.to_row()["poor_faces"] == 1
    said = "1 of 1 faces that the score rests on are poor: 1 too small"
    assert str(whole) == f"a.mp4: FAKE (fake probability 0.750, 1 face in 2 frames; {said})"
    assert said in results_table([whole]).rows[0]


@pytest.mark.parametrize("band", [(0.7, 0.5), (0.5, 0.5), (-0.1, 0.7), (0.5, 1.1), (0.7, 0.9), (0.1, 0.5)])
def test_a_band_holds_the_threshold(band: tuple[float, float]) -> None:
    with pytest.raises(ValidationError, match="the inconclusive band"):
        Decision(threshold=0.6, threshold_from="given", inconclusive=band)


@pytest.mark.parametrize(
    "tracks",
    [
        (),
        TRACKS[:2],
        (*TRACKS, track(3, 7, 7, 1)),
        (TRACKS[1], TRACKS[0], TRACKS[2]),
        (track(0, 0, 7, 3), *TRACKS[1:]),
        (track(0, 0, 6, 2), *TRACKS[1:]),
        (track(0, 1, 7, 2), *TRACKS[1:]),
        (track(0, 0, 7, 2, first_pts_seconds=None), *TRACKS[1:]),
        (track(0, 0, 7, 2, last_pts_seconds=3.0), *TRACKS[1:]),
        (track(0, 0, 7, 2, one_off=True), *TRACKS[1:]),
    ],
    ids=["none", "missing", "extra", "order", "count", "last", "first", "no time", "time", "one_off"],
)
def test_tracks_cannot_contradict_the_faces(tracks: tuple[TrackResult, ...]) -> None:
    with pytest.raises(ValidationError, match="track"):
        result(faces=FACES, tracks=tracks)


def test_tracks_begin_in_the_order_of_their_numbers() -> None:
    with pytest.raises(ValidationError, match=r"numbered \[0, 1\], but the faces belong to \[1, 0\]"):
        result(faces=(face(0, 1), face(7, 0)), tracks=(track(0, 7, 7, 1), track(1, 0, 0, 1)))


def test_a_result_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValidationError, match="unknown field 'lable'"):
        result(lable="FAKE")
    with pytest.raises(ValidationError, match="schema_version"):
        result(schema_version=2)
    with pytest.raises(ValidationError, match="finite"):
        result(fake_probability=float("nan"))


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "no_face"},
        {"status": "unreadable", "label": None},
        {"status": "no_face", **NOTHING, "person": "pool"},
        {"status": "no_face", **NOTHING, "score_rule": "mean"},
        {"person": "tallest"},
        {"fake_probability": None, "label": None},
        {"provenance": provenance(origin="random", trained=False)},
        {"status": "inconclusive"},
        {"fake_probability": 7.0},
        {"published_score": -0.1},
    ],
    ids=str,
)
def test_a_result_cannot_contradict_itself(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        result(**fields)


def test_types_refuse_what_they_are_not() -> None:
    with pytest.raises(ValueError, match=r"uint8 \[height, width, 3\]; got float64 \[2, 2, 3\]"):
        Frame(0, None, np.zeros((2, 2, 3)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one pixel"):
        Frame(0, None, np.zeros((0, 2, 3), np.uint8))
    with pytest.raises(ValueError, match="left < right"):
        DetectedFace((3.0, 0.0, 1.0, 2.0), 0.9)
    with pytest.raises(ValueError, match="finite"):
        DetectedFace((0.0, 0.0, float("inf"), 2.0), 0.9)
    with pytest.raises(ValueError, match=r"\[0, 1\]; got 1.5"):
        DetectedFace((0.0, 0.0, 1.0, 2.0), 1.5)
    with pytest.raises(ValueError, match=r"branch 'ed' are an array of float32 \[2, 2\]; got float64 \[2, 2\]"):
        FaceScores({"ed": np.zeros((2, 2))}, np.zeros(2, np.float32))  # type: ignore[dict-item]
    with pytest.raises(ValueError, match=r"fake probabilities are an array of float32 \[2\]; got Tensor"):
        FaceScores({"ed": np.zeros((2, 2), np.float32)}, torch.zeros(2))  # type: ignore[arg-type]
