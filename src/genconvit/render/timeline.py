"""Timeline of a result: the fake probability of each face over time, as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from genconvit.core.errors import ConfigError
from genconvit.core.text import printable
from genconvit.render.colours import colour_of
from genconvit.results.renderer import Svg
from genconvit.results.result import FaceResult, VideoResult

_WIDTH, _HEIGHT = 720, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 12, 30, 40
_MOST_TICKS = 8
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
"""Distances between the marks of the time axis, in seconds; of frame numbers, those from 1 on and their multiples."""

_STYLE = """
svg { font: 12px system-ui, sans-serif; color: #1a1a1a; background: #ffffff; }
text { fill: currentColor; }
.axis, .grid { stroke: currentColor; stroke-width: 1; fill: none; }
.grid { opacity: 0.15; }
.limit { stroke: currentColor; stroke-dasharray: 6 4; opacity: 0.7; }
.band { fill: currentColor; opacity: 0.08; }
.track { fill: none; stroke-width: 2; }
.branch { fill: none; stroke-width: 1; opacity: 0.6; }
.face { stroke: #ffffff; stroke-width: 1; }
@media (prefers-color-scheme: dark) { svg { color: #e8e8e8; background: #16181c; } }
"""
_DASHES = ("", "2 3", "7 3", "7 3 2 3")
"""Dashes of the branches' lines, in the order of their names; the first is of the faces' own."""


@dataclass(frozen=True)
class _Axis:
    """The horizontal axis: seconds, or numbers of frames where a source has no clock."""

    first: float
    last: float
    has_clock: bool

    @classmethod
    def of(cls, faces: Sequence[FaceResult], result: VideoResult) -> _Axis:
        has_clock = all(face.pts_seconds is not None for face in faces)
        places = [_place(face, has_clock=has_clock) for face in faces]
        last = places[-1] if has_clock else max(places[-1], (result.provenance.frame_count or 1) - 1)
        first = min(0.0, places[0])
        return cls(first, max(last, first + (0.1 if has_clock else 1)), has_clock)

    def x(self, face: FaceResult) -> float:
        return self.at(_place(face, has_clock=self.has_clock))

    def at(self, place: float) -> float:
        return _LEFT + (place - self.first) / (self.last - self.first) * (_WIDTH - _LEFT - _RIGHT)

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Places of marks, and what stands at them."""
        span = self.last - self.first
        step = next((each for each in _STEPS if (self.has_clock or each >= 1) and span / each <= _MOST_TICKS), None)
        if step is None:
            step = _STEPS[-1] * -(-span // (_STEPS[-1] * _MOST_TICKS))
        for number in range(int(span // step) + 1):
            place = self.first + number * step
            yield place, clock(place, step) if self.has_clock else f"{place:g}"


def timeline(result: VideoResult) -> Svg:
    """Draw the fake probability of each face over time: a line a person, thin ones for the branches.

    The threshold and the inconclusive band are drawn where they are for the probabilities of single faces, which are
    not calibrated: not where the decision looks at a calibrated one.

    Args:
        result: answer with faces.

    Raises:
        ConfigError: it has none.
    """
    if not result.faces:
        raise ConfigError(f"there is no face to draw: {result}; choose a result with a score")
    axis = _Axis.of(result.faces, result)
    svg = ElementTree.Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img")
    title = f"Fake probability over time, {printable(result.headline)}"
    ElementTree.SubElement(svg, "title").text = title
    ElementTree.SubElement(svg, "style").text = _STYLE
    _text(svg, _LEFT, 18, title)
    _draw_axes(svg, axis)
    _draw_limits(svg, result)
    for person in dict.fromkeys(face.track for face in result.faces):
        _draw_person(svg, axis, person, [face for face in result.faces if face.track == person], result)
    return Svg(ElementTree.tostring(svg, encoding="unicode"))


def clock(seconds: float, step: float = 1) -> str:
    """A time as minutes and seconds, with hours and tenths where they are needed.

    Args:
        seconds: time in seconds, at least 0.
        step: distance to the next mark in seconds; below 1, tenths are written.

    Examples:
        >>> clock(75), clock(3.25, 0.1), clock(3675)
        ('1:15', '0:03.2', '1:01:15')
    """
    tenths = round(seconds * 10) if step < 1 else round(seconds) * 10
    whole, tenth = divmod(tenths, 10)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    return f"{text}.{tenth}" if step < 1 else text


def _place(face: FaceResult, *, has_clock: bool) -> float:
    return float(face.pts_seconds or 0.0) if has_clock else float(face.frame_index)


def _y(probability: float) -> float:
    return _TOP + (1 - probability) * (_HEIGHT - _TOP - _BOTTOM)


def _draw_axes(svg: ElementTree.Element, axis: _Axis) -> None:
    for probability in (0.0, 0.25, 0.5, 0.75, 1.0):
        _line(svg, "grid", (_LEFT, _y(probability)), (_WIDTH - _RIGHT, _y(probability)))
        _text(svg, _LEFT - 8, _y(probability) + 4, f"{probability:g}", anchor="end")
    for place, label in axis.ticks():
        _line(svg, "axis", (axis.at(place), _y(0)), (axis.at(place), _y(0) + 4))
        _text(svg, axis.at(place), _y(0) + 18, label, anchor="middle")
    _line(svg, "axis", (_LEFT, _y(0)), (_WIDTH - _RIGHT, _y(0)))
    unit = "time in the video" if axis.has_clock else "number of the frame"
    _text(svg, (_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 6, unit, anchor="middle")


def _draw_limits(svg: ElementTree.Element, result: VideoResult) -> None:
    decision = result.decision
    if not result.provenance.weights.trained or (decision is not None and decision.calibration is not None):
        return
    if decision is not None and decision.inconclusive:
        low, high = decision.inconclusive
        ElementTree.SubElement(
            svg,
            "rect",
            {"class": "band", "x": str(_LEFT), "y": f"{_y(high):.1f}", "width": str(_WIDTH - _LEFT - _RIGHT)},
            height=f"{_y(low) - _y(high):.1f}",
        )
    threshold = decision.threshold if decision else 0.5
    _line(svg, "limit", (_LEFT, _y(threshold)), (_WIDTH - _RIGHT, _y(threshold)))


def _draw_person(
    svg: ElementTree.Element, axis: _Axis, person: int, faces: Sequence[FaceResult], result: VideoResult
) -> None:
    group = ElementTree.SubElement(svg, "g", {"data-person": str(person)})
    colour = colour_of(person)
    for number, branch in enumerate(faces[0].branches, start=1):
        points = [(axis.x(face), _y(_of_branch(face, branch))) for face in faces if branch in face.branches]
        if len(faces[0].branches) > 1:
            dash = _DASHES[number % len(_DASHES)]
            _polyline(group, "branch", points, colour, dash, title=f"branch {printable(branch)}")
    _polyline(group, "track", [(axis.x(face), _y(face.fake_probability)) for face in faces], colour)
    name = f"person {person + 1}, " if result.lasting_tracks > 1 else ""
    trained = result.provenance.weights.trained
    for face in faces:
        place = clock(face.pts_seconds, 0.1) if face.pts_seconds is not None else f"frame {face.frame_index}"
        says = f"fake probability {face.fake_probability:.2f}" if trained else "untrained: no verdict"
        circle = ElementTree.SubElement(
            group,
            "circle",
            {"class": "face", "data-frame": str(face.frame_index)},
            cx=f"{axis.x(face):.1f}",
            cy=f"{_y(face.fake_probability):.1f}",
            r="4",
            fill=colour,
        )
        ElementTree.SubElement(circle, "title").text = f"{place}: {name}{says}"


def _of_branch(face: FaceResult, branch: str) -> float:
    probability = face.branches[branch]
    return (probability.fake + 1 - probability.real) / 2


def _line(
    parent: ElementTree.Element, kind: str, start: tuple[float, float], end: tuple[float, float]
) -> ElementTree.Element:
    places = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
    attributes = {"class": kind, **{name: f"{value:.1f}" for name, value in places.items()}}
    return ElementTree.SubElement(parent, "line", attributes)


def _polyline(
    parent: ElementTree.Element,
    kind: str,
    points: Sequence[tuple[float, float]],
    colour: str,
    dash: str = "",
    title: str = "",
) -> None:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    attributes = {"class": kind, "points": path, "stroke": colour, **({"stroke-dasharray": dash} if dash else {})}
    line = ElementTree.SubElement(parent, "polyline", attributes)
    if title:
        ElementTree.SubElement(line, "title").text = title


def _text(parent: ElementTree.Element, x: float, y: float, text: str, *, anchor: str = "start") -> None:
    attributes = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}
    ElementTree.SubElement(parent, "text", attributes).text = text
