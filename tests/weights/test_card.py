"""A card ships beside weights, and brings defaults that can be turned off, a note, and the terms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from calibrations import write_calibration
from genconvit import Detector
from genconvit.compare.comparison import compare_variants
from genconvit.compare.variants import parse_variants
from genconvit.core.cut import SquareRule
from genconvit.core.errors import ConfigError, WeightsError
from genconvit.evaluation.conventions import EvaluationOptions
from genconvit.evaluation.results_file import read_results
from genconvit.metrics.intervals import Resampling
from genconvit.results.provenance import WeightsFile
from genconvit.results.result import VideoResult
from genconvit.settings import DetectorConfig
from genconvit.verdict.calibration import read_calibration
from genconvit.weights.card import Card, Measured, read_card
from genconvit.weights.convert import convert_own
from genconvit.weights.describe import describe, describe_embedded
from genconvit.weights.embedded import embedded, embedded_architecture
from genconvit.weights.licence import PUBLISHED_LICENCE, licence_of
from stubs import grey_clip, grey_listing, register_stubs, ship_grey, trained_grey

STUBS: dict[str, Any] = {"face_detector": "whole_frame", "isolate": False, "frames": 2, "device": "cpu"}
ABOUT = (
    "trained on flat greys; of 50 made faces it calls 10 % of the reals FAKE and 20 % of the fakes REAL (ROC AUC 0.90)"
)
FITTED = (
    "grey_small.calibration.json was fitted on 7 single faces, reals and fakes weighted alike, while a video's score "
    "is a mean over faces"
)


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Card:
    register_stubs(monkeypatch)
    return ship_grey(monkeypatch, tmp_path / "embedded")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A clip with a score between 0.5 and 0.7."""
    return grey_clip(tmp_path / "clip.mp4", 135)


def predicted(clip: Path, *architecture: str, **options: Any) -> VideoResult:
    with Detector(*architecture, **{"weights": "embedded", **STUBS, **options}) as detector:
        return detector.predict(clip)


def test_embedded_alone_means_them_whatever_the_default_architecture_is(shipped: Card, clip: Path) -> None:
    result = predicted(clip)
    assert (result.provenance.architecture, result.provenance.weights.origin) == ("grey", "embedded")
    assert result == predicted(clip, "grey")
    config: dict[str, Any] = result.provenance.config
    with Detector("grey", weights="embedded", **STUBS, **config) as again:
        assert again.predict(clip) == result
    assert embedded_architecture() == shipped.architecture == "grey"


def test_the_config_says_which_architecture_and_goes_both_ways(shipped: Card) -> None:
    del shipped
    config = DetectorConfig.model_validate({"weights": "embedded"})
    assert config.architecture == "grey"
    assert config == DetectorConfig.from_options(weights="embedded")
    assert DetectorConfig.model_validate_json(config.model_dump_json()) == config
    for others in ({}, {"weights": "random"}, {"weights": "published"}):
        plain = DetectorConfig.model_validate(others)
        assert (plain.architecture, "architecture" in plain.model_fields_set) == ("original", False)


@pytest.mark.parametrize("architecture", ["original", "v2"])
def test_an_architecture_that_has_none_is_an_error_that_names_what_has(shipped: Card, architecture: str) -> None:
    del shipped
    with pytest.raises(
        WeightsError,
        match=rf"no weights ship .* for architecture '{architecture}', only for 'grey' \(grey_small\); leave the",
    ):
        Detector(architecture, weights="embedded", **STUBS)


def test_another_config_than_the_trained_one_is_refused(shipped: Card) -> None:
    del shipped
    with pytest.raises(WeightsError, match=r"inverted=True instead of False; leave this out"):
        Detector(weights="embedded", model={"inverted": True}, **STUBS)


def test_results_are_calibrated_and_may_be_inconclusive(shipped: Card, clip: Path) -> None:
    result = predicted(clip)
    stored = read_calibration(embedded("grey_small").calibration).calibration
    assert result.fake_probability is not None
    assert 0.5 < result.fake_probability < 0.7
    assert result.calibrated_probability == stored.apply(result.fake_probability)
    assert (result.status, result.label) == ("inconclusive", None)
    assert result.decision is not None
    assert result.decision.calibration is not None
    assert result.decision.calibration.name == "grey_small.calibration.json"
    assert result.decision.inconclusive == (stored.apply(0.4), stored.apply(0.7))
    assert result.notes == (ABOUT, FITTED)
    weights = result.provenance.weights
    assert (weights.about, weights.licence) == (shipped.about, shipped.licence) == (ABOUT, "greys are for tests")
    assert VideoResult.model_validate_json(result.model_dump_json()) == result


