"""The weights that ship with the library, beside this file: NAME.safetensors, its calibration, and its card.

Beside them lies their exported file, NAME.onnx with its header: a graph, whose tensors are those of NAME.safetensors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from genconvit.core.errors import WeightsError
from genconvit.weights.card import Card, read_card
from genconvit.weights.own_decision import OwnDecision

_CALIBRATION = ".calibration.json"
_HEADER = ".header.json"


@dataclass(frozen=True)
class Embedded:
    """Weights that ship with the library.

    Attributes:
        name: name of the weights' files.
        path: path of the weights.
        calibration: path of the file that makes probabilities of scores.
        card: card of the weights.
    """

    name: str
    path: Path
    calibration: Path
    card: Card

    @property
    def graph(self) -> Path:
        """Path of the weights' exported graph, where one ships."""
        return self.path.with_suffix(".onnx")

    @property
    def header(self) -> Path:
        """Path of the header of that graph."""
        return self.path.with_suffix(_HEADER)

    @property
    def decision(self) -> OwnDecision:
        """Calibration and inconclusive band of the weights.

        Raises:
            WeightsError: the calibration cannot be read; the installation is incomplete.
        """
        try:
            text = self.calibration.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise WeightsError(f"{self.calibration} cannot be read: {error}; install genconvit again") from error
        return OwnDecision(name=self.calibration.name, calibration=text, inconclusive=self.card.inconclusive)


def embedded_folder() -> Path:
    """Give the folder that embedded weights lie in."""
    return Path(__file__).parent


def embedded_path(name: str) -> Path:
    """Give the path of the weights of a name.

    Raises:
        WeightsError: they are not there; the installation is incomplete.
    """
    return _shipped(f"{name}.safetensors")


def embedded(name: str) -> Embedded:
    """Give the embedded weights of a name.

    Raises:
        WeightsError: one of their files is not there, or the card is none.
    """
    card = read_card(_shipped(f"{name}.json"))
    return Embedded(name, embedded_path(name), _shipped(f"{name}{_CALIBRATION}"), card)


def all_embedded() -> Iterator[Embedded]:
    """Yield everything that ships, in the order of the names.

    Raises:
        WeightsError: as ``embedded``.
    """
    for card in sorted(embedded_folder().glob("*.json")):
        if not card.name.endswith((_CALIBRATION, _HEADER)):
            yield embedded(card.stem)


def embedded_for(architecture: str) -> Embedded | None:
    """Give the weights for an architecture of this registered name; None where none ship."""
    return next((each for each in all_embedded() if each.card.architecture == architecture), None)


def embedded_architecture() -> str:
    """Give the architecture of the weights that ``"embedded"`` alone means.

    Raises:
        WeightsError: none are there; the installation is incomplete.
    """
    first = next(all_embedded(), None)
    if first is None:
        raise WeightsError("no weights lie in this installation of genconvit, which ships some; install it again")
    return first.card.architecture


def _shipped(name: str) -> Path:
    path = embedded_folder() / name
    if not path.is_file():
        raise WeightsError(f"{name} is not in this installation of genconvit, which ships it; install it again")
    return path
