"""Fit a calibration: the map from scores to probabilities that labelled results call for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone

import numpy as np
import numpy.typing as npt
from pydantic import Field

from genconvit.core.config import FrozenConfig
from genconvit.core.errors import DatasetError
from genconvit.core.optional import require
from genconvit.core.text import printable
from genconvit.core.version import __version__
from genconvit.evaluation.conventions import UNANSWERED
from genconvit.evaluation.scored import ScoredSet, ScoredVideo
from genconvit.metrics.measures import NO_LABEL, Sample
from genconvit.metrics.weighted import Weighted
from genconvit.results.decision import CalibrationMethod
from genconvit.verdict.calibration import (
    LARGEST_LOGIT,
    MOST_SCORES,
    Calibration,
    Fitted,
    ProbabilityMap,
    Reliability,
    ResultsFile,
    ScoreBasis,
    cut_logits,
)

FOLDS = 5
FEWEST_OF_A_CLASS = 50
"""Fewest of a class for a temperature: with so many of each, one of 3 is found between 1.8 and 4.4 in 95 of 100
draws."""
FEWEST_FOR_ISOTONIC = 1000
"""scikit-learn advises against isotonic calibration with fewer: it overfits (``CalibratedClassifierCV``)."""

_TEMPERATURES = (0.05, 100.0)
_CHANCE = 0.05
Scores = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]


class Fitting(FrozenConfig):
    """Way in which a calibration is fitted."""

    method: CalibrationMethod = "temperature"
    """``temperature`` has one number to learn, ``sigmoid`` two, and both keep the order of scores; ``isotonic`` learns
    any ascending map, needs many scores, and makes some equal."""

    balance: bool = False
    """Let reals and fakes weigh alike, however many there are of each: what a probability then means is the share of
    fakes where half of the videos are fake."""

    seed: int = Field(default=0, ge=0, lt=1 << 32)
    """Seed of the folds in which calibrated scores are measured."""


def fit_calibration(
    sets: Sequence[ScoredSet], fitting: Fitting | None = None, *, results: Sequence[ResultsFile] = ()
) -> Calibration:
    """Fit a calibration on labelled videos; those without a score or a known label are left out and counted.

    Where scores are calibrated already, those that they were made of are taken.

    Args:
        sets: scores of one detector.
        fitting: way of fitting; left out, a temperature, by videos as they come.
        results: the files that the sets were read from.

    Raises:
        ConfigError: scikit-learn is not installed.
        DatasetError: the videos are all real or all fake, or the weights are untrained.
    """
    _refuse(sets)
    rows = [row for scored in sets for row in scored.rows if _counts(row)]
    fitted = Fitted(
        left_out=sum(len(scored.rows) for scored in sets) - len(rows),
        results=tuple(results),
        basis=_common_basis(sets),
    )
    scores = [row.score if row.uncalibrated is None else row.uncalibrated for row in rows]
    found = fit_scores(
        np.array(scores, np.float64), np.array([row.truth == "FAKE" for row in rows], np.bool_), fitted, fitting
    )
    return found.model_copy(update={"warnings": (*found.warnings, *_basis_warnings(sets))})


def fit_scores(scores: Scores, truth: Truth, fitted: Fitted, fitting: Fitting | None = None) -> Calibration:
    """Fit a calibration on scores with their truth.

    Args:
        scores: float64 [n], of being fake, in [0, 1], not calibrated.
        truth: bool [n], True for fake.
        fitted: origin of the scores, for the file.
        fitting: way of fitting; left out, a temperature, by scores as they come.

    Raises:
        ConfigError: scikit-learn is not installed.
        DatasetError: they are all real or all fake.
    """
    require("sklearn", package="scikit-learn", extra="metrics", purpose="a calibration")
    fitting = fitting or Fitting()
    fakes, reals = int(truth.sum()), int((~truth).sum())
    if not (fakes and reals):
        raise DatasetError(
            f"a calibration needs real and fake {fitted.unit} with a score; got {reals} real and {fakes} fake ones: "
            "give more results, or --labels"
        )
    weights = balancing_weights(truth) if fitting.balance else np.ones(len(truth), np.int64)
    found = fit_map(fitting.method, scores, truth, weights)
    before = _reliability(scores, truth, weights)
    after, why_no_after = _cross_validated(fitting, scores, truth, weights)
    return Calibration(
        format="genconvit-calibration",
        version=2,
        **found.model_dump(),
        **dict(fitted),
        count=len(scores),
        fakes=fakes,
        reals=reals,
        balanced=fitting.balance,
        real_scores=_standing_for(scores[~truth]),
        before=before,
        after=after,
        why_no_after=why_no_after,
        library_version=__version__,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        warnings=(*_warnings(found, scores, truth, fitted.unit), *_no_gain(before, after, fitted.unit)),
    )


def balancing_weights(truth: Truth) -> npt.NDArray[np.int64]:
    """Give each row the number of the rows of the other truth, int64 [n], so that both truths weigh alike."""
    fakes = int(truth.sum())
    return np.where(truth, len(truth) - fakes, fakes)


def fit_map(method: CalibrationMethod, scores: Scores, truth: Truth, weights: npt.NDArray[np.int64]) -> ProbabilityMap:
    """The map by which probabilities are nearest to the truth: squared for isotonic, in log loss for the others.

    Args:
        method: kind of map.
        scores: float64 [n], in [0, 1].
        truth: bool [n], True for fake; both occur.
        weights: int64 [n], how much each counts.
    """
    if method == "temperature":
        return ProbabilityMap(method=method, temperature=_temperature(scores, truth, weights))
    if method == "sigmoid":
        temperature, offset = _sigmoid(scores, truth, weights)
        return ProbabilityMap(method=method, temperature=temperature, offset=offset)
    from sklearn.isotonic import IsotonicRegression

    regression = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    regression.fit(scores, truth.astype(np.float64), sample_weight=weights)
    knots_x, knots_y = regression.X_thresholds_, np.maximum.accumulate(regression.y_thresholds_)
    return ProbabilityMap(method=method, knots_x=tuple(knots_x.tolist()), knots_y=tuple(knots_y.tolist()))


def _temperature(scores: Scores, truth: Truth, weights: npt.NDArray[np.int64]) -> float:
    from scipy.optimize import minimize_scalar

    against = np.where(truth, -1.0, 1.0) * cut_logits(scores)

    def log_loss(logarithm: float) -> float:
        return float(np.average(np.logaddexp(0, against / math.exp(logarithm)), weights=weights))

    low, high = map(math.log, _TEMPERATURES)
    found = minimize_scalar(log_loss, bounds=(low, high), method="bounded", options={"xatol": 1e-6})
    return math.exp(float(found.x))


def _sigmoid(scores: Scores, truth: Truth, weights: npt.NDArray[np.int64]) -> tuple[float, float]:
    from scipy.optimize import minimize

    logits, against = cut_logits(scores), np.where(truth, -1.0, 1.0)

    def log_loss(values: npt.NDArray[np.float64]) -> float:
        logarithm, offset = values
        return float(np.average(np.logaddexp(0, against * (logits / np.exp(logarithm) + offset)), weights=weights))

    low, high = map(math.log, _TEMPERATURES)
    bounds = [(low, high), (-LARGEST_LOGIT, LARGEST_LOGIT)]
    start = np.array([math.log(_temperature(scores, truth, weights)), 0.0])
    logarithm, offset = minimize(log_loss, start, method="L-BFGS-B", bounds=bounds).x
    return math.exp(float(logarithm)), float(offset)


def _cross_validated(
    fitting: Fitting, scores: Scores, truth: Truth, weights: npt.NDArray[np.int64]
) -> tuple[Reliability | None, str | None]:
    """Measure how reliable maps fitted without the video itself are, or say why that is not known."""
    from sklearn.model_selection import StratifiedKFold

    fakes = int(truth.sum())
    if min(fakes, len(truth) - fakes) < FOLDS:
        return None, f"it takes {FOLDS} fakes and {FOLDS} reals"
    calibrated = np.empty_like(scores)
    for kept, held_out in StratifiedKFold(FOLDS, shuffle=True, random_state=fitting.seed).split(scores, truth):
        found = fit_map(fitting.method, scores[kept], truth[kept], weights[kept])
        calibrated[held_out] = found.apply_all(scores[held_out])
    return _reliability(calibrated, truth, weights), None


def _reliability(scores: Scores, truth: Truth, weights: npt.NDArray[np.int64]) -> Reliability:
    rows = np.arange(len(scores), dtype=np.int64)
    sample = Sample(truth=truth, scores=scores, predicted=np.full(len(scores), NO_LABEL, np.int8), clusters=rows)
    values = Weighted(sample).values(weights.astype(np.float64))
    return Reliability.model_validate({name: values[name] for name in Reliability.model_fields})


def _standing_for(scores: Scores) -> tuple[float, ...]:
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


def _common_basis(sets: Sequence[ScoredSet]) -> ScoreBasis | None:
    """Give what all scores depend on, where every set says so and says the same."""
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


def _backwards(scores: Scores, truth: Truth) -> float | None:
    """The ROC AUC where it is too far below one half for chance, or None: by Mann and Whitney's test at 5 %."""
    from scipy.stats import mannwhitneyu

    fakes, reals = scores[truth], scores[~truth]
    if len(np.unique(scores)) < 2:
        return None
    found = mannwhitneyu(fakes, reals, alternative="less")
    return float(found.statistic) / (len(fakes) * len(reals)) if found.pvalue < _CHANCE else None


