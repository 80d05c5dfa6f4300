from __future__ import annotations

import struct
import subprocess
import sys
import warnings
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genconvit.core.errors import SourceError
from genconvit.core.types import on_host
from genconvit.video.images import FORMATS, open_folder, open_image, read_image
from genconvit.video.signatures import picture_of
from genconvit.video.size_limits import MAX_IMAGE_PIXELS
from genconvit.video.sources import open_source
from genconvit.video.suffixes import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from support import shared

RED = (250, 10, 10)


def save(path: Path, mode: str = "RGB", color: tuple[int, int, int] = RED, size: tuple[int, int] = (6, 4)) -> Path:
    Image.new("RGB", size, color).convert(mode).save(path)
    return path


def huge_png(path: Path, width: int, height: int) -> Path:
    """A PNG whose header claims a size and whose pixels are missing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    content = struct.pack(">I", len(header)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", 0))
    return path


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.png", "RGB"), ("a.PNG", "RGBA"), ("a.png", "P"), ("a.bmp", "RGB"), ("a.tiff", "CMYK"), ("a.webp", "RGBA")],
)
def test_every_mode_becomes_rgb(tmp_path: Path, name: str, mode: str) -> None:
    with open_image(save(tmp_path / name, mode)) as stream:
        assert (stream.decoder, stream.frame_count) == ("image", 1)
        (frame,) = stream.read([0])
    assert (frame.index, frame.pts_seconds, frame.image.shape) == (0, None, (4, 6, 3))
    np.testing.assert_allclose(on_host(frame.image)[1, 1].astype(int), RED, atol=12)


def test_a_transparent_palette_is_no_warning(tmp_path: Path) -> None:
    image = Image.new("P", (6, 4), 1)
    image.putpalette([0, 0, 0, *RED])
    image.save(tmp_path / "a.png", transparency=bytes([0, 128]))
    (frame,) = open_image(tmp_path / "a.png").read([0])
    assert tuple(frame.image[0, 0]) == RED


def test_sixteen_bit_grey_is_scaled(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 6), 0x8000, np.uint16)).save(tmp_path / "a.png")
    Image.fromarray(np.full((4, 6), 0xFFFF, np.uint16)).save(tmp_path / "a.tif")
    assert [int(next(open_image(tmp_path / name).read([0])).image.mean()) for name in ("a.png", "a.tif")] == [128, 255]


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    image = Image.new("RGB", (6, 4))
    image.putpixel((0, 0), (255, 255, 255))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.png", exif=exif)
    (frame,) = open_image(tmp_path / "a.png").read([0])
    assert frame.image.shape == (6, 4, 3)
    assert np.argwhere(frame.image[..., 0] == 255).tolist() == [[0, 3]]


@pytest.mark.parametrize(("width", "height"), [(10_001, 8_000), (10_001, 10_000), (60_000, 60_000)])
def test_too_many_pixels_are_refused_by_the_header(tmp_path: Path, width: int, height: int) -> None:
    with pytest.raises(SourceError, match="at most 80 megapixels are read"):
        open_image(huge_png(tmp_path / "bomb.png", width, height))
    assert width * height > MAX_IMAGE_PIXELS


def jpeg_bomb(path: Path, side: int) -> Path:
    """A JPEG whose frame header claims a size, with one scan and no data."""
    frame = struct.pack(">BHHB", 8, side, side, 3) + b"\x01\x11\x00\x02\x11\x00\x03\x11\x00"
    scan = b"\x03\x01\x00\x02\x00\x03\x00\x00\x3f\x00"
    segments = [(0xC0, frame), (0xDA, scan)]
    content = b"".join(struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data for marker, data in segments)
    path.write_bytes(b"\xff\xd8" + content + b"\xff\xd9")
    return path


def tiff_bomb(path: Path, side: int) -> Path:
    """A TIFF, LZW-compressed, whose one strip of a few bytes stands for the whole picture."""
    tags = [(256, 4, 1, side), (257, 4, 1, side), (258, 3, 1, 8), (259, 3, 1, 5), (262, 3, 1, 1)]
    tags += [(273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, side), (279, 4, 1, 4)]
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + b"\0" * 4
    path.write_bytes(b"II*\0" + struct.pack("<I", 12) + b"\x80\0\0\0" + directory)
    return path


def webp_bomb(path: Path, side: int) -> Path:
    """A lossless WebP whose header claims a size of at most 16384."""
    sizes = (side - 1) | (side - 1) << 14
    chunk = b"VP8L" + struct.pack("<IBI", 12, 0x2F, sizes) + b"\0" * 7
    path.write_bytes(b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk)
    return path


def bmp_bomb(path: Path, side: int) -> Path:
    """A BMP whose header claims a size and whose pixels are missing."""
    header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)
    path.write_bytes(b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header)
    return path


def ppm_bomb(path: Path, side: int) -> Path:
    path.write_bytes(b"P6 %d %d 255\n" % (side, side))
    return path


BOMBS: Mapping[str, Callable[[Path], Path]] = {
    "bomb.png": lambda path: huge_png(path, 50_000, 50_000),
    "bomb.jpg": lambda path: jpeg_bomb(path, 65_500),
    "bomb.tif": lambda path: tiff_bomb(path, 50_000),
    "bomb.webp": lambda path: webp_bomb(path, 16_383),
    "bomb.bmp": lambda path: bmp_bomb(path, 30_000),
    "bomb.ppm": lambda path: ppm_bomb(path, 50_000),
}


def test_no_image_bomb_reaches_the_memory(tmp_path: Path) -> None:
    paths = [make(tmp_path / name) for name, make in BOMBS.items()]
    assert all(path.stat().st_size < 300 for path in paths)
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from PIL import Image; from genconvit.video.images import open_image, read_image; Image.init()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for path in sys.argv[1:]:\n"
        "    for use in (open_image, read_image):\n"
        "        try: use(Path(path))\n"
        "        except Exception as error: print(Path(path).name, error.reason)\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    ran = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True, check=True)
    *said, grown = ran.stdout.splitlines()
    assert len(said) == 2 * len(paths)
    for name in BOMBS:
        assert sum(line.startswith(name) and "at most 80 megapixels are read" in line for line in said) == 2, said
    assert int(grown) < 30


def test_a_large_image_within_the_limit_is_no_warning(tmp_path: Path) -> None:
    assert open_image(huge_png(tmp_path / "large.png", 10_000, 8_000)).frame_count == 1


def test_the_limit_lies_below_that_at_which_pillow_warns() -> None:
    assert Image.MAX_IMAGE_PIXELS is not None
    assert MAX_IMAGE_PIXELS <= Image.MAX_IMAGE_PIXELS


def test_reading_in_threads_leaves_the_processs_warning_filters_alone(tmp_path: Path) -> None:
    streams = [open_image(save(tmp_path / f"{number}.png")) for number in range(8)]
    before = list(warnings.filters)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            counts = list(threads.map(lambda stream: sum(1 for _ in range(50) for _ in stream.read([0])), streams))
    finally:
        sys.setswitchinterval(interval)
        after = list(warnings.filters)
        warnings.filters[:] = before  # type: ignore[index]
    assert counts == [50] * 8
    assert after == before


@pytest.mark.parametrize("name", ["evil.png", "evil.tif"])
def test_other_formats_than_the_suffixes_promise_are_not_parsed(tmp_path: Path, name: str) -> None:
    image = Image.new("RGB", (6, 4), RED)
    for form in ("EPS", "GIF", "ICO", "JPEG2000"):
        image.save(tmp_path / name, form)
        with pytest.raises(SourceError, match="not an image that Pillow can read as AVIF, BMP, "):
            open_image(tmp_path / name)
        with pytest.raises(SourceError, match="not an image that Pillow can read as AVIF, BMP, "):
            read_image(tmp_path / name)


def test_the_formats_are_those_of_the_suffixes() -> None:
    known = Image.registered_extensions()
    here = {known[suffix] for suffix in IMAGE_SUFFIXES if suffix in known}
    assert here - {"HEIF"} == set(FORMATS) & set(Image.OPEN)  # importing pillow-heif registers HEIF


def test_a_photo_of_several_pictures_gives_the_first(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (6, 4), RED), Image.new("RGB", (6, 4))
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    (frame,) = open_image(tmp_path / "a.jpg").read([0])
    np.testing.assert_allclose(on_host(frame.image)[1, 1].astype(int), RED, atol=12)


def test_what_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("hello")
    with pytest.raises(SourceError, match=r"a\.jpg: not an image that Pillow can read"):
        open_image(tmp_path / "a.jpg")


def test_an_image_damaged_behind_its_header(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", size=(200, 200))
    path.write_bytes(path.read_bytes()[:100])
    with open_image(path) as stream, pytest.raises(SourceError, match="a damaged image"):
        list(stream.read([0]))


def test_a_folder_is_read_in_natural_order(tmp_path: Path) -> None:
    for number, name in enumerate(["frame2.png", "frame10.png", "frame1.PNG", "Frame3.png"]):
        save(tmp_path / name, color=(number, 0, 0))
    for name in ("notes.txt", ".hidden.png", "Thumbs.db"):
        (tmp_path / name).write_text("x")
    (tmp_path / "folder.png").mkdir()
    with open_folder(tmp_path) as stream:
        assert (stream.decoder, stream.frame_count) == ("folder", 4)
        assert [int(frame.image[0, 0, 0]) for frame in stream.read(range(4))] == [2, 0, 3, 1]
        assert [(frame.index, frame.pts_seconds) for frame in stream.read([1, 3])] == [(1, None), (3, None)]


def test_broken_images_of_a_folder_are_left_out(tmp_path: Path) -> None:
    for number in range(4):
        save(tmp_path / f"{number}.png")
    (tmp_path / "1.png").write_text("broken")
    huge_png(tmp_path / "2.png", 60_000, 60_000)
    assert [frame.index for frame in open_folder(tmp_path).read(range(4))] == [0, 3]
    for number in range(4):
        (tmp_path / f"{number}.png").write_text("broken")
    with pytest.raises(
        SourceError, match=r"none of its 3 chosen images can be read; 1\.png: not an image that"
    ) as caught:
        list(open_folder(tmp_path).read([1, 2, 3]))
    assert caught.value.source == str(tmp_path)


def test_a_folder_without_images(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(SourceError, match=r"a directory without images \(looked for \.avif, \.avifs, \.bmp, .*\.jpg"):
        open_folder(tmp_path)


def test_suffixes_are_lower_case_and_of_one_kind() -> None:
    assert not IMAGE_SUFFIXES & VIDEO_SUFFIXES
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in IMAGE_SUFFIXES | VIDEO_SUFFIXES)


def brands(major: str, *compatible: str) -> bytes:
    """The first box of a file of the family that MP4 and HEIC are of, and some bytes."""
    names = "".join((major, "\0\0\0\0", *compatible)).encode()
    return struct.pack(">I", 8 + len(names)) + b"ftyp" + names + b"\0\0\0\x08free"


HEIC = {"plain": brands("heic", "mif1", "heic"), "any": brands("mif1", "mif1", "heic"), "ten_bits": brands("heix")}
HEIC_SEQUENCES = {"plain": brands("hevc", "msf1"), "any": brands("msf1", "hevc"), "ten_bits": brands("hevx")}
JPEG_XL = {"bare": b"\xff\x0a\0\0", "boxed": b"\0\0\0\x0cJXL \r\n\x87\n" + brands("jxl ")}


@pytest.mark.parametrize("suffix", [".heic", ".jpg", ".mp4", ""])
def test_a_still_is_never_opened_as_a_video_whatever_its_name(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    for content, reason in {
        **dict.fromkeys(HEIC.values(), "HEIC picture, which takes pillow-heif; pip install|a damaged image"),
        **dict.fromkeys(
            HEIC_SEQUENCES.values(), "a HEIC sequence of pictures, which is not read; convert it to a video"
        ),
        **dict.fromkeys(JPEG_XL.values(), "a JPEG XL picture, which is not read; convert it to PNG or JPEG"),
        brands("avif", "mif1"): "not an image that Pillow|a damaged image",
        brands("mif1", "avif"): "not an image that Pillow|a damaged image",
    }.items():
        path.write_bytes(content)
        with pytest.raises(SourceError, match=reason):
            open_source(path, [])


def test_a_video_with_a_picture_in_it_is_a_video(tmp_path: Path) -> None:
    for content in (brands("isom", "mif1", "heic"), brands("qt  "), brands("mp42", "avif"), b"\0" * 64, b"x"):
        (tmp_path / "a.mp4").write_bytes(content)
        assert picture_of(tmp_path / "a.mp4") is None


def test_without_pillow_heif_the_error_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "a.heic").write_bytes(HEIC["plain"])
    with pytest.raises(SourceError, match=r"takes pillow-heif; pip install 'genconvit\[heif\]'"):
        open_image(tmp_path / "a.heic")
    with pytest.raises(SourceError, match=r"none of its 1 chosen images can be read; a\.heic: a HEIC picture"):
        list(open_folder(tmp_path).read([0]))


def gradient(width: int, height: int) -> Image.Image:
    across, down = np.linspace(0, 250, width), np.linspace(0, 250, height)[:, None]
    return Image.fromarray(np.stack(np.broadcast_arrays(across, down, 0), axis=2).astype(np.uint8))


def test_a_tiled_heic_is_read_as_its_whole_grid_upright(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif", reason="needs pillow-heif, the extra heif")
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = gradient(192, 128)
    heif.from_pillow(picture).save(tmp_path / "a.heic", quality=90, tile_size=64)
    heif.from_pillow(picture).save(tmp_path / "turned.heic", quality=90, tile_size=64, exif=exif.tobytes())
    assert heif.open_heif(tmp_path / "a.heic").info["tiling"]["num_columns"] == 3
    image = np.asarray(read_image(tmp_path / "a.heic")).astype(int)
    assert image.shape == (128, 192, 3)
    assert np.abs(image - np.asarray(picture)).mean() < 6
    turned = np.asarray(read_image(tmp_path / "turned.heic")).astype(int)
    assert turned.shape == (192, 128, 3)
    assert np.abs(turned - np.rot90(np.asarray(picture), -1)).mean() < 6


def test_of_a_heic_of_several_pictures_the_primary_one_is_read(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif", reason="needs pillow-heif, the extra heif")
    several = heif.HeifFile()
    for number in range(3):
        several.add_from_pillow(Image.new("RGB", (64, 64 + 16 * number), (80 * number,) * 3))
    several.save(tmp_path / "a.heic", primary_index=1)
    stream = open_image(tmp_path / "a.heic")
    (frame,) = stream.read([0])
    assert (stream.frame_count, frame.image.shape) == (1, (80, 64, 3))


def test_the_shared_tiled_heic() -> None:
    pytest.importorskip("pillow_heif", reason="needs pillow-heif, the extra heif")
    assert read_image(shared("odd_files", "tiled.heic")).shape == (1024, 1536, 3)


def test_a_heic_of_too_many_pixels_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heif = pytest.importorskip("pillow_heif", reason="needs pillow-heif, the extra heif")
    heif.from_pillow(gradient(192, 128)).save(tmp_path / "a.heic")
    monkeypatch.setattr("genconvit.video.images.MAX_IMAGE_PIXELS", 20_000)
    with pytest.raises(SourceError, match=r"an image of 192 x 128 pixels; at most 0\.02 megapixels are read"):
        read_image(tmp_path / "a.heic")


@pytest.mark.parametrize("name", ["a.webp", "a.png", "a.avif"])
def test_an_animated_picture_is_read_as_its_frames(tmp_path: Path, name: str) -> None:
    if Path(name).suffix == ".avif" and "AVIF" not in Image.OPEN:
        pytest.skip("this Pillow reads no AVIF")
    first, *others = (Image.new("RGB", (64, 48), (40 * number,) * 3) for number in range(6))
    first.save(tmp_path / name, save_all=True, append_images=others, duration=100, quality=100)
    with open_image(tmp_path / name) as stream:
        assert (stream.decoder, stream.frame_count) == ("image", 6)
        for chosen in ([0, 1, 2, 3, 4, 5], [1, 4]):
            frames = list(stream.read(chosen))
            assert [frame.index for frame in frames] == chosen
            found = [float(on_host(frame.image).mean()) for frame in frames]
            assert found == pytest.approx([40 * number for number in chosen], abs=3)


def test_an_animated_picture_that_is_cut_short_gives_what_is_there(tmp_path: Path) -> None:
    grain = np.random.default_rng(0).integers(0, 255, (6, 48, 64, 3), np.uint8)
    first, *others = map(Image.fromarray, grain)
    first.save(tmp_path / "a.png", save_all=True, append_images=others, duration=100)
    content = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(content[: len(content) * 2 // 3])
    frames = list(open_image(tmp_path / "a.png").read(range(6)))
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert all((frame.image == grain[frame.index]).all() for frame in frames)
    (tmp_path / "a.png").write_bytes(content[:2000])
    with pytest.raises(SourceError, match="a damaged image"):
        list(open_image(tmp_path / "a.png").read(range(6)))


def test_the_pages_of_a_tiff_are_no_frames(tmp_path: Path) -> None:
    first, second = (Image.new("L", (6, 4), 100 * number) for number in (1, 2))
    first.save(tmp_path / "a.tif", save_all=True, append_images=[second])
    assert open_image(tmp_path / "a.tif").frame_count == 1
    assert read_image(tmp_path / "a.tif").mean() == 100
