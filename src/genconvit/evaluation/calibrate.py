"""Fit a calibration: the map from scores to probabilities that labelled results call for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone

import numpy as np
import numpy.typing as npt

from genconvit.calibration import (
    MOST_SCORES,
    Calibration,
    ProbabilityMap,
    Reliability,
    ResultsFile,
    ScoreBasis,
    cut_logits,
)
from genconvit.errors import DatasetError
from genconvit.evaluation.conventions import UNANSWERED
from genconvit.evaluation.evaluation import sample_of
from genconvit.evaluation.scored import ScoredSet, ScoredVideo
from genconvit.metrics.measures import Sample, measure_values
from genconvit.optional import require
from genconvit.rule import CalibrationMethod
from genconvit.text import printable
from genconvit.version import __version__

FOLDS = 5
FEWEST_OF_A_CLASS = 50
"""For a temperature: with so many of each, one of 3 is found between 1.8 and 4.4 in 95 of 100 draws."""
FEWEST_FOR_ISOTONIC = 1000
"""scikit-learn advises against isotonic calibration with fewer: it overfits (``CalibratedClassifierCV``)."""

_TEMPERATURES = (0.05, 100.0)
_Scores = npt.NDArray[np.float64]
_Truth = npt.NDArray[np.bool_]


def fit_calibration(
    sets: Sequence[ScoredSet],
    method: CalibrationMethod = "temperature",
    *,
    results: Sequence[ResultsFile] = (),
    seed: int = 0,
) -> Calibration:
    """Fit a calibration on labelled videos; those without a score or a known label are left out and counted.

    Args:
        sets: scores of one detector, as it gave them.
        method: ``temperature`` has one number to learn and keeps the order of scores; ``isotonic`` learns any
            ascending map, needs many videos, and makes some scores equal.
        results: the files that the sets were read from.
        seed: of the folds in which calibrated scores are measured.

    Raises:
        ConfigError: scikit-learn is not installed.
        DatasetError: the videos are all real or all fake, the weights are untrained, or scores are calibrated already.
    """
    require("sklearn", package="scikit-learn", extra="metrics", purpose="a calibration")
    _refuse(sets)
    rows = [row for scored in sets for row in scored.rows if _counts(row)]
    sample = sample_of(rows)
    fakes, reals = int(sample.truth.sum()), int((~sample.truth).sum())
    if not (fakes and reals):
        raise DatasetError(
            f"a calibration needs real and fake videos with a score; got {reals} real and {fakes} fake ones: give more "
            "results, or --labels"
        )
    fitted = fit_map(method, sample.scores, sample.truth)
    before = _reliability(sample)
    after, why_no_after = _cross_validated(method, sample, seed)
    return Calibration(
        format="genconvit-calibration",
        version=1,
        **fitted.model_dump(),
        videos=len(rows),
        fakes=fakes,
        reals=reals,
        left_out=sum(len(scored.rows) for scored in sets) - len(rows),
        real_scores=_standing_for(sample.scores[~sample.truth]),
        before=before,
        after=after,
        why_no_after=why_no_after,
        results=tuple(results),
        basis=_common_basis(sets),
        library_version=__version__,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        warnings=(*_warnings(fitted, fakes, reals), *_no_gain(before, after), *_basis_warnings(sets)),
    )


def fit_map(method: CalibrationMethod, scores: _Scores, truth: _Truth) -> ProbabilityMap:
    """The map by which probabilities are nearest to the truth: in log loss for a temperature, squared for isotonic.

    Args:
        method: which kind of map.
        scores: float64 [n], in [0, 1].
        truth: bool [n], True for fake; both occur.
    """
    if method == "temperature":
        return ProbabilityMap(method=method, temperature=_temperature(scores, truth))
    from sklearn.isotonic import IsotonicRegression

    regression = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, truth.astype(np.float64))
    knots_x, knots_y = regression.X_thresholds_, np.maximum.accumulate(regression.y_thresholds_)
    return ProbabilityMap(method=method, knots_x=tuple(knots_x.tolist()), knots_y=tuple(knots_y.tolist()))


def _temperature(scores: _Scores, truth: _Truth) -> float:
    from scipy.optimize import minimize_scalar

    against = np.where(truth, -1.0, 1.0) * cut_logits(scores)

    def log_loss(logarithm: float) -> float:
        return float(np.logaddexp(0, against / math.exp(logarithm)).mean())

    low, high = map(math.log, _TEMPERATURES)
    found = minimize_scalar(log_loss, bounds=(low, high), method="bounded", options={"xatol": 1e-6})
    return math.exp(float(found.x))


def _cross_validated(method: CalibrationMethod, sample: Sample, seed: int) -> tuple[Reliability | None, str | None]:
    """How reliable probabilities are that come from maps fitted without the video itself, or why that is not known."""
    from sklearn.model_selection import StratifiedKFold

    fakes = int(sample.truth.sum())
    if min(fakes, len(sample.truth) - fakes) < FOLDS:
        return None, f"it takes {FOLDS} fakes and {FOLDS} reals"
    calibrated = np.empty_like(sample.scores)
    for fitted, held_out in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(sample.scores, sample.truth):
        found = fit_map(method, sample.scores[fitted], sample.truth[fitted])
        calibrated[held_out] = found.apply_all(sample.scores[held_out])
    return _reliability(replace(sample, scores=calibrated)), None


def _reliability(sample: Sample) -> Reliability:
    values = measure_values(sample)
    return Reliability.model_validate({name: values[name] for name in Reliability.model_fields})


def _standing_for(scores: _Scores) -> tuple[float, ...]:
    """Scores in ascending order; of too many, those that as few lie above as of all."""
    ordered = np.sort(scores)
    kept = min(len(ordered), MOST_SCORES)
    places = -(-np.arange(1, kept + 1) * len(ordered) // kept) - 1
    return tuple(ordered[places].tolist())


def _counts(row: ScoredVideo) -> bool:
    return row.truth is not None and row.score is not None and row.status not in UNANSWERED


def _refuse(sets: Sequence[ScoredSet]) -> None:
    for scored in sets:
        if scored.trained is False:
            raise DatasetError(
                f"{printable(scored.name)}: its weights are untrained, so its scores mean nothing; give results of "
                "trained weights"
            )
        if scored.calibrated:
            raise DatasetError(
                f"{printable(scored.name)}: its scores are calibrated already; score the videos without --calibration"
            )


def _common_basis(sets: Sequence[ScoredSet]) -> ScoreBasis | None:
    """What all scores depend on, where every set says so and says the same."""
    if not all(scored.bases for scored in sets):
        return None
    first, *others = [basis for scored in sets for basis in scored.bases]
    return first if all(basis == first for basis in others) else None


def _basis_warnings(sets: Sequence[ScoredSet]) -> tuple[str, ...]:
    if _common_basis(sets) is not None:
        return ()
    known = [basis for scored in sets for basis in scored.bases]
    if any(basis != known[0] for basis in known):
        return ("the results are of different detectors or rules, whose scores need maps of their own",)
    return ("not all results say by which weights they were made",)


def _no_gain(before: Reliability, after: Reliability | None) -> Iterator[str]:
    if after is not None and after.log_loss >= before.log_loss:
        yield f"log loss does not fall ({before.log_loss:.4g} to {after.log_loss:.4g}): do without, or give more videos"


def _warnings(fitted: ProbabilityMap, fakes: int, reals: int) -> Iterator[str]:
    if fitted.temperature is None:
        if fakes + reals < FEWEST_FOR_ISOTONIC:
            yield f"isotonic calibration overfits on fewer than {FEWEST_FOR_ISOTONIC} videos; there are {fakes + reals}"
        return
    if min(fakes, reals) < FEWEST_OF_A_CLASS:
        yield f"a temperature needs {FEWEST_OF_A_CLASS} fakes and reals; there are {fakes} fakes and {reals} reals"
    low, high = _TEMPERATURES
    if fitted.temperature < 1.01 * low:
        yield "every video lies on its side of one half, so no temperature is low enough; give harder videos"
    if fitted.temperature > 0.99 * high:
        yield "the scores say nothing about these videos, so no temperature is high enough"
