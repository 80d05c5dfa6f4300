from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image

from genconvit.core.errors import ConfigError, SourceError
from genconvit.video.base import FrameStream, VideoDecoder
from genconvit.video.names import source_name
from genconvit.video.sources import file_sha256, open_source
from support import cut_short, grey_frames, make_video

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX file system")


class BytesPath(os.PathLike[bytes]):
    def __fspath__(self) -> bytes:
        return b"a.mp4"


class Refusing(VideoDecoder):
    name: ClassVar[str] = "refusing"

    def __init__(self, reason: str = "it never opens anything") -> None:
        self.reason = reason

    def open(self, path: Path) -> FrameStream:
        raise SourceError(str(path), self.reason)


class NotInstalled(VideoDecoder):
    name: ClassVar[str] = "absent"

    def open(self, path: Path) -> FrameStream:  # noqa: ARG002 - the contract's
        raise ConfigError("absent cannot be imported; install it")


def test_the_first_decoder_that_opens_a_video_serves(tmp_path: Path, pyav: VideoDecoder) -> None:
    path = make_video(tmp_path / "a.mp4", grey_frames(5))
    opened = open_source(str(path), [pyav, Refusing()])
    assert (opened.stream.decoder, opened.fallbacks) == ("pyav", ())
    assert [decoder.name for decoder in opened.untried] == ["refusing"]


def test_a_fallback_names_the_decoder_and_its_reason(tmp_path: Path, pyav: VideoDecoder) -> None:
    path = make_video(tmp_path / "a.mp4", grey_frames(5))
    opened = open_source(path, [Refusing(), pyav])
    assert opened.stream.decoder == "pyav"
    assert opened.fallbacks == ("refusing: it never opens anything",)
    assert opened.untried == ()


def test_a_damaged_file_falls_back_from_decord_to_pyav(
    tmp_path: Path, decord: VideoDecoder, pyav: VideoDecoder
) -> None:
    options = {"movflags": "faststart"}
    path = cut_short(make_video(tmp_path / "a.mp4", grey_frames(300), container_options=options), 0.6)
    opened = open_source(path, [decord, pyav])
    assert opened.stream.decoder == "pyav"
    assert opened.fallbacks[0].startswith("decord: decord cannot read it (")


def test_each_decoders_reason_is_in_the_error(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", grey_frames(5))
    with pytest.raises(SourceError, match="refusing: one; refusing: two") as caught:
        open_source(path, [Refusing("one"), Refusing("two")])
    assert caught.value.source == str(path)
    with pytest.raises(SourceError) as caught:
        open_source(path, [Refusing("the same"), Refusing("the same")])
    assert caught.value.reason == "the same"


def test_a_decoder_that_is_not_installed_gives_way_to_the_next(tmp_path: Path, pyav: VideoDecoder) -> None:
    path = make_video(tmp_path / "a.mp4", grey_frames(5))
    opened = open_source(path, [NotInstalled(), pyav])
    assert opened.stream.decoder == "pyav"
    assert opened.fallbacks == ("absent: absent cannot be imported; install it",)


def test_a_decoder_that_is_not_installed_is_a_wrong_option_where_no_other_tried(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", grey_frames(5))
    with pytest.raises(ConfigError, match=r"^absent cannot be imported; install it$"):
        open_source(path, [NotInstalled()])
    for decoders in ([NotInstalled(), Refusing("one")], [Refusing("one"), NotInstalled()]):
        with pytest.raises(SourceError, match="absent: absent cannot be imported; install it") as caught:
            open_source(path, decoders)
        assert "refusing: one" in caught.value.reason


@pytest.mark.parametrize("source", [None, 5, b"a.mp4", ["a.mp4"], BytesPath()], ids=lambda each: type(each).__name__)
def test_what_is_no_source_names_its_type_and_the_allowed_ones(source: Any, pyav: VideoDecoder) -> None:
    kind = type(source).__name__
    assert source_name(source) == f"value of type {kind}"
    with pytest.raises(ConfigError, match=rf"of type {kind}; allowed are a path \(str or os\.PathLike .* tensor: give"):
        open_source(source, [pyav])


def test_an_empty_path(pyav: VideoDecoder) -> None:
    with pytest.raises(SourceError) as caught:
        open_source("", [pyav])
    assert (caught.value.source, caught.value.reason) == ("", "the path is empty")
    with pytest.raises(SourceError, match="the path is empty"):
        file_sha256("")


def test_no_decoder_at_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="decoders is empty; give at least one"):
        open_source(make_video(tmp_path / "a.mp4", grey_frames(5)), [])


def test_images_folders_and_arrays_need_no_decoder(tmp_path: Path) -> None:
    Image.new("RGB", (6, 4)).save(tmp_path / "a.PNG")
    assert open_source(tmp_path / "a.PNG", []).stream.decoder == "image"
    assert open_source(str(tmp_path), []).stream.decoder == "folder"
    assert open_source(np.zeros((2, 4, 6, 3), np.uint8), []).stream.decoder == "array"


def test_what_cannot_be_read_says_why(tmp_path: Path, pyav: VideoDecoder) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "folder").mkdir()
    reasons: dict[str | Path, str] = {
        tmp_path / "missing.mp4": "no such file; check the path",
        tmp_path / "empty.mp4": "the file is empty",
        tmp_path / "empty.mp4" / "below.mp4": "a part of the path is not a directory",
        tmp_path / "folder": "a directory without images",
        "nul\0byte.mp4": "not a path",
        tmp_path / ("x" * 5000): "the path is too long",
    }
    for path, reason in reasons.items():
        with pytest.raises(SourceError, match=reason) as caught:
            open_source(path, [pyav])
        assert caught.value.source == str(path)


@posix
def test_pipes_and_devices_do_not_block(tmp_path: Path, pyav: VideoDecoder) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    for path in (tmp_path / "pipe.mp4", Path("/dev/zero")):
        with pytest.raises(SourceError, match="a pipe, a socket or a device"):
            open_source(path, [pyav])
        with pytest.raises(SourceError, match="a pipe, a socket or a device"):
            file_sha256(path)


@posix
def test_permission_denied(tmp_path: Path, pyav: VideoDecoder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = make_video(tmp_path / "a.mp4", grey_frames(5))
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SourceError, match="permission denied"):
        open_source(path, [pyav])


@posix
def test_names_fit_into_json() -> None:
    assert source_name(Path("clip.mp4")) == "clip.mp4"
    assert source_name("vidéo.mp4") == "vidéo.mp4"
    for name in (os.fsdecode(b"clip\xff.mp4"), "clip\ud800.mp4"):
        assert "\\" in source_name(name)
        assert json.loads(json.dumps(source_name(name)).encode()) == source_name(name)
    assert source_name(os.fsdecode(b"clip\xff.mp4")) == "clip\\xff.mp4"
    assert source_name(np.zeros((15, 7, 12, 3), np.uint8)) == "array uint8 [15, 7, 12, 3]"


def test_checksum(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    (tmp_path / "a.bin").write_bytes(content)
    assert file_sha256(tmp_path / "a.bin") == hashlib.sha256(content).hexdigest()
    with pytest.raises(SourceError, match="no such file"):
        file_sha256(tmp_path / "missing")
    with pytest.raises(SourceError, match="a directory has no checksum"):
        file_sha256(str(tmp_path))
