"""The figures of the small V2, as numbers and as the tables of its card."""

from pydantic import BaseModel


class Ranking(BaseModel):
    """Measures of how well fakes are told from reals."""

    of: str
    reals: int
    fakes: int
    roc_auc: float
    low: float
    high: float


class Mistakes(BaseModel):
    """Shares of the labels of the test split that are wrong; reals and fakes count alike."""

    reals_called_fake: float
    """Share of the reals above one half, after the calibration and without a band."""

    fakes_called_real: float
    """The share of the fakes at or below it."""

    inconclusive: float
    """The share within the shipped band."""

    wrong_outside: float
    """The share of wrong labels among those that are given."""

    calibration_error_before: float
    """Calibration error of the scores."""

    calibration_error: float
    """Calibration error of the calibrated probabilities."""


class Strangers(BaseModel):
    """Answers about photographs of real people, by label or status."""

    photographs: int
    said: dict[str, int]


class Clip(BaseModel):
    """A clip's score, its interval, and what is said of it."""

    name: str
    faces: int
    fake_probability: float
    low: float
    high: float
    calibrated: float | None
    said: str


class Figures(BaseModel):
    """Everything that is measured."""

    weights_sha256: str
    megabytes: float
    parameters: int
    ms_per_face: float
    ms_of_one_face: float
    rankings: list[Ranking]
    mistakes: Mistakes
    strangers: Strangers
    clips: list[Clip]

    def tables(self) -> str:
        """Give the figures in Markdown."""
        return "\n\n".join(["\n".join(part) for part in (self._ranked(), self._mistaken(), self._clips())])

    def _ranked(self) -> list[str]:
        lines = ["| told apart | reals | fakes | ROC AUC | 95 % interval |", "|---|---|---|---|---|"]
        for each in self.rankings:
            interval = f"{each.low:.3f} to {each.high:.3f}"
            lines.append(f"| {each.of} | {each.reals} | {each.fakes} | {each.roc_auc:.3f} | {interval} |")
        return lines

    def _mistaken(self) -> list[str]:
        found = self.mistakes
        said = ", ".join(f"{count} {label}" for label, count in self.strangers.said.items())
        return [
            "| of the test split, reals and fakes counted alike | |",
            "|---|---|",
            f"| reals called FAKE, without a band | {found.reals_called_fake:.1%} |",
            f"| fakes called REAL, without a band | {found.fakes_called_real:.1%} |",
            f"| inconclusive | {found.inconclusive:.1%} |",
            f"| wrong among the labels that are given | {found.wrong_outside:.1%} |",
            f"| calibration error of the scores | {found.calibration_error_before:.3f} |",
            f"| calibration error of the calibrated probabilities | {found.calibration_error:.3f} |",
            f"| said of {self.strangers.photographs} official portraits of real people | {said} |",
        ]

    def _clips(self) -> list[str]:
        lines = [
            "| clip | faces | fake probability | 95 % interval | calibrated | said |",
            "|---|---|---|---|---|---|",
        ]
        for clip in self.clips:
            calibrated = "" if clip.calibrated is None else f"{clip.calibrated:.3f}"
            lines.append(
                f"| `{clip.name}` | {clip.faces} | {clip.fake_probability:.3f} | {clip.low:.3f} to {clip.high:.3f} | "
                f"{calibrated} | {clip.said} |"
            )
        return lines
