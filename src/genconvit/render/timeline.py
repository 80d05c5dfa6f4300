"""Timeline of a result: the fake probability of each face over time, as SVG."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import dist, inf
from xml.etree import ElementTree

from genconvit.core.errors import ConfigError
from genconvit.core.text import printable
from genconvit.render.colours import colour_of
from genconvit.results.renderer import Svg
from genconvit.results.result import UNTRAINED, FaceResult, VideoResult

_WIDTH, _HEIGHT = 720, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 12, 30, 40
_TICK_WIDTH = 80
"""Least distance between the marks of the time axis."""

MOST_PEOPLE = 12
"""Most people that are drawn: those with the most faces."""

_MOST_GROUPS = 150
"""Most groups of a person's faces, of each of which the highest and the lowest are drawn where there are more faces."""

_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
"""Distances between the marks of the time axis, in seconds; of frame numbers, those from 1 on and their multiples."""

_RADIUS, _SMALL_RADIUS, _MOST_RADIUS = 4, 2, 11
"""Radius of a point, of one that leads nowhere beside others that do, and of the place around one to choose it by."""

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

Numbered = Sequence[tuple[int, FaceResult]]
"""Faces behind their numbers, which are their places in the result."""


@dataclass(frozen=True)
class _Axis:
    """The horizontal axis: seconds, or numbers of frames where a source has no clock."""

    first: float
    last: float
    has_clock: bool
    width: float

    @classmethod
    def of(cls, result: VideoResult, width: float) -> _Axis:
        faces = result.faces
        has_clock = all(face.pts_seconds is not None for face in faces)
        places = [_place(face, has_clock=has_clock) for face in faces]
        last = places[-1] if has_clock else max(places[-1], (result.provenance.frame_count or 1) - 1)
        first = min(0.0, places[0])
        return cls(first, max(last, first + (0.1 if has_clock else 1)), has_clock, width)

    def x(self, face: FaceResult) -> float:
        return self.at(_place(face, has_clock=self.has_clock))

    def at(self, place: float) -> float:
        return _LEFT + (place - self.first) / (self.last - self.first) * (self.right - _LEFT)

    @property
    def right(self) -> float:
        return self.width - _RIGHT

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Places of marks, and what stands at them."""
        span, most = self.last - self.first, int(self.right - _LEFT) // _TICK_WIDTH
        step = next((each for each in _STEPS if (self.has_clock or each >= 1) and span / each <= most), None)
        if step is None:
            step = _STEPS[-1] * -(-span // (_STEPS[-1] * most))
        for number in range(int(span // step) + 1):
            place = self.first + number * step
            yield place, clock(place, step) if self.has_clock else f"{place:g}"


@dataclass(frozen=True)
class _Target:
    """A point that leads somewhere: its link, and the radius around it that can be chosen."""

    link: str
    radius: float


def timeline(result: VideoResult, *, links: Mapping[int, str] | None = None, width: float = _WIDTH) -> Svg:
    """Draw the fake probability of each face over time: a line a person, thin ones for the branches.

    The threshold and the inconclusive band are drawn where they are for the probabilities of single faces, which are
    not calibrated: not where the decision looks at a calibrated one. Of a person with very many faces the highest and
    the lowest in each of many short times are drawn, and of very many people those with the most faces.

    Args:
        result: answer with faces.
        links: for the number of a face, counted from 0 in the result, where its point leads in the page that the
            picture is put into. That page brings the style. None is a picture of its own.
        width: width of the picture in the units that its text is 12 high in, at least 240.

    Raises:
        ConfigError: it has none.
    """
    if not result.faces:
        raise ConfigError(f"there is no face to draw: {result}; choose a result with a score")
    axis = _Axis.of(result, width)
    role = "img" if links is None else "group"
    svg = ElementTree.Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width:g} {_HEIGHT}", role=role)
    title = f"Fake probability over time, {printable(result.headline)}"
    ElementTree.SubElement(svg, "title").text = title
    if links is None:
        ElementTree.SubElement(svg, "style").text = _STYLE
        _text(svg, _LEFT, 18, title)
    _draw_axes(svg, axis)
    _draw_limits(svg, axis, result)
    targets = _targets(result, axis, links or {})
    for person in drawn_people(result):
        faces = [(number, face) for number, face in enumerate(result.faces) if face.track == person]
        _draw_person(svg, axis, person, _thinned(faces, targets), result, targets)
    return Svg(ElementTree.tostring(svg, encoding="unicode"))


def drawn_people(result: VideoResult) -> tuple[int, ...]:
    """List the people that are drawn, by their numbers."""
    faces = Counter(face.track for face in result.faces)
    return tuple(sorted(person for person, _ in faces.most_common(MOST_PEOPLE)))


def dash_of(branch: int) -> str:
    """Dashes of a branch's line, as SVG has them.

    Args:
        branch: place of the branch, counted from 0.
    """
    return _DASHES[(branch + 1) % len(_DASHES)]


def _targets(result: VideoResult, axis: _Axis, links: Mapping[int, str]) -> dict[int, _Target]:
    """Targets around the points that lead somewhere, none of which covers another one's middle."""
    places = {number: (axis.x(result.faces[number]), _y(result.faces[number].fake_probability)) for number in links}
    made = {}
    for number, link in links.items():
        nearest = min((dist(places[number], places[other]) for other in links if other != number), default=inf)
        made[number] = _Target(link, round(min(max(nearest / 2, _RADIUS), _MOST_RADIUS), 1))
    return made


