from __future__ import annotations

import pytest
import torch

from genconvit.models.original import Original, OriginalConfig


@pytest.fixture(scope="session")
def original() -> Original:
    """The whole original with its initial weights, without latent noise."""
    torch.manual_seed(0)
    return OriginalConfig(latent="mean").build().eval().requires_grad_(False)


@pytest.fixture(scope="session")
def faces() -> torch.Tensor:
    """Two normalised crops, float32 [2, 3, 224, 224]."""
    return torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(1))
