"""The result for a source, which states its scores and what they rest on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import field_validator

from genconvit.core.config import FrozenConfig
from genconvit.core.errors import SourceError
from genconvit.core.fake_probability import FAKE, REAL, sigmoid
from genconvit.core.text import printable
from genconvit.core.types import is_array
from genconvit.pipeline.outcome import Outcome, SourceScores
from genconvit.pipeline.tracks import Sighting, link_faces, one_off_tracks
from genconvit.results.provenance import Provenance
from genconvit.results.quality import findings_of, poor_faces
from genconvit.results.result import (
    UNTRAINED,
    WARM_START,
    BranchProbability,
    FaceResult,
    PersonRule,
    TrackResult,
    VideoResult,
)
from genconvit.verdict.aggregate import PersonScore, chosen_persons, persons_score, rows_that_count, video_score
from genconvit.verdict.calibration import ScoreBasis
from genconvit.verdict.decision_rule import DEFAULT_RULE, DecisionRule
from genconvit.verdict.score_rules import parse_score_rule
from genconvit.video.given import GivenSource
from genconvit.video.names import Source, source_name


class ScoreOptions(FrozenConfig):
    """Rules by which the scores of faces become the score of a video. The defaults are the reference's way."""

    person: PersonRule = "pool"
    """Persons whose faces count: ``pool``, all in one; ``max``, the one with the highest score; ``mean``, all, by the
    mean of their scores; ``largest``, the one whose face is largest on average. A face that is seen only once counts
    for ``pool`` alone, where there is a longer track."""

    score_rule: str = "mean"
    """Faces of a person, or of all, that count: ``mean``, all; ``median``, the middle one or two; ``top3`` (or another
    number), those with the highest fake probabilities; ``confident``, the surely fake ones if they are many, or the
    surely real ones if they are nearly all."""

    @field_validator("score_rule")
    @classmethod
    def _is_a_rule(cls, score_rule: str) -> str:
        parse_score_rule(score_rule)
        return score_rule


REFERENCE_WAY = ScoreOptions()


def conclude(
    outcome: Outcome, provenance: Provenance, options: ScoreOptions, rule: DecisionRule, *, isolated: bool
) -> VideoResult:
    """The result for a source, whether it was read or not.

    Args:
        outcome: findings of the pipeline, with the networks' scores.
        provenance: provenance of the detector; the source's is added.
        options: rules by which faces become a score.
        rule: rule by which a score becomes a label.
        isolated: True where files were decoded in another process.
    """
    given = outcome.source if isinstance(outcome.source, GivenSource) else None
    update = {
        "source_sha256": outcome.sha256,
        "isolated": isolated and not is_array(outcome.source),
        "remote": given and given.remote,
    }
    provenance = provenance.model_copy(update=update)
    if outcome.scores is None:
        result = unreadable(outcome.source, outcome.error, provenance, rule)
    else:
        result = answer(outcome.source, outcome.scores, provenance, options, rule)
    return result.model_copy(update={"credentials": outcome.credentials, "manifest": given and given.manifest})


def answer(
    source: Source,
    scores: SourceScores,
    provenance: Provenance,
    options: ScoreOptions = REFERENCE_WAY,
    rule: DecisionRule = DEFAULT_RULE,
) -> VideoResult:
    """The result for a source that was read.

    Args:
        source: the source as the caller gave it.
        scores: findings of the pipeline.
        provenance: provenance of the detector; the source's is added.
        options: rules by which faces become a score.
        rule: rule by which a score becomes a label.
    """
    name = source_name(source)
    provenance = provenance.model_copy(
        update={
            "decoder": scores.decoder,
            "frame_count": scores.frame_count,
            "duration_seconds": scores.duration_seconds,
            "frame_indices": tuple(scores.frame_indices),
        }
    )
    notes = (*_weights_notes(provenance), *scores.notes)
    if not scores.faces:
        return VideoResult(source=name, status="no_face", decision=rule.decision, notes=notes, provenance=provenance)
    logits = scores.logits()
    sightings = [Sighting(found.frame_index, found.pts_seconds, found.box) for found in scores.faces]
    linked = link_faces(sightings, scores.frame_indices)
    persons = _persons(sightings, linked, logits, options.score_rule)
    one_off = one_off_tracks(linked, len(scores.frame_indices))
    if options.person == "pool":
        score, counted = video_score(logits, options.score_rule), rows_that_count(logits, options.score_rule)
    else:
        lasting = [each.score for each in persons if each.track not in one_off]
        score = persons_score(lasting, options.person)
        counted = [row for chosen in chosen_persons(lasting, options.person) for row in chosen.rows]
        notes += _left_out_notes(len(one_off))
    faces = _faces(scores, logits, linked)
    ruling = rule.ruling(score.fake_probability, trained=provenance.weights.trained)
    notes += rule.notes_for(ScoreBasis.of(provenance, options.person, options.score_rule))
    return VideoResult(
        source=name,
        status=ruling.status,
        label=ruling.label,
        fake_probability=score.fake_probability,
        calibrated_probability=ruling.calibrated,
        decision=rule.decision,
        published_score=score.published_score,
        faces=faces,
        tracks=tuple(each.result(one_off=each.track in one_off) for each in persons),
        person=options.person,
        score_rule=options.score_rule,
        poor_faces=poor_faces(faces[row].findings if faces[row].quality else None for row in counted),
        notes=notes,
        provenance=provenance,
    )