def _thinned(faces: Numbered, kept: Container[int]) -> Numbered:
    """Leave out faces between the highest and the lowest of their group, where there are too many."""
    if len(faces) <= 2 * _MOST_GROUPS:
        return faces
    size = -(-len(faces) // _MOST_GROUPS)
    ends = set()
    for start in range(0, len(faces), size):
        group = sorted(faces[start : start + size], key=lambda each: each[1].fake_probability)
        ends |= {group[0][0], group[-1][0]}
    return [each for each in faces if each[0] in ends or each[0] in kept]


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
        _line(svg, "grid", (_LEFT, _y(probability)), (axis.right, _y(probability)))
        _text(svg, _LEFT - 8, _y(probability) + 4, f"{probability:g}", anchor="end")
    for place, label in axis.ticks():
        _line(svg, "axis", (axis.at(place), _y(0)), (axis.at(place), _y(0) + 4))
        _text(svg, axis.at(place), _y(0) + 18, label, anchor="middle")
    _line(svg, "axis", (_LEFT, _y(0)), (axis.right, _y(0)))
    unit = "time in the video" if axis.has_clock else "number of the frame"
    _text(svg, (_LEFT + axis.right) / 2, _HEIGHT - 6, unit, anchor="middle")


def _draw_limits(svg: ElementTree.Element, axis: _Axis, result: VideoResult) -> None:
    decision = result.decision
    if not result.provenance.weights.trained or (decision is not None and decision.calibration is not None):
        return
    if decision is not None and decision.inconclusive:
        low, high = decision.inconclusive
        ElementTree.SubElement(
            svg,
            "rect",
            {"class": "band", "x": str(_LEFT), "y": f"{_y(high):.1f}", "width": str(axis.right - _LEFT)},
            height=f"{_y(low) - _y(high):.1f}",
        )
    threshold = decision.threshold if decision else 0.5
    _line(svg, "limit", (_LEFT, _y(threshold)), (axis.right, _y(threshold)))


def _draw_person(
    svg: ElementTree.Element,
    axis: _Axis,
    person: int,
    numbered: Numbered,
    result: VideoResult,
    targets: Mapping[int, _Target],
) -> None:
    group = ElementTree.SubElement(svg, "g", {"data-person": str(person)})
    colour, faces = colour_of(person), [face for _, face in numbered]
    for place, branch in enumerate(faces[0].branches):
        points = [(axis.x(face), _y(of_branch(face, branch))) for face in faces if branch in face.branches]
        if len(faces[0].branches) > 1:
            _polyline(group, "branch", points, colour, dash_of(place), title=f"branch {printable(branch)}")
    _polyline(group, "track", [(axis.x(face), _y(face.fake_probability)) for face in faces], colour)
    for number, face in numbered:
        target = targets.get(number)
        _draw_face(group, axis, face, result, target, _RADIUS if target or not targets else _SMALL_RADIUS)


def _draw_face(
    group: ElementTree.Element,
    axis: _Axis,
    face: FaceResult,
    result: VideoResult,
    target: _Target | None,
    radius: float,
) -> None:
    name = f"person {face.track + 1}, " if result.lasting_tracks > 1 else ""
    says = f"fake probability {face.fake_probability:.2f}" if result.provenance.weights.trained else UNTRAINED
    text = f"{place_of(face)}: {name}{says}"
    parent = group
    if target is not None:
        parent = ElementTree.SubElement(group, "a", {"href": target.link, "aria-label": text})
        _circle(parent, "target", axis, face, target.radius, "transparent")
    circle = _circle(parent, "face", axis, face, radius, colour_of(face.track))
    circle.set("data-frame", str(face.frame_index))
    ElementTree.SubElement(circle, "title").text = text


def _circle(
    parent: ElementTree.Element, kind: str, axis: _Axis, face: FaceResult, radius: float, fill: str
) -> ElementTree.Element:
    attributes = {
        "cx": f"{axis.x(face):.1f}",
        "cy": f"{_y(face.fake_probability):.1f}",
        "r": f"{radius:g}",
        "fill": fill,
    }
    return ElementTree.SubElement(parent, "circle", {"class": kind, **attributes})


def place_of(face: FaceResult) -> str:
    """Time of a face in its video, or the number of its frame where there is no clock."""
    return clock(face.pts_seconds, 0.1) if face.pts_seconds is not None else f"frame {face.frame_index}"


def of_branch(face: FaceResult, branch: str) -> float:
    """Fake probability of a face by one branch alone, in [0, 1].

    Args:
        face: face that the branch scored.
        branch: name of the branch.
    """
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