def _no_gain(before: Reliability, after: Reliability | None, unit: str) -> Iterator[str]:
    if after is not None and after.log_loss >= before.log_loss:
        yield f"log loss does not fall ({before.log_loss:.4g} to {after.log_loss:.4g}): do without, or give more {unit}"


def _warnings(fitted: ProbabilityMap, scores: Scores, truth: Truth, unit: str) -> Iterator[str]:
    fakes, reals = int(truth.sum()), int((~truth).sum())
    backwards = _backwards(scores, truth)
    if backwards is not None:
        yield (
            f"the scores rank these {unit} the wrong way round (ROC AUC {backwards:.3f}): fakes have lower ones than "
            "reals; check that the labels, or the classes of the weights, are not swapped"
        )
    if fitted.temperature is None:
        if fakes + reals < FEWEST_FOR_ISOTONIC:
            yield f"isotonic calibration overfits on fewer than {FEWEST_FOR_ISOTONIC} {unit}; there are {fakes + reals}"
        return
    if min(fakes, reals) < FEWEST_OF_A_CLASS:
        yield f"a {fitted.method} needs {FEWEST_OF_A_CLASS} fakes and reals; there are {fakes} fakes and {reals} reals"
    low, high = _TEMPERATURES
    if fitted.temperature < 1.01 * low:
        yield f"all {unit} lie on their side of one half, so no temperature is low enough; give harder ones"
    if fitted.temperature > 0.99 * high and backwards is None:
        yield f"the scores say nothing about these {unit}, so no temperature is high enough"
