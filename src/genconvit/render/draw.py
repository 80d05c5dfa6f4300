"""Drawing over a frame: heat, boxes, people, probabilities and a legend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from genconvit.core.types import AnyImage, ImageArray, on_host
from genconvit.render.colours import colour_of
from genconvit.render.heat import heat_colours, heat_overlay, resized_heat
from genconvit.render.marks import FaceMark, HeatPatch
from genconvit.render.overlays import Overlays

_LEAST_TEXT_PX = 10
_TEXT_SHARE = 1 / 32
"""Height of the text, relative to the frame's shorter side."""

_LINE_SHARE = 1 / 240
"""Width of a line, relative to the frame's shorter side."""

_DASH_LINES = 4
"""Length of a dash, in widths of a line."""

_PAPER = (0, 0, 0, 176)
_INK = (255, 255, 255, 255)


_SCALE_LETTERS = 8
"""Length of the scale of heat, in heights of the text."""


def draw_marks(
    image: AnyImage,
    marks: Sequence[FaceMark],
    *,
    overlays: Overlays,
    legend: Sequence[str] = (),
    scale: tuple[str, str] | None = None,
    people: int = 1,
) -> ImageArray:
    """Draw marks over a frame.

    Found faces have solid boxes, interpolated ones dashed boxes. What reaches over the frame's edge is cut there.

    Args:
        image: RGB uint8 [height, width, 3]; stays as it is.
        marks: faces of the frame.
        overlays: choice of what is drawn.
        legend: lines of the legend, the verdict first.
        scale: words at the cold and at the hot end of the scale of heat below the legend; None draws none.
        people: number of people in the video; their numbers are drawn from two on.

    Returns:
        RGB uint8 [height, width, 3] in the host's memory.
    """
    heated = on_host(image).copy()
    for mark in marks:
        if overlays.heat_maps and mark.heat is not None:
            _lay_heat(heated, mark.heat)
    picture = Image.fromarray(heated)
    shorter = min(picture.size)
    line = max(2, round(shorter * _LINE_SHARE))
    font = ImageFont.load_default(max(_LEAST_TEXT_PX, round(shorter * _TEXT_SHARE)))
    canvas = ImageDraw.Draw(picture, "RGBA")
    for mark in marks:
        if overlays.boxes:
            _draw_box(canvas, mark, line)
        text = _label(mark, overlays, numbered=people > 1)
        if text:
            _draw_label(canvas, mark, text, font, picture.size)
    if overlays.legend and legend:
        _draw_legend(canvas, legend, scale, font, picture.size)
    return np.array(picture)


def _lay_heat(image: ImageArray, heat: HeatPatch) -> None:
    """Lay heat over the part of its square that the image holds, in place."""
    left, top, right, bottom = (round(edge) for edge in heat.square)
    height, width = image.shape[:2]
    inside = slice(max(top, 0), min(bottom, height)), slice(max(left, 0), min(right, width))
    part = image[inside]
    if part.size:
        values = resized_heat(heat.values, right - left, bottom - top)
        shown = values[inside[0].start - top :, inside[1].start - left :][: part.shape[0], : part.shape[1]]
        image[inside] = heat_overlay(part, shown)


def _draw_box(canvas: ImageDraw.ImageDraw, mark: FaceMark, line: int) -> None:
    left, top, right, bottom = mark.box
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    for one, other in pairwise(corners):
        strokes = _dashes(one, other, line * _DASH_LINES) if mark.interpolated else [(one, other)]
        for stroke in strokes:
            canvas.line(stroke, fill=_INK, width=line + 2)
            canvas.line(stroke, fill=colour_of(mark.person), width=line)


def _dashes(
    one: tuple[float, float], other: tuple[float, float], length: int
) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    """Every second piece of the way from one point to another."""
    start, way = np.array(one), np.subtract(other, one)
    distance = float(np.hypot(*way))
    count = max(1, round(distance / length))
    for number in range(0, count, 2):
        first, second = start + way * number / count, start + way * min(number + 1, count) / count
        yield (float(first[0]), float(first[1])), (float(second[0]), float(second[1]))


def _label(mark: FaceMark, overlays: Overlays, *, numbered: bool) -> str:
    parts = [f"person {mark.person + 1}"] if overlays.people and numbered else []
    if overlays.probabilities:
        parts.append("untrained" if mark.fake_probability is None else f"fake {mark.fake_probability:.2f}")
    return ", ".join(parts)


def _draw_label(
    canvas: ImageDraw.ImageDraw,
    mark: FaceMark,
    text: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    size: tuple[int, int],
) -> None:
    """Write above a box, or inside of it where the frame ends there."""
    left, top = mark.box[:2]
    _, _, wide, high = canvas.textbbox((0, 0), text, font=font)
    pad = max(2, int(high) // 4)
    width, height = int(wide) + 2 * pad, int(high) + 2 * pad
    x = min(max(round(left), 0), max(size[0] - width, 0))
    y = round(top) - height if top >= height else max(round(top), 0)
    y = min(y, max(size[1] - height, 0))
    canvas.rectangle((x, y, x + width, y + height), fill=colour_of(mark.person))
    canvas.text((x + pad, y + pad), text, font=font, fill=_INK, stroke_width=1, stroke_fill="#000000")


def _draw_legend(
    canvas: ImageDraw.ImageDraw,
    lines: Sequence[str],
    scale: tuple[str, str] | None,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    size: tuple[int, int],
) -> None:
    """Write lines over the frame's lower left corner, broken where the frame is too narrow, and a scale below them."""
    pad = 4
    broken = [part for line in lines for part in _broken(canvas, line, font, size[0] - 4 * pad)]
    boxes = [canvas.textbbox((0, 0), part, font=font) for part in broken]
    step = round(max(box[3] for box in boxes) * 1.25)
    rows = len(broken) + (scale is not None)
    width, height = round(max(box[2] for box in boxes)) + 2 * pad, step * rows + 2 * pad
    left, top = pad, max(size[1] - height - pad, 0)
    canvas.rectangle((left, top, left + width, top + height), fill=_PAPER)
    for number, part in enumerate(broken):
        canvas.text((left + pad, top + pad + number * step), part, font=font, fill=_INK)
    if scale is not None:
        _draw_scale(canvas, scale, font, (left + pad, top + pad + len(broken) * step), step)


def _draw_scale(
    canvas: ImageDraw.ImageDraw,
    ends: tuple[str, str],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    place: tuple[int, int],
    step: int,
) -> None:
    """Draw the colours of heat between the words for their ends."""
    cold, hot = ends
    start, top = place[0] + round(canvas.textlength(f"{cold} ", font=font)), place[1]
    length, tall = step * _SCALE_LETTERS, round(step * 0.7)
    canvas.text(place, cold, font=font, fill=_INK)
    colours = heat_colours()
    for x in range(length):
        red, green, blue = colours[round(x / (length - 1) * (len(colours) - 1))].tolist()
        canvas.line((start + x, top, start + x, top + tall), fill=(red, green, blue, 255))
    canvas.text((start + length, top), f" {hot}", font=font, fill=_INK)


def _broken(
    canvas: ImageDraw.ImageDraw, line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int
) -> Iterator[str]:
    """The parts of a line, broken between words, that fit into a width."""
    part = ""
    for word in line.split(" "):
        longer = f"{part} {word}".strip()
        if part and canvas.textlength(longer, font=font) > width:
            yield part
            longer = word
        part = longer
    yield part
