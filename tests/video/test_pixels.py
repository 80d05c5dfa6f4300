from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from genconvit.core.errors import SourceError
from genconvit.video.images import read_image

KINDS = {"u": 1, "i": 2, "f": 3}


def tiff(
    path: Path,
    values: npt.NDArray[Any],
    *,
    white_is_zero: bool = False,
    order: Literal["<", ">"] = "<",
    limits: tuple[float, float] | None = None,
) -> Path:
    """A grey TIFF of any number type, uncompressed; ``limits`` are its smallest and largest sample by its tags."""
    height, width = values.shape
    data = values.astype(values.dtype.newbyteorder(order)).tobytes()
    tags = [(256, 4, width), (257, 4, height), (258, 3, values.itemsize * 8), (259, 3, 1)]
    tags += [(262, 3, int(not white_is_zero)), (273, 4, 8), (277, 3, 1), (278, 4, height), (279, 4, len(data))]
    tags += [(339, 3, KINDS[values.dtype.kind])]
    tags += [(340 + number, 11, limit) for number, limit in enumerate(limits or ())]
    forms = {3: "Hxx", 4: "I", 11: "f"}
    entries = b"".join(struct.pack(f"{order}HHI{forms[kind]}", tag, kind, 1, value) for tag, kind, value in tags)
    header = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8 + len(data))
    path.write_bytes(header + data + struct.pack(f"{order}H", len(tags)) + entries + bytes(4))
    return path


def greys(path: Path) -> list[int]:
    image = np.asarray(read_image(path))
    assert image.dtype == np.uint8
    assert (image == image[..., :1]).all()
    found: list[int] = image[0, :, 0].tolist()
    return found


@pytest.mark.parametrize(
    ("kind", "white", "order"),
    [
        *((np.uint8, 0xFF, order) for order in "<>"),
        *((np.uint16, 0xFFFF, order) for order in "<>"),
        (np.uint32, 0xFFFF_FFFF, "<"),
        *((np.float32, 1, order) for order in "<>"),
    ],
)
def test_the_whole_range_of_a_tiff_is_scaled_to_eight_bits(
    tmp_path: Path, kind: Any, white: float, order: Literal["<", ">"]
) -> None:
    values = (np.array([[0, 0.2, 0.7, 1]]) * white).round(0 if white > 1 else 9).astype(kind)
    assert greys(tiff(tmp_path / "a.tif", values, order=order)) == pytest.approx([0, 51, 178, 255], abs=1)


@pytest.mark.parametrize(("kind", "white"), [(np.uint8, 0xFF), (np.uint16, 0xFFFF), (np.float32, 1)])
def test_white_may_be_zero(tmp_path: Path, kind: Any, white: float) -> None:
    values = (np.array([[0, 0.2, 1]]) * white).astype(kind)
    path = tiff(tmp_path / "a.tif", values, white_is_zero=True)
    assert greys(path) == pytest.approx([255, 204, 0], abs=1)


@pytest.mark.parametrize(
    ("values", "order", "white_is_zero"),
    [
        (np.array([[0.7]]), "<", False),
        (np.array([[0.7]], np.float16), "<", False),
        (np.array([[7]], np.uint64), "<", False),
        (np.array([[7]], np.uint32), ">", False),
        (np.array([[7]], np.uint16), ">", True),
    ],
)
def test_what_pillow_has_no_mode_for_is_refused(
    tmp_path: Path, values: npt.NDArray[Any], order: Literal["<", ">"], white_is_zero: bool
) -> None:
    with pytest.raises(SourceError, match=r"not an image that Pillow can read as AVIF, .*, TIFF"):
        read_image(tiff(tmp_path / "a.tif", values, order=order, white_is_zero=white_is_zero))


