from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest
import torch

from support import shared

DEAD = ("embedder.", "backbone.patch_embed.", "convnext_backbone.patch_embed.", "encoder.fc1.", "encoder.fc2.", "fc3.")


def seeded_checkpoint(seeded: ModuleType, network: str, *, layout: str, var: bool) -> dict[str, torch.Tensor]:
    """Every tensor of a published file; the live ones seeded, the dead ones zeros that take no room on disk."""
    tensors = {}
    for name, shape in seeded.load_shapes(network, layout).items():
        dead = name.startswith(DEAD) or (name.startswith("encoder.var.") and not var)
        tensors[name] = torch.zeros(1).expand(shape) if dead else torch.from_numpy(seeded.seeded_tensor(name, shape))
    return tensors


@pytest.fixture(scope="session")
def seeded() -> ModuleType:
    """The recipe for weights that follow from a tensor's name."""
    path = shared("reference", "seeded_weights.py")
    spec = importlib.util.spec_from_file_location("seeded_weights", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def golden() -> Mapping[str, npt.NDArray[np.float32]]:
    """Read what the reference computes for the seeded weights."""
    with np.load(shared("reference", "golden_original.npz")) as arrays:
        return dict(arrays)


@pytest.fixture(scope="session")
def checkpoints(seeded: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both networks' files as they are published, with seeded weights: ``ed`` bare, ``vae`` under ``state_dict``."""
    folder = tmp_path_factory.mktemp("seeded")
    paths = {"ed": folder / "ed.pth", "vae": folder / "vae.pth"}
    torch.save(seeded_checkpoint(seeded, "ed", layout="timm-0.6.5", var=True), paths["ed"])
    vae = seeded_checkpoint(seeded, "vae", layout="timm-1.0", var=True)
    torch.save({"state_dict": vae, "epoch": 3, "min_loss": 0.25}, paths["vae"])
    return paths
