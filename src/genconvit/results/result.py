"""The answer for one source, with everything it rests on; JSON both ways."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, PositiveInt, model_validator

from genconvit.core.config import FrozenConfig
from genconvit.core.text import printable
from genconvit.core.types import Box
from genconvit.results.credentials import ContentCredentials
from genconvit.results.decision import Decision
from genconvit.results.pictured import Pictured
from genconvit.results.provenance import Provenance
from genconvit.results.quality import FaceQuality, PoorFaces, QualityFinding

SCHEMA_VERSION: Literal[1] = 1
UNTRAINED = "untrained: no verdict"
WARM_START = "warm start: the score is the original architecture's"

Status = Literal["ok", "no_face", "unreadable", "inconclusive"]
Label = Literal["FAKE", "REAL"]
PersonRule = Literal["pool", "max", "mean", "largest"]


MOST_COLUMNS, LONGEST_COLUMN, LONGEST_CELL = 64, 100, 1000
ManifestColumn = Annotated[str, Field(max_length=LONGEST_COLUMN)]
ManifestCell: TypeAlias = Annotated[str, Field(max_length=LONGEST_CELL)] | bool | int | float | None
"""A value of a manifest's column."""


class BranchProbability(FrozenConfig):
    """One branch's sigmoids for one face; they need not add up to 1."""

    fake: float = Field(ge=0, le=1)
    """Sigmoid of the logit of FAKE."""

    real: float = Field(ge=0, le=1)
    """Sigmoid of the logit of REAL."""


class FaceResult(FrozenConfig):
    """One face of one frame."""

    frame_index: int
    """Index of the frame in the video, counted from 0."""

    pts_seconds: float | None
    """Presentation time of the frame in seconds; None where the source has no clock."""

    box: Box
    """Box of the face detector: left, top, right, bottom in pixels of the frame as it is shown."""

    crop: Box
    """Square that the networks saw: left, top, right, bottom in pixels of the frame as it is shown."""

    confidence: float = Field(ge=0, le=1)
    """Confidence of the face detector, in [0, 1]."""

    fake_probability: float = Field(ge=0, le=1)
    """Mean over branches of (p_fake + 1 - p_real) / 2."""

    branches: dict[str, BranchProbability]
    """Probabilities of each branch, by its name."""

    track: int = Field(default=0, ge=0)
    """Number of its track in ``VideoResult.tracks``; 0 where the result has no tracks."""

    quality: FaceQuality | None = None
    """Measured values of the face's picture; None in results of versions that measured none."""

    findings: tuple[QualityFinding, ...] = ()
    """Measured values that are beyond their thresholds; they change neither a score nor a label."""


class TrackResult(FrozenConfig):
    """The faces of one person over the frames, as far as boxes can tell."""

    track: int = Field(ge=0)
    """Number of the track, counted from 0 in the order in which tracks begin."""

    first_frame_index: int
    """Index of the frame with its first face, counted from 0."""

    last_frame_index: int
    """Index of the frame with its last face, counted from 0."""

    first_pts_seconds: float | None
    """Presentation time of that first frame in seconds; None where the source has no clock."""

    last_pts_seconds: float | None
    """Presentation time of that last frame in seconds; None where the source has no clock."""

    faces: PositiveInt
    """Number of faces."""

    fake_probability: float = Field(ge=0, le=1)
    """Fake probability that a video of this track alone would get, by the same score rule."""

    one_off: bool
    """True for a track of a single face, where at least 3 frames were searched and another track is longer; most such
    faces are none."""

    def spans(self, faces: Sequence[FaceResult]) -> bool:
        """Tell whether the track is what these faces, in the order of the frames, make."""
        ends = [(face.frame_index, face.pts_seconds) for face in (faces[0], faces[-1])]
        stated = [
            (self.first_frame_index, self.first_pts_seconds),
            (self.last_frame_index, self.last_pts_seconds),
        ]
        return ends == stated and len(faces) == self.faces and not (self.one_off and self.faces > 1)


