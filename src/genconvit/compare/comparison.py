"""The comparison itself: faces are found once, and each variant scores them alone, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from genconvit.assemble import Finding, assemble_finding, assemble_rule, assemble_scoring
from genconvit.compare.cost import measured_peak
from genconvit.compare.prediction_file import PredictionFile
from genconvit.compare.spool import FaceSpool
from genconvit.compare.variants import Variant
from genconvit.core.cut import Cut
from genconvit.core.device import resolve_device
from genconvit.core.errors import GenConViTError
from genconvit.core.progress import ShowProgress, no_progress
from genconvit.data.base import Listing
from genconvit.evaluation.conventions import EvaluationOptions
from genconvit.evaluation.evaluated import Evaluated
from genconvit.evaluation.evaluation import evaluate
from genconvit.evaluation.scored import ScoredSet
from genconvit.pipeline.run import find_faces, score_faces
from genconvit.results.provenance import Provenance
from genconvit.settings import refuse_credentials
from genconvit.verdict.conclude import conclude


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
) -> list[VariantRun]:
    """Score a data set with each variant, and write one file of results a variant.

    Videos are decoded, and their faces found and cut out, once; the options of the first variant decide how. Then the
    variants take turns, so that each one's time and memory are its own.

    Args:
        listing: the videos.
        variants: variants to compare, at least one.
        folder: folder that the files go to.
        options: options by which scores are evaluated.
        progress: shows progress.

    Raises:
        ConfigError: an option has a value that is not allowed here, or the folder cannot be written.
        WeightsError: a variant's weights cannot be had, read, or do not fit; found before any video is decoded.
        GenConViTError: the disk is full.
    """
    for variant in variants:
        refuse_credentials(variant.config, "an evaluation or a comparison")
    finding = assemble_finding(variants[0].config)
    try:
        return list(_Comparison(listing, folder, options or EvaluationOptions(), progress, finding).runs(variants))
    finally:
        finding.readers.close()


class _Comparison:
    """Everything that the variants of one run have in common."""

    def __init__(
        self, listing: Listing, folder: Path, options: EvaluationOptions, progress: ShowProgress, finding: Finding
    ) -> None:
        self._listing = listing
        self._folder = folder
        self._options = options
        self._progress = progress
        self._finding = finding
        self._time = datetime.now().astimezone()
        self._find_seconds = 0.0
        self._isolated = False

    def runs(self, variants: Sequence[Variant]) -> Iterator[VariantRun]:
        with FaceSpool(list(dict.fromkeys(map(self._cut, variants)))) as spool:
            self._find(spool, variants[0])
            for variant in variants:
                yield self._run(variant, spool)

    def _cut(self, variant: Variant) -> Cut:
        """Give the variant's cut of faces; calibration and weights are read, so that what cannot work fails now."""
        try:
            assemble_rule(variant.config)
            return assemble_scoring(variant.config, self._finding).cut
        except GenConViTError as error:
            raise type(error)(f"variant {variant.name}: {error}") from error

    def _find(self, spool: FaceSpool, variant: Variant) -> None:
        paths = [source.path for source in self._listing.sources]
        readers = self._finding.readers
        reader = readers.for_many(paths)
        finder = self._finding.finder(spool.cuts, variant.config)
        start = perf_counter()
        with closing(find_faces(finder, reader, paths)) as found:
            for outcome in self._progress(spool.fill(found), len(paths), "finding faces"):
                if outcome.scores is not None and readers.note:
                    outcome.scores.notes.append(readers.note)
        self._find_seconds, self._isolated = perf_counter() - start, reader.isolated

    def _run(self, variant: Variant, spool: FaceSpool) -> VariantRun:
        start = perf_counter()
        with measured_peak(resolve_device(variant.config.device)) as peak:
            scoring = assemble_scoring(variant.config, self._finding)
            provenance = scoring.provenance
            loaded = perf_counter()
            with (
                self._new_file(variant, provenance) as file,
                closing(score_faces(scoring.scorer, spool.replay(scoring.cut))) as outcomes,
            ):
                rule = assemble_rule(variant.config)
                answers = self._progress(outcomes, len(self._listing.sources), f"scoring with {variant.name}")
                for source, outcome in zip(self._listing.sources, answers, strict=True):
                    file.add(source, conclude(outcome, provenance, variant.config, rule, isolated=self._isolated))
            del scoring
        scored_at = perf_counter()
        costs = {
            "runtime_seconds": self._find_seconds + scored_at - start,
            "find_seconds": self._find_seconds,
            "load_seconds": loaded - start,
            "score_seconds": scored_at - loaded,
            "peak_mb": peak.megabytes,
        }
        return self._evaluated(file, variant, {**_description(variant, provenance), **costs})

    def _new_file(self, variant: Variant, provenance: Provenance) -> PredictionFile:
        mode = str(provenance.config.get("mode", "any"))
        return PredictionFile(
            self._folder, dataset=self._listing.dataset, mode=mode, variant=variant.name, time=self._time
        )

    def _evaluated(self, file: PredictionFile, variant: Variant, metadata: dict[str, Any]) -> VariantRun:
        metadata |= {
            "dataset": self._listing.dataset,
            "split": self._listing.split,
            "timestamp": self._time.isoformat(timespec="seconds"),
            "faces": sum(len(row.faces) for row in file.rows),
        }
        scored = ScoredSet(
            name=variant.name,
            trained=metadata["trained"],
            rows=tuple(file.rows),
            notes=self._listing.notes,
            metadata=metadata,
        )
        evaluation = evaluate(scored, self._options)
        return VariantRun(Evaluated(scored, evaluation), file.finish(evaluation, metadata))


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
