"""Facts of a page: what was decoded, found and left out, and everything that the answer rests on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from genconvit.render.timeline import clock
from genconvit.results.provenance import Provenance, WeightsFile
from genconvit.results.result import TrackResult, VideoResult

MOST_PEOPLE = 20
"""Most people that a page lists: those with the most faces."""

_MOST_RANGES = 40

_PERSON_RULES = {
    "pool": "all faces of all people together make one score",
    "max": "the person with the highest score makes the score",
    "mean": "the mean of all people's scores is the score",
    "largest": "the person whose face is largest on average makes the score",
}
_SCORE_RULES = {
    "mean": "all of their faces count",
    "median": "the middle one or two of their faces count",
    "confident": "the surely fake ones of their faces count if they are many, or the surely real ones if they are "
    "nearly all",
}

Fact = tuple[str, str]
"""Name of a fact, and the fact in words."""


@dataclass(frozen=True)
class Person:
    """One person of a page.

    Attributes:
        number: number of the person's track, counted from 0.
        span: times of the first and the last face.
        faces: number of faces.
        probability: fake probability of a video of this person alone; None where the weights are untrained.
        note: a word on a track of a single face; empty for others.
    """

    number: int
    span: str
    faces: int
    probability: str | None
    note: str


def people_of(result: VideoResult) -> tuple[Person, ...]:
    """List the people of a result, those with the most faces, in the order in which they appear."""
    most = sorted(result.tracks, key=lambda track: -track.faces)[:MOST_PEOPLE]
    return tuple(
        Person(
            number=track.track,
            span=_span(track),
            faces=track.faces,
            probability=f"{track.fake_probability:.3f}" if result.provenance.weights.trained else None,
            note="seen only once" if track.one_off else "",
        )
        for track in sorted(most, key=lambda track: track.track)
    )


def _span(track: TrackResult) -> str:
    first, last = track.first_pts_seconds, track.last_pts_seconds
    if first is None or last is None:
        return f"frame {track.first_frame_index} to {track.last_frame_index}"
    return f"{clock(first, 0.1)} to {clock(last, 0.1)}"


def search_facts(result: VideoResult) -> tuple[Fact, ...]:
    """Say what was decoded, searched and found, and what counted."""
    return tuple(_search_facts(result))


def _search_facts(result: VideoResult) -> Iterator[Fact]:
    provenance = result.provenance
    searched = provenance.frame_indices
    if provenance.decoder is not None:
        where = "in a process of its own, with limits" if provenance.isolated else "in the process of the program"
        yield "Decoded", f"by {provenance.decoder}, {where}"
    if provenance.duration_seconds is not None:
        yield "Duration", clock(provenance.duration_seconds, 0.1)
    if provenance.frame_count is not None:
        yield "Frames searched", f"{len(searched)} of {provenance.frame_count}: {ranges(searched)}"
    if result.status == "unreadable":
        yield "Not read", f"{result.reason or 'no reason was given'} (code {result.error_code or 'unknown'})"
        return
    per_frame = Counter(face.frame_index for face in result.faces)
    empty = [index for index in searched if index not in per_frame]
    yield "Faces found", _found(result, len(per_frame))
    if empty:
        yield "Frames without a face", f"{len(empty)}: {ranges(empty)}"
    if result.person and result.score_rule:
        rule = _SCORE_RULES.get(
            result.score_rule, f"of their faces those count that the rule {result.score_rule} takes"
        )
        yield "Faces that count", f"{_PERSON_RULES[result.person]}; {rule}"
    once = sum(track.one_off for track in result.tracks)
    if once:
        counts = "They count" if result.person == "pool" else "They do not count"
        yield "Seen only once", f"{once} of the tracks hold a single face, and most such faces are none. {counts}."


def _found(result: VideoResult, frames: int) -> str:
    if not result.faces:
        return "none"
    people = f" of {result.lasting_tracks} people, as far as boxes can tell" if result.lasting_tracks > 1 else ""
    faces = "1 face" if len(result.faces) == 1 else f"{len(result.faces)} faces"
    return f"{faces}{people}, in {frames} of the searched frames"


def ranges(numbers: Iterable[int]) -> str:
    """Numbers in words, with those that follow one another as ranges, and at most 40 of these.

    Examples:
        >>> ranges([0, 1, 2, 5])
        '0 to 2, 5'
    """
    runs = _runs(numbers)
    shown = [str(first) if first == last else f"{first} to {last}" for first, last in islice(runs, _MOST_RANGES)]
    rest = sum(1 + last - first for first, last in runs)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    first = last = None
    for number in numbers:
        if first is None or last is None:
            first = number
        elif number != last + 1:
            yield first, last
            first = number
        last = number
    if first is not None and last is not None:
        yield first, last


def provenance_facts(result: VideoResult) -> tuple[Fact, ...]:
    """Say everything that an answer rests on: the source, the model, its weights, the face detector, the machine."""
    return tuple(_provenance_facts(result))


def _provenance_facts(result: VideoResult) -> Iterator[Fact]:
    provenance, weights, detector = result.provenance, result.provenance.weights, result.provenance.face_detector
    yield "Source", result.source
    yield "SHA-256 of the source", provenance.source_sha256 or "not known"
    yield "Library", f"genconvit {provenance.library_version}"
    yield "Architecture", provenance.architecture
    yield "Config of the model", json.dumps(provenance.config)
    yield "Weights", f"{weights.origin}, {'trained' if weights.trained else 'not trained'}"
    for file in weights.files:
        yield "Weights file", _file(file)
    for file in weights.made_from:
        yield "Made from", _file(file)
    yield "Terms of the weights", weights.licence or "not known"
    yield "Face detector", f"{detector.name}{f' by {detector.runtime}' if detector.runtime else ''} ({detector.reason})"
    if detector.model:
        yield "Model of the face detector", f"{detector.model}, SHA-256 {detector.model_sha256 or 'not known'}"
    yield "Terms of the face detector", detector.licence
    yield "Decision", result.decision.summary if result.decision else "FAKE above a fake probability of 0.5 (default)"
    if result.decision is not None and result.decision.calibration is not None:
        yield "SHA-256 of the calibration", result.decision.calibration.sha256
    yield from _machine_facts(provenance)


def _machine_facts(provenance: Provenance) -> Iterator[Fact]:
    runtime = f"{provenance.runtime}{f' {provenance.runtime_version}' if provenance.runtime_version else ''}"
    compiled = ", compiled" if provenance.compiled else ""
    yield "Ran on", f"{provenance.device} in {provenance.precision}, by {runtime}{compiled}"
    if provenance.quantisation is not None:
        yield "int8", provenance.quantisation.summary
    if provenance.input_spec is not None:
        yield "Input of the networks", provenance.input_spec.model_dump_json()
    if provenance.square_rule is not None:
        yield "Rule of the crops", provenance.square_rule.model_dump_json()
    packages = ", ".join(f"{name} {version}" for name, version in provenance.packages.items())
    if packages:
        yield "Packages", packages


def _file(file: WeightsFile) -> str:
    at = f", {file.repository}" if file.repository else ""
    at += f" at {file.revision}" if file.revision else ""
    return f"{file.name}, SHA-256 {file.sha256}{at}"
