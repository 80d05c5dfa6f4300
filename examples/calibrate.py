"""Fit a calibration, a threshold and an inconclusive band on scores whose truth is known.

Run it: python examples/calibrate.py
        The scores are made, so what is fitted here is for no network. For yours: genconvit calibrate.
"""

import numpy as np

from genconvit.evaluation.band import choose_band
from genconvit.evaluation.calibrate import Fitting, fit_scores
from genconvit.verdict.calibration import Fitted
from genconvit.verdict.threshold import threshold_for_fpr

VIDEOS = 600
generator = np.random.default_rng(0)
truth = generator.random(VIDEOS) < 0.5  # True for fake
# an overconfident network that leans to FAKE: its logits are three times as large as they should be
logits = 3 * (generator.normal(np.where(truth, 1.0, -1.0), 1.4) + 0.4)
scores = 1 / (1 + np.exp(-logits))

found = fit_scores(scores, truth, Fitted(described="made scores"), Fitting(method="sigmoid"))
print(f"{found.reals} reals, {found.fakes} fakes: {found.fitted_numbers}")
print(f"calibration error before: {found.before.calibration_error:.3f}")
if found.after is not None:  # on videos that were left out of the fit
    print(f"calibration error after:  {found.after.calibration_error:.3f}")
print(f"a score of 0.9 becomes {found.apply(0.9):.3f}")

calibrated = found.apply_all(scores)
threshold = threshold_for_fpr(calibrated[~truth].tolist(), 0.05)
caught = (calibrated[truth] > threshold).mean()
print(f"at most 5 % of the reals are above {threshold:.3f}, and {caught:.0%} of the fakes")

band = choose_band(calibrated, truth)
if band is not None:
    low, high = band
    inside = ((calibrated >= low) & (calibrated <= high)).mean()
    print(f"one of twenty labels is wrong outside of {low:.3f} to {high:.3f}, where {inside:.0%} get none")
for warning in found.warnings:
    print("warning:", warning)
print("The scores are made: nothing of this holds for a network or a video.")