def unreadable(source: Source, error: SourceError | None, provenance: Provenance, rule: DecisionRule) -> VideoResult:
    """The result for a source that cannot be read."""
    return VideoResult(
        source=source_name(source),
        status="unreadable",
        decision=rule.decision,
        reason=error.reason if error else "",
        error_code=error.code if error else None,
        notes=_weights_notes(provenance),
        provenance=provenance,
    )


@dataclass(frozen=True)
class _Person:
    """The faces of one track, and their score."""

    track: int
    faces: Sequence[Sighting]
    score: PersonScore

    def result(self, *, one_off: bool) -> TrackResult:
        first, last = self.faces[0], self.faces[-1]
        return TrackResult(
            track=self.track,
            first_frame_index=first.frame_index,
            last_frame_index=last.frame_index,
            first_pts_seconds=first.pts_seconds,
            last_pts_seconds=last.pts_seconds,
            faces=len(self.faces),
            fake_probability=self.score.score.fake_probability,
            one_off=one_off,
        )


def _persons(
    faces: Sequence[Sighting], linked: Sequence[int], logits: Mapping[str, npt.NDArray[np.float32]], score_rule: str
) -> list[_Person]:
    """Each track's person, in the order of the tracks' numbers."""
    rows: dict[int, list[int]] = {}
    for row, track in enumerate(linked):
        rows.setdefault(track, []).append(row)
    persons = []
    for track, members in rows.items():
        seen = [faces[row] for row in members]
        own = {branch: values[members] for branch, values in logits.items()}
        score, counted = video_score(own, score_rule), rows_that_count(own, score_rule)
        areas = [(right - left) * (bottom - top) for _, _, (left, top, right, bottom) in seen]
        rows_counted = tuple(members[row] for row in counted)
        made = PersonScore(score, len(seen), math.fsum(areas) / len(areas), rows_counted)
        persons.append(_Person(track, seen, made))
    return persons


def _faces(
    scores: SourceScores, logits: Mapping[str, npt.NDArray[np.float32]], linked: Sequence[int]
) -> tuple[FaceResult, ...]:
    probabilities = {branch: sigmoid(values).tolist() for branch, values in logits.items()}
    return tuple(
        FaceResult(
            frame_index=found.frame_index,
            pts_seconds=found.pts_seconds,
            box=found.box,
            crop=found.square,
            confidence=found.confidence,
            fake_probability=scores.fake_probabilities[row],
            branches={
                branch: BranchProbability(fake=values[row][FAKE], real=values[row][REAL])
                for branch, values in probabilities.items()
            },
            track=linked[row],
            quality=found.quality,
            findings=findings_of(found.quality),
        )
        for row, found in enumerate(scores.faces)
    )


def _weights_notes(provenance: Provenance) -> tuple[str, ...]:
    weights, detector = provenance.weights, provenance.face_detector.name
    if not weights.trained:
        notes: tuple[str, ...] = (UNTRAINED,)
    else:
        notes = (WARM_START,) if weights.origin == "warm_start" else ()
        notes += (weights.about,) if weights.about else ()
    if not weights.crop_rules or detector in weights.crop_rules:
        return notes
    named = printable(", ".join(weights.crop_rules))
    return (*notes, f"faces were cut by {detector}'s own rule: the weights say how for {named} alone")


def _left_out_notes(one_off: int) -> tuple[str, ...]:
    if not one_off:
        return ()
    return (f"{one_off} {'face that was' if one_off == 1 else 'faces that were'} seen only once did not count",)