def test_each_is_turned_off_on_its_own(shipped: Card, clip: Path) -> None:
    del shipped
    bare = predicted(clip, calibration="none", inconclusive="none")
    assert (bare.decision, bare.calibrated_probability, bare.label) == (None, None, "FAKE")
    assert bare.notes == (ABOUT,)
    no_band = predicted(clip, inconclusive="none")
    assert no_band.decision is not None
    assert (no_band.label, no_band.decision.inconclusive) == ("FAKE", None)
    assert no_band.calibrated_probability is not None
    no_calibration = predicted(clip, calibration="none")
    assert no_calibration.decision is not None
    assert (no_calibration.status, no_calibration.calibrated_probability) == ("inconclusive", None)
    assert no_calibration.decision.inconclusive == (0.4, 0.7)
    for brightness in (90, 110, 130, 150, 170):  # the same ones are inconclusive with and without the calibration
        other = grey_clip(clip.with_name(f"{brightness}.mp4"), brightness)
        assert predicted(other).status == predicted(other, calibration="none").status


def test_what_is_asked_for_wins(shipped: Card, clip: Path, tmp_path: Path) -> None:
    del shipped
    own = write_calibration(tmp_path / "own.json")
    by_own = predicted(clip, calibration=own).decision
    assert by_own is not None
    assert by_own.calibration is not None
    assert (by_own.calibration.name, by_own.inconclusive) == ("own.json", None)
    higher = predicted(clip, threshold=0.9)
    assert higher.decision is not None
    assert (higher.label, higher.decision.threshold, higher.decision.inconclusive) == ("REAL", 0.9, None)
    assert higher.calibrated_probability is not None
    banded = predicted(clip, threshold=0.9, inconclusive=(0.85, 0.95)).decision
    assert banded is not None
    assert banded.inconclusive == (0.85, 0.95)
    by_rate = predicted(clip, threshold="fpr=0.34").decision
    assert by_rate is not None
    assert by_rate.threshold_from == "fpr=0.34 of 3 reals in grey_small.calibration.json"
    with pytest.raises(ConfigError, match="rests on the reals of a calibration"):
        predicted(clip, calibration="none", threshold="fpr=0.34")


def test_without_a_band_every_score_has_a_label(monkeypatch: pytest.MonkeyPatch, clip: Path, tmp_path: Path) -> None:
    register_stubs(monkeypatch)
    ship_grey(monkeypatch, tmp_path / "embedded", inconclusive=None)
    result = predicted(clip)
    assert result.decision is not None
    assert (result.label, result.decision.inconclusive) == ("FAKE", None)


