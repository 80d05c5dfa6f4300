"""The measurement: each source is read and its faces found once, and the networks score them at every step.

The face detector sees clean frames only, so that it is the networks' robustness that is measured and not its own.
Scores become a video's score as ``Detector.predict`` makes them.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import closing, nullcontext
from itertools import islice
from pathlib import Path

from pydantic import JsonValue

from genconvit.assemble import Parts, assemble, assemble_readers
from genconvit.core.optional import require
from genconvit.core.progress import ShowProgress, no_progress
from genconvit.data.base import LabelledSource, Listing
from genconvit.evaluation.results_file import scored_video
from genconvit.evaluation.robustness import RobustnessReport, StepInfo, VideoSteps, summarise_steps
from genconvit.inputs.fetch import RemoteFiles
from genconvit.inputs.options import RemoteOptions
from genconvit.journal.journal import Journal
from genconvit.journal.resuming import Resuming
from genconvit.journal.settings import deciding_settings
from genconvit.metrics.intervals import Resampling
from genconvit.pipeline.outcome import Outcome
from genconvit.pipeline.run import score_faces
from genconvit.results.result import UNTRAINED, WARM_START, VideoResult
from genconvit.robustness.degrade import DEGRADATIONS, Degradation
from genconvit.robustness.faces import DegradedFaces, Step, StepOutcome, steps_of
from genconvit.robustness.measured_video import (
    MeasuredVideo,
    seconds_of_steps,
    unreadable,
    with_steps,
    without_face,
)
from genconvit.robustness.reencode import check_encoder
from genconvit.settings import DetectorConfig, refuse_credentials
from genconvit.verdict.conclude import conclude
from genconvit.video.names import source_name
from genconvit.video.sampling import EVERY_FRAME


def measure_robustness(
    config: DetectorConfig,
    listing: Listing,
    degradations: Sequence[Degradation] = tuple(DEGRADATIONS.values()),
    resampling: Resampling | None = None,
    progress: ShowProgress = no_progress,
    kept_in: Path | None = None,
    resuming: Resuming | None = None,
    remote: RemoteOptions | None = None,
) -> RobustnessReport:
    """Score videos as they are and degraded.

    A video that cannot be read, or has no face, is left out and named; it does not end the run.

    Args:
        config: config of the detector.
        listing: the videos, with labels or without.
        degradations: degradations of the videos, each at all of its strengths.
        resampling: options by which the intervals of the AUC are made.
        progress: shows progress.
        kept_in: file of a journal that keeps each video as it is finished; the same call does only what is missing in
            it. None keeps nothing.
        resuming: way of going on with that journal.
        remote: limits of files on other machines.

    Raises:
        ConfigError: an option has a value that is not allowed here, or there is no encoder for H.264, or no
            scikit-learn for videos with labels; another run is at work on the journal, or it is of other settings.
        DatasetError: the journal was changed by something else.
        GenConViTError: there is no room for the journal.
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
        with RemoteFiles(remote) as files:
            run = _Run(config, parts, steps, files, keeps=kept_in is not None)
            videos = _measured(run, listing.sources, progress, kept_in, resuming)
    finally:
        parts.readers.close()
    trained, scored = parts.provenance.weights.trained, with_steps(videos)
    return RobustnessReport(
        dataset=listing.dataset,
        split=listing.split,
        frames=config.frames,
        trained=trained,
        provenance=parts.provenance,
        resampling=resampling,
        steps=summarise_steps(
            list(map(_info, steps)), scored, seconds_of_steps(videos, len(steps)), resampling, trained=trained
        ),
        videos=scored,
        no_face=without_face(videos),
        unreadable=unreadable(videos),
        notes=(*_weights_notes(parts), *listing.notes, *_missing_notes(scored)),
        seconds=time.perf_counter() - begun,
    )


