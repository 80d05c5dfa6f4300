"""Calibration of a score to a probability: its form, its application, and its file.

Temperature scaling is of Guo et al., "On Calibration of Modern Neural Networks", ICML 2017 (arXiv:1706.04599); sigmoid
calibration of Platt, "Probabilistic Outputs for Support Vector Machines", 1999, here on logits; isotonic calibration
of Zadrozny and Elkan, "Transforming Classifier Scores into Accurate Multiclass Probability Estimates", KDD 2002.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import FailFast, Field, JsonValue, NonNegativeInt, PositiveInt, ValidationError, model_validator

from genconvit.core.config import FrozenConfig, validation_message
from genconvit.core.errors import ConfigError
from genconvit.core.fake_probability import exact_sigmoid
from genconvit.core.text import first_line, printable
from genconvit.results.decision import CalibrationMethod
from genconvit.results.provenance import Provenance
from genconvit.results.result import PersonRule

MOST_BYTES = 64 << 20
MOST_SCORES = 100_000
LARGEST_LOGIT = 53 * math.log(2)
"""Logits are cut here, so that 0 and 1 have one: that of the largest number below 1."""

_LONGEST_REASON = 300
_NEXT_STEP = "fit one with genconvit calibrate"

Unit = Annotated[float, Field(ge=0, le=1)]
Units = Annotated[tuple[Unit, ...], FailFast(), Field(max_length=MOST_SCORES)]


class ScoreBasis(FrozenConfig):
    """Basis that scores depend on most; a calibration is right only for scores that share it."""

    architecture: str
    """Registered name of the architecture."""

    config: dict[str, JsonValue]
    """Config of the model."""

    weights_sha256: tuple[str, ...] = ()
    """SHA-256 of the files of weights, in their order."""

    person: PersonRule | None = None
    """Rule by which persons count."""

    score_rule: str | None = None
    """Rule that says which faces count."""

    face_detector: str | None = None
    """Face detector that found the faces."""

    @classmethod
    def of(cls, provenance: Provenance, person: PersonRule | None, score_rule: str | None) -> ScoreBasis:
        """Give the basis of the score of a result with this provenance and these rules."""
        return cls(
            architecture=provenance.architecture,
            config=provenance.config,
            weights_sha256=provenance.weights.sha256,
            person=person,
            score_rule=score_rule,
            face_detector=provenance.face_detector.name,
        )

    @property
    def of_faces(self) -> ScoreBasis:
        """Basis of the scores of single faces: no rule, and no face detector."""
        return self.model_copy(update={"person": None, "score_rule": None, "face_detector": None})

    def differences(self, other: ScoreBasis) -> list[str]:
        """Say what this one has otherwise than another, in words."""
        if self.architecture != other.architecture:
            return [f"architecture={self.architecture}"]
        own, others = (
            {**each.config, **each.model_dump(include={"person", "score_rule", "face_detector"})}
            for each in (self, other)
        )
        found = [f"{name}={own.get(name)}" for name in {**own, **others} if own.get(name) != others.get(name)]
        return found + ["other weights"] * (self.weights_sha256 != other.weights_sha256)


class Reliability(FrozenConfig):
    """Distance of probabilities from the truth; see ``genconvit.metrics.measures``."""

    log_loss: float = Field(ge=0)
    """The mean of -log of the probability that the truth was given."""

    brier_score: float = Field(ge=0)
    """The mean squared distance to the truth."""

    calibration_error: float = Field(ge=0)
    """The expected calibration error."""


class ResultsFile(FrozenConfig):
    """A file of results that a calibration was fitted on."""

    name: str
    """Name of the file."""

    sha256: str
    """SHA-256 of its bytes, in hexadecimal."""


class ProbabilityMap(FrozenConfig):
    """A map from fake probabilities to calibrated ones that turns no order round."""

    method: CalibrationMethod
    """``temperature``: the sigmoid of the logit over a temperature; ``sigmoid``: the same with an offset; or
    ``isotonic``: straight lines between knots, level outside of them."""

    temperature: float | None = Field(default=None, gt=0)
    """Temperature; above 1 it moves probabilities towards one half. None for isotonic."""

    offset: float | None = Field(default=None, ge=-LARGEST_LOGIT, le=LARGEST_LOGIT)
    """Number that is added to the logit over the temperature; None but for sigmoid."""

    knots_x: Units = ()
    """Scores, ascending; empty but for isotonic."""

    knots_y: Units = ()
    """Probabilities of the knots, never falling."""

    @model_validator(mode="after")
    def _has_what_its_method_needs(self) -> ProbabilityMap:
        needed = {"temperature": ("temperature",), "sigmoid": ("temperature", "offset"), "isotonic": ("knots_x",)}
        given = {"temperature": self.temperature, "offset": self.offset, "knots_x": self.knots_x or None}
        if tuple(name for name, value in given.items() if value is not None) != needed[self.method]:
            raise ValueError(
                f"method {self.method!r} does not go with temperature {self.temperature}, offset {self.offset} and "
                f"{len(self.knots_x)} knots"
            )
        if len(self.knots_x) != len(self.knots_y):
            raise ValueError(f"{len(self.knots_x)} knots_x do not go with {len(self.knots_y)} knots_y")
        if (np.diff(self.knots_x) <= 0).any() or (np.diff(self.knots_y) < 0).any():
            raise ValueError("knots_x must ascend, and knots_y must not fall")
        return self

    @property
    def fitted_numbers(self) -> str:
        """Numbers that were fitted, in words."""
        if self.temperature is None:
            return f"{len(self.knots_x)} knots"
        offset = "" if self.offset is None else f" and offset {self.offset:.4f}"
        return f"temperature {self.temperature:.4f}{offset}"

    def apply(self, probability: float) -> float:
        """Give the calibrated probability of a fake probability, in [0, 1]; it does not fall where that rises.

        Raises:
            ValueError: it is not in [0, 1].
        """
        if not 0 <= probability <= 1:
            raise ValueError(f"a fake probability lies in [0, 1]; got {probability}")
        return float(self.apply_all(np.array([probability]))[0])

    def apply_all(self, probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Map many scores, float64 [n] in [0, 1]."""
        if self.temperature is not None:
            return exact_sigmoid(cut_logits(probabilities) / self.temperature + (self.offset or 0.0))
        return np.interp(probabilities, self.knots_x, self.knots_y).clip(self.knots_y[0], self.knots_y[-1])