class VideoResult(Pictured, FrozenConfig):
    """The answer for one source."""

    schema_version: Literal[1] = SCHEMA_VERSION
    """Version of this layout; grows when a field changes its meaning."""

    source: str
    """Source as it was given: a path, an address without its secrets, or a name for frames in memory."""

    manifest: dict[ManifestColumn, ManifestCell] | None = Field(default=None, max_length=MOST_COLUMNS)
    """Further columns of its row in the manifest that named it, as they stand there; None without a manifest."""

    status: Status
    """Outcome: ``ok``, ``no_face``, ``unreadable``, or ``inconclusive`` where the decision gives a score no label."""

    label: Label | None = None
    """Verdict, ``FAKE`` or ``REAL``; None unless the status is ok and the weights are trained."""

    fake_probability: float | None = Field(default=None, ge=0, le=1)
    """Score of the video: (p_fake + 1 - p_real) / 2 with p the mean of the sigmoids over branches and the faces that
    count; without a decision, above one half exactly where the label is FAKE. None unless the status is ok or
    inconclusive."""

    calibrated_probability: float | None = Field(default=None, ge=0, le=1)
    """Fake probability after the decision's calibration; None without one, or without a score."""

    decision: Decision | None = None
    """Rule that gave the label; None for the default one, FAKE exactly where p_fake > p_real."""

    published_score: float | None = Field(default=None, ge=0, le=1)
    """Score that the reference would have stored: p_fake where it is above p_real, else 1 - p_real."""

    faces: tuple[FaceResult, ...] = ()
    """Faces that were scored, all of them, in the order of the frames."""

    tracks: tuple[TrackResult, ...] = ()
    """Tracks, one for each person as far as boxes can tell; empty in results of versions that knew none."""

    person: PersonRule | None = None
    """Rule by which persons count; None without a score."""

    score_rule: str | None = None
    """Rule by which faces count; None without a score."""

    poor_faces: PoorFaces | None = None
    """Faces with findings among those that the score rests on; None without a score, and in results of versions that
    measured none."""

    reason: str | None = None
    """Reason why a source is unreadable, else None."""

    error_code: str | None = None
    """Code of the error that made a source unreadable, such as ``inaccessible`` or ``limit``; None for other sources,
    and in results of versions that knew no codes."""

    notes: tuple[str, ...] = ()
    """Notes that a reader must know: untrained weights, a warm start, a fallback, frames that did not decode."""

    credentials: ContentCredentials | None = None
    """Content Credentials of the file, which never change the score; None where they were not asked for."""

    provenance: Provenance
    """Everything that the answer rests on."""

    @model_validator(mode="after")
    def _only_an_answer_has_a_score(self) -> VideoResult:
        scored = self.status in ("ok", "inconclusive")
        if scored != (self.fake_probability is not None):
            raise ValueError(f"status {self.status!r} does not go with fake_probability {self.fake_probability}")
        if self.label is not None and (self.status != "ok" or not self.provenance.weights.trained):
            raise ValueError(f"label {self.label!r} needs status 'ok' and trained weights; got {self.status!r}")
        if not scored and (self.person or self.score_rule):
            raise ValueError(f"status {self.status!r} has no score, so neither person nor score_rule goes with it")
        return self

    @model_validator(mode="after")
    def _the_label_follows_from_the_decision(self) -> VideoResult:
        decision, probability = self.decision, self.fake_probability
        if decision is not None and decision.calibration is not None:
            probability = self.calibrated_probability
            if (probability is None) != (self.fake_probability is None):
                raise ValueError(f"calibrated_probability {probability} does not go with {self.fake_probability}")
        elif self.calibrated_probability is not None:
            raise ValueError(
                f"calibrated_probability {self.calibrated_probability} needs a calibration in the decision"
            )
        if decision is None or probability is None or not self.provenance.weights.trained:
            if self.status == "inconclusive":
                raise ValueError("status 'inconclusive' needs a decision with a band, and trained weights")
            return self
        right = ("inconclusive", None) if decision.is_inconclusive(probability) else ("ok", decision.label(probability))
        if (self.status, self.label) != right:
            raise ValueError(f"by the decision, {probability} is {right}; got {(self.status, self.label)}")
        return self

    @model_validator(mode="after")
    def _tracks_hold_the_faces(self) -> VideoResult:
        if not self.tracks and not any(face.track for face in self.faces):
            return self  # of a version that knew no tracks
        members: dict[int, list[FaceResult]] = {}
        for face in self.faces:
            members.setdefault(face.track, []).append(face)
        numbers = [track.track for track in self.tracks]
        if not numbers == list(members) == list(range(len(members))):
            raise ValueError(f"the tracks are numbered {numbers}, but the faces belong to {list(members)} in turn")
        for track in self.tracks:
            if not track.spans(members[track.track]):
                raise ValueError(f"track {track.track} contradicts its {len(members[track.track])} faces; got {track}")
        return self

    def __str__(self) -> str:
        return f"{printable(self.source)}: {self.verdict}"

    def to_row(self) -> dict[str, str | int | float | None]:
        """The answer as one flat row, for a spreadsheet or a data frame; None stands for what is not there."""
        return {
            "source": self.source,
            "status": self.status,
            "label": self.label,
            "fake_probability": self.fake_probability,
            "calibrated_probability": self.calibrated_probability,
            "threshold": self.decision.threshold if self.decision else None,
            "published_score": self.published_score,
            "faces": len(self.faces),
            "poor_faces": self.poor_faces.poor if self.poor_faces else None,
            "tracks": len(self.tracks),
            "frames": len(self.provenance.frame_indices),
            "person": self.person,
            "score_rule": self.score_rule,
            "architecture": self.provenance.architecture,
            "weights": self.provenance.weights.origin,
            "credentials": self.credentials.standing if self.credentials else None,
            "notes": "; ".join(self.notes),
            "reason": self.reason,
            "error_code": self.error_code,
            "manifest": None if self.manifest is None else json.dumps(self.manifest),
        }

    @property
    def lasting_tracks(self) -> int:
        """Number of tracks without those that hold one face only, beside longer ones."""
        return sum(not track.one_off for track in self.tracks)

    @property
    def headline(self) -> str:
        """The verdict alone: the label, or why there is none."""
        if self.status == "ok":
            return self.label or UNTRAINED
        return self.status.replace("_", " ")

    @property
    def verdict(self) -> str:
        """The answer in a few words, without the source's name."""
        frames = _count(len(self.provenance.frame_indices), "frame")
        if self.status == "unreadable":
            basis = self.reason or "no reason given"
        elif self.fake_probability is None:
            basis = f"searched {frames}"
        else:
            tracks = f" of {self.lasting_tracks} tracks" if self.lasting_tracks > 1 else ""
            faces = f"{_count(len(self.faces), 'face')}{tracks}"
            basis = f"{self._numbers}, {faces} in {frames}"
        details = [basis, *self.warnings, *(note for note in self.notes if note != self.headline)]
        return printable(f"{self.headline} ({'; '.join(details)})")

    @property
    def warnings(self) -> tuple[str, ...]:
        """The count of poor faces in words, where more than half of the faces that the score rests on are poor."""
        return (self.poor_faces.words,) if self.poor_faces and self.poor_faces.are_many else ()

    @property
    def _numbers(self) -> str:
        parts = [f"fake probability {self.fake_probability:.3f}"]
        if self.calibrated_probability is not None:
            parts.append(f"calibrated {self.calibrated_probability:.3f}")
        if self.decision is not None:
            parts.append(f"threshold {self.decision.threshold:.3f}")
        return ", ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
