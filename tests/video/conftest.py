"""What the tests of several decoders share."""

from __future__ import annotations

import importlib.util

import pytest

from genconvit.video.base import VideoDecoder
from genconvit.video.decord import DecordDecoder
from genconvit.video.pyav import PyAVDecoder


@pytest.fixture(params=["decord", "pyav"])
def decoder(request: pytest.FixtureRequest) -> VideoDecoder:
    """Each decoder in turn; skips decord where it has no wheel."""
    if request.param == "pyav":
        return PyAVDecoder()
    return decord_decoder()


@pytest.fixture
def decord() -> VideoDecoder:
    return decord_decoder()


@pytest.fixture
def pyav() -> VideoDecoder:
    return PyAVDecoder()


def decord_decoder() -> VideoDecoder:
    if importlib.util.find_spec("decord") is None:
        pytest.skip("needs decord, which has no wheel for this platform")
    return DecordDecoder()
