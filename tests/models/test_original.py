"""The original's modes, sizes and switches. Parity with the reference is in tests/parity."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from genconvit.models.original import Original, OriginalConfig


def on_meta(config: OriginalConfig) -> Original:
    with torch.device("meta"):
        return config.build()


def count(model: Original) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_only_the_live_parameters_are_built() -> None:
    # Parameters of the published files less the ones that no prediction uses.
    assert count(on_meta(OriginalConfig(mode="ed"))) == 59_214_875 - 29_057_122
    assert count(on_meta(OriginalConfig(mode="vae"))) == 695_210_767 - 350_729_718


@pytest.mark.parametrize(("mode", "branches"), [("ed", {"ed"}), ("vae", {"vae"}), ("genconvit", {"ed", "vae"})])
def test_a_mode_builds_its_branches_alone(mode: str, branches: set[str]) -> None:
    model = on_meta(OriginalConfig.model_validate({"mode": mode}))
    assert {name.split(".")[1] for name in model.state_dict()} == branches


def test_variational_adds_var_and_nothing_else() -> None:
    plain = on_meta(OriginalConfig()).state_dict().keys()
    variational = on_meta(OriginalConfig(variational=True)).state_dict().keys()
    assert variational - plain == {"branches.vae.autoencoder.var.weight", "branches.vae.autoencoder.var.bias"}
    assert plain <= variational


def test_size_large_is_convnext_large() -> None:
    assert on_meta(OriginalConfig(size="large")).branch("ed").backbone.map_dim == 1536


def test_a_config_rebuilds_the_same_model_from_json() -> None:
    config = OriginalConfig(mode="vae", latent="mean", latent_seed=3, variational=True)
    again = OriginalConfig.model_validate_json(config.model_dump_json())
    assert again == config
    shapes = {name: tensor.shape for name, tensor in on_meta(config).state_dict().items()}
    assert {name: tensor.shape for name, tensor in on_meta(again).state_dict().items()} == shapes


def test_mu_is_computed_once_a_forward_pass(original: Original, faces: Tensor) -> None:
    calls: list[int] = []
    handle = original.branch("vae").autoencoder.mu.register_forward_hook(  # type: ignore[union-attr]
        lambda *_: calls.append(1)
    )
    original(faces)
    handle.remove()
    assert calls == [1]


def test_logits_and_reconstructions_have_their_shapes(original: Original, faces: Tensor) -> None:
    output = original(faces)
    assert {name: tuple(logits.shape) for name, logits in output.logits.items()} == {"ed": (2, 2), "vae": (2, 2)}
    assert output.reconstructions["ed"].shape == (2, 3, 224, 224)
    assert output.reconstructions["vae"].shape == (2, 3, 112, 112)
    assert output.kl is None


def test_preprocess_is_imagenets_normalisation(original: Original) -> None:
    faces = torch.randint(0, 256, (2, 224, 224, 3), dtype=torch.uint8)
    pixel = original.preprocess(faces)[1, :, 5, 7]
    wanted = (faces[1, 5, 7].float() / 255 - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    torch.testing.assert_close(pixel, wanted)