def _measured(
    run: _Run,
    sources: Sequence[LabelledSource],
    progress: ShowProgress,
    kept_in: Path | None,
    resuming: Resuming | None,
) -> list[MeasuredVideo]:
    """Measure what no journal holds, and give every source's video in their order."""
    by_name = {source_name(source.path): source for source in sources}
    with nullcontext() if kept_in is None else Journal(kept_in, run.settings, resuming) as journal:
        found: dict[str, MeasuredVideo] = {}
        pending = by_name
        if journal is not None:
            found = {name: MeasuredVideo.model_validate_json(line) for name, line in journal.results()}
            told = run.files.told((source.path for source in sources), journal.knows)
            pending = {name: by_name[name] for name in map(source_name, journal.pending(told))}
        for result, video in progress(run.score(list(pending.values())), len(pending), "scoring"):
            if journal is not None:
                journal.add(result, video.model_dump_json())
            found[result.source] = video
        if journal is not None:
            journal.finish()
    return [found[source_name(source.path)] for source in sources]


class _Run:
    """One run over sources, with what all of them have in common."""

    def __init__(
        self, config: DetectorConfig, parts: Parts, steps: Sequence[Step], files: RemoteFiles, *, keeps: bool
    ) -> None:
        self.files = files
        self._keeps = keeps
        self._config = config
        self._parts = parts
        self._steps = steps
        self._isolated = False

    @property
    def settings(self) -> dict[str, JsonValue]:
        """Everything that decides on a video's scores."""
        parts = self._parts
        steps: list[JsonValue] = [f"{_info(step).degradation} {step.strength}" for step in self._steps]
        decision, batch_size = parts.rule.decision, parts.scorer.batch_size
        return {**deciding_settings(self._config, parts.provenance, decision, batch_size), "steps": steps}

    def score(self, sources: Sequence[LabelledSource]) -> Generator[tuple[VideoResult, MeasuredVideo], None, None]:
        """Score sources, and yield each one's clean result and what was measured."""
        paths = [source.path for source in sources]
        every_frame = assemble_readers(self._config, EVERY_FRAME)
        # No list where a run goes on: a single one that is left is isolated as well.
        reader, frames_reader = (
            each.for_many(iter(paths) if self._keeps else paths) for each in (self._parts.readers, every_frame)
        )
        self._isolated = reader.isolated
        try:
            with tempfile.TemporaryDirectory(prefix="genconvit-") as folder:
                faces = DegradedFaces(self._parts.finder, reader, frames_reader, self._steps, Path(folder))
                with closing(score_faces(self._parts.scorer, faces.of_sources(self.files.each(paths)))) as outcomes:
                    for source in sources:
                        yield self._video(source, list(islice(outcomes, len(self._steps))))
        finally:
            every_frame.close()

    def _video(self, source: LabelledSource, outcomes: Sequence[Outcome]) -> tuple[VideoResult, MeasuredVideo]:
        results = [self._result(outcome) for outcome in outcomes]
        rows = [scored_video(result, truth=source.label, name=source.name, groups=source.groups) for result in results]
        clean = rows[0]
        if clean.score is None:
            return results[0], MeasuredVideo(name=source.name, status=clean.status, reason=clean.reason)
        errors = dict.fromkeys(outcome.error.reason for outcome in outcomes if outcome.error)
        scores = outcomes[0].scores
        steps = VideoSteps(
            name=source.name,
            truth=source.label,
            groups=source.groups,
            scores=tuple(row.score for row in rows),
            labels=tuple(row.predicted for row in rows),
            faces=tuple(len(row.faces) for row in rows),
            notes=(*(scores.notes if scores else ()), *errors),
        )
        seconds = tuple(outcome.seconds if isinstance(outcome, StepOutcome) else 0.0 for outcome in outcomes)
        return results[0], MeasuredVideo(name=source.name, status=clean.status, steps=steps, seconds=seconds)

    def _result(self, outcome: Outcome) -> VideoResult:
        note = self._parts.readers.note
        if outcome.scores is not None and note:
            outcome.scores.notes.append(note)
        parts = self._parts
        return conclude(outcome, parts.provenance, self._config, parts.rule, isolated=self._isolated)


def _missing_notes(videos: Sequence[VideoSteps]) -> tuple[str, ...]:
    """Notes that say what is missing from the numbers."""
    short = sum(None in video.scores for video in videos)
    return (f"videos without a score at some of the steps: {short}; their notes say why",) if short else ()


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
