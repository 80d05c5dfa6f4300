from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from genconvit.data.base import Listing
from stubs import grey_listing, register_stubs, trained_grey


@pytest.fixture(scope="module", autouse=True)
def _stubs() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        register_stubs(patch)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compare")


@pytest.fixture(scope="module")
def weights(folder: Path) -> Path:
    return trained_grey(folder / "grey.safetensors")


@pytest.fixture(scope="module")
def listing(folder: Path) -> Listing:
    return grey_listing(folder / "videos")
