"""Scale of a score: where the probability of a video lies, beside the threshold and the band without labels."""

from __future__ import annotations

from xml.etree import ElementTree

from genconvit.results.decision import Decision
from genconvit.results.renderer import Svg

_WIDTH, _HEIGHT = 360, 64
_LEFT, _TOP, _THICK = 12, 20, 14


def score_scale(probability: float, decision: Decision) -> Svg:
    """Draw a probability on a scale from 0 to 1, for a page that brings the style.

    Args:
        probability: probability that the decision looked at, in [0, 1].
        decision: rule with the threshold and the band.
    """
    svg = ElementTree.Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img")
    ElementTree.SubElement(svg, "title").text = _words(probability, decision)
    low, high = decision.inconclusive or (decision.threshold, decision.threshold)
    for kind, start, end in (("real", 0.0, low), ("doubtful", low, high), ("fake", high, 1.0)):
        if end > start:
            size = {"width": f"{_x(end) - _x(start):.1f}", "height": str(_THICK)}
            ElementTree.SubElement(svg, "rect", {"class": kind, "x": f"{_x(start):.1f}", "y": str(_TOP), **size})
    threshold = f"{_x(decision.threshold):.1f}"
    ends = {"x1": threshold, "x2": threshold, "y1": str(_TOP - 3), "y2": str(_TOP + _THICK + 3)}
    ElementTree.SubElement(svg, "line", {"class": "limit", **ends})
    x, y = _x(probability), _TOP - 2
    ElementTree.SubElement(svg, "path", {"class": "mark", "d": f"M{x:.1f} {y + 8} l-7 -14 h14 z"})
    for place, label, anchor in ((0.0, "0", "start"), (decision.threshold, "threshold", "middle"), (1.0, "1", "end")):
        text = ElementTree.SubElement(svg, "text", {"x": f"{_x(place):.1f}", "y": str(_TOP + _THICK + 18)})
        text.set("text-anchor", anchor)
        text.text = label
    return Svg(ElementTree.tostring(svg, encoding="unicode"))


def _x(probability: float) -> float:
    return _LEFT + probability * (_WIDTH - 2 * _LEFT)


def _words(probability: float, decision: Decision) -> str:
    words = f"A scale from 0, real, to 1, fake. The video lies at {probability:.2f}, the threshold at "
    words += f"{decision.threshold:.2f}."
    if decision.inconclusive:
        low, high = decision.inconclusive
        words += f" No label is given from {low:.2f} to {high:.2f}."
    return words
