from __future__ import annotations

from pathlib import Path

import pytest
from torch import Tensor

from .reference_files import ed_checkpoint, save


@pytest.fixture(scope="session")
def ed_tensors() -> dict[str, Tensor]:
    """The ED network's tensors under the reference's names; to be copied before a change."""
    return ed_checkpoint()


@pytest.fixture(scope="session")
def ed_file(ed_tensors: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file like the published ED checkpoint."""
    return save(ed_tensors, tmp_path_factory.mktemp("reference") / "ed.pth")
