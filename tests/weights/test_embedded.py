"""The small V2 that ships with the library: found without a network, and for nothing but what it was trained as."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from genconvit import Detector
from genconvit.core.errors import WeightsError
from genconvit.core.files import sha256_of_file
from genconvit.models.original import Original
from genconvit.models.v2 import V2
from genconvit.verdict.calibration import read_calibration
from genconvit.weights.checkpoint import read_tensors
from genconvit.weights.embedded import embedded, embedded_architecture, embedded_path
from genconvit.weights.library_file import METADATA_KEY, header_of
from genconvit.weights.load import LoadedModel, load_model


def load_nano(spec: Any = None, **options: Any) -> LoadedModel:
    return load_model("v2", V2, {"size": "nano", **options}, spec)


def test_it_is_what_nano_has_when_nothing_is_said() -> None:
    loaded = load_nano()
    assert (loaded.info.origin, loaded.info.trained) == ("embedded", True)
    assert [file.name for file in loaded.info.files] == ["v2_nano.safetensors"]
    assert loaded.model.config.mode == "v2"


def test_it_is_a_trained_v2_with_all_of_its_modules() -> None:
    model = load_nano("embedded").model
    names = dict(model.named_parameters())
    assert any(name.startswith("exchange.") for name in names)
    assert any(name.startswith("fusion.") for name in names)
    gates = [value for name, value in names.items() if ".gates." in name]
    assert gates
    assert all(value.abs().max() > 0 for value in gates)
    assert {value.dtype for value in names.values()} == {torch.float16}
    assert all(value.isfinite().all() for value in names.values())


def test_it_fits_into_the_wheel() -> None:
    assert embedded_path("v2_nano").stat().st_size <= 20_000_000


def test_its_header_says_how_it_was_trained_and_cut_and_names_no_place() -> None:
    path = embedded_path("v2_nano")
    metadata = read_tensors(path).metadata
    header = header_of(metadata, path)
    assert header is not None
    assert header.training is not None
    assert isinstance(header.training["config"], dict)
    assert {"mtcnn", "insightface"} <= header.crop_rules.keys()
    assert not re.search(r"/(home|root|tmp|work|data|mnt)\b", metadata[METADATA_KEY])


def test_its_card_and_its_calibration_are_of_this_very_file() -> None:
    shipped = embedded("v2_nano")
    sha256 = sha256_of_file(shipped.path)
    assert (shipped.card.architecture, shipped.card.weights_sha256) == ("v2", sha256)
    assert shipped.card.inconclusive is not None
    measured = shipped.card.measured
    assert measured.roc_auc > 0.8
    assert max(measured.reals_called_fake, measured.fakes_called_real) < 0.4
    fitted = read_calibration(shipped.calibration).calibration
    assert (fitted.unit, fitted.balanced) == ("faces", True)
    assert fitted.basis is not None
    assert fitted.basis.weights_sha256 == (sha256,)
    assert fitted.basis.config == load_nano().model.config.model_dump(mode="json")
    assert embedded_architecture() == "v2"


@pytest.mark.parametrize("options", [{"latent": "mean"}, {"latent_seed": 3}, {"mode": "v2"}, {"size": "nano"}])
def test_what_it_was_trained_with_and_the_latents_choice_may_be_said(options: dict[str, Any]) -> None:
    assert load_nano(**options).info.origin == "embedded"


@pytest.mark.parametrize(
    "options", [{"mode": "ed"}, {"attention": False}, {"residual": False}, {"fusion_dim": 512}, {"image_size": 320}]
)
def test_another_model_than_the_trained_one_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(WeightsError, match=rf"{next(iter(options))}=.* instead of .*leave this out"):
        load_nano(**options)


def test_its_size_follows_where_none_is_said() -> None:
    loaded = load_model("v2", V2, {}, "embedded")
    assert (loaded.info, loaded.model.config) == (load_nano().info, load_nano().model.config)
    with pytest.raises(WeightsError, match=r"size='tiny' instead of 'nano'.*leave this out"):
        load_model("v2", V2, {"size": "tiny"}, "embedded")


def test_nothing_else_has_any() -> None:
    for options in ({}, {"size": "nano"}):
        with pytest.raises(WeightsError, match=r"no weights ship .* for architecture 'original', only for 'v2'"):
            load_model("original", Original, options, "embedded")
    with pytest.raises(WeightsError, match="no weights are published for size 'nano'"):
        load_model("original", Original, {"size": "nano"})


def test_an_installation_without_it_says_so() -> None:
    with pytest.raises(WeightsError, match=r"other\.safetensors is not in this installation.*install it again"):
        embedded_path("other")


def test_every_result_says_what_it_is_and_is_calibrated(portrait_clip: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    with Detector(weights="embedded", frames=3, device="cpu", face_detector="mtcnn", isolate=False) as detector:
        results = list(detector.predict_many([portrait_clip, broken]))
        config: dict[str, Any] = results[0].provenance.config
        again = Detector("v2", device="cpu", **config)
    found, unread = results
    assert found.status in ("ok", "inconclusive")
    assert unread.status == "unreadable"
    shipped = embedded("v2_nano")
    assert all(shipped.card.about in result.notes for result in results)
    assert "trained on" in str(found)
    weights = found.provenance.weights
    assert (weights.origin, weights.licence) == ("embedded", shipped.card.licence)
    assert weights.licence is not None
    assert "research" in weights.licence
    assert found.calibrated_probability is not None
    assert found.decision is not None
    assert found.decision.inconclusive is not None
    assert any("single faces" in note for note in found.notes)
    assert not any("other scores" in note or "own rule" in note for note in found.notes)
    assert found.provenance.square_rule == weights.crop_rules["mtcnn"]
    assert again.weights == detector.weights
