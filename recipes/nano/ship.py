"""Put a trained small V2 into the package: weights in fp16, their calibration and band, and their card.

Run it: python -m recipes.nano.ship DIR/v2.safetensors --crops DIR/crops --into src/genconvit/weights/embedded

The calibration and the band are fitted on the valid split, the card's error rates measured on the test split, reals and
fakes weighted alike in all of them. measure.py, ladder.py and ablation.py make the other figures of docs/nano.md.
"""

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from genconvit.assemble import assemble
from genconvit.core.files import sha256_of_file
from genconvit.evaluation.band import choose_band
from genconvit.evaluation.calibrate import Fitting, fit_scores
from genconvit.metrics.measures import measure_values
from genconvit.settings import DetectorConfig
from genconvit.verdict.calibration import Calibration, Fitted, ScoreBasis
from genconvit.weights.card import Card, Measured
from genconvit.weights.convert import convert_own
from recipes.nano.faces import Faces, read_faces
from recipes.nano.measure import OPTIONS, scored

NAME = "v2_nano"
TRAINED_ON = "DFDC's face swaps of 2019 and self-blended faces"
CALIBRATED_ON = "DFDC's valid split"
MEASURED_ON = "faces of other DFDC videos"
LICENCE = (
    "The weights learned from face crops of DFDC, whose terms allow research on deepfake detection: use them for that "
    "research and for evaluating detectors. The code's Apache-2.0 does not cover them."
)


def main() -> None:
    """Convert, calibrate, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--crops", type=Path, required=True)
    parser.add_argument("--into", type=Path, required=True)
    options = parser.parse_args()
    shipped = options.into / f"{NAME}.safetensors"
    convert_own(options.weights, shipped, precision="fp16")
    parts = assemble(DetectorConfig.from_options("v2", weights=shipped, **OPTIONS))
    size = parts.scorer.input_size
    valid, test = (read_faces(options.crops, split, size, split) for split in ("valid", "test"))
    basis = ScoreBasis.of(parts.provenance, None, None).of_faces
    scores = scored(parts.scorer, valid)
    calibration = calibrated(valid, scores, basis)
    write(options.into / f"{NAME}.calibration.json", calibration.model_dump_json(indent=1))
    card = Card(
        architecture="v2",
        weights_sha256=sha256_of_file(shipped),
        trained_on=TRAINED_ON,
        measured=measured(test, calibration.apply_all(scored(parts.scorer, test))),
        licence=LICENCE,
        inconclusive=band_of(scores, valid, calibration),
    )
    write(options.into / f"{NAME}.json", card.model_dump_json(indent=1))
    print(card.about)
    print(f"inconclusive: {card.inconclusive}, {calibration.fitted_numbers}")


def calibrated(faces: Faces, scores: npt.NDArray[np.float64], basis: ScoreBasis) -> Calibration:
    """The calibration of single faces, reals and fakes weighted alike."""
    fitted = Fitted(unit="faces", described=CALIBRATED_ON, basis=basis)
    return fit_scores(scores, faces.truth, fitted, Fitting(method="sigmoid", balance=True))


def band_of(scores: npt.NDArray[np.float64], faces: Faces, calibration: Calibration) -> tuple[float, float] | None:
    """The band of bare scores around that which is calibrated to one half; one half itself is in it as well."""
    ordered = np.sort(scores)
    middle = float(ordered[np.searchsorted(calibration.apply_all(ordered), 0.5, side="right") - 1])
    band = choose_band(scores, faces.truth, threshold=middle)
    return None if band is None else (min(band[0], 0.5), max(band[1], 0.5))


def measured(faces: Faces, probabilities: npt.NDArray[np.float64]) -> Measured:
    """Measure how often labels are wrong, and the ranking, by calibrated probabilities and without a band."""
    fakes = probabilities > 0.5
    return Measured(
        on=MEASURED_ON,
        faces=len(faces),
        reals_called_fake=round(float(fakes[~faces.truth].mean()), 4),
        fakes_called_real=round(float((~fakes)[faces.truth].mean()), 4),
        roc_auc=round(float(measure_values(faces.sample(probabilities))["roc_auc"]), 4),
    )


def write(path: Path, text: str) -> None:
    """Write a text with a last line break."""
    path.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
