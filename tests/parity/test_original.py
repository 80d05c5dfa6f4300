"""Parity with the reference, in fp32 on a CPU, for weights that follow from each tensor's name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor
from torchvision.transforms import Resize

from genconvit import Detector
from genconvit.models.base import ModelOutput
from genconvit.models.original import Original, OriginalConfig
from genconvit.registry import ARCHITECTURES
from genconvit.verdict.aggregate import video_score
from genconvit.weights.convert import convert_reference
from genconvit.weights.load import load_model

pytestmark = pytest.mark.slow

Golden = Mapping[str, npt.NDArray[np.float32]]
KL_WEIGHT = 0.5
LOGITS_TOLERANCE = 1e-5
RELATIVE_TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def model(checkpoints: dict[str, Path]) -> Original:
    loaded = load_model("original", Original, {"latent": "mean", "variational": True}, checkpoints)
    assert isinstance(loaded.model, Original)
    return loaded.model


@pytest.fixture(scope="module")
def faces(model: Original, golden: Golden) -> Tensor:
    return model.preprocess(torch.from_numpy(golden["faces_uint8"]))


def with_latent(model: Original, latent: str) -> Original:
    """Give the same weights another choice of noise."""
    with torch.device("meta"):
        other = OriginalConfig.model_validate({**model.config.model_dump(), "latent": latent}).build()
    other.load_state_dict(model.state_dict(), assign=True)
    return other.eval()


@pytest.fixture(scope="module")
def outputs(model: Original, faces: Tensor) -> dict[str, ModelOutput]:
    with torch.inference_mode():
        found = {latent: with_latent(model, latent)(faces) for latent in ("mean", "shared")}
        torch.manual_seed(0)
        found["random"] = with_latent(model, "random")(faces)
    return found


def difference(got: Tensor | npt.NDArray[np.float32], wanted: npt.NDArray[np.float32]) -> float:
    assert tuple(got.shape) == wanted.shape
    return float(np.abs(np.asarray(got) - wanted).max())


@pytest.mark.parametrize(
    ("array", "latent", "branch"),
    [
        ("ed_logits", "mean", "ed"),
        ("vae_logits_mean", "mean", "vae"),
        ("vae_logits_shared_noise", "shared", "vae"),
        ("vae_logits_manual_seed_0", "random", "vae"),
    ],
)
def test_logits(outputs: dict[str, ModelOutput], golden: Golden, array: str, latent: str, branch: str) -> None:
    assert difference(outputs[latent].logits[branch], golden[array]) < LOGITS_TOLERANCE


@pytest.mark.parametrize("latent", ["mean", "shared"])
def test_probabilities_of_a_video(outputs: dict[str, ModelOutput], golden: Golden, latent: str) -> None:
    score = video_score({branch: logits.numpy() for branch, logits in outputs[latent].logits.items()})
    array = "genconvit_probabilities_mean" if latent == "mean" else "genconvit_probabilities_shared_noise"
    assert difference(torch.tensor([score.p_fake, score.p_real]), golden[array]) < LOGITS_TOLERANCE


def test_inner_arrays(model: Original, faces: Tensor, outputs: dict[str, ModelOutput], golden: Golden) -> None:
    ed, vae = model.branch("ed"), model.branch("vae")
    resize = Resize((224, 224), antialias=True)
    with torch.inference_mode():
        code = ed.autoencoder.encoder(faces)  # type: ignore[union-attr, operator]
        flat = vae.autoencoder.encoder(faces).flatten(1)  # type: ignore[union-attr, operator]
        got = {
            "ed_encoded_mean": code.mean(dim=(2, 3)),
            "ed_features": ed.backbone.features(*ed.backbone.maps(faces))[0],
            "vae_mu": vae.autoencoder.mu(flat)[:, ::64],  # type: ignore[union-attr, operator]
            "ed_decoded": outputs["mean"].reconstructions["ed"][:, :, ::16, ::16],
            "vae_reconstruction_mean": resize(outputs["mean"].reconstructions["vae"])[:, :, ::16, ::16],
            "vae_reconstruction_shared_noise": resize(outputs["shared"].reconstructions["vae"])[:, :, ::16, ::16],
        }
    for array, value in got.items():
        assert difference(value, golden[array]) < RELATIVE_TOLERANCE * np.abs(golden[array]).max(), array


def test_kl_term(outputs: dict[str, ModelOutput], golden: Golden) -> None:
    kl = outputs["mean"].kl
    assert kl is not None
    wanted = float(golden["kl_mean_noise"])
    assert abs(KL_WEIGHT * float(kl) - wanted) < RELATIVE_TOLERANCE * wanted


def test_every_array_of_the_reference_is_compared(golden: Golden) -> None:
    compared = Path(__file__).read_text(encoding="utf-8")
    assert {name for name in golden if name not in compared} == set()


@pytest.fixture(scope="module")
def converted(checkpoints: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("converted") / "original.safetensors"
    convert_reference(checkpoints, path)
    yield path
    path.unlink()


def test_a_converted_file_gives_the_same_logits(converted: Path, golden: Golden) -> None:
    with Detector("original", weights=converted, latent="mean", device="cpu", precision="fp32") as detector:
        scores = detector.score_faces(golden["faces_uint8"].astype(np.uint8))
        assert detector.weights.trained
        assert "branches.vae.autoencoder.var.weight" not in detector.model.state_dict()
    assert difference(scores.logits["ed"], golden["ed_logits"]) < LOGITS_TOLERANCE
    assert difference(scores.logits["vae"], golden["vae_logits_mean"]) < LOGITS_TOLERANCE


@pytest.mark.parametrize("weights", ["reference", "converted"])
def test_v2_starts_as_the_original(checkpoints: dict[str, Path], converted: Path, golden: Golden, weights: str) -> None:
    spec = checkpoints if weights == "reference" else converted
    with Detector("v2", weights=spec, latent="mean", device="cpu", precision="fp32") as detector:
        scores = detector.score_faces(golden["faces_uint8"].astype(np.uint8))
        assert detector.weights.origin == "warm_start"
        new = {name for name in detector.model.state_dict() if not name.startswith("branches.")}
        assert set(detector.weights.new_layers) == new
    assert difference(scores.logits["ed"], golden["ed_logits"]) < LOGITS_TOLERANCE
    assert difference(scores.logits["vae"], golden["vae_logits_mean"]) < LOGITS_TOLERANCE


@pytest.mark.slow
def test_bf16_scores_stay_close_to_fp32(converted: Path, golden: Golden) -> None:
    faces = golden["faces_uint8"].astype(np.uint8)
    found = {}
    for precision in ("fp32", "bf16"):
        with Detector("original", weights=converted, device="cpu", precision=precision) as detector:
            found[precision] = detector.score_faces(faces).fake_probability
    assert np.abs(found["bf16"] - found["fp32"]).max() < 0.005


@pytest.mark.parametrize("layout", ["timm-1.0", "timm-0.6.5"])
@pytest.mark.parametrize("network", ["ed", "vae"])
@pytest.mark.parametrize("nested", [False, True])
def test_both_layouts_load_bare_or_nested(
    seeded: ModuleType, tmp_path: Path, layout: str, network: str, nested: bool
) -> None:
    shapes = seeded.load_shapes(network, layout)
    tensors = {
        name: torch.zeros((), dtype=torch.int64 if name.endswith("tracked") else torch.float32).expand(shape)
        for name, shape in shapes.items()
    }
    path = tmp_path / "published.pth"
    torch.save({"state_dict": tensors} if nested else tensors, path)
    loaded = load_model("original", ARCHITECTURES.load("original"), {"mode": network}, {network: path})
    assert loaded.info.origin == "file"
    live = sum(parameter.numel() for parameter in loaded.model.parameters())
    assert live == {"ed": 59_214_875 - 29_057_122, "vae": 695_210_767 - 350_729_718}[network]
