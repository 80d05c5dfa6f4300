"""A clip with a face in it, made from a portrait in the public domain: for demonstrations and measurements."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genconvit.core.types import ImageArray

PORTRAIT = "a portrait of Eileen Collins (NASA, public domain)"


FACE = (165, 40, 295, 170)
"""The square around her face: left, top, right, bottom in pixels of the portrait."""

LANDMARKS = ((40.0, 62.0), (83.0, 64.0), (61.0, 90.0), (37.0, 101.0), (81.0, 103.0))
"""The eyes, the nose and the corners of the mouth: x and y in pixels of that square."""


def portrait() -> ImageArray:
    """The portrait, RGB uint8 [512, 512, 3]."""
    from skimage import data

    image: ImageArray = data.astronaut()  # type: ignore[no-untyped-call]
    return image


def write_clip(
    path: Path,
    *,
    image: ImageArray | None = None,
    frames: int = 24,
    rate: int = 12,
    width: int = 384,
    height: int = 384,
) -> None:
    """Write a clip in which the portrait drifts through the frame, H.264 in the container that the suffix names.

    Args:
        path: path to write to.
        image: RGB uint8 [S, S, 3], what drifts; left out: the portrait as it is.
        frames: number of frames.
        rate: frames per second.
        width: width of a frame in pixels, even.
        height: height of a frame in pixels, even; the portrait is half as high again.
    """
    import av
    import numpy as np
    from PIL import Image

    side = height * 4 // 3
    scaled = np.asarray(Image.fromarray(portrait() if image is None else image).resize((side, side)))
    travel = max(side - width, 0)
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuv420p"
        for number in range(frames):
            left = travel * number // max(frames - 1, 1)
            frame = np.full((height, width, 3), 96, np.uint8)
            shown = scaled[:height, left : left + width]
            beside = max(width - side, 0) * number // max(frames - 1, 1)
            frame[:, beside : beside + shown.shape[1]] = shown
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
