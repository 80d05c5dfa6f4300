"""A calibration maps scores, and a file that holds none is refused."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from calibrations import calibration, write_calibration
from genconvit.core.errors import ConfigError
from genconvit.verdict.calibration import MOST_BYTES, Calibration, ScoreBasis, read_calibration

ISOTONIC = {"method": "isotonic", "temperature": None, "knots_x": (0.2, 0.6, 0.9), "knots_y": (0.1, 0.1, 0.8)}
SIGMOID = {"method": "sigmoid", "temperature": 2.0, "offset": -1.0}
MAPS = [SIGMOID, {"temperature": 0.2}, {"temperature": 1.0}, {"temperature": 3.0}, {"temperature": 1e-300}, ISOTONIC]
EDGES = (0.0, 5e-324, 1e-300, 1e-16, 0.5, np.nextafter(1, 0), 1.0)


def fitted(changes: dict[str, Any]) -> Calibration:
    return calibration(**changes)


@pytest.mark.parametrize("changes", MAPS, ids=str)
def test_a_map_stays_in_the_unit_interval_and_never_falls(changes: dict[str, Any]) -> None:
    scores = np.sort(np.append(np.random.default_rng(0).random(2000), EDGES))
    mapped = [fitted(changes).apply(score) for score in scores.tolist()]
    assert all(0 <= each <= 1 for each in mapped)
    assert (np.diff(mapped) >= 0).all()
    assert mapped == fitted(changes).apply_all(scores).tolist()


def test_a_temperature_divides_the_logit() -> None:
    score = 1 / (1 + np.exp(-3.0))
    assert calibration(temperature=3.0).apply(score) == pytest.approx(1 / (1 + np.exp(-1)), abs=1e-12)
    assert calibration(temperature=3.0).apply(0.5) == 0.5
    assert calibration(temperature=1.0).apply(0.123) == pytest.approx(0.123, abs=1e-15)
    assert calibration(temperature=3.0).apply(1.0) == pytest.approx(1 - calibration(temperature=3.0).apply(0.0))
    assert 0.999 < calibration(temperature=3.0).apply(1.0) < 1


def test_a_temperature_keeps_the_order_of_scores() -> None:
    scores = np.random.default_rng(1).random(500)
    mapped = calibration(temperature=2.5).apply_all(scores)
    assert (np.argsort(mapped) == np.argsort(scores)).all()
    assert len(np.unique(mapped)) == 500


def test_a_sigmoid_divides_the_logit_and_moves_it() -> None:
    score = 1 / (1 + np.exp(-3.0))
    assert fitted(SIGMOID).apply(score) == pytest.approx(1 / (1 + np.exp(-0.5)), abs=1e-12)
    assert fitted(SIGMOID).apply(0.5) == pytest.approx(1 / (1 + np.exp(1.0)), abs=1e-12)
    assert fitted({**SIGMOID, "offset": 0.0}).apply(score) == calibration(temperature=2.0).apply(score)


def test_what_was_learned_is_said() -> None:
    said = [fitted(changes).fitted_numbers for changes in ({"temperature": 3.0}, SIGMOID, ISOTONIC)]
    assert said == ["temperature 3.0000", "temperature 2.0000 and offset -1.0000", "3 knots"]


def test_isotonic_is_straight_between_knots_and_level_outside() -> None:
    mapped = [fitted(ISOTONIC).apply(score) for score in (0.0, 0.2, 0.4, 0.6, 0.75, 0.9, 1.0)]
    assert mapped == pytest.approx([0.1, 0.1, 0.1, 0.1, 0.45, 0.8, 0.8])
    assert fitted({**ISOTONIC, "knots_x": (0.3,), "knots_y": (0.7,)}).apply(0.9) == 0.7


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan"), float("inf")])
@pytest.mark.parametrize("changes", [{"temperature": 1.0}, ISOTONIC], ids=["temperature", "isotonic"])
def test_what_is_no_probability_is_refused(score: float, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"lies in \[0, 1\]; got"):
        fitted(changes).apply(score)


@pytest.mark.parametrize("changes", MAPS, ids=str)
def test_a_file_gives_back_what_was_written(changes: dict[str, Any], tmp_path: Path) -> None:
    path = write_calibration(tmp_path / "c.json", **changes)
    stored = read_calibration(str(path))
    assert stored.calibration == fitted(changes)
    assert (stored.name, stored.sha256) == ("c.json", hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_file_of_version_1_is_one_of_videos_as_they_came(tmp_path: Path) -> None:
    old = read_calibration(write_calibration(tmp_path / "old.json")).calibration
    new = read_calibration(write_calibration(tmp_path / "new.json", version=2, count=7, videos=None)).calibration
    assert old == new
    assert (old.count, old.unit, old.balanced, old.origin) == (7, "videos", False, "7 videos")
    assert Calibration.model_validate_json(old.model_dump_json()) == old


@pytest.mark.parametrize(
    "changes",
    [
        *({"temperature": each} for each in (0, -1, float("nan"), float("inf"), None, "hot")),
        {"knots_x": (0.5,), "knots_y": (0.5,)},
        {**ISOTONIC, "knots_x": (0.2, 0.9, 0.6)},
        {**ISOTONIC, "knots_x": (0.2, 0.2, 0.9)},
        {**ISOTONIC, "knots_y": (0.1, 0.8, 0.7)},
        {**ISOTONIC, "knots_y": (0.1, 0.2)},
        {**ISOTONIC, "knots_y": (0.1, 0.2, 1.1)},
        {**ISOTONIC, "knots_x": (-0.1, 0.2, 0.9)},
        {**ISOTONIC, "knots_y": (0.1, float("nan"), 0.7)},
        {**ISOTONIC, "knots_x": (), "knots_y": ()},
        {**ISOTONIC, "temperature": 2.0},
        {**ISOTONIC, "offset": 1.0},
        {"offset": 1.0},
        {**SIGMOID, "temperature": None},
        {**SIGMOID, "offset": None},
        {**SIGMOID, "offset": float("inf")},
        {**SIGMOID, "knots_x": (0.5,), "knots_y": (0.5,)},
        {"real_scores": (0.3, 0.2, 0.1)},
        {"real_scores": (0.1, 0.2)},
        {"real_scores": (0.1, 0.2, float("nan"))},
        {"real_scores": (0.1, 0.2, 7)},
        {"fakes": 5},
        {"reals": 0, "videos": 3, "real_scores": ()},
        {"format": "calibration"},
        {"version": 2},
        {"version": 3, "count": 7, "videos": None},
        {"version": 2, "count": 8, "videos": None},
        {"unit": "frames"},
        {"method": "platt"},
        {"temprature": 3},
        {"before": {"log_loss": -1, "brier_score": 0, "calibration_error": 0}},
        {"warnings": ("w",) * 1001},
    ],
    ids=str,
)
def test_a_file_that_contradicts_itself_is_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    path = write_calibration(tmp_path / "c.json", **changes)
    with pytest.raises(ConfigError, match=r"c\.json is none that this version can read: .*; fit one with genconvit"):
        read_calibration(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is none that this version can read"),
        (b"\xff\x00", "is none that this version can read"),
        (b"[" * 100_000, "is none that this version can read"),
        (b'{"\x1b[31m": 1}', "is none that this version can read"),
        (b'{"temperature": ' + b"9" * 100_000 + b"}", "is none that this version can read"),
        (b'{"real_scores": [' + b'"x",' * 200_000 + b"0]}", "is none that this version can read"),
    ],
    ids=["empty", "bytes", "deep", "escape", "long", "many"],
)
def test_a_file_that_is_no_calibration_is_refused_in_one_short_line(
    content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "\x1b[1mc.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message) as refused:
        read_calibration(path)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 700


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none.json", tmp_path, tmp_path / "pipe", "a\0b"):
        with pytest.raises(ConfigError, match=r"cannot be read: .*; fit one with genconvit calibrate"):
            read_calibration(path)


def test_a_file_that_is_too_large_is_not_parsed(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(ConfigError, match=r"large\.json has more than 64 MiB"):
        read_calibration(path)


def test_a_basis_says_what_is_different() -> None:
    basis = ScoreBasis(architecture="v2", config={"mode": "v2"}, weights_sha256=("a",), person="max", score_rule="mean")
    assert basis.differences(basis) == []
    changes: list[tuple[dict[str, Any], str]] = [
        ({"architecture": "original"}, "architecture=v2"),
        ({"config": {"mode": "ed"}}, "mode=v2"),
        ({"config": {}}, "mode=v2"),
        ({"person": "pool"}, "person=max"),
        ({"score_rule": "median"}, "score_rule=mean"),
        ({"face_detector": "mtcnn"}, "face_detector=None"),
        ({"weights_sha256": ("b",)}, "other weights"),
    ]
    for change, said in changes:
        assert basis.differences(basis.model_copy(update=change)) == [said]


def test_a_calibration_cannot_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        calibration().temperature = 2.0  # type: ignore[misc]