class Fitted(FrozenConfig):
    """Origin of the scores that a calibration is fitted on."""

    unit: Literal["videos", "faces"] = "videos"
    """Unit that a score is of: videos or faces."""

    described: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    """Description in a few words; None where only the results' files say."""

    left_out: NonNegativeInt = 0
    """Number of videos or faces without a score or a known label."""

    results: Annotated[tuple[ResultsFile, ...], FailFast(), Field(max_length=1000)] = ()
    """Files that the scores were read from."""

    basis: ScoreBasis | None = None
    """Basis that the scores depend on; None where they do not say, or differ."""


class Calibration(ProbabilityMap, Fitted):
    """A map, and what it was fitted on; JSON both ways."""

    format: Literal["genconvit-calibration"]
    """Mark of a calibration's file."""

    version: Literal[2]
    """Version of this layout. A file of version 1, whose ``videos`` are now the ``count``, is read as well."""

    count: PositiveInt
    """Number of videos or faces that it was fitted on."""

    fakes: PositiveInt
    """Number of fakes that it was fitted on."""

    reals: PositiveInt
    """Number of reals that it was fitted on."""

    balanced: bool = False
    """True where reals and fakes weighed alike, however many there were."""

    real_scores: Units
    """The scores of the reals as they were before, ascending; of more than 100,000, so many that stand for all. A
    threshold for a false positive rate is found among them."""

    before: Reliability
    """Expected calibration error and Brier score of the scores."""

    after: Reliability | None = None
    """Expected calibration error and Brier score of calibrated ones, each by a map that was fitted on the other four
    fifths of the videos; None where there are too few."""

    why_no_after: str | None = None
    """Reason why there is no ``after``."""

    library_version: str
    """Version of genconvit that fitted it."""

    created: str
    """Time of the fit, in ISO 8601."""

    warnings: Annotated[tuple[str, ...], FailFast(), Field(max_length=1000)] = ()
    """Warnings that a reader of calibrated probabilities must know."""

    @model_validator(mode="before")
    @classmethod
    def _from_version_1(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("version") == 1:
            renamed = {("count" if name == "videos" else name): value for name, value in data.items()}
            return {**renamed, "version": 2}
        return data

    @property
    def origin(self) -> str:
        """Origin of the calibration, in words."""
        kind = "single faces" if self.unit == "faces" else "videos"
        which = f" ({self.described})" if self.described else ""
        return f"{self.count} {kind}{which}{', reals and fakes weighted alike' if self.balanced else ''}"

    @model_validator(mode="after")
    def _counts_agree(self) -> Calibration:
        if self.count != self.fakes + self.reals or len(self.real_scores) != min(self.reals, MOST_SCORES):
            raise ValueError(
                f"{self.count} {self.unit} do not go with {self.fakes} fakes, {self.reals} reals and "
                f"{len(self.real_scores)} real_scores"
            )
        if (np.diff(self.real_scores) < 0).any():
            raise ValueError("real_scores must ascend")
        return self


@dataclass(frozen=True)
class StoredCalibration:
    """A calibration and the file that it was read from.

    Attributes:
        calibration: calibration that the file holds.
        name: name of the file.
        sha256: SHA-256 of its bytes, in hexadecimal.
    """

    calibration: Calibration
    name: str
    sha256: str


def cut_logits(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Give the logits of probabilities, float64 [n], cut so that those of 0 and 1 are finite."""
    with np.errstate(divide="ignore"):
        logits = np.log(probabilities) - np.log1p(-np.asarray(probabilities))
    cut: npt.NDArray[np.float64] = np.clip(logits, -LARGEST_LOGIT, LARGEST_LOGIT)
    return cut


def read_calibration(path: str | Path) -> StoredCalibration:
    """Read a calibration that ``genconvit calibrate`` wrote.

    Raises:
        ConfigError: the file cannot be read, is too large, or holds no calibration.
    """
    file = printable(str(path))
    try:
        content = _content(Path(path))
    except (OSError, ValueError) as error:
        raise ConfigError(f"calibration {file} cannot be read: {first_line(error)}; {_NEXT_STEP}") from error
    name = Path(path).name.encode("utf-8", "backslashreplace").decode("utf-8")
    return parse_calibration(content, name, file)


def parse_calibration(content: bytes, name: str, file: str) -> StoredCalibration:
    """Read a calibration from its file's content.

    Args:
        content: content of the file, JSON.
        name: name of the file, for results.
        file: path of the file, for messages.

    Raises:
        ConfigError: the content is too large, or no calibration.
    """
    if len(content) > MOST_BYTES:
        raise ConfigError(f"calibration {file} has more than {MOST_BYTES >> 20} MiB, so it is none; {_NEXT_STEP}")
    try:
        calibration = Calibration.model_validate_json(content)
    except ValidationError as error:
        reason = printable(validation_message(error))
        short = reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]}..."
        raise ConfigError(f"calibration {file} is none that this version can read: {short}; {_NEXT_STEP}") from None
    return StoredCalibration(calibration, name, hashlib.sha256(content).hexdigest())


def _content(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise OSError("it is no regular file")
    with path.open("rb") as stream:
        return stream.read(MOST_BYTES + 1)
