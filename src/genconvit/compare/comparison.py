"""The comparison itself: faces are found once, and each variant scores them alone, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from pydantic import JsonValue

from genconvit.assemble import Finding, assemble_finding, assemble_rule, assemble_scoring
from genconvit.compare.cost import measured_peak
from genconvit.compare.lines import Lines, journal_path, many_runs, one_run
from genconvit.compare.prediction_file import PredictionFile
from genconvit.compare.spool import FaceSpool
from genconvit.compare.variants import Variant
from genconvit.core.cut import Cut
from genconvit.core.device import device_beside, resolve_device
from genconvit.core.errors import GenConViTError
from genconvit.core.progress import ShowProgress, no_progress
from genconvit.data.base import LabelledSource, Listing
from genconvit.evaluation.conventions import EvaluationOptions
from genconvit.evaluation.evaluated import Evaluated
from genconvit.evaluation.evaluation import evaluate
from genconvit.evaluation.scored import ScoredSet
from genconvit.inputs.fetch import RemoteFiles
from genconvit.inputs.options import RemoteOptions
from genconvit.journal.journal import Journal
from genconvit.journal.resuming import Resuming
from genconvit.journal.settings import deciding_settings
from genconvit.pipeline.run import find_faces, score_faces
from genconvit.results.provenance import Provenance
from genconvit.settings import refuse_credentials
from genconvit.verdict.conclude import conclude
from genconvit.video.names import source_name

BLOCK = 100
"""Number of videos that faces are found of before variants score them, in a comparison that can be gone on with."""


@dataclass(frozen=True)
class VariantRun:
    """One variant's part.

    Attributes:
        evaluated: scores of the variant, and what they are worth.
        file: path of the file that holds everything.
    """

    evaluated: Evaluated
    file: Path


def compare_variants(
    listing: Listing,
    variants: Sequence[Variant],
    folder: Path,
    options: EvaluationOptions | None = None,
    progress: ShowProgress = no_progress,
    resuming: Resuming | None = None,
    remote: RemoteOptions | None = None,
) -> list[VariantRun]:
    """Score a data set with each variant, and write one file of results a variant.

    Videos are decoded, and their faces found and cut out, once; the options of the first variant decide how. Then the
    variants take turns, so that each one's time and memory are its own. With ``resuming`` this happens a block of
    videos at a time, and a journal a variant keeps what is finished: the same call does only what is missing.

    Args:
        listing: the videos.
        variants: variants to compare, at least one.
        folder: folder that the files go to.
        options: options by which scores are evaluated.
        progress: shows progress.
        resuming: way of going on with another run; None begins anew.
        remote: limits of files on other machines.

    Raises:
        ConfigError: an option has a value that is not allowed here, or the folder cannot be written; another run is at
            work on a journal, or its results are of other settings.
        DatasetError: a journal was changed by something else.
        WeightsError: a variant's weights cannot be had, read, or do not fit; found before any video is decoded.
        GenConViTError: the disk is full.
    """
    for variant in variants:
        refuse_credentials(variant.config, "an evaluation or a comparison")
    finding = assemble_finding(variants[0].config)
    try:
        with RemoteFiles(remote) as files:
            run = _Comparison(listing, folder, options or EvaluationOptions(), progress, finding, resuming, files)
            return list(run.runs(variants))
    finally:
        finding.readers.close()


@dataclass(eq=False)
class _Part:
    """One variant while the comparison goes on.

    Attributes:
        variant: the variant.
        cut: way in which it has faces cut.
        provenance: origin of its results.
        file: file that takes them.
        load_seconds: seconds spent on loading networks.
        score_seconds: seconds spent on scoring.
        peak_mb: the most memory that it took, in MB; None where that cannot be measured.
    """

    variant: Variant
    cut: Cut
    provenance: Provenance
    file: PredictionFile
    load_seconds: float = 0.0
    score_seconds: float = 0.0
    peak_mb: float | None = None


class _Comparison:
    """Everything that the variants of one run have in common."""

    def __init__(
        self,
        listing: Listing,
        folder: Path,
        options: EvaluationOptions,
        progress: ShowProgress,
        finding: Finding,
        resuming: Resuming | None,
        files: RemoteFiles,
    ) -> None:
        self._listing = listing
        self._folder = folder
        self._options = options
        self._progress = progress
        self._finding = finding
        self._resuming = resuming
        self._files = files
        self._time = datetime.now().astimezone()
        self._find_seconds = 0.0
        self._isolated = False

    def runs(self, variants: Sequence[Variant]) -> Iterator[VariantRun]:
        with ExitStack() as stack:
            scorings = [self._checked(variant) for variant in variants]
            parts = [self._part(*each, stack) for each in zip(variants, scorings, strict=True)]
            del scorings
            blocks = self._blocks()
            for number, block in enumerate(blocks, 1):
                with FaceSpool(list(dict.fromkeys(part.cut for part in parts))) as spool:
                    missing = [part.file.pending(block) for part in parts]
                    wanted = set().union(*missing)
                    self._find(spool, variants[0], [each.path for each in block if source_name(each.path) in wanted])
                    for part, names in zip(parts, missing, strict=True):
                        if names:
                            self._score(part, spool, names)
                        if number == len(blocks):
                            yield self._evaluated(part)

    def _blocks(self) -> list[Sequence[LabelledSource]]:
        sources = self._listing.sources
        if self._resuming is None or not sources:
            return [sources]
        return [sources[start : start + BLOCK] for start in range(0, len(sources), BLOCK)]

    def _checked(self, variant: Variant) -> _Checked:
        """Read a variant's calibration and weights, so that what cannot work fails now."""
        try:
            rule = assemble_rule(variant.config)
            scoring = assemble_scoring(variant.config, self._finding)
        except GenConViTError as error:
            raise type(error)(f"variant {variant.name}: {error}") from error
        settings = deciding_settings(variant.config, scoring.provenance, rule.decision, scoring.scorer.batch_size)
        return _Checked(scoring.cut, scoring.provenance, settings)

    def _part(self, variant: Variant, checked: _Checked, stack: ExitStack) -> _Part:
        mode = str(checked.provenance.config.get("mode", "any"))
        stem = f"prediction_{self._listing.dataset}_{mode}_{variant.name}"
        lines: Lines
        if self._resuming is None:
            lines, path = one_run(self._folder, stem, self._time)
        else:
            journal = Journal(journal_path(self._folder, stem), checked.settings, self._resuming)
            lines, path = many_runs(self._folder, stem, self._time, journal, self._files)
        stack.enter_context(lines)
        file = stack.enter_context(PredictionFile(lines, self._listing.sources, path))
        return _Part(variant, checked.cut, checked.provenance, file)

    def _find(self, spool: FaceSpool, variant: Variant, paths: Sequence[str]) -> None:
        readers = self._finding.readers
        reader = readers.for_many(paths if self._resuming is None else iter(paths))
        finder = self._finding.finder(spool.cuts, variant.config)
        start = perf_counter()
        with closing(find_faces(finder, reader, self._files.each(paths))) as found:
            for outcome in self._progress(spool.fill(found), len(paths), "finding faces"):
                if outcome.scores is not None and readers.note:
                    outcome.scores.notes.append(readers.note)
        self._find_seconds += perf_counter() - start
        self._isolated = reader.isolated

    def _score(self, part: _Part, spool: FaceSpool, names: Sequence[str]) -> None:
        variant, start = part.variant, perf_counter()
        with measured_peak(device_beside(resolve_device(variant.config.device))) as peak:
            scoring = assemble_scoring(variant.config, self._finding)
            loaded = perf_counter()
            with closing(score_faces(scoring.scorer, spool.replay(scoring.cut, frozenset(names)))) as outcomes:
                rule = assemble_rule(variant.config)
                for outcome in self._progress(outcomes, len(names), f"scoring with {variant.name}"):
                    part.file.add(conclude(outcome, scoring.provenance, variant.config, rule, isolated=self._isolated))
            del scoring
        part.load_seconds += loaded - start
        part.score_seconds += perf_counter() - loaded
        part.peak_mb = max(part.peak_mb or 0.0, peak.megabytes) if peak.megabytes is not None else part.peak_mb

    def _evaluated(self, part: _Part) -> VariantRun:
        rows = part.file.rows
        metadata = {
            **_description(part.variant, part.provenance),
            "runtime_seconds": self._find_seconds + part.load_seconds + part.score_seconds,
            "find_seconds": self._find_seconds,
            "load_seconds": part.load_seconds,
            "score_seconds": part.score_seconds,
            "peak_mb": part.peak_mb,
            "dataset": self._listing.dataset,
            "split": self._listing.split,
            "timestamp": self._time.isoformat(timespec="seconds"),
            "faces": sum(len(row.faces) for row in rows),
        }
        scored = ScoredSet(
            name=part.variant.name,
            trained=metadata["trained"],
            rows=tuple(rows),
            notes=self._listing.notes,
            metadata=metadata,
        )
        evaluation = evaluate(scored, self._options)
        return VariantRun(Evaluated(scored, evaluation), part.file.finish(evaluation, metadata))


class _Checked(NamedTuple):
    cut: Cut
    provenance: Provenance
    settings: dict[str, JsonValue]


def _description(variant: Variant, provenance: Provenance) -> dict[str, Any]:
    """Give what V2's description asks a file to say of its detector; None for what an architecture does not have."""
    files = [file.name for file in provenance.weights.files]
    config = provenance.config
    return {
        "variant": variant.name,
        "architecture": provenance.architecture,
        "network": config.get("mode"),
        "frames_processed": variant.config.frames,
        "ed_weight": next((name for name in files if "_ed" in name), None),
        "vae_weight": next((name for name in files if "_vae" in name), None),
        "weights": files,
        "weights_origin": provenance.weights.origin,
        "trained": provenance.weights.trained,
        "fp16": provenance.precision == "fp16",
        "precision": provenance.precision,
        "device": provenance.device,
        "use_attention": config.get("attention"),
        "use_residual": config.get("residual"),
        "library_version": provenance.library_version,
    }
