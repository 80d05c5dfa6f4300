"""The measurement: each source is read and its faces found once, and the networks score them at every step.

The face detector sees clean frames only, so that it is the networks' robustness that is measured and not its own.
Scores become a video's score as ``Detector.predict`` makes them.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from genconvit.assemble import Parts, assemble, assemble_readers
from genconvit.core.left_out import LeftOut
from genconvit.core.optional import require
from genconvit.core.progress import ShowProgress, no_progress
from genconvit.data.base import LabelledSource, Listing
from genconvit.evaluation.results_file import scored_video
from genconvit.evaluation.robustness import RobustnessReport, StepInfo, VideoSteps, summarise_steps
from genconvit.evaluation.scored import ScoredVideo
from genconvit.metrics.intervals import Resampling
from genconvit.pipeline.outcome import Outcome
from genconvit.pipeline.run import score_faces
from genconvit.results.result import UNTRAINED, WARM_START
from genconvit.robustness.degrade import DEGRADATIONS, Degradation
from genconvit.robustness.faces import DegradedFaces, Step, StepOutcome, steps_of
from genconvit.robustness.reencode import check_encoder
from genconvit.settings import DetectorConfig, refuse_credentials
from genconvit.verdict.conclude import conclude
from genconvit.video.sampling import EVERY_FRAME


def measure_robustness(
    config: DetectorConfig,
    listing: Listing,
    degradations: Sequence[Degradation] = tuple(DEGRADATIONS.values()),
    resampling: Resampling | None = None,
    progress: ShowProgress = no_progress,
) -> RobustnessReport:
    """Score videos as they are and degraded.

    A video that cannot be read, or has no face, is left out and named; it does not end the run.

    Args:
        config: config of the detector.
        listing: the videos, with labels or without.
        degradations: degradations of the videos, each at all of its strengths.
        resampling: options by which the intervals of the AUC are made.
        progress: shows progress.

    Raises:
        ConfigError: an option has a value that is not allowed here, or there is no encoder for H.264, or no
            scikit-learn for videos with labels.
        PluginError: a plugin is unknown, broken, or claimed twice.
        WeightsError: the weights cannot be had, read, or do not fit.
    """
    begun = time.perf_counter()
    resampling = resampling or Resampling()
    steps = steps_of(degradations)
    refuse_credentials(config, "a measurement of robustness")
    if any(step.is_encoded for step in steps):
        check_encoder()
    if any(source.label for source in listing.sources):
        require("sklearn", package="scikit-learn", extra="metrics", purpose="an AUC")
    parts = assemble(config)
    try:
        run = _Run(config, parts, steps)
        for _ in progress(run.score(listing.sources), len(listing.sources), "scoring"):
            pass
    finally:
        parts.readers.close()
    trained = parts.provenance.weights.trained
    return RobustnessReport(
        dataset=listing.dataset,
        split=listing.split,
        frames=config.frames,
        trained=trained,
        provenance=parts.provenance,
        resampling=resampling,
        steps=summarise_steps(list(map(_info, steps)), run.videos, run.seconds, resampling, trained=trained),
        videos=tuple(run.videos),
        no_face=tuple(run.no_face),
        unreadable=tuple(run.unreadable),
        notes=(*_weights_notes(parts), *listing.notes, *run.notes),
        seconds=time.perf_counter() - begun,
    )


class _Run:
    """One run, as its results come in.

    Attributes:
        videos: videos with a face.
        no_face: the names of those without.
        unreadable: videos that cannot be read.
        notes: notes on steps that could not be done for some videos.
        seconds: seconds spent on degrading, for each step.
    """

    def __init__(self, config: DetectorConfig, parts: Parts, steps: Sequence[Step]) -> None:
        self._config = config
        self._parts = parts
        self._steps = steps
        self._isolated = False
        self.videos: list[VideoSteps] = []
        self.no_face: list[str] = []
        self.unreadable: list[LeftOut] = []
        self.seconds = [0.0] * len(steps)

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes that say what is missing from the numbers."""
        short = sum(None in video.scores for video in self.videos)
        return (f"videos without a score at some of the steps: {short}; their notes say why",) if short else ()

    def score(self, sources: Sequence[LabelledSource]) -> Generator[LabelledSource, None, None]:
        """Score sources, and yield each that is done."""
        paths = [source.path for source in sources]
        every_frame = assemble_readers(self._config, EVERY_FRAME)
        reader = self._parts.readers.for_many(paths)
        self._isolated = reader.isolated
        try:
            with tempfile.TemporaryDirectory(prefix="genconvit-") as folder:
                faces = DegradedFaces(
                    self._parts.finder, reader, every_frame.for_many(paths), self._steps, Path(folder)
                )
                with closing(score_faces(self._parts.scorer, faces.of_sources(paths))) as outcomes:
                    for source in sources:
                        self._add(source, list(islice(outcomes, len(self._steps))))
                        yield source
        finally:
            every_frame.close()

    def _add(self, source: LabelledSource, outcomes: Sequence[Outcome]) -> None:
        rows = [self._scored(source, outcome) for outcome in outcomes]
        clean = rows[0]
        if clean.score is None:
            if clean.status == "no_face":
                self.no_face.append(source.name)
            else:
                self.unreadable.append(LeftOut(name=source.name, reason=clean.reason or "no reason given"))
            return
        errors = dict.fromkeys(outcome.error.reason for outcome in outcomes if outcome.error)
        scores = outcomes[0].scores
        self.videos.append(
            VideoSteps(
                name=source.name,
                truth=source.label,
                groups=source.groups,
                scores=tuple(row.score for row in rows),
                labels=tuple(row.predicted for row in rows),
                faces=tuple(len(row.faces) for row in rows),
                notes=(*(scores.notes if scores else ()), *errors),
            )
        )
        for number, outcome in enumerate(outcomes):
            self.seconds[number] += outcome.seconds if isinstance(outcome, StepOutcome) else 0.0

    def _scored(self, source: LabelledSource, outcome: Outcome) -> ScoredVideo:
        note = self._parts.readers.note
        if outcome.scores is not None and note:
            outcome.scores.notes.append(note)
        parts = self._parts
        result = conclude(outcome, parts.provenance, self._config, parts.rule, isolated=self._isolated)
        return scored_video(result, truth=source.label, name=source.name, groups=source.groups)


def _info(step: Step) -> StepInfo:
    if step.degradation is None:
        return StepInfo(degradation="none", label="clean", unit="", strength=None)
    kind = step.degradation
    return StepInfo(degradation=kind.name, label=kind.label, unit=kind.unit, strength=step.strength, clean=kind.clean)


def _weights_notes(parts: Parts) -> tuple[str, ...]:
    weights = parts.provenance.weights
    if not weights.trained:
        return (f"{UNTRAINED}; the scores mean nothing, and neither do their changes",)
    if weights.about:
        return (weights.about,)
    return (WARM_START,) if weights.origin == "warm_start" else ()
