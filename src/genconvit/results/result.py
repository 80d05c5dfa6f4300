"""The answer for one source, with everything it rests on; JSON both ways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, JsonValue, PositiveInt, model_validator

from genconvit.core.config import FrozenConfig
from genconvit.core.cut import CropRules, SquareRule
from genconvit.core.text import printable
from genconvit.core.types import Box
from genconvit.results.rule import Decision

SCHEMA_VERSION: Literal[1] = 1
UNTRAINED = "untrained: no verdict"
WARM_START = "warm start: the score is the original architecture's"

Status = Literal["ok", "no_face", "unreadable", "inconclusive"]
Label = Literal["FAKE", "REAL"]
PersonRule = Literal["pool", "max", "mean", "largest"]
Origin = Literal["published", "embedded", "file", "warm_start", "random"]


class WeightsFile(FrozenConfig):
    """One file of weights.

    Attributes:
        name: its file name.
        sha256: of its bytes, in hexadecimal.
        repository: the hub repository it came from, or None for a local file.
        revision: the commit of that repository.
    """

    name: str
    sha256: str
    repository: str | None = None
    revision: str | None = None


class WeightsInfo(FrozenConfig):
    """Where a model's weights came from.

    Attributes:
        origin: ``published`` (the original's, from the hub), ``embedded`` (shipped with the library), ``file``,
            ``warm_start`` (another architecture's weights; layers of its own are still neutral) or ``random``.
        trained: False where a score means nothing.
        files: what was read.
        made_from: the files that a converted file was made from, as it says.
        new_layers: for a warm start, the parameters that no file held.
        crop_rules: for each face detector that they name, how the crops of their training were cut; empty where they
            name none.
        licence: what they may be used for; None where that is not known.
        about: what those that ship with the library learned from, and how often they are wrong; None for others.
    """

    origin: Origin
    trained: bool
    files: tuple[WeightsFile, ...] = ()
    made_from: tuple[WeightsFile, ...] = ()
    new_layers: tuple[str, ...] = ()
    crop_rules: CropRules = Field(default_factory=dict)
    licence: str | None = None
    about: str | None = None


class FaceDetectorInfo(FrozenConfig):
    """Which face detector ran.

    Attributes:
        name: the name it is registered under.
        reason: why this one, where it was chosen automatically.
        model: its model's file name, or None where it ships its own.
        model_sha256: of that file, or None.
        licence: the terms of its model.
    """

    name: str
    reason: str
    model: str | None
    model_sha256: str | None
    licence: str


class Provenance(FrozenConfig):
    """What a result rests on.

    Attributes:
        library_version: of genconvit.
        packages: the versions of what computed the answer, plugins among them.
        architecture: its registered name.
        config: the model's whole config.
        weights: where its weights came from.
        face_detector: which one ran.
        square_rule: by which its boxes became the squares that the networks saw: the weights' for it, else its own.
            None in results of versions that did not say.
        decoder: what read the source; None where nothing could.
        device: where the networks ran, for example ``cpu`` or ``cuda:0``.
        precision: of the networks, ``fp32`` or ``bf16``.
        compiled: whether the networks ran through ``torch.compile``.
        isolated: whether the file was decoded in a process of its own.
        frame_count: how many frames the source has; None where it could not be read.
        frame_indices: the frames that were decoded and searched for faces.
        source_sha256: of the file's bytes; None for arrays, tensors and folders.
    """

    library_version: str
    packages: dict[str, str] = Field(default_factory=dict)
    architecture: str
    config: dict[str, JsonValue]
    weights: WeightsInfo
    face_detector: FaceDetectorInfo
    square_rule: SquareRule | None = None
    decoder: str | None
    device: str
    precision: str
    compiled: bool = False
    isolated: bool = False
    frame_count: int | None = None
    frame_indices: tuple[int, ...] = ()
    source_sha256: str | None = None

    @property
    def summary(self) -> str:
        """One line for people: what looked at the sources."""
        files = ", ".join(file.name for file in self.weights.files)
        mode = self.config.get("mode")
        return (
            f"genconvit {self.library_version}: {self.architecture} ({mode}), weights {self.weights.origin}"
            f"{f' ({files})' if files else ''}, {self.precision} on {self.device}; "
            f"faces by {self.face_detector.name} ({self.face_detector.licence})"
        )


class BranchProbability(FrozenConfig):
    """One branch's sigmoids for one face; they need not add up to 1."""

    fake: float = Field(ge=0, le=1)
    real: float = Field(ge=0, le=1)


class FaceResult(FrozenConfig):
    """One face of one frame.

    Attributes:
        frame_index: counted from 0.
        pts_seconds: the frame's presentation time in seconds; None where the source has no clock.
        box: the detector's box: left, top, right, bottom in pixels of the frame.
        crop: the square that the networks saw, in the same terms.
        confidence: the face detector's own, in [0, 1].
        fake_probability: mean over branches of (p_fake + 1 - p_real) / 2.
        branches: each branch's probabilities.
        track: the number of its track in ``VideoResult.tracks``; 0 where the result has no tracks.
    """

    frame_index: int
    pts_seconds: float | None
    box: Box
    crop: Box
    confidence: float = Field(ge=0, le=1)
    fake_probability: float = Field(ge=0, le=1)
    branches: dict[str, BranchProbability]
    track: int = Field(default=0, ge=0)


class TrackResult(FrozenConfig):
    """The faces of one person over the frames, as far as boxes can tell.

    Attributes:
        track: counted from 0 in the order in which they begin.
        first_frame_index: the frame of its first face.
        last_frame_index: the frame of its last face.
        first_pts_seconds: the presentation time of that first frame; None where the source has no clock.
        last_pts_seconds: the same of the last.
        faces: how many there are.
        fake_probability: as a video of this track alone would get it, by the same score rule.
        one_off: it holds a single face, while at least 3 frames were searched and another track is longer; most
            such faces are none.
    """

    track: int = Field(ge=0)
    first_frame_index: int
    last_frame_index: int
    first_pts_seconds: float | None
    last_pts_seconds: float | None
    faces: PositiveInt
    fake_probability: float = Field(ge=0, le=1)
    one_off: bool

    def spans(self, faces: Sequence[FaceResult]) -> bool:
        """Whether it is what these faces, in the order of the frames, make a track."""
        ends = [(face.frame_index, face.pts_seconds) for face in (faces[0], faces[-1])]
        stated = [
            (self.first_frame_index, self.first_pts_seconds),
            (self.last_frame_index, self.last_pts_seconds),
        ]
        return ends == stated and len(faces) == self.faces and not (self.one_off and self.faces > 1)


class VideoResult(FrozenConfig):
    """The answer for one source.

    Attributes:
        schema_version: of this layout; grows when a field changes its meaning.
        source: what was asked for, as given.
        status: ``ok``, ``no_face``, ``unreadable``, or ``inconclusive``: the decision
            gives no label to such a score.
        label: ``FAKE`` or ``REAL``; None unless the status is ok and the weights are trained.
        fake_probability: (p_fake + 1 - p_real) / 2 with p the mean of the sigmoids over branches and the faces that
            count; without a decision, above one half exactly where the label is FAKE. None unless the status is ok or
            inconclusive.
        calibrated_probability: what the decision's calibration makes of it; None without one, or without a score.
        decision: the rule that gave the label; None for the default one, FAKE exactly where p_fake > p_real.
        published_score: what the reference would have stored: p_fake where it is above p_real, else 1 - p_real.
        faces: every face that was scored, in the order of the frames.
        tracks: the faces linked over the frames, one for each person as far as boxes can tell; empty in results of
            versions that knew none.
        person: the rule by which persons count; None without a score.
        score_rule: the rule by which faces count; None without a score.
        reason: why a source is unreadable, else None.
        notes: what a reader must know: untrained weights, a warm start, a fallback, frames that did not decode.
        provenance: what the answer rests on.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    source: str
    status: Status
    label: Label | None = None
    fake_probability: float | None = Field(default=None, ge=0, le=1)
    calibrated_probability: float | None = Field(default=None, ge=0, le=1)
    decision: Decision | None = None
    published_score: float | None = Field(default=None, ge=0, le=1)
    faces: tuple[FaceResult, ...] = ()
    tracks: tuple[TrackResult, ...] = ()
    person: PersonRule | None = None
    score_rule: str | None = None
    reason: str | None = None
    notes: tuple[str, ...] = ()
    provenance: Provenance

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

    @property
    def lasting_tracks(self) -> int:
        """How many tracks there are without those that hold one face only, beside longer ones."""
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
        details = [basis, *(note for note in self.notes if note != self.headline)]
        return printable(f"{self.headline} ({'; '.join(details)})")

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
