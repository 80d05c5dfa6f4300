"""The small V2 that ships with the library: found without a network, and for nothing but what it was trained as."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from genconvit import Detector
from genconvit.errors import WeightsError
from genconvit.models.original import Original
from genconvit.models.v2 import V2
from genconvit.result import DEMONSTRATION
from genconvit.weights.checkpoint import read_tensors
from genconvit.weights.embedded import embedded_path
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


def test_its_header_names_no_place_and_how_it_was_trained() -> None:
    path = embedded_path("v2_nano")
    metadata = read_tensors(path).metadata
    header = header_of(metadata, path)
    assert header is not None
    assert header.training is not None
    config = header.training["config"]
    assert isinstance(config, dict)
    assert config["self_blended"] is True
    assert config["init"] == "random"
    assert "/" not in metadata[METADATA_KEY]


@pytest.mark.parametrize("options", [{"latent": "mean"}, {"latent_seed": 3}, {"mode": "v2"}, {"fusion_dim": 256}])
def test_what_it_was_trained_with_and_the_latents_choice_may_be_said(options: dict[str, Any]) -> None:
    assert load_nano(**options).info.origin == "embedded"


@pytest.mark.parametrize(
    "options", [{"mode": "ed"}, {"attention": False}, {"residual": False}, {"fusion_dim": 512}, {"image_size": 160}]
)
def test_another_model_than_the_trained_one_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(WeightsError, match=rf"{next(iter(options))}=.* instead of .*leave this out"):
        load_nano(**options)


def test_nothing_else_has_any() -> None:
    with pytest.raises(WeightsError, match="no weights ship with the library for this config"):
        load_model("v2", V2, {}, "embedded")
    with pytest.raises(WeightsError, match="no weights ship with the library for this config"):
        load_model("original", Original, {"size": "nano"}, "embedded")
    with pytest.raises(WeightsError, match="no weights are published for size 'nano'"):
        load_model("original", Original, {"size": "nano"})


def test_an_installation_without_it_says_so() -> None:
    with pytest.raises(WeightsError, match=r"other\.safetensors is not in this installation.*install it again"):
        embedded_path("other")


def test_every_result_says_that_it_is_a_small_demonstration_model(portrait_clip: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    with Detector("v2", size="nano", frames=3, device="cpu", face_detector="mtcnn", isolate=False) as detector:
        results = list(detector.predict_many([portrait_clip, broken]))
        again = Detector("v2", device="cpu", **results[0].provenance.config)
    assert [result.status for result in results] == ["ok", "unreadable"]
    assert all(DEMONSTRATION in result.notes for result in results)
    assert all(result.provenance.weights.origin == "embedded" for result in results)
    assert results[0].label in ("FAKE", "REAL")
    assert DEMONSTRATION in str(results[0])
    assert again.weights == detector.weights
