"""Scored videos and results that tests make."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genconvit.evaluation.scored import ScoredSet, ScoredVideo
from genconvit.results.provenance import FaceDetectorInfo, Provenance, WeightsInfo
from genconvit.results.result import BranchProbability, FaceResult, VideoResult


def video(truth: str | None, score: float | None = None, **fields: Any) -> ScoredVideo:
    """A scored video whose label follows from its score."""
    predicted = None if score is None else "FAKE" if score > 0.5 else "REAL"
    given = {"name": "a.mp4", "predicted": predicted, **fields}
    return ScoredVideo.model_validate({"truth": truth, "score": score, **given})


def scored_set(*rows: ScoredVideo, name: str = "set", trained: bool | None = None) -> ScoredSet:
    return ScoredSet(name=name, trained=trained, rows=rows)


def many(count: int = 40, seed: int = 0, **fields: Any) -> list[ScoredVideo]:
    """Reals and fakes in turn, with scores that are mostly right."""
    noise = np.random.default_rng(seed).normal(0, 0.3, count)
    scores = np.clip(np.arange(count) % 2 * 0.4 + 0.3 + noise, 0, 1).tolist()
    names = [f"{number}.mp4" for number in range(count)]
    return [
        video("FAKE" if number % 2 else "REAL", score, name=name, **fields)
        for number, (name, score) in enumerate(zip(names, scores, strict=True))
    ]


def result(source: str, probability: float | None, *, trained: bool = True, **fields: Any) -> VideoResult:
    """A detector's result with two faces that have the video's score; without one, of a video without a face."""
    origin = "published" if trained else "random"
    label = "FAKE" if probability is not None and probability > 0.5 else "REAL"
    usual = {
        "source": source,
        "status": "no_face" if probability is None else "ok",
        "label": None if probability is None or not trained else label,
        "fake_probability": probability,
        "faces": () if probability is None else tuple(_face(number, probability) for number in range(2)),
        "provenance": Provenance(
            library_version="1",
            architecture="original",
            config={"mode": "ed"},
            weights=WeightsInfo.model_validate({"origin": origin, "trained": trained}),
            face_detector=FaceDetectorInfo(name="mtcnn", reason="", model=None, model_sha256=None, licence="MIT"),
            decoder="pyav",
            device="cpu",
            precision="fp32",
        ),
    }
    return VideoResult.model_validate({**usual, **fields})


def columns(rows: Sequence[tuple[str, float, str]], **more: Any) -> dict[str, Any]:
    """A ``video`` block of names, scores and truths, as the reference writes it."""
    names, truths = ([row[place] for row in rows] for place in (0, 2))
    scores = [row[1] for row in rows]
    labels = ["FAKE" if score >= 0.5 else "REAL" for score in scores]
    block = {"name": names, "pred": scores, "klass": ["k"] * len(rows), "pred_label": labels, "correct_label": truths}
    return {**block, **more}


def write_json(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def write_lines(path: Path, lines: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def _face(number: int, probability: float) -> FaceResult:
    return FaceResult(
        frame_index=number,
        pts_seconds=number / 25,
        box=(1.0, 2.0, 3.0, 4.0),
        crop=(0.0, 1.0, 4.0, 5.0),
        confidence=0.9,
        fake_probability=probability,
        branches={"ed": BranchProbability(fake=probability, real=1 - probability)},
    )