def test_every_result_says_what_the_weights_are(shipped: Card, clip: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    with Detector(weights="embedded", **STUBS) as detector:
        results = list(detector.predict_many([clip, grey_clip(tmp_path / "black.mp4", 0), broken]))
    assert [result.status for result in results] == ["inconclusive", "no_face", "unreadable"]
    assert all(shipped.about in result.notes for result in results)


def test_a_comparison_decides_for_each_variant_as_it_would_alone(shipped: Card, tmp_path: Path) -> None:
    del shipped
    listing = grey_listing(tmp_path / "videos")
    base = {"weights": "embedded", **STUBS}
    variants = parse_variants(["grey", "grey:calibration=none,no-compile"], base)
    options = EvaluationOptions(resampling=Resampling(resamples=0))
    runs = compare_variants(listing, variants, tmp_path / "out", options)
    for run, variant in zip(runs, variants, strict=True):
        with Detector(variant.config) as detector:
            alone = list(detector.predict_many([source.path for source in listing.sources]))
        written = [VideoResult.model_validate(each) for each in json.loads(run.file.read_text())["results"]]
        assert [(each.status, each.label, each.decision) for each in written] == [
            (each.status, each.label, each.decision) for each in alone
        ]
        rows = read_results(run.file).rows
        raw = [row.score if row.uncalibrated is None else row.uncalibrated for row in rows]
        assert raw == [each.fake_probability for each in alone]
        assert rows == run.evaluated.scored.rows


def test_the_crops_are_as_the_weights_say(monkeypatch: pytest.MonkeyPatch, clip: Path, tmp_path: Path) -> None:
    register_stubs(monkeypatch)
    rule = SquareRule(side=0.5, shift_down=0)
    ship_grey(monkeypatch, tmp_path / "embedded", {"whole_frame": rule})
    result = predicted(clip)
    assert result.provenance.square_rule == rule
    assert {face.crop for face in result.faces} == {(12.0, 12.0, 36.0, 36.0)}


def test_terms_follow_the_files_that_weights_come_from(shipped: Card, tmp_path: Path) -> None:
    path, copy = embedded("grey_small").path, tmp_path / "copy.safetensors"
    convert_own(path, copy, precision="fp16")
    with Detector("grey", weights=copy, **STUBS) as detector:
        found = detector.weights
        assert (found.origin, found.licence, found.about) == ("file", shipped.licence, None)
    with Detector("grey", weights=trained_grey(tmp_path / "own.safetensors", inverted=True), **STUBS) as detector:
        assert detector.weights.licence is None
    published = WeightsFile(name="ed.pth", sha256="0", repository="Deressa/GenConViT")
    assert licence_of([published, published]) == PUBLISHED_LICENCE
    assert licence_of([published, WeightsFile(name="x", sha256=shipped.weights_sha256)]) == (
        f"{PUBLISHED_LICENCE}; {shipped.licence}"
    )
    assert licence_of([]) is None
    assert f"terms: {shipped.licence}" in list(describe(copy))
    assert "terms: not known" in list(describe(tmp_path / "own.safetensors"))
    assert ABOUT in list(describe_embedded())


def test_weights_that_are_not_those_of_the_card_are_refused(
    monkeypatch: pytest.MonkeyPatch, clip: Path, tmp_path: Path
) -> None:
    register_stubs(monkeypatch)
    ship_grey(monkeypatch, tmp_path / "embedded", weights_sha256="0" * 64)
    with pytest.raises(WeightsError, match=r"is not the file that grey_small\.json tells of.*install genconvit again"):
        predicted(clip)


@pytest.mark.parametrize("missing", ["grey_small.safetensors", "grey_small.calibration.json"])
def test_an_incomplete_installation_says_so(shipped: Card, tmp_path: Path, missing: str) -> None:
    del shipped
    (tmp_path / "embedded" / missing).unlink()
    with pytest.raises(WeightsError, match=rf"{missing} is not in this installation.*install it again"):
        Detector(weights="embedded", **STUBS)


def test_an_installation_without_any_says_so(shipped: Card, tmp_path: Path) -> None:
    del shipped
    (tmp_path / "embedded" / "grey_small.json").unlink()
    with pytest.raises(WeightsError, match=r"no weights lie in this installation.*install it again"):
        Detector(weights="embedded", **STUBS)


MEASURED = {"on": "faces", "faces": 9, "reals_called_fake": 0, "fakes_called_real": 0.1, "roc_auc": 0.9}
CARD: dict[str, Any] = {
    "architecture": "grey",
    "weights_sha256": "0" * 64,
    "trained_on": "greys",
    "measured": MEASURED,
    "licence": "none",
}


def test_a_card_goes_both_ways(tmp_path: Path) -> None:
    card = Card.model_validate({**CARD, "inconclusive": [0.3, 0.6]})
    (tmp_path / "card.json").write_text(card.model_dump_json(), encoding="utf-8")
    assert read_card(tmp_path / "card.json") == card


@pytest.mark.parametrize(
    "changes",
    [
        {"inconclusive": [0.6, 0.7]},
        {"inconclusive": [0.6, 0.4]},
        {"inconclusive": [0.4, 1.7]},
        {"weights_sha256": "0"},
        {"measured": {**MEASURED, "roc_auc": 1.2}},
        {"version": 2},
        {"licence": ""},
        {"surprise": 1},
    ],
    ids=str,
)
def test_a_card_that_contradicts_itself_is_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        Card.model_validate({**CARD, **changes})
    (tmp_path / "card.json").write_text(json.dumps({**CARD, **changes}), encoding="utf-8")
    with pytest.raises(WeightsError, match=r"card\.json is no card: .*; install genconvit again"):
        read_card(tmp_path / "card.json")


def test_shares_are_percentages_for_people() -> None:
    measured = Measured(on="crops", faces=2000, reals_called_fake=0.076, fakes_called_real=0.114, roc_auc=0.947)
    card = Card.model_validate({**CARD, "trained_on": "swaps", "measured": measured})
    assert card.about == (
        "trained on swaps; of 2000 crops it calls 8 % of the reals FAKE and 11 % of the fakes REAL (ROC AUC 0.95)"
    )