def test_twelve_bits_of_a_tiff_are_no_sixteen(tmp_path: Path) -> None:
    packed = bytes([0x00, 0x0F, 0xFF, 0x80, 0x00, 0x00])  # 0x000, 0xFFF, 0x800, 0x000
    tags = [(256, 4, 4), (257, 4, 1), (258, 3, 12), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1), (279, 4, 6)]
    directory = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    header = b"II" + struct.pack("<HI", 42, 8 + len(packed))
    (tmp_path / "a.tif").write_bytes(header + packed + struct.pack("<H", len(tags)) + directory + bytes(4))
    assert greys(tmp_path / "a.tif") == [0, 255, 128, 0]


def test_a_tiff_may_state_its_range(tmp_path: Path) -> None:
    floats = np.array([[-50, 0, 50]], np.float32)
    assert greys(tiff(tmp_path / "a.tif", floats, limits=(-50, 50))) == [0, 128, 255]
    signed = np.array([[0, 100, 200]], np.int32)
    assert greys(tiff(tmp_path / "b.tif", signed, limits=(0, 255))) == [0, 100, 200]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.array([[0, 200]], np.int32), "from 0 to 200; its format does not say which of them are black and white"),
        (np.array([[-9, 9]], np.int16), "from -9 to 9; its format does not say"),
        (np.array([[0, 200]], np.uint32), "from 0 to 200; .* 4.29497e[+]09 for white, and nothing would be left of it"),
        (np.array([[0, 4095]], np.uint16), "from 0 to 4095; its format has 0 for black and 65535 for white, and noth"),
        (np.array([[0, 200]], np.float32), "from 0 to 200; its format has 0 for black and 1 for white: convert"),
        (np.array([[-1, 1]], np.float32), "from -1 to 1; its format has 0 for black and 1 for white: convert"),
        (np.array([[0.5, np.nan]], np.float32), "from nan to nan; its format has 0"),
        (np.array([[0.5, np.inf]], np.float32), "from 0.5 to inf; its format has 0"),
    ],
)
def test_what_its_format_does_not_say_how_to_scale_is_refused_with_the_range(
    tmp_path: Path, values: npt.NDArray[Any], reason: str
) -> None:
    with pytest.raises(SourceError, match=reason) as caught:
        read_image(tiff(tmp_path / "a.tif", values))
    assert caught.value.source == str(tmp_path / "a.tif")
    assert caught.value.reason.endswith("convert it to 8 bits")


@pytest.mark.parametrize("kind", [np.uint16, np.uint32, np.float32])
def test_a_black_picture_is_one(tmp_path: Path, kind: Any) -> None:
    assert greys(tiff(tmp_path / "a.tif", np.zeros((2, 2), kind))) == [0, 0]


def test_sixteen_bits_of_png_and_netpbm(tmp_path: Path) -> None:
    values = np.array([[0, 0x8000, 0xFFFF]], np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    (tmp_path / "a.pgm").write_bytes(b"P5 3 1 65535\n" + values.astype(">u2").tobytes())
    (tmp_path / "b.pgm").write_bytes(b"P5 3 1 1000\n" + np.array([[0, 502, 1000]], ">u2").tobytes())
    (tmp_path / "c.ppm").write_bytes(b"P6 1 1 65535\n" + values.astype(">u2").tobytes())
    for name in ("a.png", "a.pgm", "b.pgm"):
        assert greys(tmp_path / name) == [0, 128, 255]
    assert np.asarray(read_image(tmp_path / "c.ppm")).tolist() == [[[0, 128, 255]]]


def test_floats_of_netpbm(tmp_path: Path) -> None:
    (tmp_path / "a.pfm").write_bytes(b"Pf\n2 1\n-1.0\n" + np.array([0, 0.7], "<f4").tobytes())
    assert greys(tmp_path / "a.pfm") == [0, 178]
    (tmp_path / "b.pfm").write_bytes(b"Pf\n2 1\n1.0\n" + np.array([0, 90], ">f4").tobytes())
    with pytest.raises(SourceError, match="from 0 to 90; its format has 0 for black and 1 for white"):
        read_image(tmp_path / "b.pfm")
