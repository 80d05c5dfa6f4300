"""Histogram of fake probabilities, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

import numpy as np

from genconvit.plots.style import COLOURS
from genconvit.results.renderer import Svg

BINS = 20
"""Number of bars, of equal width over [0, 1]."""

_WIDTH, _HEIGHT = 420, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 8, 20, 38
_GAP = 2


def histogram(probabilities: Sequence[float], *, what: str = "fake probability") -> Svg:
    """Draw how many videos have which fake probability.

    It has no style of its own: texts and lines have the colour of the text around it, and bars the class ``bar``.

    Args:
        probabilities: fake probabilities of videos in [0, 1]; there may be none.
        what: kind of the probabilities, in words.
    """
    counts, edges = np.histogram(probabilities, bins=BINS, range=(0, 1))
    svg = ElementTree.Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img")
    svg.set("class", "histogram")
    ElementTree.SubElement(svg, "title").text = f"Number of videos by {what}, {len(probabilities)} in all"
    floor, wide, high = _HEIGHT - _BOTTOM, (_WIDTH - _LEFT - _RIGHT) / BINS, _HEIGHT - _BOTTOM - _TOP
    most = max(1, int(counts.max()))
    for number, count in enumerate(counts.tolist()):
        bar = ElementTree.SubElement(svg, "rect", {"class": "bar", "fill": COLOURS[0]})
        tall = high * count / most
        for name, value in (
            ("x", _LEFT + number * wide),
            ("y", floor - tall),
            ("width", wide - _GAP),
            ("height", tall),
        ):
            bar.set(name, f"{value:.1f}")
        ElementTree.SubElement(bar, "title").text = f"{edges[number]:.2f} to {edges[number + 1]:.2f}: {count}"
        if count == most and not any(counts[:number] == most):
            _text(svg, _LEFT + (number + 0.5) * wide - _GAP / 2, floor - tall - 5, str(count))
    for place in (0.0, 0.25, 0.5, 0.75, 1.0):
        anchor = {0.0: "start", 1.0: "end"}.get(place, "middle")
        _text(svg, _LEFT + place * (_WIDTH - _LEFT - _RIGHT), floor + 16, f"{place:g}", anchor)
    ends = {"x1": str(_LEFT), "x2": str(_WIDTH - _RIGHT), "y1": str(floor), "y2": str(floor)}
    ElementTree.SubElement(svg, "line", {**ends, "stroke": "currentColor"})
    _text(svg, _WIDTH / 2, _HEIGHT - 6, f"videos by {what}")
    return Svg(ElementTree.tostring(svg, encoding="unicode"))


def _text(svg: ElementTree.Element, x: float, y: float, text: str, anchor: str = "middle") -> None:
    places = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}
    ElementTree.SubElement(svg, "text", {**places, "fill": "currentColor", "font-size": "12"}).text = text
