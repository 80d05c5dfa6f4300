"""The state of a training on disk: a file of tensors, and a file of plain data that names it.

The plain file is renamed into place last, so that a kill at any moment leaves the state that was there, or the new one.
Nothing is pickled.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from genconvit.core.errors import TrainingError, WeightsError
from genconvit.core.files import PARTIAL, written_whole
from genconvit.train.state import TrainState
from genconvit.weights.checkpoint import read_tensors

FOLDER = "state"
STATE_FILE = "state.json"
_TENSORS = re.compile(r"step-\d{9}\.safetensors")


def save_state(folder: Path, state: TrainState, tensors: Mapping[str, Tensor]) -> TrainState:
    """Write a state, whole or not at all, and remove the one before.

    Args:
        folder: folder of the training; the state lies in a folder of its own below it.
        state: everything but the tensors.
        tensors: tensors by name, on any device.

    Returns:
        The state as it was written, which names the file of its tensors.

    Raises:
        TrainingError: it cannot be written; what was there before is still good.
    """
    home = folder / FOLDER
    name = f"step-{state.step:09d}.safetensors"
    try:
        home.mkdir(parents=True, exist_ok=True)
        with written_whole(home / name, durable=True) as partial:
            save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, partial)
        written = state.model_copy(update={"tensors": name, "tensors_bytes": (home / name).stat().st_size})
        write_text(home / STATE_FILE, written.model_dump_json(indent=1))
    except (OSError, SafetensorError) as error:
        raise TrainingError(
            f"{home} cannot be written after step {state.step}: {error}; make room, then go on with resume=True "
            "(--resume) from the state before, which is still good"
        ) from error
    for other in home.iterdir():
        if other.name != name and (_TENSORS.fullmatch(other.name) or PARTIAL.fullmatch(other.name)):
            other.unlink(missing_ok=True)
    return written


def has_state(folder: Path) -> bool:
    """Tell whether a training has left a state there."""
    return (folder / FOLDER / STATE_FILE).exists()


def read_state(folder: Path) -> TrainState:
    """The plain part of a state.

    Raises:
        TrainingError: there is none, or it is damaged; the message names the file.
    """
    path = folder / FOLDER / STATE_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TrainingError(
            f"{path} cannot be read ({reason}), so there is no training to resume; leave resume (--resume) out to "
            "begin one, or give its folder as out (--out)"
        ) from error
    try:
        state = TrainState.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise TrainingError(
            f"{path} is damaged or of another version of genconvit ({where}: {first['msg']}); begin again in another "
            f"folder, for example from the best weights so far (init={str(folder / 'best.safetensors')!r})"
        ) from error
    if state.format != 1 or not _TENSORS.fullmatch(state.tensors):
        raise TrainingError(
            f"{path} has format {state.format} and tensors {state.tensors!r}, this version reads format 1 and tensors "
            "step-NUMBER.safetensors; upgrade genconvit, or begin again in another folder"
        )
    return state


def read_state_tensors(folder: Path, state: TrainState) -> dict[str, Tensor]:
    """The tensors of a state, on the CPU.

    Raises:
        TrainingError: they are not there or damaged; the message names the file.
    """
    path = folder / FOLDER / state.tensors
    size = path.stat().st_size if path.exists() else None
    reason = f"it has {size} bytes instead of {state.tensors_bytes}" if size is not None else "it is not there"
    if size == state.tensors_bytes:
        try:
            return read_tensors(path).tensors
        except WeightsError as error:
            reason = str(error)
    raise TrainingError(
        f"{path} is damaged: {reason}; put it back from a copy, or begin again in another folder, for example from the "
        f"best weights so far (init={str(folder / 'best.safetensors')!r})"
    )


def write_text(path: Path, text: str) -> None:
    """Write a file, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    with written_whole(path, durable=True) as partial:
        partial.write_text(text, encoding="utf-8")
