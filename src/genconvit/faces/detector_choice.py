"""Choice of the face detector that a name stands for on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from genconvit.core.device import AnyDevice, Device
from genconvit.core.errors import ConfigError
from genconvit.faces.base import FaceDetector
from genconvit.faces.models_on_disk import (
    find_insightface_model,
    mtcnn_takes_no_model_message,
    no_model_message,
)


@dataclass(frozen=True)
class FaceDetectorChoice:
    """The outcome of a choice of face detector.

    Attributes:
        name: the registered name, never ``"auto"``.
        model_path: the model's file, or None where the detector gets none.
        reason: reason for the choice, one clause.
    """

    name: str
    model_path: Path | None
    reason: str


def resolve_face_detector(name: str, model: str | Path | None = None) -> FaceDetectorChoice:
    """Choose the face detector and its model, without loading either.

    ``"auto"`` is ``"insightface"`` where a model is given or on disk, and ``"mtcnn"`` elsewhere. A name that
    is neither is passed on with the model as it is, for whoever provides that detector to check.

    Args:
        name: ``"auto"``, ``"insightface"``, ``"mtcnn"`` or another registered name.
        model: a model file, a folder, or the name of an insightface pack; None where none was given.

    Raises:
        ConfigError: the model is not there, ``"insightface"`` has none, or ``"mtcnn"`` was given one.
    """
    if name == "mtcnn":
        if model is not None:
            raise ConfigError(mtcnn_takes_no_model_message(model))
        return FaceDetectorChoice(name, None, "it was asked for")
    if name not in ("auto", "insightface"):
        return FaceDetectorChoice(name, None if model is None else Path(model), "it was asked for")
    found = find_insightface_model(model)
    if found is not None:
        origin = "was found on disk" if model is None else "was given"
        return FaceDetectorChoice("insightface", found, f"its model {found.name} {origin}")
    if name == "insightface":
        raise ConfigError(no_model_message())
    return FaceDetectorChoice("mtcnn", None, "no insightface model was given or found on disk")


def open_face_detector(
    cls: type[FaceDetector], model: Path | None, device: AnyDevice, *, may_fall_back: bool
) -> tuple[FaceDetector, str | None]:
    """Load a face detector where it was asked for, or on the CPU where it cannot run there and may fall back.

    Returns:
        The detector, and a note that says what it fell back from and why, or None.

    Raises:
        ConfigError: the model or the device cannot be used.
    """
    try:
        return cls(model, device), None
    except ConfigError as error:
        if device.type == "cpu" or not may_fall_back:
            raise
        return cls(model, Device("cpu")), f"faces were found on the cpu, not on {device}: {error}"
