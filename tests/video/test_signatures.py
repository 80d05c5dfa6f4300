from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from genconvit.core.errors import SourceError
from genconvit.video.base import VideoDecoder
from genconvit.video.sources import open_source


@pytest.mark.parametrize(
    ("form", "suffix"),
    [("JPEG", ".jpg"), ("PNG", ".png"), ("WebP", ".webp"), ("BMP", ".bmp"), ("TIFF", ".tif")],
)
@pytest.mark.parametrize("name", ["clip.mp4", "clip"])
def test_an_image_with_a_videos_suffix_is_named_as_one(
    tmp_path: Path, pyav: VideoDecoder, form: str, suffix: str, name: str
) -> None:
    path = tmp_path / name
    Image.new("RGB", (32, 24)).save(path, format=form)
    called = "whose name ends in .mp4" if name.endswith(".mp4") else "whose name has no suffix"
    with pytest.raises(SourceError) as refused:
        open_source(path, [pyav])
    assert refused.value.reason == f"it is a {form} image {called}; rename it to end in {suffix}"


def test_other_files_than_images_are_not_named_as_such(tmp_path: Path, pyav: VideoDecoder) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"BMW is no image, and neither is RIFF of whatever comes after it")
    with pytest.raises(SourceError) as refused:
        open_source(path, [pyav])
    assert "image" not in refused.value.reason
