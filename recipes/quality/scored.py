"""Scores and measured values of crops, in the files between score.py and figures.py."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores and measured values of some crops.

    Attributes:
        rows: numbers of the crops, int64 [N], ascending.
        truth: bool [N], True for fake.
        originals: int64 [N], the original video of each.
        scores: fake probabilities, float64 [N].
        quality: measured values, float64 [N, len(worse.MEASURED)].
    """

    rows: npt.NDArray[np.int64]
    truth: npt.NDArray[np.bool_]
    originals: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]
    quality: npt.NDArray[np.float64]

    @classmethod
    def read(cls, path: Path) -> "Scored":
        """Read a file that ``write`` wrote."""
        with np.load(path) as held:
            return cls(**held)

    def write(self, path: Path) -> None:
        """Write them to a file, whole or not at all."""
        partial = path.with_suffix(".partial.npz")
        np.savez(partial, **asdict(self))
        partial.replace(path)

    def only(self, rows: npt.NDArray[np.int64]) -> "Scored":
        """The crops of these numbers."""
        keep = np.isin(self.rows, rows)
        return Scored(self.rows[keep], self.truth[keep], self.originals[keep], self.scores[keep], self.quality[keep])
