"""What ships beside weights: what they learned from, how often they are wrong, and their terms; JSON both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, ValidationError, model_validator

from genconvit.core.config import FrozenConfig, validation_message
from genconvit.core.errors import WeightsError

Share = Annotated[float, Field(ge=0, le=1)]
Words = Annotated[str, Field(min_length=1, max_length=2000)]


class Measured(FrozenConfig):
    """How good weights are on faces that they never saw, by the default threshold and without a band.

    Attributes:
        on: which faces, in words that follow "of 5000".
        faces: how many there are.
        reals_called_fake: the share of the real ones that is called FAKE.
        fakes_called_real: the share of the fake ones that is called REAL.
        roc_auc: the area under the ROC curve.
    """

    on: Words
    faces: PositiveInt
    reals_called_fake: Share
    fakes_called_real: Share
    roc_auc: Share


class Card(FrozenConfig):
    """What is known of weights that ship with the library.

    Attributes:
        format: the mark of such a file.
        version: of this layout.
        architecture: the registered name.
        weights_sha256: of the weights file, in hexadecimal.
        trained_on: what they learned from, in words that follow "trained on".
        measured: how often they are wrong.
        licence: what they may be used for.
        inconclusive: the fake probabilities, before a calibration, from which to which a video gets no label, both
            included; None where every score has one. One half lies between them.
    """

    format: Literal["genconvit-card"] = "genconvit-card"
    version: Literal[1] = 1
    architecture: Words
    weights_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    trained_on: Words
    measured: Measured
    licence: Words
    inconclusive: tuple[Share, Share] | None = None

    @model_validator(mode="after")
    def _the_band_holds_one_half(self) -> Card:
        if self.inconclusive is not None and not self.inconclusive[0] <= 0.5 <= self.inconclusive[1]:
            raise ValueError(f"the inconclusive band holds one half; got {self.inconclusive}")
        return self

    @property
    def about(self) -> str:
        """What every result says: what the weights learned from, and how often they are wrong."""
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
