from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import ValidationError

from genconvit.models.generative import SIZES, GenerativeModel
from genconvit.models.original import OriginalConfig
from genconvit.models.v2 import V2Config


def nano(**options: Any) -> GenerativeModel:
    torch.manual_seed(0)
    return V2Config(size="nano", latent="mean", **options).build().eval()


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("config_class", [OriginalConfig, V2Config])
def test_a_size_says_what_its_model_has(config_class: type[OriginalConfig] | type[V2Config], size: str) -> None:
    config = config_class.model_validate({"size": size})
    with torch.device("meta"):
        model = config.build()
    assert model.input_size == SIZES[size].image_size
    for name in ("ed", "vae"):
        assert model.branch(name).backbone.map_dim == config.map_dim == SIZES[size].map_dim
        assert model.branch(name).head.hidden.in_features == 2 * SIZES[size].features


def test_nano_has_the_modules_of_v2_and_maps_large_enough_for_attention() -> None:
    model = nano()
    output = model(torch.randn(2, 3, 128, 128))
    assert {name: tuple(logits.shape) for name, logits in output.logits.items()} == {"ed": (2, 2), "vae": (2, 2)}
    assert {name: image.shape[-1] for name, image in output.reconstructions.items()} == {"ed": 128, "vae": 64}
    readings = model.read(torch.randn(1, 3, 128, 128))
    assert [tuple(each.shape[2:]) for each in readings["ed"].maps] == [(4, 4), (4, 4)]
    assert [tuple(each.shape[2:]) for each in readings["vae"].maps] == [(4, 4), (2, 2)]
    assert {type(each).__name__ for each in (model.exchange, model.fusion)} == {"MapExchange", "ResidualWrap"}


def test_nano_fits_into_twenty_megabytes_of_fp16() -> None:
    with torch.device("meta"):
        model = V2Config(size="nano").build()
    assert 2 * sum(tensor.numel() for tensor in model.state_dict().values()) < 20_000_000


@pytest.mark.parametrize(("size", "mean"), [("nano", 0.5), ("tiny", 0.485)])
def test_faces_are_normalised_as_the_sizes_backbone_was_trained(size: str, mean: float) -> None:
    with torch.device("meta"):
        model = V2Config.model_validate({"size": size, "mode": "ed"}).build()
    black = model.preprocess(torch.zeros(1, 4, 4, 3, dtype=torch.uint8))
    assert model.input_spec.mean[0] == mean
    torch.testing.assert_close(black[0, 0, 0, 0], torch.tensor(-mean / model.input_spec.std[0]))


@pytest.mark.parametrize(("options", "sides"), [({"image_size": 96}, (96, 48)), ({"image_size": 160}, (160, 80))])
def test_another_image_size_takes_its_latent_along(options: dict[str, int], sides: tuple[int, int]) -> None:
    model = nano(mode="genconvit", **options)
    output = model(torch.randn(1, 3, model.input_size, model.input_size))
    assert tuple(image.shape[-1] for image in output.reconstructions.values()) == sides


def test_the_latent_shape_is_a_choice() -> None:
    vae = nano(mode="vae", latent_shape=(4, 2, 2)).branch("vae").autoencoder
    assert vae.mu.out_features == 16  # type: ignore[union-attr]


@pytest.mark.parametrize("size", [100, 112, 48])
def test_an_image_that_does_not_divide_into_positions_is_refused(size: int) -> None:
    with pytest.raises(ValidationError, match=f"image_size must be a multiple of 32; got {size}, the nearest is"):
        V2Config(size="nano", image_size=size)


def test_only_tiny_as_it_is_is_published() -> None:
    assert OriginalConfig().unpublished is None
    assert "size 'nano'" in (OriginalConfig(size="nano").unpublished or "")
    assert "another image_size" in (OriginalConfig(image_size=256).unpublished or "")


def test_a_linear_end_reaches_negative_pixels_and_a_warm_start_has_none() -> None:
    faces = torch.randn(2, 3, 128, 128)
    linear = nano(mode="ed").read(faces)["ed"].reconstruction
    rectified = nano(mode="ed", ed_linear_end=False, ed_slope=0.0).read(faces)["ed"].reconstruction
    assert linear.min() < 0 <= rectified.min()
    start = V2Config().reference_start().config
    assert isinstance(start, V2Config)
    assert (V2Config().ed_linear_end, start.ed_linear_end) == (True, False)
