"""Drawn faces as crops on disk, with their records."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from genconvit.crops.record import CLASSES, CropRecord, Point
from genconvit.results.result import Label

LANDMARKS: tuple[Point, ...] = ((22.0, 26.0), (42.0, 26.0), (32.0, 36.0), (25.0, 46.0), (39.0, 46.0))
"""Landmarks of ``drawn_face`` with a side of 64: eyes, nose, the mouth's corners."""


def drawn_face(seed: int = 0, side: int = 64) -> npt.NDArray[np.uint8]:
    """RGB uint8 [side, side, 3]: a face in front of a wall, with a grain of its own."""
    random = np.random.default_rng(seed)
    scale = side / 64
    picture = Image.new("RGB", (side, side), (70, 90, 120))
    draw = ImageDraw.Draw(picture)
    draw.ellipse([each * scale for each in (12, 6, 52, 60)], fill=(205, 160, 135))
    for x, y in LANDMARKS[:3]:
        draw.ellipse([(x - 3) * scale, (y - 2) * scale, (x + 3) * scale, (y + 2) * scale], fill=(60, 40, 30))
    draw.line([(25 * scale, 46 * scale), (39 * scale, 46 * scale)], fill=(150, 40, 50), width=max(round(2 * scale), 1))
    noisy = np.asarray(picture) + random.normal(0, 4, (side, side, 3))
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def write_crop(
    root: Path, name: str, label: Label, *, seed: int = 0, landmarks: tuple[Point, ...] = LANDMARKS, side: int = 64
) -> CropRecord:
    """A face as PNG in its class's folder of the training split, and its record."""
    crop = f"train/{CLASSES[label]}/{name}.png"
    path = root / crop
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(drawn_face(seed, side)).save(path)
    return CropRecord(crop=crop, label=label, split="train", video=name, landmarks=landmarks)
