"""One HTML page of a result, with everything that a person needs to judge it, repeat it or contest it."""

from __future__ import annotations

from pathlib import Path, PurePath

from markupsafe import Markup

from genconvit.detector import Detector
from genconvit.render.colours import colour_of
from genconvit.render.frames import SourceFrames
from genconvit.render.html import html_page
from genconvit.render.page_command import Command, command_of
from genconvit.render.page_faces import MOST_FACES, ShownFace, extreme_faces, shown_faces, shown_numbers
from genconvit.render.page_facts import people_of, provenance_facts, search_facts
from genconvit.render.page_heat import heat_ramp, make_heat_maps
from genconvit.render.page_pictures import data_address, read_pictures
from genconvit.render.page_words import DEFAULT_DECISION, as_sentence, judged_probability, limits_of, verdict_of
from genconvit.render.scale import score_scale
from genconvit.render.timeline import dash_of, drawn_people, timeline
from genconvit.results.renderer import Svg
from genconvit.results.result import VideoResult
from genconvit.settings import DetectorConfig

_WIDTHS = {"wide": 960, "narrow": 360}
"""Widths of the timeline, in the units that its text is 12 high in, for wide screens and for narrow ones."""


def result_page(
    result: VideoResult,
    *,
    source: str | Path | None,
    detector: Detector | None,
    command: str | None,
    config: DetectorConfig | None = None,
    heat_maps: bool = True,
    frames: SourceFrames | None = None,
) -> str:
    """Make the page of a result; see ``Pictured.to_html`` for the other arguments and the errors.

    At most 60 faces are shown, so that an hour of video makes a page of a few megabytes, as ten seconds do.

    Args:
        result: answer for any source.
        source: path where the video can be read again.
        detector: detector that makes heat maps.
        command: command that repeats the answer.
        config: config by which the source is read again, with its limits and its shape of pixels; None is the
            detector's, or the default one.
        heat_maps: false where they were switched off.
        frames: reads the source again, in place of a reader by the config, for many pages.
    """
    config = config or (detector.config if detector else None)
    numbers, (most, least) = shown_numbers(result), extreme_faces(result)
    pictures = read_pictures(result, numbers, source, config, frames)
    crops = {number: pictures.faces[number].crop for number in (*most, *least) if number in pictures.faces}
    maps = make_heat_maps(result, crops, detector, wanted=heat_maps)
    faces = shown_faces(result, numbers, pictures, maps)
    probability = judged_probability(result)
    return html_page(
        "page.html",
        styles=("base.css", "page.css"),
        scripts=("theme.js", "page.js"),
        result=result,
        name=PurePath(result.source).name or result.source,
        trained=result.provenance.weights.trained,
        verdict=verdict_of(result),
        scale=None if probability is None else _markup(score_scale(probability, result.decision or DEFAULT_DECISION)),
        limits=limits_of(result),
        notes=[note for note in result.notes if note != result.provenance.weights.about],
        charts=_charts(result, faces),
        drawn_people=drawn_people(result),
        branches=_branches(result),
        people=people_of(result),
        faces=list(faces.values()),
        most=[faces[number] for number in most],
        least=[faces[number] for number in least],
        most_faces=MOST_FACES,
        pictures=pictures,
        heat_maps=maps,
        ramp=data_address(heat_ramp()),
        search=search_facts(result),
        credentials=list(result.credentials.lines()) if result.credentials else [],
        as_sentence=as_sentence,
        provenance=provenance_facts(result),
        command=Command(command) if command is not None else command_of(result),
        colour_of=colour_of,
    )


def _charts(result: VideoResult, faces: dict[int, ShownFace]) -> dict[str, Markup]:
    """The timeline, for wide screens and for narrow ones; none of untrained weights, whose numbers mean nothing."""
    if not faces or not result.provenance.weights.trained:
        return {}
    links = {number: f"#{face.anchor}" for number, face in faces.items()}
    return {name: _markup(timeline(result, links=links, width=width)) for name, width in _WIDTHS.items()}


def _branches(result: VideoResult) -> list[tuple[str, str]]:
    """Name and dashes of each branch that has a line of its own."""
    names = list(result.faces[0].branches) if result.faces else []
    return [(name, dash_of(place)) for place, name in enumerate(names)] if len(names) > 1 else []


def _markup(svg: Svg) -> Markup:
    """A picture of the renderer's own, in which texts are escaped."""
    return Markup(svg.text)  # noqa: S704
