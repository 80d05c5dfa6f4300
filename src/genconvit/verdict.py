"""From a source's scores to the result that states them and what they rest on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from genconvit.aggregate import FAKE, REAL, video_score
from genconvit.pipeline import SourceScores
from genconvit.result import (
    UNTRAINED,
    WARM_START,
    BranchProbability,
    FaceResult,
    Provenance,
    VideoResult,
    WeightsInfo,
)
from genconvit.video.names import Source, source_name
from genconvit.video.sources import file_sha256


def answer(source: Source, scores: SourceScores, provenance: Provenance) -> VideoResult:
    """The result for a source that was read.

    Args:
        source: as the caller gave it.
        scores: what the pipeline found.
        provenance: the detector's share of it; the source's is added.
    """
    name = source_name(source)
    provenance = provenance.model_copy(update={"decoder": scores.decoder, "frame_indices": tuple(scores.frame_indices)})
    notes = (*_weights_notes(provenance.weights), *scores.notes)
    if not scores.faces:
        return VideoResult(source=name, status="no_face", notes=notes, provenance=provenance)
    logits = scores.logits()
    score = video_score(logits)
    return VideoResult(
        source=name,
        status="ok",
        label=score.label if provenance.weights.trained else None,
        fake_probability=score.fake_probability,
        published_score=score.published_score,
        faces=_faces(scores, logits),
        notes=notes,
        provenance=provenance,
    )


def unreadable(source: Source, reason: str, provenance: Provenance) -> VideoResult:
    """The result for a source that cannot be read."""
    return VideoResult(
        source=source_name(source),
        status="unreadable",
        reason=reason,
        notes=_weights_notes(provenance.weights),
        provenance=provenance,
    )


def _faces(scores: SourceScores, logits: Mapping[str, Tensor]) -> tuple[FaceResult, ...]:
    probabilities = {branch: torch.sigmoid(values).tolist() for branch, values in logits.items()}
    fake = torch.cat([batch.fake_probability for batch in scores.batches]).tolist()
    return tuple(
        FaceResult(
            frame_index=found.frame_index,
            pts_seconds=found.pts_seconds,
            box=found.face.box,
            crop=found.square,
            confidence=found.face.confidence,
            fake_probability=fake[row],
            branches={
                branch: BranchProbability(fake=values[row][FAKE], real=values[row][REAL])
                for branch, values in probabilities.items()
            },
        )
        for row, found in enumerate(scores.faces)
    )


def _weights_notes(weights: WeightsInfo) -> tuple[str, ...]:
    if not weights.trained:
        return (UNTRAINED,)
    return (WARM_START,) if weights.origin == "warm_start" else ()


def source_sha256(source: Source) -> str | None:
    """The SHA-256 of a file; None for folders, arrays, tensors, and what is not there."""
    if isinstance(source, (str, os.PathLike)) and Path(source).is_file():
        return file_sha256(Path(source))
    return None
