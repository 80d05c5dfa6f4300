"""Fixtures that the tests of several decoders share."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from genconvit.core.errors import ConfigError
from genconvit.video.base import VideoDecoder
from genconvit.video.decord import DecordDecoder
from genconvit.video.pyav import PyAVDecoder
from genconvit.video.torchcodec import TorchcodecDecoder
from support import grey_frames, make_video


@pytest.fixture(params=["decord", "pyav"])
def decoder(request: pytest.FixtureRequest) -> VideoDecoder:
    """Each decoder of the ordinary installation in turn; skips decord where it has no wheel."""
    if request.param == "pyav":
        return PyAVDecoder()
    return decord_decoder()


@pytest.fixture(params=["decord", "pyav", "torchcodec"])
def any_decoder(request: pytest.FixtureRequest) -> VideoDecoder:
    """Each decoder in turn; skips those that are not installed."""
    found: VideoDecoder = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def decord() -> VideoDecoder:
    return decord_decoder()


@pytest.fixture
def pyav() -> VideoDecoder:
    return PyAVDecoder()


@pytest.fixture
def torchcodec(tmp_path: Path) -> VideoDecoder:
    """Skips where torchcodec, or an FFmpeg for it, is not installed."""
    decoder = TorchcodecDecoder()
    try:
        decoder.open(make_video(tmp_path / "works.mp4", grey_frames(2))).close()
    except ConfigError as error:
        pytest.skip(f"needs torchcodec with FFmpeg: {error}")
    return decoder


def decord_decoder() -> VideoDecoder:
    if importlib.util.find_spec("decord") is None:
        pytest.skip("needs decord, which has no wheel for this platform")
    return DecordDecoder()
