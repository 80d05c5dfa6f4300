"""The timeline has a point for each face, where its time and probability are."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from genconvit import ConfigError, VideoResult
from genconvit.render.timeline import MOST_PEOPLE, timeline
from genconvit.results.decision import CalibrationInfo, Decision
from render.made import face, made_result
from scored import result

NAMESPACE = "{http://www.w3.org/2000/svg}"


def parts(found: VideoResult, tag: str, kind: str = "") -> list[ElementTree.Element]:
    document = ElementTree.fromstring(found.plot().text)  # noqa: S314 - our own text
    return [each for each in document.iter(NAMESPACE + tag) if not kind or each.get("class") == kind]


def test_each_face_is_a_point_and_each_person_a_line() -> None:
    found = made_result([face(0), face(0, track=1, probability=0.1), face(10, probability=0.5)], [0, 10])
    points = parts(found, "circle")
    assert [point.get("data-frame") for point in points] == ["0", "10", "0"]
    assert [float(point.get("cx", "")) for point in points][:2] == [48.0, 708.0]
    heights = [float(point.get("cy", "")) for point in points]
    assert heights[0] < heights[1] < heights[2]
    assert len(parts(found, "polyline", "track")) == 2
    assert len(parts(found, "polyline", "branch")) == 4


def test_a_point_says_what_it_is() -> None:
    found = made_result([face(10), face(20, track=1, probability=0.25)], [10, 20])
    said = [point.findtext(NAMESPACE + "title") for point in parts(found, "circle")]
    assert said == ["0:00.4: person 1, fake probability 0.75", "0:00.8: person 2, fake probability 0.25"]


def test_without_a_clock_frames_are_numbered() -> None:
    faces = [each.model_copy(update={"pts_seconds": None}) for each in (face(0), face(39))]
    found = made_result(faces, [0, 39])
    assert "number of the frame" in found.plot().text
    assert [point.findtext(NAMESPACE + "title") for point in parts(found, "circle")][1].startswith("frame 39")  # type: ignore[union-attr]


@pytest.mark.parametrize("last", [1, 40, 4_000, 4_000_000])
def test_the_axis_has_a_few_marks_however_long_it_is(last: int) -> None:
    found = made_result([face(0), face(last)], [0, last])
    marks = parts(found, "line", "axis")
    assert 2 <= len(marks) <= 10


def test_one_face_alone_can_be_drawn() -> None:
    assert len(parts(made_result([face(0)], [0]), "circle")) == 1


def test_the_threshold_is_drawn_where_it_is_one_for_single_faces() -> None:
    band = Decision(threshold=0.5, threshold_from="given", inconclusive=(0.4, 0.6))
    found = made_result([face(0)], [0], decision=band)
    assert len(parts(found, "line", "limit")) == len(parts(found, "rect", "band")) == 1
    calibration = CalibrationInfo(name="c.json", sha256="0" * 64, method="temperature")
    calibrated = Decision(threshold=0.5, threshold_from="default", calibration=calibration)
    found = made_result([face(0)], [0], decision=calibrated, calibrated_probability=0.6)
    assert not parts(found, "line", "limit")


def test_untrained_weights_give_no_verdict() -> None:
    text = made_result([face(0)], [0], trained=False, label=None).plot().text
    assert "untrained: no verdict" in text
    assert "fake probability 0" not in text


def linked(found: VideoResult, links: dict[int, str], width: float = 720) -> ElementTree.Element:
    return ElementTree.fromstring(timeline(found, links=links, width=width).text)  # noqa: S314 - our own text


@pytest.mark.parametrize("width", [360, 720])
def test_in_a_page_points_lead_to_faces_and_the_page_brings_the_style(width: float) -> None:
    found = made_result([face(0), face(10), face(20, track=1, probability=0.25)], [0, 10, 20])
    drawn = linked(found, {0: "#one", 2: "#two"}, width)
    links = list(drawn.iter(f"{NAMESPACE}a"))
    assert [(link.get("href"), link.get("aria-label")) for link in links] == [
        ("#one", "0:00.0: person 1, fake probability 0.75"),
        ("#two", "0:00.8: person 2, fake probability 0.25"),
    ]
    assert drawn.get("viewBox") == f"0 0 {width} 260"
    assert not list(drawn.iter(f"{NAMESPACE}style"))
    assert max(float(each.get("cx", 0)) for each in drawn.iter(f"{NAMESPACE}circle")) <= width


def test_no_target_covers_another_point() -> None:
    faces = [face(frame, track=track, probability=0.5 + track / 50) for frame in range(0, 40, 2) for track in range(3)]
    found = made_result(faces, range(40))
    drawn = linked(found, {number: f"#{number}" for number in range(len(found.faces))}, 360)
    circles = [each for each in drawn.iter(f"{NAMESPACE}circle") if each.get("class") == "target"]
    places = [tuple(float(each.get(name, 0)) for name in ("cx", "cy", "r")) for each in circles]
    assert len(places) == len(found.faces)
    for x, y, radius in places:
        others = [((x - a) ** 2 + (y - b) ** 2) ** 0.5 for a, b, _ in places if (a, b) != (x, y)]
        assert radius == 4 or radius < min(others)


def test_many_faces_are_thinned_to_their_highest_and_lowest() -> None:
    faces = [
        face(number, probability=0.9 if number == 777 else 0.1 if number == 888 else 0.5) for number in range(2000)
    ]
    found = made_result(faces, range(2000))
    drawn = {point.get("data-frame") for point in parts(found, "circle")}
    assert {"777", "888"} <= drawn
    assert 2 <= len(drawn) <= 300
    kept = {each.get("data-frame"): each.get("r") for each in linked(found, {5: "#five"}).iter(f"{NAMESPACE}circle")}
    assert (kept["5"], kept["777"]) == ("4", "2")


def test_many_people_are_those_with_the_most_faces() -> None:
    faces = [face(2 * track + place, track=track) for track in range(30) for place in range(1 + track % 2)]
    found = made_result(faces, range(60))
    groups = parts(found, "g")
    assert len(groups) == MOST_PEOPLE
    assert all(int(group.get("data-person", 0)) % 2 for group in groups)


def test_texts_are_escaped() -> None:
    hostile = face(0).model_copy(
        update={"branches": {"<script>x</script>": face(0).branches["ed"], "b": face(0).branches["ed"]}}
    )
    text = made_result([hostile], [0]).plot().text
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_a_result_without_a_face_has_no_timeline() -> None:
    with pytest.raises(ConfigError, match="there is no face to draw"):
        result("a.mp4", None).plot()


def test_a_timeline_is_saved_as_svg_alone(tmp_path: Path) -> None:
    svg = made_result([face(0)], [0]).plot()
    svg.save(tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == svg.text == svg._repr_svg_()
    with pytest.raises(ConfigError, match=r"ends in \.svg; got .*a\.png"):
        svg.save(tmp_path / "a.png")
    with pytest.raises(ConfigError, match="cannot be written"):
        svg.save(tmp_path / "missing" / "a.svg")
