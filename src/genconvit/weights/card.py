"""Card that ships beside weights: what they learned from, how often they are wrong, and their terms; JSON both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, ValidationError, model_validator

from genconvit.core.config import FrozenConfig, validation_message
from genconvit.core.errors import WeightsError

Share = Annotated[float, Field(ge=0, le=1)]
Words = Annotated[str, Field(min_length=1, max_length=2000)]


class Measured(FrozenConfig):
    """Measures of weights on faces that they never saw, by the default threshold and without a band."""

    on: Words
    """Faces, in words that follow "of 5000"."""

    faces: PositiveInt
    """Number of faces."""

    reals_called_fake: Share
    """The share of the real ones that is called FAKE."""

    fakes_called_real: Share
    """The share of the fake ones that is called REAL."""

    roc_auc: Share
    """The area under the ROC curve."""


class Card(FrozenConfig):
    """Card of weights that ship with the library."""

    format: Literal["genconvit-card"] = "genconvit-card"
    """The mark of such a file."""

    version: Literal[1] = 1
    """Version of this layout."""

    architecture: Words
    """Registered name of the architecture."""

    weights_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    """SHA-256 of the weights file, in hexadecimal."""

    trained_on: Words
    """Training data, in words that follow "trained on"."""

    measured: Measured
    """Measures that say how often they are wrong."""

    licence: Words
    """Purposes that they may be used for."""

    inconclusive: tuple[Share, Share] | None = None
    """The fake probabilities, before a calibration, from which to which a video gets no label, both included; None
    where every score has one. One half lies between them."""

    @model_validator(mode="after")
    def _the_band_holds_one_half(self) -> Card:
        if self.inconclusive is not None and not self.inconclusive[0] <= 0.5 <= self.inconclusive[1]:
            raise ValueError(f"the inconclusive band holds one half; got {self.inconclusive}")
        return self

    @property
    def about(self) -> str:
        """Statement of every result: what the weights learned from, and how often they are wrong."""
        found = self.measured
        reals, fakes = (f"{100 * share:.0f} %" for share in (found.reals_called_fake, found.fakes_called_real))
        return (
            f"trained on {self.trained_on}; of {found.faces} {found.on} it calls {reals} of the reals FAKE and {fakes} "
            f"of the fakes REAL (ROC AUC {found.roc_auc:.2f})"
        )


def read_card(path: Path) -> Card:
    """Read a card.

    Raises:
        WeightsError: the file cannot be read, or is none.
    """
    try:
        return Card.model_validate_json(path.read_bytes())
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}; install genconvit again") from error
    except ValidationError as error:
        raise WeightsError(f"{path} is no card: {validation_message(error)}; install genconvit again") from error
