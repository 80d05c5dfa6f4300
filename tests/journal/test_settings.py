from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genconvit import Detector, DetectorConfig
from genconvit.journal.settings import IN_DECISION, IN_PROVENANCE, WITHOUT_EFFECT, changes
from genconvit.results.provenance import Provenance
from stubs import register_stubs, trained_grey

ELSEWHERE = {"frames", "batch_size", "trust_list"}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DetectorConfig:
    register_stubs(monkeypatch)
    weights = trained_grey(tmp_path / "grey.safetensors")
    return DetectorConfig.from_options("grey", weights=weights, face_detector="whole_frame", device="cpu")


def changed(config: DetectorConfig, **options: object) -> list[str]:
    settings = []
    for each in (config, DetectorConfig.model_validate({**config.model_dump(), **options})):
        with Detector(each) as detector:
            settings.append(detector.settings)
    return changes(*settings)


def test_every_option_of_a_detector_has_its_place(config: DetectorConfig) -> None:
    with Detector(config) as detector:
        settings = detector.settings
    options = settings["options"]
    assert isinstance(options, dict)
    places = [set(options), IN_PROVENANCE, IN_DECISION, WITHOUT_EFFECT, ELSEWHERE]
    assert set().union(*places) == set(DetectorConfig.model_fields)
    assert sum(map(len, places)) == len(DetectorConfig.model_fields)
    assert settings.keys() >= ELSEWHERE
    of_a_source = {"decoder", "isolated", "frame_count", "duration_seconds", "frame_indices", "source_sha256"}
    assert settings.keys() >= Provenance.model_fields.keys() - of_a_source


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("frames", 3, ['frames "spaced 15" -> "spaced 3"']),
        ("person", "max", ['options.person "pool" -> "max"']),
        ("threshold", 0.6, ["decision.threshold 0.5 -> 0.6", 'decision.threshold_from "default" -> "given"']),
        ("inconclusive", (0.4, 0.6), ["decision.inconclusive null -> [0.4, 0.6]"]),
        ("batch_size", 2, ["batch_size 16 -> 2"]),
        ("model", {"inverted": True}, ["config.inverted false -> true"]),
        ("decoder", "pyav", ['options.decoder "auto" -> "pyav"']),
    ],
)
def test_what_decides_on_a_result_is_a_change(
    config: DetectorConfig, option: str, value: object, said: list[str]
) -> None:
    weights = {"weights": "random"} if option == "model" else {}
    base = config.model_copy(update=weights)
    found = changed(base, **{option: value})
    assert [line for line in found if not line.startswith("packages.")] == said


@pytest.mark.parametrize(
    ("option", "value"),
    [("workers", 3), ("time_limit_seconds", 9.0), ("memory_limit_mb", 512), ("isolate", True), ("frames", "15")],
)
def test_what_changes_no_score_is_none(config: DetectorConfig, option: str, value: object) -> None:
    assert changed(config, **{option: value}) == []


def test_weights_count_by_what_is_in_them(config: DetectorConfig, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    same = trained_grey(tmp_path / "elsewhere" / "grey.safetensors")
    assert changed(config, weights=str(same)) == []
    other = trained_grey(tmp_path / "elsewhere" / "grey.safetensors", inverted=True)
    found = changed(config, weights=str(other))
    assert any(line.startswith("weights.files.0.sha256") for line in found)
    assert "config.inverted false -> true" in found


def test_names_are_dotted_and_values_short() -> None:
    before: dict[str, Any] = {"a": {"b": 1, "c": {}}, "d": [{"e": 1}], "f": "x" * 200}
    now: dict[str, Any] = {"a": {"b": 2, "c": {"g": True}}, "d": [{"e": 2}, {"e": 3}], "f": "y" * 200}
    found = changes(before, now)
    assert found[:2] == ["a.b 1 -> 2", "a.c {} -> null"]
    assert "d.0.e 1 -> 2" in found
    assert "d.1.e null -> 3" in found
    assert all(len(line) < 200 for line in found)
    assert changes(before, before) == []
    assert changes({"a": None}, {}) == []
